package llm

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm/engine"
)

const (
	// messageTokens are what a chat format puts around one message, baseTokens around all
	// of them, and toolsTokens around the list of tools.
	messageTokens, baseTokens, toolsTokens = 8, 32, 250
	// minAnswerTokens are kept for the answer, also when the question is long.
	minAnswerTokens = 64
	// maxThoughtTokens are kept for the thoughts of a model, where there is room.
	maxThoughtTokens = 1024
	// minMemoryTokens and minHistoryTokens are the room from which on it is worth asking
	// the memory, and adding earlier turns.
	minMemoryTokens, minHistoryTokens = 100, 50
)

// budget fits the prompt of one request into the context window of the model. What has no
// room is left out in this order: earlier turns, the oldest first; what was recalled; tools;
// the end of the persona; a part of the answer. The question is always whole.
type budget struct {
	cfg    Config
	q      contract.LLMRequest
	counts tokenCounts
}

// window is how many tokens the model reads and writes at once.
func (b budget) window() int {
	if w := b.counts.window; w > 0 {
		return min(w, b.cfg.CtxWindow)
	}
	return b.cfg.CtxWindow
}

// basePrompt is the prompt before memory and history are added: the persona, the question
// and the parameters, which the request may override. facts is what the assistant knows of
// its place and time.
func (b budget) basePrompt(who *contract.CharacterSnapshot, facts promptFacts) (engine.Prompt, error) {
	p := engine.Prompt{Question: b.q.Text, User: b.q.Text, Model: b.cfg.Model, MaxTokens: b.cfg.MaxTokens, Temperature: b.cfg.Temperature, TopP: b.cfg.TopP}
	if s, ok := b.q.Params["model"].(string); ok && s != "" {
		p.Model = s
	}
	if n, ok := numberOf(b.q.Params["max_tokens"]); ok && n >= 1 {
		p.MaxTokens = int(min(n, 1<<20))
	}
	if x, ok := numberOf(b.q.Params["temperature"]); ok && x >= 0 && x <= 2 {
		p.Temperature = x
	}
	if x, ok := numberOf(b.q.Params["top_p"]); ok && x > 0 && x <= 1 {
		p.TopP = x
	}
	p.User = b.userTurn("", facts)
	p.MaxTokens = min(p.MaxTokens, max(b.window()/2, minAnswerTokens))
	if room := b.room(p); room < 0 {
		p.MaxTokens = min(p.MaxTokens, max(minAnswerTokens, p.MaxTokens+room))
	}
	room := b.room(p)
	if room < 0 {
		return p, &kit.Error{Code: kit.CodeInvalid, Message: fmt.Sprintf("the question is longer than the model reads: it has some %d tokens of %d", b.count(b.q.Text), b.window())}
	}
	var asked string
	if b.q.System != nil {
		asked = b.fitText(strings.TrimSpace(*b.q.System), room)
	}
	about := b.fitText(facts.system(), room-b.count(asked))
	persona := b.fitText(personaPrompt(who), room-b.count(asked)-b.count(about)-messageTokens)
	p.System = joinParagraphs(persona, asked, about)
	if b.room(p) < 0 { // the blank lines between them count too
		p.System = b.fitText(p.System, room-messageTokens)
	}
	return p, nil
}

// numberOf is a parameter as a number: a float64 when it came as JSON, and an int of any
// kind when it did not.
func numberOf(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	}
	return 0, false
}

// count estimates how many tokens the server counts for text.
func (b budget) count(text string) int { return b.counts.scaled(countTokens(text)) }

// size estimates how many tokens the server counts for p, without its answer.
func (b budget) size(p engine.Prompt) int { return b.counts.scaled(promptTokens(p)) }

// promptTokens estimates the tokens of p before what is known of its server.
func promptTokens(p engine.Prompt) int {
	n := baseTokens + messageTokens + countTokens(p.User)
	if p.System != "" {
		n += messageTokens + countTokens(p.System)
	}
	for _, m := range p.History {
		n += messageTokens + countTokens(m.Content)
	}
	for _, m := range p.After {
		n += messageTokens + countTokens(m.Content)
		for _, c := range m.ToolCalls {
			n += messageTokens + countTokens(c.Function.Name) + countTokens(c.Function.Arguments)
		}
	}
	if len(p.Tools) > 0 {
		n += toolsTokens
	}
	for _, t := range p.Tools {
		text, _ := json.Marshal(t) // what a schema holds was JSON before
		n += countTokens(string(text))
	}
	return n
}

