package when_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/speech/when"
)

// zone changes its clocks on 29 March and 25 October 2026, in the night.
func zone(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	return z
}

// spoken is a row of testdata/requests.jsonl: what somebody says, and what is meant by it.
type spoken struct {
	Text string `json:"text"`
	Lang string `json:"lang"` // as the recogniser took it; empty: English
	Now  string `json:"now"`  // empty: Friday, 27 March 2026, 14:20
	Want string `json:"want"`
}

func (s spoken) at(t testing.TB) time.Time {
	t.Helper()
	if s.Now == "" {
		s.Now = "2026-03-27T14:20"
	}
	now, err := time.ParseInLocation("2006-01-02T15:04", s.Now, zone(t))
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// meant is what text means, said as s is; several requests have a plus sign between them.
func (s spoken) meant(t testing.TB, text string) string {
	t.Helper()
	all := when.ParseAll(text, s.Lang, s.at(t))
	if len(all) == 0 {
		return "none"
	}
	var each []string
	for _, r := range all {
		each = append(each, r.String())
	}
	return strings.Join(each, " + ")
}

func requests(t testing.TB) (all []spoken) {
	t.Helper()
	data, err := os.ReadFile("testdata/requests.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		var s spoken
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		all = append(all, s)
	}
	return all
}

// TestSpokenRequests has each request of the table be understood, or be asked back for.
func TestSpokenRequests(t *testing.T) {
	asked := 0
	all := requests(t)
	for _, s := range all {
		if got := s.meant(t, s.Text); got != s.Want {
			t.Errorf("%q at %s: %s, want %s", s.Text, s.Now, got, s.Want)
		}
		if strings.Contains(s.Want, "ask=") {
			asked++
		}
	}
	t.Logf("%d requests, of which %d are asked back for", len(all), asked)
	if len(all) < 120 {
		t.Errorf("the table has %d requests, want at least 120", len(all))
	}
}

// TestHowItIsWrittenDoesNotMatter has recognisers write the same words in other ways.
func TestHowItIsWrittenDoesNotMatter(t *testing.T) {
	ways := map[string]func(text, lang string) string{
		"in capitals":           func(s, _ string) string { return strings.ToUpper(s) },
		"without capitals":      func(s, _ string) string { return strings.ToLower(s) },
		"with a name before it": func(s, _ string) string { return "TARS, " + s },
		"with politeness": func(s, lang string) string {
			if lang == "de" {
				return "Bitte " + strings.TrimRight(s, ".?!") + ", danke!"
			}
			return "Please, " + strings.TrimRight(s, ".?!") + ", thank you."
		},
		"with other white space":  func(s, _ string) string { return "  " + strings.ReplaceAll(s, " ", "  ") + " " },
		"with curly apostrophes":  func(s, _ string) string { return strings.ReplaceAll(s, "'", "’") },
		"without a sentence mark": func(s, _ string) string { return strings.TrimRight(s, ".?!") },
	}
	const quarter = 4 // of the requests in each of the ways, another one
	for name, write := range ways {
		t.Run(name, func(t *testing.T) {
			for i, s := range requests(t) {
				if i%quarter != len(name)%quarter {
					continue
				}
				if strings.Contains(s.Want, "none") && name == "with politeness" {
					continue
				}
				if got := s.meant(t, write(s.Text, s.Lang)); !strings.EqualFold(strings.ReplaceAll(got, "’", "'"), s.Want) {
					t.Errorf("%q: %s, want %s", write(s.Text, s.Lang), got, s.Want)
				}
			}
		})
	}
}

func TestAnswersToQuestions(t *testing.T) {
	tests := map[string]struct{ ask, answer, want string }{
		"a length":                        {"Set a timer", "Ten minutes.", "set timer 10m0s"},
		"a number alone is minutes":       {"Set a pasta timer", "Twelve", "set timer 12m0s name=pasta"},
		"a time":                          {"Set an alarm", "At half past six", "set alarm 2026-03-27T18:30"},
		"a time of the day that was said": {"Remind me tomorrow to call Anna", "At noon", "set reminder 2026-03-28T12:00 about=call Anna"},
		"within the part that was said":   {"Remind me tomorrow morning to call Anna", "Nine", "set reminder 2026-03-28T09:00 about=call Anna"},
		"how long from now":               {"Remind me to call Anna", "In twenty minutes", "set reminder 2026-03-27T14:40 about=call Anna"},
		"something else":                  {"Set a timer", "What is the weather like?", ""},
		"in German":                       {"Stell einen Timer", "zehn Minuten", "set timer 10m0s"},
	}
	now := spoken{}.at(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pending, _ := when.Parse(tt.ask, "", now)
			if pending.Ask == when.NoQuestion {
				t.Fatalf("%q asks nothing: %s", tt.ask, pending)
			}
			got := ""
			if r, ok := when.ParseAnswer(pending, tt.answer, now); ok {
				got = r.String()
			}
			if got != tt.want {
				t.Errorf("%q then %q: %s, want %s", tt.ask, tt.answer, got, tt.want)
			}
		})
	}
}

