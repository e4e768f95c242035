package main

import (
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

func TestRefusalsOfTheBrokerAreShown(t *testing.T) {
	var r refusals
	if got := r.String(); got != "" {
		t.Errorf("nothing was refused, and it says %q", got)
	}
	kittest.Run(t, "a topic that is too long", func(t *testing.T, b *kittest.Harness) {
		for range 2 {
			if b.Bus.PublishTo(t.Context(), strings.Repeat("x", 2000), "", struct{}{}, kit.Bare()) == nil {
				t.Error("the broker takes it")
			}
		}
		time.Sleep(time.Minute + time.Second)
		b.Add(t, kittest.ServiceOf("doctor", r.handler()))
		b.Settle()
		if got := r.String(); got != "2 topic_name" {
			t.Errorf("it says %q", got)
		}
	})
}
