package tts_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// fill has utt say text that bridges the time to its answer.
func (s *stage) fill(t *testing.T, utt, text string) {
	t.Helper()
	s.Publish(t, contract.TtsSay{Text: text, UttID: &utt, SystemAnnounce: new(true)})
}

func TestFillersDoNotDelayTheAnswer(t *testing.T) {
	const (
		filler   = "One moment."
		replaced = "u1 speaking_start One moment. (replaced)\nu1 speaking_end One moment. (replaced)"
		answer   = "u1 speaking_start Paris.\nu1 speaking_end Paris."
		long     = "one two three four five six seven eight nine ten" // 2s
	)
	perform(t, "one that is being made gives way", func(t *testing.T, s *stage) {
		s.fill(t, "u1", filler)
		s.say(t, "u1", "Paris.")
		time.Sleep(3 * time.Second)
		expect(t, s, replaced, answer)
		if got := s.heard(); got != 200*ms {
			t.Errorf("%v were heard, want the answer alone", got)
		}
	})
	perform(t, "one that waits behind another answer gives way when its turn comes", func(t *testing.T, s *stage) {
		s.say(t, "u2", long)
		s.fill(t, "u1", filler)
		time.Sleep(time.Second)
		s.say(t, "u1", "Paris.")
		time.Sleep(5 * time.Second)
		expect(t, s, "u2 speaking_start "+long, "u2 speaking_end "+long, replaced, answer)
		if got := s.heard(); got != 2200*ms {
			t.Errorf("%v were heard, want both answers", got)
		}
	})
	perform(t, "one of several that wait", func(t *testing.T, s *stage) {
		s.say(t, "u2", long)
		s.say(t, "u3", "hello")
		s.fill(t, "u1", filler)
		s.say(t, "u1", "Paris.")
		time.Sleep(6 * time.Second)
		expect(t, s, "u2 speaking_start "+long, "u2 speaking_end "+long, "u3 speaking_start hello", "u3 speaking_end hello", replaced, answer)
	})
	perform(t, "one that sounds is said to its end", func(t *testing.T, s *stage) {
		s.fill(t, "u1", long)
		time.Sleep(time.Second)
		s.say(t, "u1", "Paris.")
		time.Sleep(5 * time.Second)
		expect(t, s, "u1 speaking_start "+long, "u1 speaking_end "+long, answer)
		if got := s.heard(); got != 2200*ms {
			t.Errorf("%v were heard, want both", got)
		}
	})
	perform(t, "those of other answers and announcements stay", func(t *testing.T, s *stage) {
		s.fill(t, "u2", filler)
		s.fill(t, "u1", "One.")
		s.fill(t, "u1", "Two.")
		s.say(t, "u3", "Paris.")
		time.Sleep(5 * time.Second)
		expect(t, s, "u2 speaking_start One moment.", "u2 speaking_end One moment.", "u1 speaking_start One.", "u1 speaking_end One.",
			"u1 speaking_start Two.", "u1 speaking_end Two.", "u3 speaking_start Paris.", "u3 speaking_end Paris.")
	})
}
