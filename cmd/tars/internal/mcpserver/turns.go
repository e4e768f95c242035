package mcpserver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/router"
)

// maxTurns is how many turns are remembered, and maxOpen how many that are not over.
const (
	maxTurns = 64
	maxOpen  = 256
)

// turns remembers the last turns of all rooms.
type turns struct {
	mu   sync.Mutex
	open map[string]*turnTrace // by message_id of the transcript; those of over as well: what was said in one may come after its end
	utts map[string]string     // message_id of the transcript by utt_id
	over []*turnTrace          // the newest last
}

func newTurns() *turns { return &turns{open: map[string]*turnTrace{}, utts: map[string]string{}} }

// turnTrace is one turn as an agent reads it.
type turnTrace struct {
	TurnID  string             `json:"turn_id"`
	Room    string             `json:"room,omitempty"`
	Ended   string             `json:"ended"`
	Outcome string             `json:"outcome" jsonschema:"done, interrupted, failed or ignored"`
	Reason  string             `json:"reason,omitempty"`
	Heard   string             `json:"heard,omitempty" jsonschema:"what the person said"`
	Said    []string           `json:"said,omitempty" jsonschema:"what the assistant said, sentence by sentence"`
	Model   string             `json:"model,omitempty" jsonschema:"which answered"`
	Tools   []string           `json:"tools,omitempty" jsonschema:"which the model called"`
	Stages  map[string]float64 `json:"stages_ms,omitempty" jsonschema:"from the last word to the first sound, in milliseconds: wait, recognition, thinking, voice, total"`
}

func (ts *turns) heard(ctx context.Context, f contract.FinalTranscript) error {
	ts.begin(f, kit.From(ctx).Baggage["room"])
	return nil
}

// begin notes what was said in a room. A service does not hear what it publishes itself, so
// the questions of agents come here from where they are asked.
func (ts *turns) begin(f contract.FinalTranscript, room string) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if len(ts.open) >= maxOpen { // of turns without an end
		clear(ts.open)
		clear(ts.utts)
	}
	ts.open[f.MessageID] = &turnTrace{TurnID: f.MessageID, Heard: f.Text, Room: room}
	if f.UttID != nil {
		ts.utts[*f.UttID] = f.MessageID
	}
}

// with calls f with the turn whose answer is called utt, if it is not over.
func (ts *turns) with(utt string, f func(*turnTrace)) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := ts.open[ts.utts[utt]]; t != nil {
		f(t)
	}
}

func (ts *turns) said(s contract.TtsSay) {
	if s.UttID != nil {
		ts.with(*s.UttID, func(t *turnTrace) { t.Said = append(t.Said, s.Text) })
	}
}

func (ts *turns) wrote(r contract.LLMResponse) {
	ts.with(r.ID, func(t *turnTrace) {
		if r.Model != nil {
			t.Model = *r.Model
		}
	})
}

// called notes a tool at the turn whose chain it belongs to.
func (ts *turns) called(ctx context.Context, c contract.ToolCallRequest) error {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := ts.open[kit.From(ctx).Trace]; t != nil {
		t.Tools = append(t.Tools, c.Name)
	}
	return nil
}

func (ts *turns) ended(r contract.TurnRecord) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.open[r.TurnID]
	if t == nil {
		t = &turnTrace{TurnID: r.TurnID}
	}
	t.Outcome, t.Stages = r.Outcome, map[string]float64{}
	if r.Room != nil {
		t.Room = *r.Room
	}
	if r.Reason != nil {
		t.Reason = *r.Reason
	}
	if r.End != nil {
		t.Ended = time.UnixMicro(int64(*r.End * 1e6)).Format(time.RFC3339)
	}
	for _, s := range router.Stages(r) {
		t.Stages[s.Name] = float64(s.Took.Microseconds()) / 1000
	}
	ts.over = append(ts.over, t)
	if len(ts.over) > maxTurns {
		oldest := ts.over[0].TurnID
		delete(ts.open, oldest)
		maps.DeleteFunc(ts.utts, func(_, id string) bool { return id == oldest })
		ts.over = ts.over[1:]
	}
}

type turnTraceInput struct {
	TurnID string `json:"turn_id,omitempty" jsonschema:"of ask; the beginning of it is enough; the last turns when it is empty"`
	Most   int    `json:"most,omitempty" jsonschema:"how many of the last turns, 1 to 64; 1 when it is not given"`
}

type turnTraceOutput struct {
	Turns []turnTrace `json:"turns" jsonschema:"the newest first"`
}

func (a *Assistant) turnTrace(_ context.Context, in turnTraceInput) (out turnTraceOutput, err error) {
	a.turns.mu.Lock()
	defer a.turns.mu.Unlock()
	out.Turns = []turnTrace{}
	most := max(in.Most, 1)
	for _, t := range slices.Backward(a.turns.over) {
		if strings.HasPrefix(t.TurnID, in.TurnID) && len(out.Turns) < most {
			one := *t
			one.Said, one.Tools = slices.Clone(t.Said), slices.Clone(t.Tools)
			out.Turns = append(out.Turns, one)
		}
	}
	if len(out.Turns) == 0 && in.TurnID != "" {
		return out, fmt.Errorf("no turn %q ended since this server started", in.TurnID)
	}
	return out, nil
}
