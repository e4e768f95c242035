package uiweb

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
)

const (
	characterTimeout = 5 * time.Second // for the broker to take a change of the character
	toolsTimeout     = 5 * time.Second // for the language model's service to answer
	maxTraitBytes    = 64              // of the name of a trait
	maxToolNames     = 500             // of one request
)

// character changes a trait, or sets all back. Who keeps the character tells the pages.
func (s *Server) character(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Trait string `json:"trait"`
		Value *int   `json:"value"`
		Reset bool   `json:"reset"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	trait, change := strings.TrimSpace(body.Trait), contract.CharacterUpdate{}
	switch {
	case body.Reset && trait == "" && body.Value == nil:
		change.Reset = &contract.CharacterResetTraits{Action: "reset_traits"}
	case !body.Reset && trait != "" && len(trait) <= maxTraitBytes && body.Value != nil && *body.Value >= 0 && *body.Value <= 100:
		change.Trait = &contract.CharacterTraitUpdate{Section: "traits", Trait: trait, Value: *body.Value}
	default:
		writeError(w, http.StatusBadRequest, "trait and value, 0 to 100, or reset")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), characterTimeout)
	defer cancel()
	if err := s.bus.Publish(ctx, change); err != nil {
		s.log.WarnContext(ctx, "the character was not changed", "err", err)
		writeError(w, http.StatusGatewayTimeout, "the memory does not answer")
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"sent": true})
}

// switchTools switches tools on or off.
func (s *Server) switchTools(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Names []string `json:"names"`
		On    *bool    `json:"on"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	if len(body.Names) == 0 || len(body.Names) > maxToolNames || body.On == nil {
		writeError(w, http.StatusBadRequest, "names are those of 1 to 500 tools, and on is true or false")
		return
	}
	done, err := ask(r.Context(), s, toolsTimeout, contract.ToolSwitch{Names: body.Names, On: *body.On})
	writeReply(w, done, err, "the language model does not answer")
}
