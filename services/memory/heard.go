package memory

import (
	"context"
	"strings"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// maxTrackedAnswers bounds the answers of which it is known what was heard.
const maxTrackedAnswers = 64

// spokenAnswer is an answer that is being spoken: nothing of it may be remembered
// that nobody heard.
type spokenAnswer struct {
	utt    string
	first  Line // as it is kept
	pieces []spokenPiece
	cut    bool // of a piece not all was heard: what is remembered follows what is heard
}

// spokenPiece is one TtsSay.
type spokenPiece struct {
	say   string // message_id
	text  string
	heard string // what was heard of it
	ended bool   // all of it was heard
}

// heardText is what was heard of the answer.
func (a *spokenAnswer) heardText() string {
	var all []string
	for _, p := range a.pieces {
		if p.ended {
			all = append(all, p.text)
		} else if p.heard != "" {
			all = append(all, p.heard)
		}
	}
	return strings.Join(all, " ")
}

// track notes that m will be spoken, which is kept as l. It returns the answer that it
// belongs to, nil if it belongs to none.
func (s *Service) track(m contract.TtsSay, l Line) *spokenAnswer {
	if m.UttID == nil {
		return nil
	}
	a := s.tracked(*m.UttID)
	if a == nil {
		if len(s.speaking) >= maxTrackedAnswers {
			s.speaking = s.speaking[1:]
		}
		a = &spokenAnswer{utt: *m.UttID, first: l}
		s.speaking = append(s.speaking, a)
	}
	for _, p := range a.pieces {
		if p.say == m.MessageID {
			return a // a copy
		}
	}
	a.pieces = append(a.pieces, spokenPiece{say: m.MessageID, text: m.Text})
	return a
}

// tracked returns what is known of an answer, nil if nothing is.
func (s *Service) tracked(utt string) *spokenAnswer {
	for _, a := range s.speaking {
		if a.utt == utt {
			return a
		}
	}
	return nil
}

// noteSpoken takes what the voice is doing: a sentence that came to its end was
// heard, and of an answer that was stopped the rest was not.
func (s *Service) noteSpoken(ctx context.Context, m contract.TtsStatus) error {
	if m.UttID == nil {
		return nil
	}
	a := s.tracked(*m.UttID)
	switch {
	case a == nil:
		return nil
	case m.Event == contract.TtsSpeakingEnd && (m.Reason == nil || *m.Reason == contract.TtsNoVoice):
		for i := range a.pieces {
			if p := &a.pieces[i]; !p.ended && (m.Text == "" || p.text == m.Text) {
				p.ended = true
				break
			}
		}
		if a.cut { // what comes after the piece that was cut is heard all the same
			return s.keepHeard(ctx, a)
		}
		return nil
	case m.Event == contract.TtsStopped:
		return s.keepHeard(ctx, a)
	}
	return nil
}

// noteHeard takes how much of a sentence was heard that was cut short.
func (s *Service) noteHeard(ctx context.Context, m contract.SpeechHeard) error {
	if m.UttID == nil {
		return kit.Drop("no_answer")
	}
	a := s.tracked(*m.UttID)
	if a == nil {
		return kit.Drop("unknown_answer")
	}
	for i := range a.pieces {
		if a.pieces[i].say == m.Say {
			a.pieces[i].heard = m.Text
		}
	}
	return s.keepHeard(ctx, a)
}

// keepHeard leaves what was heard of an answer in the memory, and nothing else.
func (s *Service) keepHeard(ctx context.Context, a *spokenAnswer) error {
	a.cut = true
	text := a.heardText()
	ids, err := s.store.ReplaceAnswer(ctx, a.utt, text)
	s.semantic.forget(ids)
	if err != nil || text == "" || len(ids) > 0 {
		return err
	}
	a.first.Text = text // nothing was heard of it at first, so that it was removed
	return s.keep(ctx, a.pieces[0].say, a.first)
}
