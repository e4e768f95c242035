package kit_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

func TestReplayInAGroup(t *testing.T) {
	var l diary
	take := func(who string) kit.Handler {
		return kit.On(func(_ context.Context, n Note) error { l.add("%s %s", who, n.Text); return nil }, kit.Name("heard"), kit.Shared("g"))
	}
	kittest.Run(t, "reaches the member it is for", func(t *testing.T, b *kittest.Harness) {
		for i := range 10 {
			raw(t, b, "system/replay/b", note(fmt.Sprint(i), fmt.Sprint(i)), "topic", "box/note")
		}
		b.Settle()
		if got := l.take(); len(got) != 10 || slices.ContainsFunc(got, func(s string) bool { return !strings.HasPrefix(s, "b ") }) {
			t.Errorf("10 replays to b, handled %q", got)
		}
	}, kittest.ServiceOf("a", take("a")), kittest.ServiceOf("b", take("b")))
}

func TestLetterOfALargeMessage(t *testing.T) {
	t.Setenv("S_MQTT_MAX_PACKET", "4096")
	kittest.Run(t, "its reason is cut to what fits", func(t *testing.T, b *kittest.Harness) {
		raw(t, b, "box/note", note("1", strings.Repeat("x", 3000)))
		time.Sleep(time.Second)
		b.Settle()
		if n := len(b.Broker.Retained("system/dead/#")); n != 1 {
			t.Errorf("%d letters", n)
		}
	}, kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { panic("no") }, kit.Name("heard"))))
}
