package stt

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/services/stt/vad"
	"github.com/gotars/tars/speech/pcm"
)

func said(room, id string) utterance { return utterance{room: room, id: id} }

// served empties q and returns the ids in the order of their turns.
func served(t *testing.T, q *turnQueue) string {
	t.Helper()
	var ids []string
	for q.waiting > 0 {
		u, ok := q.next(context.Background())
		if !ok {
			t.Fatal("nothing comes")
		}
		ids = append(ids, u.id)
	}
	return strings.Join(ids, " ")
}

func TestRoomsAreReadInTurn(t *testing.T) {
	tests := map[string]struct {
		understood []string
		said       []utterance
		want       string
		dropped    int
	}{
		"one room":                             {said: []utterance{said("a", "1"), said("a", "2")}, want: "1 2"},
		"a room that floods does not go first": {said: []utterance{said("a", "a1"), said("a", "a2"), said("a", "a3"), said("b", "b1")}, want: "a1 b1 a2 a3"},
		"a room drops its own oldest": {said: []utterance{said("a", "1"), said("a", "2"), said("a", "3"), said("a", "4"), said("a", "5"), said("b", "b1")},
			want: "2 b1 3 4 5", dropped: 1},
		"a room in use before names nobody knows": {understood: []string{"kitchen"},
			said: []utterance{said("x1", "x1"), said("x2", "x2"), said("x3", "x3"), said("kitchen", "k1"), said("kitchen", "k2")}, want: "k1 x1 k2 x2 x3"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q, dropped := newTurnQueue(), 0
			for _, room := range tt.understood {
				q.understand(room)
			}
			for _, u := range tt.said {
				dropped += len(q.push(u))
			}
			if got := served(t, q); got != tt.want || dropped != tt.dropped {
				t.Errorf("read %s and dropped %d, want %s and %d", got, dropped, tt.want, tt.dropped)
			}
		})
	}
}

func TestFloodOfRoomsDoesNotKeepARealOneWaiting(t *testing.T) {
	q, dropped := newTurnQueue(), 0
	q.understand("kitchen")
	for i := range 20_000 {
		dropped += len(q.push(said(fmt.Sprint("made-up-", i), "x")))
	}
	if q.waiting > maxWaiting || dropped != 20_000-q.waiting {
		t.Errorf("%d wait and %d were dropped", q.waiting, dropped)
	}
	if dropped := len(q.push(said("kitchen", "real"))); dropped != 1 {
		t.Errorf("%d were dropped for a room in use, want one of the others", dropped)
	}
	if u, _ := q.next(t.Context()); u.id != "real" {
		t.Errorf("read %+v first", u)
	}
	if len(q.understood) > maxUnderstood {
		t.Errorf("%d rooms are remembered", len(q.understood))
	}
}

func TestNextEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, ok := newTurnQueue().next(ctx); ok {
			t.Error("something came of nothing")
		}
	})
}

func TestFloodOfSourcesDoesNotPushOutARealOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newSources(new(Config).segmentation(), func() vad.Detector { return vad.NewLoudness(70) })
		chunk := make([]byte, 1280)
		hear := func(source string, seq int) {
			one, err := e.find(source)
			if err != nil {
				t.Fatalf("%s: %v", source, err)
			}
			one.mu.Lock()
			one.hear(contract.MicAudio{Source: source, Seq: seq, Rate: pcm.Rate, PCM: chunk}, mute{})
			one.mu.Unlock()
		}
		for seq := range 100 { // four seconds
			hear("kitchen", seq)
		}
		real := e.all["kitchen"]
		for i := range 20_000 {
			hear(fmt.Sprint("made-up-", i), 0)
		}
		if e.all["kitchen"] != real || len(e.all) > maxSources {
			t.Errorf("the real source is still heard: %v; %d sources are kept", e.all["kitchen"] == real, len(e.all))
		}
		hear("hall", 0) // a new one is heard as well
	})
}

func TestFloodOfMutesOpensNoMicrophone(t *testing.T) {
	for name, muted := range map[string]bool{"of mutes": true, "of unmutes": false} {
		m := newMics(false)
		m.used = func(room string) bool { return room == "kitchen" }
		m.set("kitchen", true, 0)
		for i := range 20_000 {
			m.set(fmt.Sprint("made-up-", i), muted, 0)
		}
		m.set("hall", true, 0)
		if !m.state("kitchen").on || !m.state("hall").on || len(m.rooms) > maxSources+1 {
			t.Errorf("%s: the kitchen is muted %v, the hall is muted %v, %d rooms are kept", name, m.state("kitchen").on, m.state("hall").on, len(m.rooms))
		}
	}
}
