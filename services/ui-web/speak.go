package uiweb

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

const (
	speakTimeout  = 5 * time.Second // for the broker to take a text that is only spoken
	maxVoiceBytes = 128             // of the name of a voice
	maxSpeakChars = 300             // characters of one: it is to hear a voice, and not a book
)

// speak has the voice say a text to one page, so that a person hears how it sounds. It is
// no part of a conversation.
func (s *Server) speak(w http.ResponseWriter, r *http.Request) {
	var body struct {
		ID   string `json:"id"` // of the page
		Text string `json:"text"`
		Lang string `json:"lang"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	text := strings.TrimSpace(body.Text)
	if !pageID.MatchString(body.ID) || text == "" || utf8.RuneCountInString(text) > maxSpeakChars || len(body.Lang) > 8 {
		writeError(w, http.StatusBadRequest, "id is that of the page, and text 1 to 300 characters")
		return
	}
	room := pagePrefix + body.ID
	if !s.pages.maySay(room) {
		writeError(w, http.StatusTooManyRequests, "That was too much at once. Wait a few seconds.")
		return
	}
	say := contract.TtsSay{Text: text, UttID: new(room + "-" + kit.NewID()[:8]), SystemAnnounce: new(true)}
	if body.Lang != "" {
		say.Lang = &body.Lang
	}
	ctx, cancel := context.WithTimeout(kit.WithBaggage(r.Context(), "room", room), speakTimeout)
	defer cancel()
	if err := s.bus.Publish(ctx, say); err != nil {
		s.log.WarnContext(ctx, "not spoken", "err", err)
		writeError(w, http.StatusGatewayTimeout, "There is no connection to the voice.")
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"utt_id": *say.UttID})
}

// chooseVoice tells which voice a page wants to hear.
func (s *Server) chooseVoice(ctx context.Context, p *page, voice string) error {
	voice = strings.TrimSpace(voice)
	if len(voice) > maxVoiceBytes {
		return fmt.Errorf("the name of a voice has %d bytes, at most %d", len(voice), maxVoiceBytes)
	}
	ctx, cancel := context.WithTimeout(ctx, speakTimeout)
	defer cancel()
	return s.bus.Publish(ctx, contract.RoomVoice{Room: p.room, Voice: voice})
}

// maySay reports whether the page of a room may say something now, as for typed texts.
func (s *Pages) maySay(room string) bool {
	s.mu.Lock()
	b := s.budgetOf(room)
	s.mu.Unlock()
	return b.says.allow()
}
