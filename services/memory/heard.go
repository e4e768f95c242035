package memory

import (
	"context"
	"strings"
	"time"

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
	at    time.Time
	heard string // what was heard of it
	known bool   // heard is known
}

// heardText is what was heard of the answer. Sentences are spoken in their order: one of
// which nothing was told, but that of a later one, was heard.
func (a *spokenAnswer) heardText() string {
	last := -1
	for i, p := range a.pieces {
		if p.known {
			last = i
		}
	}
	var all []string
	for i, p := range a.pieces {
		if !p.known && i < last {
			p.heard = p.text
		}
		if p.heard != "" {
			all = append(all, p.heard)
		}
	}
	return strings.Join(all, " ")
}

// track notes that m will be spoken, which is kept as l. It returns the answer that it
// belongs to, nil if it belongs to none.
func (s *Service) track(ctx context.Context, m contract.TtsSay, l Line) (*spokenAnswer, error) {
	if m.UttID == nil {
		return nil, nil
	}
	a, err := s.tracked(ctx, *m.UttID)
	switch {
	case err != nil:
		return nil, err
	case a != nil && len(a.pieces) > 0 && time.Since(a.pieces[len(a.pieces)-1].at) > answerFor: // of a client that repeats its ids
		*a = spokenAnswer{utt: a.utt, first: l}
	case a == nil:
		a = s.remember(&spokenAnswer{utt: *m.UttID, first: l})
	}
	for _, p := range a.pieces {
		if p.say == m.MessageID {
			return a, nil // a copy
		}
	}
	p := spokenPiece{say: m.MessageID, text: m.Text, at: time.Now()}
	a.pieces = append(a.pieces, p)
	return a, s.store.AddSpoken(ctx, a.utt, p)
}

func (s *Service) remember(a *spokenAnswer) *spokenAnswer {
	if len(s.speaking) >= maxTrackedAnswers {
		s.speaking = s.speaking[1:]
	}
	s.speaking = append(s.speaking, a)
	return a
}

// tracked returns what is known of an answer, also from before a restart; nil if nothing is.
func (s *Service) tracked(ctx context.Context, utt string) (*spokenAnswer, error) {
	for _, a := range s.speaking {
		if a.utt == utt {
			return a, nil
		}
	}
	pieces, err := s.store.Spoken(ctx, utt)
	if err != nil || len(pieces) == 0 {
		return nil, err
	}
	a := &spokenAnswer{utt: utt, pieces: pieces, first: Line{Role: contract.RoleAssistant, At: time.Now(), UttID: utt}}
	for i, p := range pieces {
		pieces[i].at = time.Now()
		a.cut = a.cut || p.known && p.heard != p.text
	}
	return s.remember(a), nil
}

// noteSpoken takes what the voice is doing: a sentence that came to its end was
// heard, and of an answer that was stopped the rest was not.
func (s *Service) noteSpoken(ctx context.Context, m contract.TtsStatus) error {
	ended := m.Event == contract.TtsSpeakingEnd && (m.Reason == nil || *m.Reason == contract.TtsNoVoice)
	if m.UttID == nil || !ended && m.Event != contract.TtsStopped {
		return nil
	}
	a, err := s.tracked(ctx, *m.UttID)
	switch {
	case err != nil || a == nil:
		return err
	case !ended:
		return s.keepHeard(ctx, a)
	}
	for i := range a.pieces {
		if p := &a.pieces[i]; !p.known && (m.Text == "" || p.text == m.Text) {
			p.heard, p.known = p.text, true
			err = s.store.NoteHeard(ctx, *p)
			break
		}
	}
	if err == nil && a.cut { // what comes after the piece that was cut is heard all the same
		return s.keepHeard(ctx, a)
	}
	return err
}

// noteHeard takes how much of a sentence was heard that was cut short.
func (s *Service) noteHeard(ctx context.Context, m contract.SpeechHeard) error {
	if m.UttID == nil {
		return kit.Drop("no_answer")
	}
	a, err := s.tracked(ctx, *m.UttID)
	switch {
	case err != nil:
		return err
	case a == nil:
		return kit.Drop("unknown_answer")
	}
	for i := range a.pieces {
		if p := &a.pieces[i]; p.say == m.Say {
			p.heard, p.known = m.Text, true
			if err := s.store.NoteHeard(ctx, *p); err != nil {
				return err
			}
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
