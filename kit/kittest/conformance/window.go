package conformance

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// backlogSize is how many messages wait while others must not. A stock Mosquitto
// keeps a thousand of them for one client and drops the rest.
const backlogSize = 10_000

// publishBacklog publishes counts from several goroutines, so that the round
// trip of each does not add up.
func publishBacklog(t *testing.T, b *kittest.Harness, n int) {
	t.Helper()
	var all sync.WaitGroup
	next := make(chan int)
	for range 64 {
		all.Go(func() {
			for i := range next {
				if err := b.Bus.Publish(t.Context(), count{ID: fmt.Sprint(i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}

// testIsolation holds one handler up, lets its messages fill every window, and wants
// another handler, a cancel, and asks in both directions to go on.
func testIsolation(t *testing.T, at Broker) {
	for _, window := range []string{"", "1"} { // the default of the kit, and the least
		t.Run("window "+window, func(t *testing.T) {
			t.Setenv("MQTT_INFLIGHT", window)
			var bus *kit.Bus
			l, began := newJournal(), make(chan string, backlogSize)
			release := make(chan struct{})
			b := at.startHarness(t,
				kittest.ServiceOf(uniqueName("busy"),
					kit.On(func(ctx context.Context, c count) error {
						began <- c.ID
						select {
						case <-ctx.Done():
							l.add("%v", context.Cause(ctx))
						case <-release:
						}
						return nil
					}, kit.Name("work"), kit.Timeout(0), kit.CancelledBy(func(s stop) string { return s.ID }, func(c count) string { return c.ID })),
					recordNotes(l), kit.Asks[question](),
				).With(fx.Populate(&bus)),
				kittest.ServiceOf(uniqueName("echo"), kit.Answer(answerEcho)))
			defer close(release)
			publishBacklog(t, b, backlogSize)
			running := <-began
			began0 := time.Now()
			b.Publish(t, note{Text: "other handler"})
			wantLines(t, l.take(t, 1), "other handler")
			t.Logf("behind %d messages another handler ran after %v", backlogSize, time.Since(began0))
			began0 = time.Now()
			if a, err := kit.Ask(t.Context(), bus, question{Text: "x"}); err != nil || a.Text != "re: x" {
				t.Errorf("an Ask of the busy service: %+v, %v", a, err)
			}
			t.Logf("an Ask was answered after %v", time.Since(began0))
			began0 = time.Now()
			b.Publish(t, stop{ID: running})
			wantLines(t, l.take(t, 1), "cancelled")
			t.Logf("a cancel ended its run after %v", time.Since(began0))
		})
	}
}

// testAskInside asks from a handler whose own messages fill the window.
func testAskInside(t *testing.T, at Broker) {
	t.Setenv("MQTT_INFLIGHT", "1")
	var bus *kit.Bus
	l := newJournal()
	b := at.startHarness(t, kittest.ServiceOf(uniqueName("asker"), kit.On(func(ctx context.Context, c count) error {
		a, err := kit.Ask(ctx, bus, question{Text: c.ID})
		l.add("%s %v", a.Text, err)
		return nil
	}, kit.Name("work")), kit.Asks[question]()).With(fx.Populate(&bus)), kittest.ServiceOf(uniqueName("echo"), kit.Answer(answerEcho)))
	for i := range 5 {
		b.Publish(t, count{ID: fmt.Sprint(i)})
	}
	wantLines(t, l.take(t, 5), "re: 0 <nil>", "re: 1 <nil>", "re: 2 <nil>", "re: 3 <nil>", "re: 4 <nil>")
}

// testControl runs before what waits in its own lane for longer than 20 ms.
func testControl(t *testing.T, at Broker) {
	l, began := newJournal(), make(chan struct{}, backlogSize)
	release := make(chan struct{})
	name := uniqueName("speaker")
	b := at.startHarness(t, kittest.ServiceOf(name,
		kit.On(func(context.Context, count) error {
			began <- struct{}{}
			<-release
			l.add("work")
			return nil
		}, kit.Name("work"), kit.Lane("desk"), kit.Timeout(0)),
		kit.On(func(_ context.Context, n note) error { l.add("%s", n.Text); return nil }, kit.Name("control"), kit.Lane("desk"), kit.Overtake())))
	publishBacklog(t, b, 500)
	<-began
	b.Publish(t, note{Text: "pause"})
	b.Publish(t, note{Text: "resume"})
	awaitQueue(t, b, name, "control", 2)
	time.Sleep(50 * time.Millisecond) // a control keeps its place for the first 20 ms
	close(release)
	wantLines(t, l.take(t, 4), "work", "pause", "resume", "work")
}

// awaitQueue returns when n messages wait for a handler of a service.
func awaitQueue(t *testing.T, b *kittest.Harness, service, handler string, n int64) {
	t.Helper()
	for range time.Minute / time.Millisecond {
		for _, h := range b.Stats(service).Handlers {
			if h.Name == handler && h.Queue == n {
				return
			}
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d messages do not wait for %s", n, handler)
}

// testStopAll cancels everything, also what the broker still holds: it was sent
// before.
func testStopAll(t *testing.T, at Broker) {
	t.Setenv("MQTT_INFLIGHT", "4")
	const n = 200
	l, began := newJournal(), make(chan struct{}, n)
	b := at.startHarness(t, kittest.ServiceOf(uniqueName("speaker"), kit.On(func(ctx context.Context, c count) error {
		if c.ID == "after" {
			l.add("after %v", ctx.Err())
			return nil
		}
		began <- struct{}{}
		<-ctx.Done()
		l.add("%v", context.Cause(ctx))
		return nil
	}, kit.Name("work"), kit.Timeout(0), kit.CancelledBy(func(s stop) string { return s.ID }, func(c count) string { return c.ID }))))
	for i := range n {
		b.Publish(t, count{ID: fmt.Sprint(i)})
	}
	<-began
	b.Publish(t, stop{ID: "*"})
	b.Publish(t, count{ID: "after"})
	got := l.take(t, n+1)
	for i, what := range got {
		if want := map[bool]string{true: "cancelled", false: "after <nil>"}[i < n]; what != want {
			t.Fatalf("run %d of %d: %s, want %s", i, n, what, want)
		}
	}
}
