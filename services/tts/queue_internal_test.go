package tts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gotars/tars/contract"
)

func lineFor(sink, utt, text string) *line {
	return &line{sink: sink, say: contract.TtsSay{Text: text, UttID: &utt}}
}

func TestSpeakersTakeTurns(t *testing.T) {
	var long []*line
	for i := range 8 {
		long = append(long, lineFor("a", "one", fmt.Sprint("a", i+1)))
	}
	tests := map[string]struct {
		lines []*line
		want  string
	}{
		"one speaker hears all in order":       {[]*line{lineFor("a", "1", "x"), lineFor("a", "2", "y"), lineFor("a", "1", "z")}, "x y z"},
		"another speaker does not wait for it": {[]*line{lineFor("a", "1", "a1"), lineFor("a", "2", "a2"), lineFor("a", "3", "a3"), lineFor("b", "4", "b1")}, "a1 b1 a2 a3"},
		"an answer stays together":             {[]*line{lineFor("a", "1", "a1"), lineFor("b", "2", "b1"), lineFor("a", "1", "a2"), lineFor("b", "2", "b2")}, "a1 a2 b1 b2"},
		"unless it is without an end":          {append(long, lineFor("b", "2", "b1")), "a1 a2 a3 a4 a5 a6 b1 a7 a8"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var q lineQueue
			for _, l := range tt.lines {
				if q.push(l) != nil {
					t.Fatal("dropped")
				}
			}
			var got []string
			for len(q.lines) > 0 {
				got = append(got, q.shift().say.Text)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("said %s, want %s", s, tt.want)
			}
		})
	}
}

func TestFloodForASpeaker(t *testing.T) {
	var q lineQueue
	for i := range 20_000 {
		q.push(lineFor("flood", fmt.Sprint(i), "x"))
	}
	if d := q.push(lineFor("kitchen", "real", "real")); d == nil || d.sink != "flood" {
		t.Errorf("dropped %+v for a line of another speaker", d)
	}
	q.shift()
	if l := q.shift(); l.sink != "kitchen" || len(q.lines) != maxQueue-2 {
		t.Errorf("the second turn is that of %s, and %d wait", l.sink, len(q.lines))
	}
	for i := range 20_000 {
		q.push(lineFor(fmt.Sprint("made-up-", i), "x", "x"))
	}
	for len(q.lines) > 0 {
		q.shift()
	}
	if len(q.served) > maxServed {
		t.Errorf("the turns of %d speakers are remembered", len(q.served))
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
