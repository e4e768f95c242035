package router

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// A word that is said into an answer is either a sign of somebody who listens, or it wants
// something. How long it takes does not tell: "why" is as short as "yeah".
func TestOneWordIntoAnAnswer(t *testing.T) {
	tests := map[string][]string{
		"interrupted": {"Louder.", "Quieter!", "Lauter.", "Why", "Why?", "Warum", "Warum?", "Who?", "Wer", "When", "Wann", "No.", "Nein!", "Wrong.", "Falsch.", "Help!", "Hilfe!", "Next.", "Nächstes.", "Slower, please.", "Langsamer, bitte.",
			"What?", "Was?", "Again.", "Nochmal.", "Aus.", "And why", "But where", "Turn left."},
		"goes on": {"Mm-hm.", "Right.", "Genau.", "Ach so.", "Wow!", "MMA.", "Um.", "Hum.", "The.", "And", "Yeah?", "Really?", "Echt?", "Okay.", "Aha.", "Uhu.", "Interessant.", "Hm?", "So.", "Puh."},
		"held":    {"Wait.", "Warte.", "Moment!", "Hold on.", "One sec."},
		"stopped": {"Stop.", "Stopp!", "Enough.", "Genug.", "Ruhe!", "Shh.", "Quiet.", "Cancel."},
	}
	for want, texts := range tests {
		for _, text := range texts {
			h := speaks(t, func(c *Config) { c.LiveModeDefault = true })
			h.c.body = "movement-esp32"
			h.voice("hall")
			h.pass(450*time.Millisecond + hangover)
			h.quiet("hall")
			h.pass(300 * time.Millisecond)
			h.final("hall", text)
			outcome := ""
			switch r := h.c.rooms["hall"]; {
			case slices.Contains(h.log, "interrupted stop"):
				outcome = "stopped"
			case r.held != nil:
				outcome = "held"
			case slices.ContainsFunc(h.log, func(s string) bool { return strings.HasPrefix(s, "interrupted") }):
				outcome = "interrupted"
			case h.log[len(h.log)-2] == "unduck":
				outcome = "goes on"
			}
			if outcome != want {
				t.Errorf("%q: the answer %s, want %s: %q", text, outcome, want, h.log)
			}
		}
	}
}

// part is a piece of what somebody says with pauses, read a while after it.
type part struct {
	text  string
	pause time.Duration // before it
}

// sayParts says parts. The first words of each answer are heard a while after its request.
func sayParts(h *household, first time.Duration, parts ...part) {
	const reading = 300 * time.Millisecond
	asked := len(h.asks)
	var answers time.Time
	pass := func(d time.Duration) {
		for end := h.now.Add(d); h.now.Before(end); {
			h.pass(tickEvery)
			if len(h.asks) > asked {
				asked, answers = len(h.asks), h.now.Add(first)
			}
			if first > 0 && !answers.IsZero() && !h.now.Before(answers) {
				answers = time.Time{}
				h.answer("Once upon a time there was a king.")
				h.status("hall", h.asks[len(h.asks)-1].ID, contract.TtsSpeakingStart, "Once upon a time there was a king.")
			}
		}
	}
	for i, p := range parts {
		if i > 0 {
			pass(p.pause - reading)
		}
		h.voice("hall")
		pass(time.Second)
		h.quiet("hall")
		pass(reading)
		h.final("hall", p.text)
	}
}

func TestPartsOfASentenceAreOneRequest(t *testing.T) {
	const ms = time.Millisecond
	tests := map[string]struct {
		change func(*Config)
		first  time.Duration // from the request until the answer is heard; 0: it is not
		parts  []part
		want   string // the last request
	}{
		"two parts":           {nil, 0, []part{{"Turn on the light.", 0}, {"In the kitchen.", 1200 * ms}}, "Turn on the light in the kitchen."},
		"three parts":         {nil, 0, []part{{"Remind me.", 0}, {"Tomorrow at nine.", 900 * ms}, {"To call Anna.", 1500 * ms}}, "Remind me tomorrow at nine to call Anna."},
		"four parts":          {nil, 0, []part{{"Schreib auf die Liste.", 0}, {"Milch.", 800 * ms}, {"Brot.", 900 * ms}, {"Und Butter.", 1900 * ms}}, "Schreib auf die Liste milch brot und Butter."},
		"a correction":        {nil, 0, []part{{"Turn on the light in the kitchen.", 0}, {"No, I mean the hall.", 1200 * ms}}, "Turn on the light in the kitchen no, I mean the hall."},
		"a German correction": {nil, 0, []part{{"Wie wird das Wetter in Köln?", 0}, {"Nein, ich meine Bonn.", 1200 * ms}}, "Wie wird das Wetter in Köln? nein, ich meine Bonn."},
		"a second part that the answer begins in":  {nil, 1200 * ms, []part{{"Turn on the light.", 0}, {"In the kitchen.", 1200 * ms}}, "Turn on the light in the kitchen."},
		"one that begins just behind its begin":    {nil, 500 * ms, []part{{"Turn on the light.", 0}, {"In the kitchen.", 1300 * ms}}, "Turn on the light in the kitchen."},
		"a third part that the answer begins in":   {nil, 1200 * ms, []part{{"Remind me.", 0}, {"Tomorrow at nine.", 700 * ms}, {"To call Anna.", 1200 * ms}}, "Remind me tomorrow at nine to call Anna."},
		"what is said long into the answer":        {nil, 200 * ms, []part{{"Tell me a story.", 0}, {"What about the queen?", 1900 * ms}}, "What about the queen?"},
		"what is said long after the first":        {nil, 0, []part{{"Tell me a story.", 0}, {"What time is it in Atlantis?", 2500 * ms}}, "What time is it in Atlantis?"},
		"in wake mode the second needs no phrase":  {asleep, 0, []part{{"Hey Tars, turn on the light.", 0}, {"In the kitchen.", 1200 * ms}}, "turn on the light in the kitchen."},
		"in wake mode the third needs none either": {asleep, 0, []part{{"Hey Tars, remind me.", 0}, {"Tomorrow at nine.", 1200 * ms}, {"To call Anna.", 1200 * ms}}, "remind me tomorrow at nine to call Anna."},
		"in wake mode what is said later needs it": {asleep, 0, []part{{"Hey Tars, turn on the light.", 0}, {"Dinner is ready.", 2500 * ms}}, "turn on the light."},
		"a nod is no part":                         {nil, 0, []part{{"Turn on the light.", 0}, {"Mm-hm.", 1200 * ms}}, "Turn on the light."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHousehold(t, tt.change)
			sayParts(h, tt.first, tt.parts...)
			q := h.asks[len(h.asks)-1]
			if q.Text != tt.want {
				t.Errorf("asked %q, want %q; published %q", q.Text, tt.want, h.log)
			}
			if len(tt.parts) > 1 && !strings.HasPrefix(tt.want, tt.parts[len(tt.parts)-1].text) && len(q.History) > 0 {
				t.Errorf("the first parts left a trace: %+v", q.History)
			}
			h.pass(time.Second)
			if h.duck["hall"] {
				t.Error("the voice stays low")
			}
		})
	}
}

