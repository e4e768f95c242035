package uiweb

import "sync"

// maxReceipts is how many typed texts are known again: all that 64 pages may send in the
// half minute in which a dead line is noticed by both sides.
const maxReceipts = 2048

// textState is what is known of a typed text.
type textState int

const (
	textNotSeen textState = iota
	textUnderWay
	textTaken
)

// receipts knows the typed texts that came last, so that one that a page sends again on
// another connection is not said twice. Its zero value is ready, and it is safe for
// concurrent use.
type receipts struct {
	mu    sync.Mutex
	known map[string]textState
	order []string // the oldest first
}

// take returns what is known of a text, and notes one that was not seen as under way.
func (r *receipts) take(room, id string) textState {
	key := room + " " + id
	r.mu.Lock()
	defer r.mu.Unlock()
	if state := r.known[key]; state != textNotSeen {
		return state
	}
	if r.known == nil {
		r.known = map[string]textState{}
	}
	if len(r.order) >= maxReceipts {
		delete(r.known, r.order[0])
		r.order = r.order[1:]
	}
	r.known[key] = textUnderWay
	r.order = append(r.order, key)
	return textNotSeen
}

// settle notes whether a text that was under way was said. One that was not may come again.
func (r *receipts) settle(room, id string, said bool) {
	key := room + " " + id
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[key] != textUnderWay {
		return
	}
	r.known[key] = textTaken
	if !said {
		r.known[key] = textNotSeen
	}
}
