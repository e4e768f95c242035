package stt

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/services/stt/engine"
)

func TestOwnEchoIsRecognised(t *testing.T) {
	const question = "Do you want me to stop, or shall I read the second chapter of the book?"
	tests := map[string]struct {
		said, heard string
		room        string        // in which it is heard; said in the kitchen
		after       time.Duration // from the end of saying to the beginning of hearing
		want        bool
	}{
		"all of it":                       {question, "do you want me to stop or shall I read the second chapter of the book", "kitchen", 0, true},
		"a part, one word wrong":          {question, "Shall I read the second captain of", "kitchen", 0, true},
		"one word put in":                 {question, "shall I now read the second chapter", "kitchen", 0, true},
		"one word of it is an answer":     {question, "Stop.", "kitchen", 0, false},
		"two words of it are an answer":   {question, "second chapter", "kitchen", 0, false},
		"other words":                     {question, "what is the weather in Paris", "kitchen", 0, false},
		"its words in another order":      {question, "the book chapter stop I want you", "kitchen", 0, false},
		"all of a short one":              {"Yes?", "yes", "kitchen", 0, true},
		"in another room":                 {question, "do you want me to stop", "office", 0, false},
		"soon after":                      {question, "the second chapter of the book", "kitchen", 500 * time.Millisecond, true},
		"an answer that repeats it later": {question, "the second chapter of the book", "kitchen", 2 * time.Second, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := echoes{window: time.Second}
				e.start("kitchen", "u1", tt.said)
				time.Sleep(4 * time.Second)
				e.end("u1")
				time.Sleep(tt.after)
				now := time.Now()
				if got := e.withoutEcho(tt.room, tt.heard, "en", now, now.Add(2*time.Second)) == ""; got != tt.want {
					t.Errorf("%q after %q: echo is %v, want %v", tt.heard, tt.said, got, tt.want)
				}
			})
		})
	}
}

func TestEchoIsCutOutOfWhatIsHeard(t *testing.T) {
	const paris = "The weather in Paris is fine today, with a light wind from the west."
	tests := map[string]struct {
		said, lang, heard string
		want              string // what a person said
	}{
		"a time in words":          {"It is 3:05 PM.", "en", "it is three oh five pm", ""},
		"a time in digits":         {"It is 3:05 PM.", "en", "It's 3.05 p.m.", ""},
		"a temperature":            {"It is -5°C.", "en", "minus five degrees celsius", ""},
		"a number with a unit":     {"That's 1,250 kWh & rising.", "en", "1250 kilowatt hours and rising", ""},
		"the same in words":        {"That's 1,250 kWh & rising.", "en", "That's twelve hundred and fifty kilowatt-hours and rising.", ""},
		"an address":               {"Go to https://example.org/a now.", "en", "Go to link now.", ""},
		"an address as it is read": {"Go to https://example.org/a now.", "en", "Go to https example.org a now", ""},
		"German":                   {"Es sind -5°C um 15:05 Uhr.", "de", "es sind minus fünf Grad Celsius um fünfzehn Uhr fünf", ""},
		"without spaces":           {"今日の天気は晴れです。", "ja", "今日の天気は晴れです", ""},
		"markup":                   {"**Paris** has `two` rivers and 3 km of walls.", "en", "Paris has two rivers and three kilometers of walls", ""},

		"stop in the middle":                   {paris, "en", "the weather in paris stop is fine today with a light wind", "stop"},
		"stop in place of a word":              {paris, "en", "The weather in Paris is stop, today with a light wind.", "stop,"},
		"stop at the end":                      {paris, "en", "the weather in paris is fine, stop!", "stop!"},
		"stop before it":                       {paris, "en", "Stop. The weather in Paris is fine today.", "Stop."},
		"a question behind it":                 {paris, "en", "the weather in paris is fine today what time is it", "what time is it"},
		"a question before it":                 {paris, "en", "And what about Rome? In Paris is fine today with a light wind", "And what about Rome?"},
		"a question in it":                     {paris, "en", "the weather in paris is turn off the radio fine today with a light wind", "turn off the radio"},
		"German stop":                          {"Morgen regnet es in Berlin den ganzen Tag über.", "de", "morgen regnet es in Berlin halt den ganzen Tag", "halt"},
		"words that are the same by chance":    {paris, "en", "what will the weather in London be tomorrow", "what will the weather in London be tomorrow"},
		"a short utterance that we never said": {paris, "en", "Louder.", "Louder."},
		"two of our words":                     {paris, "en", "Fine today.", "Fine today."},

		"abbreviations":               {"Dr. Smith lives on Main St.", "en", "Doctor Smith lives on Main Street", ""},
		"misheard words":              {paris, "en", "whether in Paris is mine two day with a light wind", ""},
		"a misheard word at the end":  {paris, "en", "The weather in Paris is fine Tudor", ""},
		"a misheard word in a number": {"It is 3:05 PM and 21 degrees.", "en", "it is three oh nine pm and twenty one degrees", ""},
		"stop when we say shop":       {"We can go to the shop in the town.", "en", "we can go to the stop in the town", ""},
		"stop when we say it":         {"Say stop when you have had enough of it.", "en", "say stop when you have had enough of it", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := echoes{window: time.Second}
			e.start("", "u1", tt.said)
			if got := e.withoutEcho("kitchen", tt.heard, tt.lang, time.Now(), time.Now()); got != tt.want {
				t.Errorf("of %q, while it says %q, %q is left, want %q", tt.heard, tt.said, got, tt.want)
			}
		})
	}
}

func TestAnEndThatIsNeverToldIsAssumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := echoes{window: time.Second}
		e.start("", "u1", "good morning to you")
		time.Sleep(time.Minute)
		if e.withoutEcho("kitchen", "good morning to you", "en", time.Now(), time.Now()) == "" {
			t.Error("a minute later it is still an echo")
		}
	})
}

func TestWhatWasSaidIsForgotten(t *testing.T) {
	e := echoes{window: time.Second}
	for range 10 * maxSayings {
		e.start("", "u", "word")
	}
	if len(e.said) != maxSayings {
		t.Errorf("%d sayings are kept, want %d", len(e.said), maxSayings)
	}
}

func BenchmarkEchoOfALongAnswer(b *testing.B) {
	e := echoes{window: time.Second}
	for i := range 20 {
		e.start("", "u", fmt.Sprintf("Sentence %d tells of the weather in another city, which is %d degrees warmer than yesterday.", i, i))
	}
	heard := strings.Repeat("the weather in another city is degrees warmer than yesterday and so on ", 5)
	for b.Loop() {
		e.withoutEcho("kitchen", heard, "en", time.Now(), time.Now())
	}
}

func TestFragmentsOfItsEchoAreKnownWhereItIsHeard(t *testing.T) {
	const said = "The engineers found a stone bridge that nobody could explain, with carvings of horses and ships along both sides"
	tests := map[string]struct {
		heard string
		want  string // in a room whose microphone hears the assistant
	}{
		"two words, one misheard": {"With carving.", ""},
		"a word":                  {"Bridge.", ""},
		"some words, with a number that is another": {"A stone bridge of 12.", ""},
		"a stop word":            {"Stop.", "Stop."},
		"other words":            {"What about tea?", "What about tea?"},
		"a word of it in others": {"Is the bridge far from here?", "Is the bridge far from here?"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := &echoes{window: time.Second}
			e.start("hall", "u", said)
			now := time.Now()
			if got := e.withoutEcho("hall", tt.heard, "en", now, now.Add(2*time.Second)); got != tt.heard {
				t.Errorf("with headphones %q is left", got)
			}
			e.hears("hall", time.Time{})
			if got := e.withoutEcho("hall", tt.heard, "en", now, now.Add(2*time.Second)); got != tt.want {
				t.Errorf("%q is left, want %q", got, tt.want)
			}
			const twice = "The engineers found a stone bridge that nobody. The engineers found"
			if got := e.withoutEcho("hall", twice, "en", now, now.Add(2*time.Second)); got != "" {
				t.Errorf("of what was read twice %q is left", got)
			}
			if e.isHeardIn("kitchen", now) {
				t.Error("it is heard in another room too")
			}
		})
	}
}

