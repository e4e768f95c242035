package kit_test

import (
	"context"
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
