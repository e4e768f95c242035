package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// askTimeout is the longest wait for a whole answer: models on small machines write for
// a minute.
const askTimeout = 3 * time.Minute

// overtakenBy is by how much the record of a turn may come before its answer.
const overtakenBy = time.Second

// talk is one thing that an agent had asked or said. Its channels have room for their one
// value, so that who sends never waits.
type talk struct {
	utt      string
	turn     string // message_id of the transcript
	asked    bool   // the model was; what it answers counts, and not what is said of that
	answered chan answer
	spoken   chan error
}

// answer is what came of a question.
type answer struct {
	text string
	err  error
}

// talks are those that are not over.
type talks struct {
	mu  sync.Mutex
	all map[string]*talk // by utt
}

func newTalks() *talks { return &talks{all: map[string]*talk{}} }

func (ts *talks) begin() *talk {
	t := &talk{utt: "mcp-" + kit.NewID()[:8], turn: kit.NewID(), answered: make(chan answer, 1), spoken: make(chan error, 1)}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.all[t.utt] = t
	return t
}

func (ts *talks) end(t *talk) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.all, t.utt)
}

// with calls f with the talk called utt, if there is one.
func (ts *talks) with(utt *string, f func(*talk)) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if utt != nil && ts.all[*utt] != nil {
		f(ts.all[*utt])
	}
}

// put sends v, unless there is one already.
func put[T any](c chan T, v T) {
	select {
	case c <- v:
	default:
	}
}

func (ts *talks) request(_ context.Context, q contract.LLMRequest) error {
	ts.with(&q.ID, func(t *talk) { t.asked = true })
	return nil
}

func (ts *talks) response(r contract.LLMResponse) {
	ts.with(&r.ID, func(t *talk) {
		switch {
		case r.Error != nil:
			put(t.answered, answer{err: errors.New(*r.Error)})
		case r.Reply != nil:
			put(t.answered, answer{text: *r.Reply})
		default:
			put(t.answered, answer{err: errors.New("the model wrote nothing")})
		}
	})
}

// said takes the answer of a rule.
func (ts *talks) said(s contract.TtsSay) {
	ts.with(s.UttID, func(t *talk) {
		if !t.asked {
			put(t.answered, answer{text: s.Text})
		}
	})
}

// record ends what nothing is said to.
func (ts *talks) record(r contract.TurnRecord) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, t := range ts.all {
		if t.turn != r.TurnID {
			continue
		}
		if r.Outcome == contract.TurnDone { // its text may be on its way: it comes over another connection
			time.AfterFunc(overtakenBy, func() { put(t.answered, answer{}) })
			continue
		}
		why := r.Outcome
		if r.Reason != nil {
			why += ": " + *r.Reason
		}
		put(t.answered, answer{err: errors.New(why)})
	}
}

func (ts *talks) status(_ context.Context, s contract.TtsStatus) error {
	ts.with(s.UttID, func(t *talk) {
		switch {
		case s.Event == contract.TtsStopped:
			put(t.spoken, errors.New("stopped before it was spoken"))
		case s.Event != contract.TtsSpeakingEnd:
		case s.Reason != nil:
			put(t.spoken, fmt.Errorf("not spoken to the end: %s", *s.Reason))
		default:
			put(t.spoken, error(nil))
		}
	})
	return nil
}

type askInput struct {
	Question string `json:"question" jsonschema:"what to ask or tell, in any language the assistant knows"`
	Lang     string `json:"lang,omitempty" jsonschema:"language of the question, two letters; English when empty"`
	Room     string `json:"room,omitempty" jsonschema:"the room it is asked in; each has a conversation of its own"`
}

type askOutput struct {
	Answer string `json:"answer"`
	TurnID string `json:"turn_id" jsonschema:"for turn_trace, when the turn is over"`
}

// ask puts a question as a person would type it, and waits for the answer. An agent that
// goes away cancels it.
func (a *Assistant) ask(ctx context.Context, in askInput) (out askOutput, err error) {
	if in.Question == "" {
		return out, errors.New("question is empty")
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	told, err := inRoom(ctx, in.Room)
	if err != nil {
		return out, err
	}
	told = kit.WithBaggage(told, "typed", "1")
	t := a.talks.begin()
	defer a.talks.end(t)
	f := contract.FinalTranscript{Text: in.Question, Lang: in.Lang, UttID: &t.utt}
	f.MessageID = t.turn
	a.turns.begin(f, kit.From(told).Baggage["room"])
	if err := a.bus.Publish(told, f); err != nil {
		return out, err
	}
	select {
	case r := <-t.answered:
		return askOutput{Answer: r.text, TurnID: t.turn}, r.err
	case <-ctx.Done():
		stop, cancel := context.WithTimeout(context.WithoutCancel(told), time.Second)
		defer cancel()
		_ = a.bus.Publish(stop, contract.LLMCancel{ID: t.utt})
		_ = a.bus.Publish(stop, contract.TtsControl{Action: contract.TtsStop, Reason: new("cancelled"), ID: &t.utt})
		return out, fmt.Errorf("no answer: %w: is the router running?", context.Cause(ctx))
	}
}
