package page

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/services/ui-web/turns"
)

var update = flag.Bool("update", false, "write the turns of testdata/turns anew")

// recorded is a turn, how it comes about with the real services, and what the page has to
// tell of it.
type recorded struct {
	settings []string
	happens  func(*testing.T, *house)
	text     string // begin of what was said in the turn that is meant
	outcome  string
	reason   string
	told     []string // words on the page, in English
}

// tenTurns are turns that went as they did for ten reasons, by the name of their file.
var tenTurns = map[string]recorded{
	"echo": {
		happens: func(t *testing.T, h *house) {
			h.tells(t, story)
			h.ears.hear("the boat is red with a white stripe along its side", 0.71)
			h.play(t, room().Voice(2800*ms).Silence(1500*ms), kitchen)
		},
		text: "the boat is red with", outcome: contract.TurnIgnored, reason: "echo",
		told: []string{"Ignored: that was the echo of my own voice", "the boat is red with a white stripe", "A sound is heard", "my voice is paused, as somebody seems to speak into it", "my voice goes on, as it was my own echo"},
	},
	"nod": {
		happens: func(t *testing.T, h *house) {
			h.tells(t, story)
			h.ears.hear("Mm-hm.", 0.66)
			h.play(t, room().Voice(420*ms).Silence(1500*ms), kitchen)
		},
		text: "Mm-hm", outcome: contract.TurnIgnored, reason: "nod",
		told: []string{"Kept talking: you said “Mm-hm.”"},
	},
	"stop": {
		happens: func(t *testing.T, h *house) {
			h.tells(t, story)
			h.ears.hear("Stop.", 0.95)
			h.play(t, room().Voice(480*ms).Silence(1500*ms), kitchen)
		},
		text: "Tell me about the boat", outcome: contract.TurnInterrupted, reason: "stop",
		told: []string{"Cut off: somebody said “Stop.”", "not heard", "Said into the answer"},
	},
	"wake-phrase": {
		settings: []string{"ROUTER_LIVE_MODE_DEFAULT=no"},
		happens:  func(t *testing.T, h *house) { h.say(t, "Did you see the game last night?") },
		text:     "Did you see the game", outcome: contract.TurnIgnored, reason: "no wake phrase",
		told: []string{"Ignored: the wake phrase was missing"},
	},
	"other-room": {
		happens: func(t *testing.T, h *house) {
			h.ears.hear("What is on the shopping list?", 0.9)
			h.model.text = "Milk and bread."
			h.play(t, room().Silence(300*ms).Voice(2*time.Second).Silence(1500*ms), map[string]float64{"kitchen": 1, "hall": 0.4})
		},
		text: "What is on the shopping list", outcome: contract.TurnIgnored, reason: "heard better in kitchen",
		told: []string{"Not answered here: the kitchen heard it louder"},
	},
	"model-failed": {
		happens: func(t *testing.T, h *house) {
			h.model.fails = errRefused
			h.say(t, "How far is it to the moon?")
		},
		text: "How far is it", outcome: contract.TurnFailed, reason: "",
		told: []string{"No answer: the language model could not be reached", "asked, and refused", "What was said instead of an answer", "connection refused", "Sorry, I cannot answer right now."},
	},
	"memory": {
		happens: func(t *testing.T, h *house) {
			h.model.text = "Noted."
			h.types(t, "hall", "Remember that the key of the shed is under the blue flower pot.")
			h.quiet(t, 4*time.Second)
			h.model.text = "It is under the blue flower pot."
			h.say(t, "Where is the key of the shed?")
		},
		text: "Where is the key", outcome: contract.TurnDone,
		told: []string{"Answered, with what I remember", "the key of the shed is under the blue flower pot"},
	},
	"tool": {
		happens: func(t *testing.T, h *house) {
			h.model.calls = []openai.ToolCall{{ID: "c1", Type: "function", Function: openai.ToolCallFunction{Name: "mcp__home__switch_light", Arguments: `{"room":"kitchen","on":true}`}}}
			h.model.text = "The kitchen light is on."
			h.say(t, "Turn on the light in the kitchen.")
		},
		text: "Turn on the light", outcome: contract.TurnDone,
		told: []string{"Answered, with a tool", "switch light", `"room":"kitchen"`, `"brightness":80`, "Language model, chooses a tool", "after the tool"},
	},
	"slow-model": {
		happens: func(t *testing.T, h *house) {
			h.model.thinks, h.model.text = 5500*ms, "Because the air scatters blue light more than red light."
			h.say(t, "Why is the sky blue?")
			h.quiet(t, 5*time.Second)
		},
		text: "Why is the sky blue", outcome: contract.TurnDone,
		told: []string{"Answered, late: the language model took", "“One moment.” was heard meanwhile, 1.80 s after the last word.", "Said meanwhile", "The first sound of the answer came 6.74 s after the last word."},
	},
	"went-on": {
		settings: []string{"ROUTER_FILLER=|"},
		happens: func(t *testing.T, h *house) {
			h.model.thinks, h.model.text = 3*time.Second, "The light upstairs is on now."
			h.ears.hear("Turn on the light.", 0.9)
			h.play(t, room().Silence(300*ms).Voice(1200*ms).Silence(900*ms), kitchen)
			h.ears.hear("Upstairs.", 0.9)
			h.play(t, room().Voice(620*ms).Silence(1500*ms), kitchen)
		},
		text: "Turn on the light", outcome: contract.TurnInterrupted, reason: "joined",
		told: []string{"Answered together with what you said next: “Upstairs.”"},
	},
}

