package uiweb

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

const (
	recallTimeout = 5 * time.Second  // for the memory to answer
	timerTimeout  = 5 * time.Second  // for the timers to answer
	forgetTimeout = 20 * time.Second // for the memory to wipe lines from its file
	maxBodyBytes  = 64 << 10         // of a request
	maxForgetIDs  = 500              // of one request
)

// recall asks the memory.
func (s *Server) recall(w http.ResponseWriter, r *http.Request) {
	q := contract.MemoryQuery{Text: "*", TopK: 25}
	if r.URL.Query().Has("q") {
		q.Text = strings.TrimSpace(r.URL.Query().Get("q"))
	}
	if k := r.URL.Query().Get("k"); k != "" {
		q.TopK, _ = strconv.Atoi(k)
	}
	if q.Text == "" || q.TopK < 1 || q.TopK > 50 {
		writeError(w, http.StatusBadRequest, "q is the text to look for and k 1 to 50")
		return
	}
	found, err := ask(r.Context(), s, recallTimeout, q)
	writeReply(w, found, err, "the memory does not answer")
}

// forget has the memory forget lines for good.
func (s *Server) forget(w http.ResponseWriter, r *http.Request) {
	var body struct {
		IDs []int64 `json:"ids"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	if len(body.IDs) == 0 || len(body.IDs) > maxForgetIDs {
		writeError(w, http.StatusBadRequest, "ids are those of 1 to 500 lines")
		return
	}
	s.pages.turns.Forget()
	gone, err := ask(r.Context(), s, forgetTimeout, contract.MemoryForget{IDs: body.IDs})
	writeReply(w, gone, err, "the memory does not answer")
}

// timer sets or ends timers. What a page sets rings where all other speech is played, for
// the page may be closed by then.
func (s *Server) timer(w http.ResponseWriter, r *http.Request) {
	var c struct {
		Action string  `json:"action"`
		When   *string `json:"when"`
		Name   *string `json:"name"`
		About  *string `json:"about"`
		Lang   *string `json:"lang"`
		ID     *string `json:"timer_id"`
	}
	if !readJSON(w, r, &c) {
		return
	}
	switch {
	case c.Action == contract.TimerSet && c.When != nil && strings.TrimSpace(*c.When) != "":
	case (c.Action == contract.TimerCancel || c.Action == contract.TimerStop) && c.ID != nil && *c.ID != "":
	default:
		writeError(w, http.StatusBadRequest, "action is set with when, or cancel or stop with timer_id")
		return
	}
	done, err := ask(r.Context(), s, timerTimeout, contract.TimerCommand{Action: c.Action, When: c.When, Name: c.Name, About: c.About, Lang: c.Lang, ID: c.ID})
	var refused *kit.Error
	if errors.As(err, &refused) && (refused.Code == kit.CodeInvalid || refused.Code == kit.CodeNotFound || refused.Code == kit.CodeUnavailable) {
		done, err = contract.TimerResult{Error: &refused.Message}, nil // it is an answer, for the person
	}
	writeReply(w, done, err, "the timers do not answer")
}

// ask asks another service for a page.
func ask[Q msg.Request[R], R msg.Message](ctx context.Context, s *Server, timeout time.Duration, q Q) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := kit.Ask(ctx, s.bus, q)
	if err != nil {
		s.log.WarnContext(ctx, "a page got no answer", "topic", q.Route().Topic, "err", err)
	}
	return r, err
}

// writeReply writes m as JSON, or that there is none.
func writeReply(w http.ResponseWriter, m msg.Message, err error, silent string) {
	if err != nil {
		writeError(w, http.StatusGatewayTimeout, silent)
		return
	}
	data, err := wire.Encode(nil, m)
	if err != nil {
		writeError(w, http.StatusInternalServerError, "the answer makes no sense")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data)
}

// readJSON reads the body of a request. It reports false when it has answered already.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes)).Decode(into)
	if err != nil {
		writeError(w, http.StatusBadRequest, "the body is not the JSON that is wanted")
	}
	return err == nil
}
