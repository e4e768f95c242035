package tts_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// sayIn has text said in a room.
func (s *stage) sayIn(t *testing.T, room, utt, text string) {
	t.Helper()
	if err := s.Bus.Publish(kit.WithBaggage(t.Context(), "room", room), contract.TtsSay{Text: text, UttID: &utt}); err != nil {
		t.Fatal(err)
	}
}

// startOf waits for the first sound of an answer.
func (s *stage) startOf(t *testing.T, utt string) time.Duration {
	t.Helper()
	for {
		if m, _ := s.status.Next(t); m.Event == contract.TtsSpeakingStart && m.UttID != nil && *m.UttID == utt {
			return time.Since(s.begun)
		}
	}
}

func TestRoomsAreSpokenToAtTheSameTime(t *testing.T) {
	alone := time.Duration(0)
	perform(t, "a room alone", func(t *testing.T, s *stage) {
		s.sayIn(t, "web-1", "u1", "one two three")
		alone = s.startOf(t, "u1")
	})
	perform(t, "four rooms hear their answers as soon as one", func(t *testing.T, s *stage) {
		story := strings.Repeat("word ", 60) // twelve seconds
		for i := range 4 {
			s.sayIn(t, fmt.Sprint("web-", i), fmt.Sprint("u", i), story)
			s.sayIn(t, fmt.Sprint("web-", i), fmt.Sprint("u", i), story)
		}
		for heard := map[string]bool{}; len(heard) < 4; {
			m, _ := s.status.Next(t)
			if m.Event != contract.TtsSpeakingStart || heard[*m.UttID] {
				continue
			}
			heard[*m.UttID] = true
			if got := time.Since(s.begun); got > alone+50*ms {
				t.Errorf("%s was heard after %v, alone after %v", *m.UttID, got, alone)
			}
		}
		time.Sleep(5 * time.Second)
		asked := time.Now()
		s.sayIn(t, "web-9", "time", "it is noon") // while all others hear long stories
		s.startOf(t, "time")
		if late := time.Since(asked); late > alone+50*ms {
			t.Errorf("a fifth room heard its answer after %v, alone after %v", late, alone)
		}
	})
	perform(t, "a stop in one room leaves the others", func(t *testing.T, s *stage) {
		s.sayIn(t, "web-1", "u1", "one two three four five")
		s.sayIn(t, "web-2", "u2", "six seven eight nine ten")
		time.Sleep(500 * ms)
		s.control(t, contract.TtsStop, "u1")
		time.Sleep(3 * time.Second)
		ends := map[string]string{}
		for _, m := range s.status.All() {
			if m.Event == contract.TtsSpeakingEnd {
				ends[*m.UttID] = ""
				if m.Reason != nil {
					ends[*m.UttID] = *m.Reason
				}
			}
		}
		if len(ends) != 2 || ends["u1"] != "test" || ends["u2"] != "" {
			t.Errorf("ends are %v", ends)
		}
	})
}

func TestAPauseBetweenTwoLinesHoldsTheNext(t *testing.T) {
	perform(t, "an answer", func(t *testing.T, s *stage) {
		s.say(t, "u1", "one two")
		time.Sleep(time.Second) // it is over
		s.control(t, contract.TtsPause, "u1")
		s.say(t, "u1", "three four")
		time.Sleep(5 * time.Second)
		expect(t, s, "u1 speaking_start one two", "u1 speaking_end one two")
		s.control(t, contract.TtsResume, "u1")
		time.Sleep(time.Second)
		expect(t, s, "u1 speaking_start three four", "u1 speaking_end three four")
	})
	perform(t, "an answer, until all goes on", func(t *testing.T, s *stage) {
		s.say(t, "u1", "one two")
		time.Sleep(time.Second)
		s.control(t, contract.TtsPause, "u1")
		s.control(t, contract.TtsResume, "")
		s.say(t, "u1", "three four")
		time.Sleep(5 * time.Second)
		expect(t, s, "u1 speaking_start one two", "u1 speaking_end one two", "u1 speaking_start three four", "u1 speaking_end three four")
	})
}

func TestWhatWasHeardIsTold(t *testing.T) {
	perform(t, "of a line that is stopped", func(t *testing.T, s *stage) {
		heard := kittest.Watch[contract.SpeechHeard](s.Harness)
		s.say(t, "u1", "one two three four five six seven eight nine ten")
		s.startOf(t, "u1")
		time.Sleep(900 * ms) // a word takes 200 ms
		s.control(t, contract.TtsStop, "u1")
		m, _ := heard.Next(t)
		if *m.UttID != "u1" || !strings.HasPrefix(m.Text, "one two") || strings.Contains(m.Text, "six") {
			t.Errorf("told %+v", m)
		}
	})
}

