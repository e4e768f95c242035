package turnend_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/services/stt/turnend"
)

const ms = time.Millisecond

// texts end in each way, the least complete first.
var texts = []string{"Turn on the", "Paris.", "Turn on the light.", "What time is it now, please?"}

var settings = []turnend.Eagerness{turnend.Low, turnend.Medium, turnend.High}

func read(text string) turnend.Pause { return turnend.Pause{Text: text, Lang: "en", TextKnown: true} }

func heard(p turnend.Pause, finished float64) turnend.Pause {
	p.Finished, p.FinishedKnown = finished, true
	return p
}

func TestWithoutASoundTheWordsDecideAlone(t *testing.T) {
	tests := map[turnend.Eagerness][4]time.Duration{
		turnend.Low:    {2500 * ms, 1100 * ms, 1100 * ms, 400 * ms},
		turnend.Medium: {1600 * ms, 900 * ms, 900 * ms, 200 * ms},
		turnend.High:   {1200 * ms, 650 * ms, 650 * ms, 200 * ms},
	}
	for e, want := range tests {
		for i, text := range texts {
			if got := e.Wait(read(text)); got != want[i] {
				t.Errorf("%s, %q: %v, want %v", e, text, got, want[i])
			}
		}
	}
}

func TestTheSoundShortensOrLengthensTheWait(t *testing.T) {
	const e = turnend.Medium
	sentence, question, unread := read("Turn on the light in the hall."), read("What time is it now?"), turnend.Pause{}
	tests := map[string]struct {
		pause turnend.Pause
		least time.Duration
		most  time.Duration
	}{
		"a sentence that sounds finished ends at once":        {heard(sentence, 0.95), turnend.MinWait, turnend.MinWait},
		"a question that sounds finished ends at once":        {heard(question, 0.95), turnend.MinWait, turnend.MinWait},
		"a sentence that sounds unfinished waits":             {heard(sentence, 0.1), 900 * ms, 1200 * ms},
		"an open end waits for long also when it sounds over": {heard(read("And so, my fellow Americans, and"), 0.99), 1200 * ms, 1600 * ms},
		"a short one waits also when it sounds finished":      {heard(read("Turn on the light."), 0.95), 900 * ms, 900 * ms},
		"without a text what sounds finished ends sooner":     {heard(unread, 0.95), turnend.MinWait, e.Wait(unread) - 1},
		"without a text what sounds unfinished ends later":    {heard(unread, 0.1), e.Wait(unread) + 1, turnend.MaxWait},
	}
	for name, tt := range tests {
		if got := e.Wait(tt.pause); got < tt.least || got > tt.most {
			t.Errorf("%s: %v, want %v to %v", name, got, tt.least, tt.most)
		}
	}
}

func TestSpeakersGetTheirUsualPauseWhereTheEndIsInDoubt(t *testing.T) {
	const usual, granted = 1400 * ms, 1600 * ms
	tests := map[string]struct {
		pause turnend.Pause
		want  bool
	}{
		"a word or two":                                   {read("Paris."), true},
		"a word that sounds unfinished":                   {heard(read("Paris."), 0.1), true},
		"a sentence that sounds unfinished":               {heard(read("Turn on the light in the hall and in the kitchen."), 0.1), true},
		"nothing is known":                                {turnend.Pause{}, true},
		"no text, and it sounds rather finished":          {heard(turnend.Pause{}, 0.7), true},
		"a short sentence":                                {read("Turn on the light."), true},
		"a long sentence":                                 {read("Turn on the light in the hall and in the kitchen."), false},
		"a question that sounds finished":                 {heard(read("What time is it now?"), 0.95), false},
		"a word that sounds finished":                     {heard(read("Paris."), 0.95), true},
		"no text, and it surely sounds finished":          {heard(turnend.Pause{}, 0.95), false},
		"an open end, which is waited for as long anyway": {read("Turn on the"), false},
	}
	for name, tt := range tests {
		without := turnend.Medium.Wait(tt.pause)
		tt.pause.Usual = usual
		want := without
		if tt.want {
			want = granted
		}
		if got := turnend.Medium.Wait(tt.pause); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestWaitsGrowWithWhatMayFollow looks at every pair of neighbours in the table.
func TestWaitsGrowWithWhatMayFollow(t *testing.T) {
	sounds := []float64{0.1, 0.3, 0.7, 0.95}
	for i, e := range settings {
		if !e.Known() {
			t.Errorf("%s is unknown", e)
		}
		for k, text := range texts {
			last := turnend.MaxWait
			for n, sound := range sounds {
				p := heard(read(text), sound)
				wait := e.Wait(p)
				asked := p
				asked.Asked = true
				switch {
				case wait > last:
					t.Errorf("%s, %q waits %v at %v and %v at %v", e, text, last, sounds[n-1], wait, sound)
				case k > 0 && wait > e.Wait(heard(read(texts[k-1]), sound)):
					t.Errorf("%s waits longer for %q than for %q at %v", e, text, texts[k-1], sound)
				case i > 0 && wait > settings[i-1].Wait(p):
					t.Errorf("%s waits longer for %q than %s at %v", e, text, settings[i-1], sound)
				case wait < turnend.MinWait || e.Wait(asked) < wait || e.Wait(asked) > turnend.MaxWait:
					t.Errorf("%s, %q at %v: %v, and %v when something was asked", e, text, sound, wait, e.Wait(asked))
				}
				last = wait
			}
		}
	}
	if turnend.Eagerness("hasty").Known() {
		t.Error("hasty is known")
	}
}

func FuzzWait(f *testing.F) {
	f.Add("Turn on the", true, 0.5, true, false, int64(time.Second))
	f.Fuzz(func(t *testing.T, text string, textKnown bool, finished float64, finishedKnown, asked bool, usual int64) {
		p := turnend.Pause{Text: text, TextKnown: textKnown, Finished: finished, FinishedKnown: finishedKnown, Asked: asked, Usual: time.Duration(usual)}
		for _, e := range settings {
			if wait := e.Wait(p); wait < turnend.MinWait || wait > turnend.MaxWait {
				t.Errorf("%s waits %v for %+v", e, wait, p)
			}
		}
	})
}

func TestTheUsualPauseIsLearntAndForgotten(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	many := func(n int, length time.Duration) (all []time.Duration) {
		for range n {
			all = append(all, length)
		}
		return all
	}
	tests := map[string]struct {
		pauses []time.Duration
		later  time.Duration
		want   time.Duration
	}{
		"nothing is known at first":          {nil, 0, 0},
		"two are no habit":                   {many(2, time.Second), 0, 0},
		"three are":                          {many(3, time.Second), 0, time.Second},
		"one long one is left out":           {append(many(9, 500*ms), 2*time.Second), 0, 500 * ms},
		"some long ones are not":             {append(many(6, 500*ms), 900*ms, 900*ms, 900*ms), 0, 900 * ms},
		"a pause of no length is none":       {many(3, 0), 0, 0},
		"nobody waits for ever":              {many(5, 2400*ms), 0, 1500 * ms},
		"they are forgotten with time":       {many(5, time.Second), 10 * time.Minute, 0},
		"not at once":                        {many(5, time.Second), 9 * time.Minute, time.Second},
		"the newest ones count, and no more": {append(many(50, time.Second), many(16, 400*ms)...), 0, 400 * ms},
	}
	for name, tt := range tests {
		var h turnend.History
		for _, p := range tt.pauses {
			h.Add(p, begin)
		}
		if got := h.Usual(begin.Add(tt.later)); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
