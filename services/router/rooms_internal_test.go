package router

import (
	"fmt"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

func TestFloodOfRooms(t *testing.T) {
	n := 0
	c := newConversation(Config{LiveModeDefault: true, History: 8, HistoryAge: time.Hour, SayMin: 10, SayMax: 200}, testPhrases(t), func() string { n++; return fmt.Sprint(n) })
	now := time.Unix(1_700_000_000, 0)
	say := func(room, text string) (asked string, failed bool) {
		n++
		f := contract.FinalTranscript{Text: text}
		f.MessageID = fmt.Sprint("m", n)
		for _, e := range c.heard(f, origin{room: room}, now) {
			switch m := e.m.(type) {
			case contract.LLMRequest:
				asked = m.ID
			case contract.TurnRecord:
				failed = failed || m.Outcome == contract.TurnFailed
			}
		}
		return asked, failed
	}
	for i := range 2 { // the kitchen is in use
		id, _ := say("kitchen", fmt.Sprint("what is in box ", i))
		c.interrupt(c.turns[id], "done", now)
	}
	kitchen := c.rooms["kitchen"]
	asked := 0
	for i := range 20_000 {
		now = now.Add(time.Millisecond)
		id, failed := say(fmt.Sprint("made-up-", i), "tell me a story")
		if id != "" {
			asked++
		} else if !failed {
			t.Fatalf("room %d: nothing was asked, and nothing is told", i)
		}
		c.woke(contract.WakeEvent{Type: contract.WakeEventSpeechStart}, origin{room: fmt.Sprint("noise-", i)}, now)
	}
	if asked != maxNewRoomTurns || len(c.turns) != maxNewRoomTurns || len(c.rooms) > maxRooms {
		t.Errorf("the model was asked %d times, %d turns are not over, %d rooms are known", asked, len(c.turns), len(c.rooms))
	}
	if c.rooms["kitchen"] != kitchen {
		t.Error("the flood made the router forget a room in use")
	}
	if id, failed := say("kitchen", "and what is in the last box"); id == "" || failed {
		t.Errorf("the room in use asked %q, failed: %v", id, failed)
	}
	for _, turn := range c.turnsByAge() {
		c.interrupt(turn, "over", now)
	}
	if id, _ := say("hall", "hello box"); id == "" {
		t.Error("after the flood a new room is not answered")
	}
}