// A voice that fails, or that stops with the service, has not said all of a line.
func TestWhatWasHeardOfALineThatIsNotSaidToItsEndIsTold(t *testing.T) {
	tests := map[string]struct {
		text   string
		after  time.Duration // the service stops; 0: it does not
		reason string
		begins string // of what was heard; empty: nothing was
		not    string // in it
	}{
		"it fails at once":                  {text: "I will fail here", reason: "failed"},
		"it fails at the second sentence":   {text: "One two three four. But now I fail. And never say it.", reason: "failed", begins: "One two three four.", not: "But"},
		"it fails in the midst of the word": {text: "One two three break here and not there", reason: "failed", begins: "One", not: "here"},
		"the service stops":                 {text: "one two three four five six seven eight nine ten", after: time.Second, reason: "shutdown", begins: "one two three", not: "seven"},
	}
	for name, tt := range tests {
		perform(t, name, func(t *testing.T, s *stage) {
			heard := kittest.Watch[contract.SpeechHeard](s.Harness)
			s.say(t, "u1", tt.text)
			if time.Sleep(tt.after); tt.after > 0 {
				s.Stop(t, "tts")
			}
			time.Sleep(10 * time.Second)
			m, _ := heard.Next(t)
			if *m.UttID != "u1" || !strings.HasPrefix(m.Text, tt.begins) || tt.begins == "" && m.Text != "" || tt.not != "" && strings.Contains(m.Text, tt.not) {
				t.Errorf("told %q was heard of %q", m.Text, tt.text)
			}
			if !strings.Contains(s.story(t), "speaking_end "+tt.text+" ("+tt.reason+")") {
				t.Error("the end was not told")
			}
			heard.None(t)
		})
	}
}

func TestLinesThatWaitWhenTheServiceStopsEndAsWell(t *testing.T) {
	perform(t, "of two rooms", func(t *testing.T, s *stage) {
		heard := kittest.Watch[contract.SpeechHeard](s.Harness)
		for _, utt := range []string{"u1", "u2"} {
			for _, text := range []string{"one two three four five six", "seven eight nine", "ten"} {
				s.sayIn(t, "web-"+utt, utt, text)
			}
		}
		time.Sleep(500 * ms)
		s.Stop(t, "tts")
		s.Settle()
		ends, told := 0, 0
		for _, m := range s.status.All() {
			if m.Event == contract.TtsSpeakingEnd && *m.Reason == "shutdown" {
				ends++
			}
		}
		for _, m := range heard.All() {
			if told++; m.Text != "" && m.Text != "one" && m.Text != "one two" && m.Text != "one two three" {
				t.Errorf("told %q", m.Text)
			}
		}
		if ends != 6 || told != 6 {
			t.Errorf("%d lines ended, and of %d it was told what was heard, want 6", ends, told)
		}
	})
}

func TestSinksWithoutAVolumeAreDucked(t *testing.T) {
	loudest := func(s *stage) (peak int16) {
		for _, a := range s.audio.All() {
			for i := 0; i+1 < len(a.PCM); i += 2 {
				peak = max(peak, int16(binary.LittleEndian.Uint16(a.PCM[i:])))
			}
		}
		return peak
	}
	duck := func(t *testing.T, s *stage, room string, on bool) {
		t.Helper()
		if err := s.Bus.Publish(kit.WithBaggage(t.Context(), "room", room), contract.SpeechDuck{On: on, DB: contract.DuckDB}); err != nil {
			t.Fatal(err)
		}
		s.Settle()
		time.Sleep(400 * ms) // what was sent before is over
		s.audio.All()
		time.Sleep(600 * ms)
	}
	perform(t, "until all come back", func(t *testing.T, s *stage) {
		s.sayIn(t, "kitchen", "u1", strings.Repeat("word ", 40))
		time.Sleep(time.Second)
		full := loudest(s)
		duck(t, s, "kitchen", true)
		if duck(t, s, "", false); loudest(s) < full*9/10 {
			t.Error("the voice stays low")
		}
	}, "TTS_SINKS=kitchen")
	for room, want := range map[string]bool{"kitchen": true, "web-1": false} {
		perform(t, room, func(t *testing.T, s *stage) {
			s.sayIn(t, room, "u1", strings.Repeat("word ", 40))
			time.Sleep(time.Second)
			full := loudest(s)
			duck(t, s, room, true)
			low := loudest(s)
			duck(t, s, room, false)
			again := loudest(s)
			if ducked := float64(low) < 0.2*float64(full); full == 0 || ducked != want || again < full*9/10 {
				t.Errorf("loudest sample is %d, ducked %d, then %d", full, low, again)
			}
		}, "TTS_SINKS=kitchen")
	}
}
