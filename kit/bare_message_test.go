package kit_test

import (
	"context"
	"testing"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

func TestBareMessagesHaveNoTime(t *testing.T) {
	var l diary
	kittest.Run(t, "which nobody said", func(t *testing.T, b *kittest.Harness) {
		raw(t, b, "x/y", `{"message_id":"1"}`)
		b.Settle()
		same(t, l.take(), "true")
	}, kittest.ServiceOf("s", kit.Tap("x/y", func(_ context.Context, d *kit.Delivery) error { l.add("%v", d.Sent.IsZero()); return nil })))
}
