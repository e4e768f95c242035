package stt

import (
	"context"
	"errors"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/speech"
)

// transcribeFinal has the engine read a complete utterance, and publishes the text, or
// that there is none.
func (s *Service) transcribeFinal(ctx context.Context, u utterance) error {
	defer s.waiting.Add(-1)
	ctx = kit.WithBaggage(ctx, "room", u.room)
	r, err := s.understand(ctx, &u)
	u.detail.wrote = r.Text
	defer func() { s.publishDetail(ctx, u) }()
	s.noteResult(err)
	text := removeNonSpeech(r.Text, u.voiced)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return errors.Join(err, s.publishDropped(ctx, u, "failed", new(forPerson(err))))
	case text == "":
		return s.drop(ctx, u, "no_words")
	case s.isUnsure(r, text, u):
		return s.drop(ctx, u, "unsure")
	}
	if text = s.echoes.withoutEcho(u.room, text, s.lang(r), u.begun, u.ended); text == "" {
		s.echoes.hears(u.room, time.Time{})
		s.sources.eachIn(u.room, func(e *audioSource) { e.own.suspect() })
		return s.drop(ctx, u, "echo")
	}
	s.turns.understand(u.room)
	s.lastWords.hear(sinkOf(u.room), text)
	s.log.DebugContext(ctx, "heard", "id", u.id, "took", u.took, "reading", u.reading, "text_len", len(text), "after", time.Since(u.ended))
	s.speculation.noteFinal(u.reading)
	if err := s.publishTiming(ctx, u); err != nil && !errors.Is(err, kit.ErrOffline) {
		s.log.WarnContext(ctx, "timing of an utterance not published", "id", u.id, "err", err)
	}
	return s.bus.Publish(ctx, contract.FinalTranscript{Text: text, Lang: s.lang(r), Confidence: r.Confidence, UttID: &u.id})
}

// understand reads u, unless that was begun as soon as its last word was said. It notes
// in u which of them it was, and how long that took.
func (s *Service) understand(ctx context.Context, u *utterance) (engine.Result, error) {
	if u.early != nil && !u.early.claim() {
		select {
		case <-u.early.done:
			if u.early.err == nil || u.early.took >= s.cfg.Timeout { // it had all the time that an utterance has
				u.took, u.detail.read, u.detail.readTook = u.early.took, u.early.since, u.early.took
				return u.early.result, u.early.err
			}
		case <-ctx.Done():
			return engine.Result{}, context.Cause(ctx)
		}
	}
	u.reading = contract.ReadingAfter
	begun := time.Now()
	r, err := s.transcribe(ctx, *u)
	u.took = time.Since(begun)
	u.detail.read, u.detail.readTook = begun, u.took
	return r, err
}

// publishTiming publishes when u was said and read, just before its text.
func (s *Service) publishTiming(ctx context.Context, u utterance) error {
	return s.bus.Publish(ctx, contract.SpeechTiming{
		UttID: u.id, LastWord: unixSeconds(u.lastWord), Endpoint: unixSeconds(u.endpoint), Reading: u.reading, ReadMS: new(float64(u.took.Microseconds()) / 1000),
	})
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// drop publishes that u is nothing to answer, and returns the error that has it
// counted. The room is the baggage of ctx.
func (s *Service) drop(ctx context.Context, u utterance, reason string) error {
	return errors.Join(kit.Drop(reason), s.publishDropped(ctx, u, reason, nil))
}

// publishDropped publishes that no final follows for u, so that nobody waits for one.
func (s *Service) publishDropped(ctx context.Context, u utterance, reason string, err *string) error {
	return s.bus.Publish(ctx, contract.SpeechDropped{UttID: &u.id, Reason: reason, Err: err})
}

// forPerson is err, as short as a notice.
func forPerson(err error) string {
	const maxChars = 200
	text := err.Error()
	if short := speech.FirstWords(text, maxChars); short != "" {
		return short
	}
	return string([]rune(text)[:maxChars])
}
