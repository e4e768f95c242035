package conformance

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

func testHealth(t *testing.T, at Broker) {
	name := uniqueName("mortal")
	b := at.startHarness(t)
	events := kittest.WatchHealth(b, name)
	m := kittest.ServiceOf(name, kit.On(func(context.Context, note) error { return nil }, kit.Name("note")))
	b.Add(t, m)
	expectHealth(t, events, "ready")
	b.Cut(name)
	expectHealth(t, events, "lost", "reconnected")
	b.Stop(t, name)
	expectHealth(t, events, "shutdown")
	b.Add(t, m)
	expectHealth(t, events, "ready")
	b.Kill(name)
	expectHealth(t, events, "lost")
	late := newJournal()
	b.Add(t, kittest.ServiceOf(uniqueName("late"), kit.Tap("system/health/"+name, func(_ context.Context, d *kit.Delivery) error {
		late.add("%v %v", strings.Contains(string(d.Data), `"event":"lost"`), d.Retained)
		return nil
	})))
	wantLines(t, late.take(t, 1), "true true")
}

func testOffline(t *testing.T, at Broker) {
	var bus *kit.Bus
	name, down := uniqueName("sender"), make(chan struct{}, 1)
	b := at.startHarness(t, kittest.ServiceOf(name, kit.Sends[tick](), kit.Sends[note](),
		kit.OnDisconnect(func(context.Context) error { down <- struct{}{}; return nil })).With(fx.Populate(&bus)))
	got := kittest.Watch[note](b)
	b.Unplug(name)
	<-down
	if err := bus.Publish(t.Context(), tick{}); !errors.Is(err, kit.ErrOffline) {
		t.Errorf("AtMostOnce: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := bus.Publish(short, note{Text: "given up"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("AtLeastOnce with a deadline: %v", err)
	}
	sent := make(chan error)
	go func() { sent <- bus.Publish(t.Context(), note{Text: "kept"}) }()
	b.Plug(name)
	if err := <-sent; err != nil {
		t.Errorf("AtLeastOnce: %v", err)
	}
	for n, _ := got.Next(t); n.Text != "kept"; n, _ = got.Next(t) { // what was given up may arrive
	}
}

func testTakeover(t *testing.T, at Broker) {
	name := uniqueName("twin")
	up := make(chan struct{}, 2)
	m := kittest.ServiceOf(name, kit.OnConnect(func(context.Context) error { up <- struct{}{}; return nil }, kit.Name("up")))
	first, second := make(chan error, 1), make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { first <- kit.Run(ctx, m) }()
	<-up
	go func() { second <- kit.Run(ctx, m) }()
	<-up
	select {
	case err := <-first:
		if err == nil || !strings.Contains(err.Error(), "another "+name+" is connected") {
			t.Errorf("the first ended with %v", err)
		}
	case <-time.After(waitTimeout):
		t.Error("the first lives on")
	}
	stop()
	if err := <-second; err != nil {
		t.Errorf("the second ended with %v", err)
	}
}

func testExpiry(t *testing.T, at Broker) {
	name, l := uniqueName("late"), newJournal()
	b := at.startHarness(t)
	events := kittest.WatchHealth(b, name)
	b.Add(t, kittest.ServiceOf(name, recordNotes(l, kit.Lane("x")),
		kit.On(func(_ context.Context, s stale) error { l.add("stale %s", s.Text); return nil }, kit.Name("stale"), kit.Lane("x"))))
	expectHealth(t, events, "ready")
	f := newForeignClient(t, at, "conformance/stale")
	b.Publish(t, stale{Text: "fresh"})
	if p := f.next(t); p.Properties.MessageExpiry == nil || *p.Properties.MessageExpiry > 1 {
		t.Errorf("properties %+v, want an expiry of a second", p.Properties)
	}
	wantLines(t, l.take(t, 1), "stale fresh")
	b.Unplug(name)
	expectHealth(t, events, "lost")
	b.Publish(t, stale{Text: "old"})
	b.Publish(t, note{Text: "lasting"})
	time.Sleep(3500 * time.Millisecond) // nothing but time makes it expire, and brokers count in whole seconds
	b.Plug(name)
	wantLines(t, l.until(t, "lasting"))
}

func testSizes(t *testing.T, at Broker) {
	t.Setenv("SMALL_MQTT_MAX_PACKET", "2048")
	t.Setenv("SMALL_MQTT_INFLIGHT", "4")
	var bus *kit.Bus
	name, l := uniqueName("small"), newJournal()
	b := at.startHarness(t, kittest.ServiceOf(name, recordNotes(l), kit.Sends[note]()).With(fx.Populate(&bus)))
	if err := bus.Publish(t.Context(), note{Text: largeText}); err == nil || !strings.Contains(err.Error(), "MQTT_MAX_PACKET") {
		t.Errorf("out: %v", err)
	}
	for range 3 {
		b.Publish(t, note{Text: largeText})
	}
	b.Publish(t, note{Text: "fits"})
	wantLines(t, l.until(t, "fits"))
	if at.Limit > 0 {
		err := b.Bus.Publish(t.Context(), note{Text: strings.Repeat("x", int(at.Limit))})
		if err == nil || !strings.Contains(err.Error(), "more than the broker takes") {
			t.Errorf("more than the broker takes: %v", err)
		}
	}
	b.Publish(t, note{Text: "still there"})
	wantLines(t, l.until(t, "still there"))
	if n := b.Stats(name).Link.Reconnects + b.Stats("probe").Link.Reconnects; n != 0 {
		t.Errorf("%d links broke", n)
	}
}

// largeText does not fit into a packet of 2 KiB.
var largeText = strings.Repeat("x", 4096)

func testOversizeWindow(t *testing.T, at Broker) {
	t.Setenv("SMALL_MQTT_MAX_PACKET", "2048")
	t.Setenv("SMALL_MQTT_INFLIGHT", "4")
	l := newJournal()
	b := at.startHarness(t, kittest.ServiceOf(uniqueName("small"), recordNotes(l)))
	for range 5 {
		b.Publish(t, note{Text: largeText})
	}
	b.Publish(t, note{Text: "fits"})
	wantLines(t, l.until(t, "fits"))
}

func testIntrospection(t *testing.T, at Broker) {
	name := uniqueName("open")
	b := at.startHarness(t, kittest.ServiceOf(name, recordNotes(newJournal())))
	f := newForeignClient(t, at, "system/stats/"+name)
	f.publish(t, &paho.Publish{Topic: "system/stats/get", Payload: []byte(`{}`)})
	if p := f.next(t); !strings.Contains(string(p.Payload), `"client_id":"`+name+`"`) {
		t.Errorf("stats: %s", p.Payload)
	}
	l := newJournal()
	b.Add(t, kittest.ServiceOf(uniqueName("reader"), kit.Tap("system/info/"+name, func(_ context.Context, d *kit.Delivery) error {
		l.add("%v %v", d.Retained, strings.Contains(string(d.Data), `"conformance/note"`))
		return nil
	})))
	wantLines(t, l.take(t, 1), "true true")
}
