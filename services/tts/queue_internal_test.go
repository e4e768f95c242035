package tts

import (
	"fmt"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

func lineFor(sink, utt, text string) *line {
	return &line{sink: sink, say: contract.TtsSay{Text: text, UttID: &utt}}
}

func TestFloodForASpeaker(t *testing.T) {
	v := &voice{}
	for i := range 20_000 {
		v.push(lineFor("flood", fmt.Sprint(i), "x"))
	}
	if d := v.push(lineFor("kitchen", "real", "real")); d == nil || d.sink != "flood" {
		t.Errorf("dropped %+v for a line of another speaker", d)
	}
	if len(v.mouthOf("kitchen").queue) != 1 || v.waiting != maxQueue {
		t.Errorf("%d wait for the kitchen, %d for all", len(v.mouthOf("kitchen").queue), v.waiting)
	}
}

func TestWhatWasHeardOfALine(t *testing.T) {
	l := &line{sentences: []string{"One two three.", "Four five six."}, lengths: []time.Duration{time.Second, time.Second}, ended: true}
	for after, want := range map[time.Duration]string{
		0:                       "",
		500 * time.Millisecond:  "One two",
		time.Second:             "One two three.",
		1400 * time.Millisecond: "One two three. Four",
		3 * time.Second:         "One two three. Four five six.",
	} {
		if got := l.heard(after); got != want {
			t.Errorf("after %v heard %q, want %q", after, got, want)
		}
	}
	l.lengths, l.ended = l.lengths[:1], false // the first sentence is still being made
	if got := l.heard(700 * time.Millisecond); got != "One two" {
		t.Errorf("of a sentence that is being made heard %q", got)
	}
}

func TestStopsAreBounded(t *testing.T) {
	v := &voice{stops: map[string]*stop{}}
	for i := range 3 * maxStops {
		v.remember(fmt.Sprint(i), nil)
	}
	if _, last := v.stops[fmt.Sprint(3*maxStops-1)]; len(v.stops) != maxStops || !last {
		t.Errorf("%d stops are remembered, the last one: %v", len(v.stops), last)
	}
}
