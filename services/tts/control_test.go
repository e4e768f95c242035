package tts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

func TestControl(t *testing.T) {
	const long = "one two three four five six seven eight nine ten" // 2s
	perform(t, "a pause silences at once and keeps the position", func(t *testing.T, s *stage) {
		s.say(t, "u1", long)
		time.Sleep(time.Second)
		s.control(t, contract.TtsPause, "u1")
		time.Sleep(50 * ms)
		before := s.heard()
		s.control(t, contract.TtsPause, "") // again: means nothing
		time.Sleep(10 * time.Second)
		expect(t, s, "u1 speaking_start "+long, "u1 paused (test)")
		if more := s.heard(); more > 0 {
			t.Errorf("%v of audio in the pause", more)
		}
		s.control(t, contract.TtsResume, "")
		s.control(t, contract.TtsResume, "")
		time.Sleep(2 * time.Second)
		expect(t, s, "u1 resumed (test)", "u1 speaking_end "+long)
		if all := before + s.heard(); all != 2*time.Second {
			t.Errorf("%v were heard, want 2s", all)
		}
	})
	perform(t, "a stop ends what is said and what waits of the same answer", func(t *testing.T, s *stage) {
		s.say(t, "u1", long)
		s.say(t, "u1", "second")
		s.say(t, "u2", "other")
		s.say(t, "u1", "third")
		time.Sleep(time.Second)
		s.control(t, contract.TtsStop, "u1")
		time.Sleep(50 * ms)
		before := s.heard()
		s.say(t, "u1", "late")
		time.Sleep(2 * time.Second)
		expect(t, s, "u1 speaking_start "+long, "u1 stopped (test)", "u1 speaking_end "+long+" (test)", "u2 speaking_start other", "u2 speaking_end other")
		if before > 1300*ms || s.heard() != 200*ms {
			t.Errorf("%v were heard before the stop", before)
		}
		time.Sleep(10 * time.Second)
		s.say(t, "u1", "again")
		time.Sleep(time.Second)
		expect(t, s, "u1 speaking_start again", "u1 speaking_end again")
	})
	perform(t, "a stop without id ends everything that came before it", func(t *testing.T, s *stage) {
		for i := range 20 {
			s.say(t, fmt.Sprintf("u%d", i%2), long)
		}
		s.say(t, "", "nobody's")
		time.Sleep(500 * ms)
		s.control(t, contract.TtsStop, "")
		s.say(t, "u9", "after")
		time.Sleep(2 * time.Second)
		expect(t, s, "u0 speaking_start "+long, "u0 stopped (test)", "u0 speaking_end "+long+" (test)", "u1 stopped (test)", "stopped (test)",
			"u9 speaking_start after", "u9 speaking_end after")
	})
	perform(t, "a stop before the first sound", func(t *testing.T, s *stage) {
		s.say(t, "u1", long)
		s.control(t, contract.TtsStop, "u1")
		time.Sleep(3 * time.Second)
		expect(t, s, "u1 stopped (test)")
		if got := s.heard(); got > 0 || len(s.made) > 0 {
			t.Errorf("%v were heard, made was %q", got, s.made)
		}
	})
	perform(t, "a stop while it is paused", func(t *testing.T, s *stage) {
		s.say(t, "u1", long)
		time.Sleep(500 * ms)
		s.control(t, contract.TtsPause, "")
		s.control(t, contract.TtsStop, "")
		s.say(t, "u2", "next")
		time.Sleep(time.Second)
		expect(t, s, "u1 speaking_start "+long, "u1 paused (test)", "u1 stopped (test)", "u1 speaking_end "+long+" (test)", "u2 speaking_start next", "u2 speaking_end next")
	})
	perform(t, "a pause before the first sound", func(t *testing.T, s *stage) {
		s.say(t, "u1", "hello")
		s.control(t, contract.TtsPause, "")
		time.Sleep(5 * time.Second)
		expect(t, s)
		s.control(t, contract.TtsResume, "")
		time.Sleep(time.Second)
		expect(t, s, "u1 speaking_start hello", "u1 speaking_end hello")
	})
	perform(t, "controls of another answer and of none", func(t *testing.T, s *stage) {
		s.control(t, contract.TtsPause, "")
		s.control(t, contract.TtsStop, "")
		s.control(t, contract.TtsStop, "u7")
		s.say(t, "u1", "hello")
		s.control(t, contract.TtsPause, "u2")
		s.control(t, contract.TtsStop, "u2")
		time.Sleep(time.Second)
		expect(t, s, "u1 speaking_start hello", "u1 speaking_end hello")
	})
	perform(t, "muted speech goes on unheard", func(t *testing.T, s *stage) {
		s.say(t, "u1", long)
		time.Sleep(500 * ms)
		s.control(t, contract.TtsMute, "")
		time.Sleep(500 * ms)
		s.control(t, contract.TtsUnmute, "")
		time.Sleep(2 * time.Second)
		expect(t, s, "u1 speaking_start "+long, "u1 speaking_end "+long)
		if got := s.heard(); got < 1400*ms || got > 1600*ms {
			t.Errorf("%v of 2s were heard, want all but half a second", got)
		}
	})
	perform(t, "more lines than fit are refused, and a stop still works", func(t *testing.T, s *stage) {
		for range 1100 {
			s.say(t, "u1", "hello")
		}
		s.control(t, contract.TtsStop, "u1")
		s.say(t, "u2", "next")
		time.Sleep(time.Second)
		got := s.story(t)
		if !strings.HasSuffix(got, "u2 speaking_start next\nu2 speaking_end next") {
			t.Errorf("the voice told:\n%s", got)
		}
	})
	perform(t, "the broker goes away and speech goes on", func(t *testing.T, s *stage) {
		s.say(t, "u1", long)
		time.Sleep(500 * ms)
		s.Cut("tts")
		time.Sleep(5 * time.Second)
		s.say(t, "u2", "next")
		time.Sleep(time.Second)
		if got := s.story(t); !strings.Contains(got, "u1 speaking_start") || !strings.HasSuffix(got, "u2 speaking_start next\nu2 speaking_end next") {
			t.Errorf("the voice told:\n%s", got)
		}
	})
}