// Two microphones hear one person, who is nearer to the one in whose room nothing goes on.
func TestWhatSteersIsObeyedWhereItSteers(t *testing.T) {
	tests := map[string]struct {
		text string
		want string // in the hall, where the assistant speaks
	}{
		"stop":              {"Stop.", "interrupted stop"},
		"stop with a name":  {"Okay Tars, stop it.", "interrupted stop"},
		"hold on":           {"Warte mal.", "pause"},
		"repeat":            {"What did you say?", "say Once upon a time there was a king."},
		"a nod":             {"Mm-hm.", "ignored nod"},
		"a question is not": {"What time is it in Atlantis?", ""},
	}
	for name, tt := range tests {
		for _, order := range [][]string{{"hall", "kitchen"}, {"kitchen", "hall"}} {
			t.Run(name+", read first in the "+order[0], func(t *testing.T) {
				h := speaks(t, nil)
				h.event("hall", contract.WakeEventSpeechStart, 0.1)
				h.event("kitchen", contract.WakeEventSpeechStart, 0.3)
				h.pass(400 * time.Millisecond)
				h.event("hall", contract.WakeEventSpeechEnd, 0.1)
				h.event("kitchen", contract.WakeEventSpeechEnd, 0.3)
				for _, room := range order {
					h.final(room, tt.text)
					h.pass(200 * time.Millisecond)
				}
				h.pass(3 * time.Second)
				if tt.want != "" && !slices.Contains(h.log, tt.want) {
					t.Errorf("published %q, want %q", h.log, tt.want)
				}
				inKitchen := func(s string) bool {
					return strings.HasPrefix(s, "kitchen: ") && !strings.HasPrefix(s, "kitchen: ignored")
				}
				if asked := slices.ContainsFunc(h.log, inKitchen); asked != (tt.want == "") {
					t.Errorf("in the kitchen: %q", h.log)
				}
				if h.duck["hall"] || h.c.rooms["hall"].waiting != nil || h.c.rooms["kitchen"].waiting != nil {
					t.Errorf("stuck: %q", h.log)
				}
			})
		}
	}
}

// What rings is told in words, over which somebody says a word.
func TestAShortWordWhileSomethingRingsIsForIt(t *testing.T) {
	for mode, change := range map[string]func(*Config){"live mode": nil, "wake mode": asleep} {
		for _, text := range []string{"Snooze.", "Danke.", "Thanks!", "I'm up.", "Okay.", "Alarm aus.", "Got it."} {
			h := newHousehold(t, change)
			h.timersAreThere()
			h.c.noteRinging(contract.TimerState{Timers: []contract.Timer{{ID: "a", State: contract.TimerRinging, Room: new("hall")}}})
			h.status("hall", "ring", contract.TtsSpeakingStart, "It is seven o'clock.")
			h.voice("hall")
			h.pass(350*time.Millisecond + hangover)
			h.quiet("hall")
			h.final("hall", text)
			offered := h.c.turnsByAge()
			if len(offered) != 1 || !offered[0].offered.only {
				t.Errorf("%s: %q is not offered to the timers: %q", mode, text, h.log)
				continue
			}
			h.timersAnswer("")
			if last := h.recs[len(h.recs)-1]; last.Outcome != contract.TurnIgnored || h.duck["hall"] || len(h.asks) > 0 {
				t.Errorf("%s: %q, which they do not take: %q", mode, text, h.log)
			}
		}
	}
}
