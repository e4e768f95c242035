package uiweb

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
)

const (
	linesAtOnce    = 500              // of one request to the memory
	maxHistory     = 200              // lines of one answer
	maxHistoryRead = 20000            // lines that are looked at for one answer
	historyTimeout = 20 * time.Second // for all requests of one answer
	anyPage        = "page"           // the room of a history that means every page of a browser
)

// selection says which lines of the memory a page wants.
type selection struct {
	room   string // empty: any; [anyPage]: those of browsers
	words  []string
	before int64 // the id before which to end; 0: with the newest
}

// has reports whether the selection has a line.
func (s selection) has(l contract.MemoryLine) bool {
	if s.room != "" && l.Room != s.room && !(s.room == anyPage && strings.HasPrefix(l.Room, pagePrefix)) {
		return false
	}
	text := strings.ToLower(l.Text)
	return !slices.ContainsFunc(s.words, func(w string) bool { return !strings.Contains(text, w) })
}

func selectionOf(r *http.Request) selection {
	q := r.URL.Query()
	before, _ := strconv.ParseInt(q.Get("before"), 10, 64)
	return selection{room: q.Get("room"), words: strings.Fields(strings.ToLower(q.Get("q"))), before: max(0, before)}
}

// history answers with the last lines of a selection, the oldest first, and with the rooms
// that were met on the way.
func (s *Server) history(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > maxHistory {
		writeError(w, http.StatusBadRequest, "limit is 1 to 200")
		return
	}
	want := selectionOf(r)
	lines, rooms, more := []contract.MemoryLine{}, map[string]int{}, false
	err = s.backward(r.Context(), want.before, func(l contract.MemoryLine) bool {
		rooms[l.Room]++
		if !want.has(l) {
			return true
		}
		if more = len(lines) == limit; !more {
			lines = append(lines, l)
		}
		return !more
	})
	if err != nil {
		writeError(w, http.StatusGatewayTimeout, "the memory does not answer")
		return
	}
	slices.Reverse(lines)
	writeJSON(w, http.StatusOK, map[string]any{"lines": marked(lines), "rooms": rooms, "more": more})
}

// backward calls each for the lines before an id, the newest first, until it says false.
func (s *Server) backward(ctx context.Context, before int64, each func(contract.MemoryLine) bool) error {
	ctx, cancel := context.WithTimeout(ctx, historyTimeout)
	defer cancel()
	q := contract.MemoryList{Last: true, Limit: linesAtOnce}
	for read := 0; read < maxHistoryRead; {
		if before > 0 {
			q = contract.MemoryList{After: max(0, before-1-linesAtOnce), Limit: linesAtOnce}
		}
		page, err := ask(ctx, s, recallTimeout, q)
		if err != nil {
			return err
		}
		for _, l := range slices.Backward(page.Lines) {
			if read++; (before == 0 || l.ID < before) && !each(l) {
				return nil
			}
		}
		switch {
		case q.Last && len(page.Lines) == 0, !q.Last && q.After == 0:
			return nil
		case q.Last:
			before = page.Lines[0].ID
		default:
			before = q.After + 1
			read++ // ids that are forgotten cost a request too
		}
	}
	return nil
}

// forward calls each for all lines, the oldest first, until it fails.
func (s *Server) forward(ctx context.Context, each func(contract.MemoryLine) error) error {
	for after := int64(0); ; {
		page, err := ask(ctx, s, recallTimeout, contract.MemoryList{After: after, Limit: linesAtOnce})
		if err != nil {
			return err
		}
		for _, l := range page.Lines {
			if err := each(l); err != nil {
				return err
			}
			after = l.ID
		}
		if len(page.Lines) < linesAtOnce {
			return nil
		}
	}
}

// export writes the lines of a selection as a file: JSON, a line each, as `tars memory
// export` does.
func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	want := selectionOf(r)
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	w.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="tars-memory.jsonl"`)
	begun := false
	err := s.forward(r.Context(), func(l contract.MemoryLine) error {
		if !want.has(l) {
			return nil
		}
		begun = true
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
		return out.Encode(l)
	})
	switch {
	case err == nil:
	case begun:
		panic(http.ErrAbortHandler) // so that the browser does not take half a file for all of it
	default:
		w.Header().Del("Content-Disposition")
		writeError(w, http.StatusGatewayTimeout, "the memory does not answer")
	}
}

// clearHistory has the memory forget all lines of a room for good.
func (s *Server) clearHistory(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Room string `json:"room"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	if body.Room == "" {
		writeError(w, http.StatusBadRequest, "room is the one whose lines are forgotten")
		return
	}
	s.pages.turns.Forget()
	want, ids := selection{room: body.Room}, []int64(nil)
	err := s.forward(r.Context(), func(l contract.MemoryLine) error {
		if want.has(l) {
			ids = append(ids, l.ID)
		}
		return nil
	})
	gone := contract.MemoryForgotten{}
	for some := range slices.Chunk(ids, maxForgetIDs) {
		if err != nil {
			break
		}
		var part contract.MemoryForgotten
		part, err = ask(r.Context(), s, forgetTimeout, contract.MemoryForget{IDs: some})
		gone.Count += part.Count
	}
	writeReply(w, gone, err, "the memory does not answer")
}
