package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/cmd/operate"
)

// askCmd asks something.
type askCmd struct {
	Text    []string      `arg:"" help:"What to ask."`
	Lang    string        `help:"Language of the text, two letters. Default: that of UI_LANG, else of STT_LANG, else English."`
	Timeout time.Duration `default:"60s" help:"Longest silence before giving up."`
}

// Run implements the command.
func (c *askCmd) Run(ctx context.Context, home kit.Home) error {
	a := &asker{out: os.Stdout, alive: make(chan struct{}, 1), over: make(chan struct{}, 1), done: make(chan error, 1)}
	told, f := typedTranscript(ctx, strings.Join(c.Text, " "), c.Lang)
	a.utt, a.turn = *f.UttID, f.MessageID
	bus, err := address.Open(ctx, home, "tars-cli", a.handlers()...)
	if err != nil {
		return err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	if err := bus.Publish(told, f); err != nil {
		return err
	}
	if err := a.wait(ctx, bus.Done(), c.Timeout); err != ctx.Err() || err == nil {
		return err
	}
	return a.cancel(context.WithoutCancel(told), bus)
}

// answerGrace is how long an answer may be under way still when its turn is over: they are
// told by two services, and either may come first.
const answerGrace = 2 * time.Second

// wait returns when the question is answered, or will not be.
func (a *asker) wait(ctx context.Context, linkOver <-chan struct{}, timeout time.Duration) error {
	var late <-chan time.Time
	for {
		select {
		case err := <-a.done:
			return err
		case <-a.over:
			late = time.After(answerGrace)
		case <-late:
			return nil
		case <-a.alive:
		case <-linkOver:
			return operate.ErrLinkOver
		case <-time.After(timeout):
			return fmt.Errorf("no answer within %s: is the router running? See tars doctor", timeout)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// asker prints the answer to one question. One lane calls it.
type asker struct {
	utt, turn string
	out       io.Writer
	asked     bool // the model was: what it writes is printed, not what is said of it
	written   int  // bytes
	alive     chan struct{}
	over      chan struct{} // the turn is
	done      chan error
}

func (a *asker) handlers() []kit.Handler {
	lane := kit.Lane("answer")
	return []kit.Handler{
		kit.On(a.request, lane), kit.On(a.delta, lane, kit.Queue(4096)), kit.On(a.response, lane),
		kit.On(a.say, lane), kit.On(a.record, lane),
		kit.Sends[contract.FinalTranscript](), kit.Sends[contract.LLMCancel](), kit.Sends[contract.TtsControl](),
	}
}

func (a *asker) request(_ context.Context, q contract.LLMRequest) error {
	a.asked = a.asked || q.ID == a.utt
	return nil
}

func (a *asker) delta(_ context.Context, d contract.LLMStreamDelta) error {
	if d.ID == a.utt && d.Delta != nil {
		a.asked = true
		a.print(*d.Delta)
	}
	return nil
}

func (a *asker) response(_ context.Context, r contract.LLMResponse) error {
	if r.ID != a.utt {
		return nil
	}
	switch {
	case r.Error != nil:
		a.end(errors.New(*r.Error))
	case a.written == 0 && r.Reply != nil:
		a.print(*r.Reply)
		fallthrough
	default:
		a.end(nil)
	}
	return nil
}

// say is the answer of a rule.
func (a *asker) say(_ context.Context, s contract.TtsSay) error {
	if s.UttID != nil && *s.UttID == a.utt && !a.asked {
		a.print(s.Text)
		a.end(nil)
	}
	return nil
}

// record ends what nothing is said to.
func (a *asker) record(_ context.Context, t contract.TurnRecord) error {
	switch {
	case t.TurnID != a.turn:
	case t.Outcome == contract.TurnDone: // the answer may come after it
		trySend(a.over)
	case t.Reason != nil:
		a.end(fmt.Errorf("%s: %s", t.Outcome, *t.Reason))
	}
	return nil
}

func (a *asker) print(s string) {
	n, _ := io.WriteString(a.out, s)
	a.written += n
	trySend(a.alive)
}

// trySend sends to a channel that has room for one, if it is empty.
func trySend(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (a *asker) end(err error) {
	if a.written > 0 {
		fmt.Fprintln(a.out)
		a.written = 0
	}
	select {
	case a.done <- err:
	default:
	}
}

// cancel stops the model and the voice, as the page's stop button does.
func (a *asker) cancel(ctx context.Context, bus *kit.Bus) error {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	fmt.Fprintln(a.out)
	reason := "cancelled"
	return errors.Join(bus.Publish(ctx, contract.LLMCancel{ID: a.utt}),
		bus.Publish(ctx, contract.TtsControl{Action: contract.TtsStop, Reason: &reason, ID: &a.utt}))
}