// The begin of what a person says may be softer than the echo, and is not counted then.
func TestWhatIsSaidTooFastIsAnEcho(t *testing.T) {
	e, now := &echoes{window: time.Second}, time.Now()
	e.start("hall", "u", "The engineers found a bridge that nobody could explain.")
	e.hears("hall", time.Time{})
	for heard, want := range map[string]string{
		"Stop. Not.":                      "Stop. Not.",
		"What now?":                       "",
		"And no other of them would stop": "",
	} {
		if got := e.withoutEcho("hall", heard, "en", now, now.Add(220*time.Millisecond)); got != want {
			t.Errorf("of %q %q is left, want %q", heard, got, want)
		}
	}
}

func TestAStopCountsWhereItsEchoMakesTheRecogniserUnsure(t *testing.T) {
	s := &Service{echoes: &echoes{window: time.Second}, cfg: Config{MinConfidence: 0.3}}
	low, sure := engine.Result{Confidence: new(0.2), Lang: "en"}, engine.Result{Confidence: new(0.9), Lang: "en"}
	if !s.isUnsure(low, "Stop.", utterance{room: "hall"}) || s.isUnsure(sure, "the moon", utterance{room: "hall"}) {
		t.Error("with headphones confidence alone decides")
	}
	s.echoes.hears("hall", time.Time{})
	if s.isUnsure(low, "Stop.", utterance{room: "hall"}) || !s.isUnsure(low, "the moon", utterance{room: "hall"}) || !s.isUnsure(low, "Stop.", utterance{room: "kitchen"}) {
		t.Error("where it is heard a stop counts, and nothing else does")
	}
}

// A recogniser that is told what the assistant says goes on with that: it wrote "and we're going
// to wait" for "Wait", and "and he was very excited" for a cough.
func TestWhileTheAssistantSpeaksARecogniserIsToldHowPeopleInterrupt(t *testing.T) {
	const interruption, conversation = "Hey Tars, stop. Wait a moment.", "Hey Tars. And then they moved on."
	synctest.Test(t, func(t *testing.T) {
		s := &Service{echoes: &echoes{window: time.Second}, cfg: Config{Context: true, WakePhrases: "hey tars", Config: engine.Config{Lang: "en"}}}
		told := func(want string) {
			t.Helper()
			if got := s.contextFor("hall", time.Now()); got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		}
		s.echoes.start("hall", "u", "And then they moved on.")
		s.lastWords.say("hall", "And then they moved on.")
		told(interruption)
		begun := time.Now()
		time.Sleep(time.Second)
		s.echoes.end("u")
		if got := s.contextFor("hall", begun); got != interruption {
			t.Errorf("after it, for what began before its end, told %q", got)
		}
		time.Sleep(time.Second)
		told(conversation)
		s.echoes.start("kitchen", "u2", "And more.")
		told(conversation)
		s.echoes.start("", "u3", "An announcement.")
		told(interruption)
		s.cfg.WakePhrases = ""
		told("Stop. Wait a moment.")
		s.cfg.Lang = "fi"
		told("")
	})
}

// A laptop that is moved while nothing is said has another echo, which is let through until
// it is learnt.
func TestAnEchoThatIsLostMayBeHeard(t *testing.T) {
	e, now := &echoes{window: time.Second}, time.Now()
	source := &audioSource{room: "hall", own: newOwnVoice(nil), loudspeaker: newLoudspeaker(), lastAudio: now}
	source.own.speaks(now)
	source.own.residue, source.loudspeaker.clean = 30, now
	e.note(source)
	begun := now.Add(time.Second)
	if e.isHeardIn("hall", begun) {
		t.Error("its voice is taken out, and it may be heard")
	}
	source.own.residue, source.loudspeaker.clean = 0, time.Time{} // the canceller finds it no longer
	e.note(source)
	if !e.isHeardIn("hall", begun) {
		t.Error("nobody takes its voice out, and it is not heard")
	}
	source.room = "kitchen" // where it never was heard
	if e.note(source); e.isHeardIn("kitchen", begun) {
		t.Error("with headphones it is heard")
	}
}
