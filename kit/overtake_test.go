package kit_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// Speech is said in a room, one after the other.
type Speech struct {
	msg.Ident
	Room string `json:"room"`
	Text string `json:"text"`
}

func (Speech) Route() msg.Route { return msg.Route{Topic: "room/say", QoS: msg.AtLeastOnce} }

// Hush ends the speeches of a room. It is the same message each time.
type Hush struct {
	Room string `json:"room"`
}

func (Hush) Route() msg.Route { return msg.Route{Topic: "room/hush", QoS: msg.AtLeastOnce, Bare: true} }

// speaker says what each Speech came to, after d or when a Hush ends it.
func (l *diary) speaker(d time.Duration, opts ...kit.Option) kit.Handler {
	room := func(s Speech) string { return s.Room }
	return kit.On(func(ctx context.Context, s Speech) error {
		select {
		case <-time.After(d):
			l.add("said %s", s.Text)
		case <-ctx.Done():
			l.add("ended %s", s.Text)
		}
		return nil
	}, append(opts, kit.Name("speaker"), kit.Timeout(0), kit.CancelledBy(func(h Hush) string { return h.Room }, room))...)
}

// The copy in order of a message that overtakes comes when the work before it is
// done, and again when a link is lost meanwhile.
func TestControlRunsOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		waiting, cuts int
		copies        int
	}{
		"though its other copy comes a minute later":  {waiting: 100, copies: 1},
		"though its other copy comes again":           {waiting: 3, cuts: 3, copies: 1},
		"each time it is sent, though it is the same": {waiting: 100, cuts: 1, copies: 3},
	} {
		var l diary
		player := kit.Lane("player")
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			for i := range tt.waiting {
				b.Publish(t, Note{Text: fmt.Sprint(i)})
			}
			b.Settle()
			var want []string
			for range tt.copies {
				for _, room := range []string{"pause", "resume"} {
					b.Publish(t, Hush{Room: room})
					want = append(want, room)
				}
			}
			for range tt.cuts {
				time.Sleep(100 * time.Millisecond)
				b.Cut("s")
			}
			time.Sleep(10 * time.Minute)
			b.Settle()
			same(t, l.take(), want...)
		}, kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { time.Sleep(time.Second); return nil }, kit.Name("play"), player),
			kit.On(func(_ context.Context, h Hush) error { l.add("%s", h.Room); return nil }, player, kit.Overtake())))
	}
}

// TestControlKeepsItsPlace sends work and controls in turn to a lane that keeps up:
// a control that ran ahead of the work it is about would find nothing to control.
func TestControlKeepsItsPlace(t *testing.T) {
	var l diary
	player := kit.Lane("player")
	kittest.Run(t, "while its turn comes soon", func(t *testing.T, b *kittest.Harness) {
		var want []string
		for i := range 300 {
			work, control := fmt.Sprintf("play %d", i), fmt.Sprintf("pause %d", i)
			b.Publish(t, Note{Text: work})
			b.Publish(t, Hush{Room: control})
			want = append(want, work, control)
			if i%10 == 0 {
				b.Settle()
			}
		}
		time.Sleep(time.Second)
		b.Settle()
		for i, got := range l.take() {
			if i >= len(want) || got != want[i] {
				t.Fatalf("%d. is %q, want %q", i, got, want[min(i, len(want)-1)])
			}
		}
	}, kittest.ServiceOf("s", kit.On(func(_ context.Context, n Note) error { l.add("%s", n.Text); return nil }, kit.Name("play"), player),
		kit.On(func(_ context.Context, h Hush) error { l.add("%s", h.Room); return nil }, player, kit.Overtake())))
}

// TestControlOvertakesWhatWaits pauses a lane that is busy for minutes.
func TestControlOvertakesWhatWaits(t *testing.T) {
	var late time.Duration
	player := kit.Lane("player")
	var sent time.Time
	kittest.Run(t, "after 20 ms", func(t *testing.T, b *kittest.Harness) {
		for i := range 500 {
			b.Publish(t, Note{Text: fmt.Sprint(i)})
		}
		b.Settle()
		sent = time.Now()
		b.Publish(t, Hush{Room: "pause"})
		time.Sleep(time.Second)
		b.Settle()
		if late < 20*time.Millisecond || late > 30*time.Millisecond {
			t.Errorf("the control ran after %s, want 20 ms and what was at work", late)
		}
	}, kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { time.Sleep(10 * time.Millisecond); return nil }, kit.Name("play"), player),
		kit.On(func(context.Context, Hush) error { late = time.Since(sent); return nil }, player, kit.Overtake())))
}

// What was asked for after a cancel runs, however late or often its copies come.
func TestLateCopiesOfCancelsEndNothingNew(t *testing.T) {
	keys := []kit.Option{kit.Workers(3), kit.OrderedBy(func(s Speech) string { return s.Room })}
	for name, tt := range map[string]struct {
		opts []kit.Option
		act  func(t *testing.T, b *kittest.Harness)
		want []string
	}{
		"when a cut brings the cancel again": {keys, func(t *testing.T, b *kittest.Harness) {
			b.Publish(t, Speech{Room: "hall", Text: "long"})
			b.Publish(t, Speech{Room: "den", Text: "one"})
			b.Settle()
			b.Publish(t, Hush{Room: "den"})
			time.Sleep(15 * time.Second)
			b.Publish(t, Speech{Room: "den", Text: "two"})
			b.Settle()
			b.Cut("s")
		}, []string{"ended one", "ended one", "said long", "said long", "said two", "said two"}},
		"when the copy in order waits behind other work": {nil, func(t *testing.T, b *kittest.Harness) {
			for range 70 { // more than the window
				b.Publish(t, Speech{Room: "hall", Text: "x"})
			}
			b.Settle()
			b.Publish(t, Hush{Room: "den"})
			time.Sleep(time.Minute)
			b.Publish(t, Speech{Room: "den", Text: "new"})
		}, append([]string{"said new"}, slices.Repeat([]string{"said x"}, 70)...)},
	} {
		var l diary
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			tt.act(t, b)
			time.Sleep(time.Hour)
			b.Settle()
			got := l.take()
			slices.Sort(got)
			same(t, got, tt.want...)
		}, kittest.ServiceOf("s", l.speaker(30*time.Second, tt.opts...)))
	}
}

// TestTicksOvertake declares Overtake for a tick, in a lane that has a connection of
// its own: a tick has no message, and so no second copy to wait for.
func TestTicksOvertake(t *testing.T) {
	var l diary
	player := kit.Lane("player")
	kittest.Run(t, "beside messages", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, Note{Text: "play"})
		time.Sleep(1500 * time.Millisecond)
		b.Settle()
		same(t, l.take(), "play", "tick")
	}, kittest.ServiceOf("s", kit.On(func(_ context.Context, n Note) error { l.add("%s", n.Text); return nil }, kit.Name("play"), player),
		kit.On(func(context.Context, Hush) error { return nil }, player, kit.Overtake()),
		kit.Every(time.Second, func(context.Context) error { l.add("tick"); return nil }, player, kit.Overtake())))
}
