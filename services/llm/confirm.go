package llm

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gotars/tars/engines/mcp"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm/engine"
)

const (
	// confirmFor is how long a question is remembered that a tool asks.
	confirmFor = time.Minute
	// maxPending is how many rooms may have such a question at once.
	maxPending = 64
)

// pending are calls that wait for a yes.
type pending struct {
	calls []engine.ToolCall
	text  string // of the question that led to them, by which tools are chosen
	until time.Time
}

// confirmations are the pending calls of each room. It is safe for concurrent use.
type confirmations struct {
	mu    sync.Mutex
	rooms map[string]pending
}

// ask keeps calls until the room says yes.
func (c *confirmations) ask(room string, p pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rooms == nil || len(c.rooms) >= maxPending {
		c.rooms = map[string]pending{}
	}
	c.rooms[room] = p
}

// isAsked reports whether something waits for a yes of a room.
func (c *confirmations) isAsked(room string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Before(c.rooms[room].until)
}

// take removes what waits in a room.
func (c *confirmations) take(room string) (pending, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.rooms[room]
	delete(c.rooms, room)
	return p, ok && time.Now().Before(p.until)
}

// yes and no are answers that say nothing else. What says more is a question of its own:
// "yes, but which file?" allows nothing.
var (
	yes      = regexp.MustCompile(`^(?:yes|yeah|yep|yup|sure|okay|ok|please do|do it|do that|go ahead|confirm|confirmed|i confirm|affirmative|correct|ja|jawohl|ja bitte|klar|gerne|mach das|mach es)(?: (?:yes|please|do it|do that|go ahead|sure|tars|thanks|thank you|bitte|mach das|mach es))*$`)
	no       = regexp.MustCompile(`^(?:no|nope|nah|don t|do not|cancel|cancel that|never mind|nevermind|leave it|better not|rather not|forget it|nein|nicht|lass es|lass das|abbrechen|lieber nicht)(?: (?:no|thanks|thank you|please|don t|do it|do that|tars|danke|bitte))*$`)
	nonWords = regexp.MustCompile(`[^\pL\pN]+`)
)

// plainWords is text in lower case and without punctuation.
func plainWords(text string) string {
	return strings.TrimSpace(nonWords.ReplaceAllString(strings.ToLower(text), " "))
}

// roomOf is the room that the request of ctx came from; empty: it does not tell.
func roomOf(ctx context.Context) string { return kit.From(ctx).Baggage["room"] }

// askFirst asks the user, when one of the calls is of a tool that asks. None of them is made
// then.
func (t *turn) askFirst(ctx context.Context, calls []engine.ToolCall) (asked bool, err error) {
	for _, call := range calls {
		tool, args, err := t.prepare(call)
		if err != nil || !tool.Asks {
			continue
		}
		t.s.confirm.ask(roomOf(ctx), pending{calls, t.q.Text, time.Now().Add(confirmFor)})
		if err := t.out.gap(); err != nil {
			return true, err
		}
		return true, t.out.add(fmt.Sprintf("Shall I really %s%s? Please say yes or no.", strings.ToLower(tool.Title), spokenArgs(args)))
	}
	return false, nil
}

// spokenArgs are arguments for a person.
func spokenArgs(args map[string]any) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(args)) {
		text, ok := args[name].(string)
		if !ok {
			b, _ := json.Marshal(args[name])
			text = string(b)
		}
		all = append(all, strings.ReplaceAll(name, "_", " ")+" "+text[:min(len(text), 80)])
	}
	if len(all) == 0 {
		return ""
	}
	return ", with " + strings.ToValidUTF8(strings.Join(all, " and "), "")
}

// answerPending takes the question as the answer to one of ours, when it is that. Done says
// that nothing more is to be written.
func (t *turn) answerPending(ctx context.Context) (done bool, err error) {
	p, ok := t.s.confirm.take(roomOf(ctx))
	if !ok {
		return false, nil
	}
	switch words := plainWords(t.q.Text); {
	case no.MatchString(words):
		return true, t.out.add("All right, I leave it.")
	case !yes.MatchString(words):
		return false, nil
	}
	t.tools = t.s.toolsOn()
	t.tools = slices.DeleteFunc(slices.Clone(t.tools), func(x mcp.Tool) bool {
		return !slices.ContainsFunc(p.calls, func(c engine.ToolCall) bool {
			return x.Name == c.Function.Name || strings.HasSuffix(x.Name, "__"+c.Function.Name)
		})
	})
	return false, t.callTools(ctx, "", p.calls)
}