// TestTenTurns has each turn happen, and reads it as the page does. With -update it writes
// the files that the page is tested with.
func TestTenTurns(t *testing.T) {
	for name, want := range tenTurns {
		inHouse(t, name, want.settings, func(t *testing.T, h *house) {
			want.happens(t, h)
			h.quiet(t, 12*time.Second)
			h.Settle()
			got := h.turn(t, want.text)
			check(t, got, want)
			if *update {
				writeTurn(t, filepath.Join("testdata", "turns", name+".json"), got)
			}
		})
		f, err := os.Open(filepath.Join("testdata", "turns", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		kept, err := turns.Read(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		check(t, kept, want)
	}
}

func check(t *testing.T, got turns.Turn, want recorded) {
	t.Helper()
	if got.Outcome != want.outcome || got.Reason != want.reason && want.reason != "" {
		t.Errorf("the turn is %s: %q, want %s: %q", got.Outcome, got.Reason, want.outcome, want.reason)
	}
	if got.Speech == nil || len(got.Speech.Levels) < 20 || len(got.Speech.Voice) == 0 || len(got.Speech.Pauses) == 0 {
		t.Errorf("it is not known how it was heard: %+v", got.Speech)
	}
	if len(got.Stages) < 2 || len(got.Engines) == 0 {
		t.Errorf("stages %+v, engines %+v", got.Stages, got.Engines)
	}
}

// turn reads the turn whose words begin with text from the page, the oldest if there are
// several.
func (h *house) turn(t *testing.T, text string) (found turns.Turn) {
	t.Helper()
	var list struct{ Turns []turns.Summary }
	if err := json.Unmarshal(h.get(t, "/api/turns"), &list); err != nil {
		t.Fatal(err)
	}
	for _, s := range list.Turns {
		if strings.HasPrefix(s.Text, text) && (found.ID == "" || s.Outcome == contract.TurnIgnored) {
			var err error
			if found, err = turns.Read(bytes.NewReader(h.get(t, "/api/turns/"+s.ID))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if found.ID == "" {
		t.Fatalf("no turn begins with %q: %+v", text, list.Turns)
	}
	return found
}

func (h *house) get(t *testing.T, path string) []byte {
	t.Helper()
	r, err := h.HTTP("ui-web").Get("http://127.0.0.1:8080" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	data, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", path, r.Status, err, data)
	}
	return data
}

// writeTurn writes a turn as if it had happened on the evening of a day in November: the fake
// clock begins at the turn of the century.
func writeTurn(t *testing.T, file string, turn turns.Turn) {
	t.Helper()
	const begin, evening = 946684800, 1795890180 // of the fake clock, and 2026-11-28 18:03 UTC
	var plain bytes.Buffer
	if err := turn.Write(&plain); err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(plain.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(later(v, begin, evening-begin))
	if err != nil {
		t.Fatal(err)
	}
	moved, err := turns.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	plain.Reset()
	if err := moved.Write(&plain); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, plain.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// later moves all times in v that follow from within a day.
func later(v any, from, by float64) any {
	switch x := v.(type) {
	case float64:
		if x >= from && x < from+86400 {
			return x + by
		}
	case []any:
		for i := range x {
			x[i] = later(x[i], from, by)
		}
	case map[string]any:
		for k := range x {
			x[k] = later(x[k], from, by)
		}
	}
	return v
}