// room is how many tokens of the context window p leaves free. It can be negative.
func (b budget) room(p engine.Prompt) int {
	spare := 16 + b.window()/64 // counts are estimates
	return b.window() - p.MaxTokens - spare - b.size(p)
}

// addTools adds as many tools as at most half of the room has, the first ones first.
func (b budget) addTools(p *engine.Prompt) {
	all := p.Tools
	p.Tools = nil
	half := b.room(*p) / 2
	for n := len(all); n > 0; n-- {
		with := *p
		with.Tools = all[:n]
		if b.room(*p)-b.room(with) <= half {
			p.Tools = with.Tools
			return
		}
	}
}

// memoryRoom is how many tokens of memory may be added to p; 0 when none are wanted or
// fit.
func (b budget) memoryRoom(p engine.Prompt) int {
	wanted := b.cfg.RAG
	if b.q.UseRAG != nil {
		wanted = *b.q.UseRAG
	}
	room := b.room(p)
	if !wanted || room <= minMemoryTokens {
		return 0
	}
	return min(room/2, b.cfg.RAGMaxTokens)
}

// addMemory puts what was recalled into the user's turn, as many of its lines as have room.
// A memory of another make may send more than it was asked for.
func (b budget) addMemory(p *engine.Prompt, recalled string, facts promptFacts, room int) {
	lines := strings.Split(recalled, "\n")
	for ; recalled != ""; recalled = strings.Join(lines, "\n") {
		with := *p
		with.User = b.userTurn(recalled, facts)
		if b.count(recalled) <= room && b.room(with) >= 0 {
			*p = with
			return
		}
		lines = lines[:len(lines)-1]
	}
}

// userTurn is the user's turn in the conversation: the question, with what was recalled
// put into the template. The time stands here and not in the system prompt: servers keep
// what they have read of the begin of a prompt, and a clock there would make them read
// all of it again.
func (b budget) userTurn(recalled string, facts promptFacts) string {
	if recalled == "" {
		return facts.clock() + b.q.Text
	}
	template := strings.ReplaceAll(b.cfg.RAGTemplate, `\n`, "\n") // as files of variables write it
	return facts.clock() + strings.NewReplacer("{context}", recalled, "{user}", b.q.Text).Replace(template)
}

// fittingHistory is as much of the earlier conversation as still fits beside p. When not
// all fits, the oldest turns are left out.
func (b budget) fittingHistory(p engine.Prompt) []contract.ConversationMessage {
	old := pastTurns(b.q)
	room, from := b.room(p), len(old)
	room -= min(room/3, maxThoughtTokens)
	if room <= minHistoryTokens {
		return nil
	}
	for from > 0 {
		if room -= b.count(old[from-1].Content) + b.counts.scaled(messageTokens) + 1; room < 0 {
			break
		}
		from--
	}
	return old[from:]
}

// fitText is the begin of text in at most room tokens, cut behind a line or a word.
func (b budget) fitText(text string, room int) string {
	if b.count(text) <= room {
		return text
	}
	for _, end := range []string{"\n", " "} {
		parts := strings.SplitAfter(text, end)
		fits := sort.Search(len(parts), func(n int) bool { return b.count(strings.Join(parts[:n+1], "")) > room })
		if part := strings.TrimSpace(strings.Join(parts[:fits], "")); part != "" {
			return part
		}
	}
	return ""
}

// pastTurns is the conversation before the question, without blank turns. Some routers send
// the question itself as its last turn, which is left out.
func pastTurns(q contract.LLMRequest) []contract.ConversationMessage {
	old := q.History
	if n := len(old); n > 0 && old[n-1].Role == contract.RoleUser && sameText(old[n-1].Content, q.Text) {
		old = old[:n-1]
	}
	return slices.DeleteFunc(slices.Clone(old), func(m contract.ConversationMessage) bool { return strings.TrimSpace(m.Content) == "" })
}

// sameText reports whether two texts differ in white space at most.
func sameText(a, b string) bool { return slices.Equal(strings.Fields(a), strings.Fields(b)) }
