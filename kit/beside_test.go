package kit_test

import (
	"context"
	"slices"
	"testing"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// TestABusBesideSeesAll opens a second bus in the way of the first one.
func TestABusBesideSeesAll(t *testing.T) {
	kittest.Run(t, "what the first one sends arrives", func(t *testing.T, b *kittest.Harness) {
		seen := make(chan string, 1)
		side, err := b.Bus.Beside(t.Context(), kit.Tap("box/+", func(_ context.Context, d *kit.Delivery) error { seen <- d.Topic; return nil }))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Bus.PublishTo(t.Context(), "box/note", "", map[string]int{"n": 1}); err != nil {
			t.Fatal(err)
		}
		if got := <-seen; got != "box/note" {
			t.Errorf("saw %s", got)
		}
		if err := side.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if err := b.Bus.PublishTo(t.Context(), "box/after", "", map[string]int{"n": 2}, kit.Retain()); err != nil {
			t.Errorf("the first bus has ended with the second: %v", err)
		}
	})
}

// TestWhatABusBesideNeedsIsInTheAccessList declares it without subscribing to it.
func TestWhatABusBesideNeedsIsInTheAccessList(t *testing.T) {
	m := kittest.ServiceOf("watcher", kit.ReadsBeside("box/+"), kit.WritesBeside("box/open"))
	info, err := m.Describe()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(info.Reads, "box/+") || !slices.Contains(info.Writes, "box/open") {
		t.Errorf("reads %v, writes %v", info.Reads, info.Writes)
	}
	kittest.Run(t, "and the service does not get it", func(t *testing.T, b *kittest.Harness) {
		b.PublishRaw(t, "box/note", "1")
		b.Settle()
		for _, h := range b.Stats("watcher").Handlers {
			if h.Topic == "box/+" {
				t.Errorf("%+v", h)
			}
		}
	}, m)
}
