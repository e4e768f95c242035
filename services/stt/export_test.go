package stt

import (
	"context"
	"log/slog"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/pcm"
)

// NewForTest is a service without a bus, with the engine that c asks for.
func NewForTest(c Config, home kit.Home) *Service {
	e, err := newEngine(c, home)
	if err != nil {
		panic(err)
	}
	s, err := New(c, nil, e, noTurnModel{}, home, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	return s
}

// Hear reads a, and notes whether that worked.
func (s *Service) Hear(ctx context.Context, a pcm.Audio) error {
	_, err := s.transcribe(ctx, utterance{audio: a})
	s.noteResult(err)
	return err
}

// Look looks for engines.
func (s *Service) Look(ctx context.Context) { s.lookout().Look(ctx) }

// ContextAfter is what a recogniser is told after a person said one thing in a room, and the
// assistant another.
func (s *Service) ContextAfter(room, user, answer string) string {
	s.lastWords.hear(room, user)
	s.lastWords.say(room, answer)
	return s.contextFor(room, time.Now())
}