func TestWhatIsMeantWhileItRings(t *testing.T) {
	tests := map[string]string{
		"Okay.": "quiet", "Thanks": "quiet", "I'm up": "quiet", "Turn it off": "quiet", "Ja, danke": "quiet", "Ich bin wach.": "quiet",
		"Snooze": "snooze alarm", "Snooze for five minutes": "snooze alarm 5m0s", "Schlummern": "snooze alarm", "What a nice sound": "none", "I think I will have tea": "none",
	}
	for text, want := range tests {
		r, _ := when.ParseRinging(text, "", spoken{}.at(t))
		if got := r.String(); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if r, ok := when.Parse("Okay, thanks", "", spoken{}.at(t)); ok {
		t.Errorf("thanks while nothing rings is %s", r)
	}
}

// TestATimeIsToCome has everything that is set be in the future, at any time of a year
// with both of its changes of the clock.
func TestATimeIsToCome(t *testing.T) {
	const share = 16 // of the requests at each of the times, by turns
	all := requests(t)
	for n, now := 0, time.Date(2026, 1, 1, 0, 7, 30, 0, zone(t)); now.Year() == 2026; n, now = n+1, now.Add(1201*time.Hour+13*time.Minute) {
		for i, s := range all {
			if i%share != n%share {
				continue
			}
			r, ok := when.Parse(s.Text, s.Lang, now)
			if ok && r.Action == when.Set && r.Ask == when.NoQuestion && !r.At.After(now) && r.Duration <= 0 {
				t.Fatalf("%q at %s is set for %s", s.Text, now, r)
			}
			if next := r.Repeat.Next(r.At, r.At); !r.Repeat.IsZero() && r.Ask == when.NoQuestion && r.Action == when.Set && !next.After(r.At) {
				t.Fatalf("%q at %s rings again at %s after %s", s.Text, now, next, r.At)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for i, s := range requests(f) {
		if i%8 == 0 {
			f.Add(s.Text, s.Lang)
		}
	}
	now := time.Date(2026, 3, 28, 23, 59, 0, 0, zone(f))
	f.Fuzz(func(t *testing.T, text, lang string) {
		r, ok := when.Parse(text, lang, now)
		if ok != (r.Action != when.None) {
			t.Errorf("%q: ok is %v of %s", text, ok, r)
		}
		if r.Ask != when.NoQuestion {
			when.ParseAnswer(r, text, now)
		}
		when.ParseRinging(text, lang, now)
		when.ParseTime(text, lang, when.Alarm, now)
	})
}

func BenchmarkParse(b *testing.B) {
	now := time.Now()
	for _, text := range []string{"Set a pasta timer for twelve minutes.", "What is the capital of France?"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				when.Parse(text, "en", now)
			}
		})
	}
}

func TestOneSentenceMaySetSeveral(t *testing.T) {
	tests := map[string][]string{
		"Set a timer for five minutes and another for ten minutes":                  {"set timer 5m0s", "set timer 10m0s"},
		"Set a timer for 5 minutes and another one for 10 minutes.":                 {"set timer 5m0s", "set timer 10m0s"},
		"Set a pasta timer for 12 minutes and a tea timer for 4 minutes":            {"set timer 12m0s name=pasta", "set timer 4m0s name=tea"},
		"Wake me at 7 tomorrow and remind me at 8 tomorrow to call Anna":            {"set alarm 2026-03-28T07:00", "set reminder 2026-03-28T08:00 about=call Anna"},
		"Set a timer for one hour and thirty minutes":                               {"set timer 1h30m0s"},
		"Remind me tomorrow at noon to buy bread and butter":                        {"set reminder 2026-03-28T12:00 about=buy bread and butter"},
		"Stelle einen Timer auf fünf Minuten und noch einen auf zehn Minuten":       {"set timer 5m0s", "set timer 10m0s"},
		"Set a timer for ten minutes and tell me a joke":                            {"set timer 10m0s"},
		"Play a song and tell me a joke":                                            nil,
		"Set an alarm for six, another for half past six and another one for seven": {"set alarm 2026-03-27T18:00", "set alarm 2026-03-27T18:30", "set alarm 2026-03-27T19:00"},
	}
	for text, want := range tests {
		var got []string
		for _, r := range when.ParseAll(text, "", spoken{}.at(t)) {
			got = append(got, r.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
