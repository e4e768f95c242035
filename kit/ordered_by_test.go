package kit_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

func TestNewestOfEachKey(t *testing.T) {
	var l diary
	kittest.Run(t, "by key, newest only", func(t *testing.T, b *kittest.Harness) {
		for i, room := range []string{"hall", "kitchen", "kitchen"} {
			b.Publish(t, Sound{Room: room, Seq: fmt.Sprint(i), Bytes: []byte{byte(i)}})
			b.Settle()
		}
		time.Sleep(5 * time.Second)
		b.Settle()
		same(t, l.take(), "hall 0", "kitchen 2")
	}, kittest.ServiceOf("stt", kit.On(func(_ context.Context, s Sound) error {
		time.Sleep(time.Second)
		l.add("%s %s", s.Room, s.Seq)
		return nil
	}, kit.Name("listen"), kit.Workers(1),
		kit.OrderedBy(func(s Sound) string { return s.Room }), kit.Queue(1)), kit.On(func(context.Context, Note) error { return nil }, kit.Name("n"))))
}
