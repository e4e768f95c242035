package uiweb

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/services/ui-web/turns"
)

// openPages returns an empty set that keeps the turns as cfg says.
func openPages(cfg Config, log *slog.Logger) *Pages {
	p := NewPages(log)
	if cfg.TurnSound {
		p.turns = turns.NewCollector(turns.KeepSound())
	}
	p.keepSound = cfg.TurnSound
	return p
}

// keepers are the handlers of what is kept of turns and not shown to pages as it comes.
func (s *Service) keepers(shown []kit.Handler, lane []kit.Option) []kit.Handler {
	hidden := []msg.Message{contract.LLMRequest{}, contract.LLMCancel{}, contract.TtsControl{}, contract.SpeechTiming{}, contract.SpeechDetail{}, contract.AnswerDetail{}, contract.VoiceDetail{}, contract.MemoryForget{}}
	if s.pages.keepSound {
		hidden = append(hidden, contract.MicAudio{})
	}
	for _, m := range hidden {
		shown = append(shown, kit.Tap(m.Route().Topic, s.keep, slices.Concat(lane, []kit.Option{kit.Name("keep " + m.Route().Topic)})...))
	}
	return shown
}

// keep keeps a message for the turn that it is about.
func (s *Service) keep(_ context.Context, d *kit.Delivery) error {
	if len(d.Payload) > maxShownBytes {
		return kit.Drop("too_large_to_show")
	}
	s.pages.turns.Take(d, time.Now())
	return nil
}

// noteOwn keeps a message that this service published under an envelope id: the bus does
// not bring it back.
func (s *Server) noteOwn(ctx context.Context, m msg.Message, id string) {
	from := kit.From(ctx)
	from.ID = id
	s.pages.turns.Note(m, from, time.Now())
}

// listTurns answers with the last turns, the newest first.
func (s *Server) listTurns(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"turns": s.pages.turns.List()})
}

// turn answers with a turn, as a file has it.
func (s *Server) turn(w http.ResponseWriter, r *http.Request) {
	t, ok := s.pages.turns.Get(r.PathValue("id"))
	if !ok {
		writeError(w, http.StatusNotFound, "that turn is not kept any more")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	if err := t.Write(w); err != nil && !errors.Is(err, r.Context().Err()) {
		s.log.DebugContext(r.Context(), "turn not sent", "err", err)
	}
}
