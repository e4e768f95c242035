package main

import (
	"testing"

	"github.com/gotars/tars/kit/kittest"
)

func TestGuests(t *testing.T) {
	kittest.Run(t, "are counted, a panic costs one message", func(t *testing.T, b *kittest.Harness) {
		letters := kittest.WatchRaw(b, "system/dead/guests")
		for _, name := range []string{"Ann", "nobody", "Ann"} {
			b.Publish(t, Guest{Name: name})
		}
		b.PublishRaw(t, "door/guest", `{"nmae":"Ann"}`)
		b.Settle()
		if v := kittest.Ask(t, b, HowOften{Name: "Ann"}); v.Times != 2 {
			t.Errorf("came %d times", v.Times)
		}
		if d, _ := letters.Next(t); d.Header.User["topic"] != "door/guest" {
			t.Errorf("letter %+v", d.Header.User)
		}
		t.Log("panic: the next message is handled, this one is a dead letter")
		for _, h := range b.Stats("guests").Handlers {
			if h.Name == "came" && (h.Dropped["unknown"] != 1 || h.Dead != 1 || h.Handled != 2) {
				t.Errorf("stats %+v", h)
			}
		}
		t.Log("misspelt field: refused, counted by reason")
	}, Module)
}
