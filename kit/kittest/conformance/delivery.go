package conformance

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

func testOrder(t *testing.T, at Broker) {
	const n = 300
	sure, loose := newJournal(), newJournal()
	b := at.startHarness(t, kittest.ServiceOf(uniqueName("taker"), recordNotes(sure),
		kit.On(func(_ context.Context, x tick) error { loose.add("tick %d", x.N); return nil }, kit.Name("tick"), kit.Queue(2*n))))
	for i := range n {
		b.Publish(t, note{Text: fmt.Sprint("note ", i)})
		b.Publish(t, tick{N: i})
	}
	wantLines(t, sure.take(t, n), numberedLines("note ", n)...)
	wantLines(t, loose.take(t, n), numberedLines("tick ", n)...)
}

func testRedelivery(t *testing.T, at Broker) {
	name, began, l := uniqueName("crash"), make(chan struct{}, 2), newJournal()
	b := at.startHarness(t, kittest.ServiceOf(name, kit.On(func(context.Context, note) error {
		began <- struct{}{}
		<-t.Context().Done()
		return nil
	}, kit.Timeout(0), kit.Name("note"))))
	b.Publish(t, note{Text: "half done"})
	<-began
	b.Publish(t, note{Text: "waiting"})
	b.Kill(name)
	b.Add(t, kittest.ServiceOf(name, kit.On(func(ctx context.Context, n note) error {
		l.add("%s %v", n.Text, n.Text == "waiting" || kit.From(ctx).Attempt == 2)
		return nil
	}, kit.Name("note"))))
	wantLines(t, l.take(t, 2), "half done true", "waiting true")
}

func testSession(t *testing.T, at Broker) {
	t.Setenv("AWAY_MQTT_DEDUPE_TTL", "30s") // what was handled when the link broke may not be acknowledged
	const n = 100
	name, l := uniqueName("away"), newJournal()
	b := at.startHarness(t)
	events := kittest.WatchHealth(b, name)
	b.Add(t, kittest.ServiceOf(name, recordNotes(l)))
	expectHealth(t, events, "ready")
	for round := range 3 {
		b.Unplug(name)
		expectHealth(t, events, "lost")
		for i := range n {
			b.Publish(t, note{Text: fmt.Sprint(round, " ", i)})
		}
		b.Plug(name)
		wantLines(t, l.take(t, n), numberedLines(fmt.Sprint(round, " "), n)...)
		expectHealth(t, events, "reconnected")
	}
	b.Publish(t, note{Text: "end"})
	wantLines(t, l.until(t, "end"))
}

func testRetainedOnce(t *testing.T, at Broker) {
	t.Setenv("LATE_MQTT_DEDUPE_TTL", "30s") // as in session
	name, l := uniqueName("late"), newJournal()
	b := at.startHarness(t)
	b.Publish(t, state{Text: "on"})
	defer clearRetained(t, b, "conformance/state")
	events := kittest.WatchHealth(b, name)
	late := kittest.ServiceOf(name, recordNotes(l, kit.Lane("x")), kit.On(func(ctx context.Context, s state) error {
		l.add("state %s %v", s.Text, kit.From(ctx).Retained)
		return nil
	}, kit.Name("state"), kit.Lane("x")))
	b.Add(t, late)
	b.Publish(t, note{Text: "first"})
	wantLines(t, l.until(t, "first"), "state on true")
	expectHealth(t, events, "ready")
	b.Cut(name)
	expectHealth(t, events, "lost", "reconnected")
	b.Publish(t, state{Text: "off"})
	b.Publish(t, note{Text: "second"})
	wantLines(t, l.until(t, "second"), "state off false")
	b.Stop(t, name)
	b.Add(t, late)
	b.Publish(t, note{Text: "third"})
	wantLines(t, l.until(t, "third"), "state off true")
}

func testSharedGroup(t *testing.T, at Broker) {
	const n = 60
	l, group := newJournal(), uniqueName("group")
	member := func(name string) kit.Module {
		return kittest.ServiceOf(uniqueName(name),
			kit.On(func(_ context.Context, n note) error { l.add("%s", n.Text); return nil }, kit.Name("note"), kit.Lane("x"), kit.Shared(group)),
			kit.On(func(_ context.Context, r receipt) error { l.add("%s hears %s", name, r.Text); return nil }, kit.Name("receipt"), kit.Lane("x")))
	}
	b := at.startHarness(t, member("a"), member("b"))
	for i := range n {
		b.Publish(t, note{Text: fmt.Sprintf("%02d", i)})
	}
	b.Publish(t, receipt{Text: "end"})
	got := l.take(t, n+2)
	slices.Sort(got)
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("%02d", i))
	}
	wantLines(t, got, append(want, "a hears end", "b hears end")...)
}

func testNoLocal(t *testing.T, at Broker) {
	var bus *kit.Bus
	mine, others := newJournal(), newJournal()
	b := at.startHarness(t, kittest.ServiceOf(uniqueName("talker"), recordNotes(mine), kit.Sends[note]()).With(fx.Populate(&bus)), kittest.ServiceOf(uniqueName("listener"), recordNotes(others)))
	if err := bus.Publish(t.Context(), note{Text: "own"}); err != nil {
		t.Fatal(err)
	}
	wantLines(t, others.take(t, 1), "own") // senders have no order between them
	b.Publish(t, note{Text: "foreign"})
	wantLines(t, mine.until(t, "foreign"))
	wantLines(t, others.until(t, "foreign"))
}

func testOverlappingFilters(t *testing.T, at Broker) {
	l := newJournal()
	tap := func(name, filter string) kit.Handler {
		return kit.Tap(filter, func(_ context.Context, d *kit.Delivery) error { l.add("%s %s", name, d.Topic); return nil }, kit.Name(name), kit.Lane("x"))
	}
	b := at.startHarness(t, kittest.ServiceOf(uniqueName("page"), tap("all", "conformance/#"), tap("level", "conformance/+"), tap("one", "conformance/note"),
		kit.On(func(_ context.Context, n note) error { l.add("typed %s", n.Text); return nil }, kit.Name("typed"), kit.Lane("x"))))
	b.Publish(t, note{Text: "hi"})
	b.Publish(t, receipt{})
	got := l.until(t, "level conformance/receipt")
	slices.Sort(got)
	wantLines(t, got, "all conformance/note", "all conformance/receipt", "level conformance/note", "one conformance/note", "typed hi")
}

func testExactlyOnce(t *testing.T, at Broker) {
	l := newJournal()
	at.startHarness(t, kittest.ServiceOf(uniqueName("taker"), recordNotes(l)))
	f := newForeignClient(t, at)
	for i := range 10 {
		f.publish(t, &paho.Publish{Topic: "conformance/note", QoS: 2, Payload: fmt.Appendf(nil, `{"text":"%d"}`, i)})
	}
	f.publish(t, &paho.Publish{Topic: "conformance/note", QoS: 1, Payload: []byte(`{"text":"end"}`)})
	wantLines(t, l.until(t, "end"), numberedLines("", 10)...)
}
