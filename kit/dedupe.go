package kit

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"sync"
	"time"

	"github.com/segmentio/encoding/json"
)

// dedupe remembers which messages one handler has taken, for ttl, at most limit
// of them. It is for the window between a handler's success and the moment the
// broker knows of it.
type dedupe struct {
	ttl   time.Duration
	limit int

	mu      sync.Mutex
	entries map[string]*dedupeEntry
	order   []*dedupeEntry // by time; may hold some that entries no longer has
}

// dedupeEntry is what is remembered of one message, which is at work or handled.
type dedupeEntry struct {
	key       string
	at        time.Time
	done      bool
	onHandled []func() // acknowledges the copies that came meanwhile
}

func newDedupe(ttl time.Duration, limit int) *dedupe {
	return &dedupe{ttl: ttl, limit: limit, entries: map[string]*dedupeEntry{}}
}

// claim notes that the message of key is at work, for finishClaim to end. It returns nil
// when the key is known already. Then ackCopy is called when the message is known to be
// handled, which may be at once: a copy that is acknowledged sooner would be lost with
// this process.
func (m *dedupe) claim(key string, ackCopy func()) *dedupeEntry {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for len(m.order) > 0 && now.Sub(m.order[0].at) >= m.ttl {
		m.dropOldest()
	}
	if t := m.entries[key]; t != nil {
		if t.done {
			ackCopy()
		} else {
			t.onHandled = append(t.onHandled, ackCopy)
		}
		return nil
	}
	if len(m.order) >= m.limit {
		m.dropOldest()
	}
	t := &dedupeEntry{key: key, at: now}
	m.entries[key] = t
	m.order = append(m.order, t)
	return t
}

// dropOldest forgets the oldest entry.
func (m *dedupe) dropOldest() {
	old := m.order[0]
	m.order = m.order[1:]
	if m.entries[old.key] == old {
		delete(m.entries, old.key)
	}
}

// finishClaim ends the work on a message. One that was not handled is forgotten, so that it
// may come again. Without an entry it does nothing, also on a nil dedupe.
func (m *dedupe) finishClaim(t *dedupeEntry, handled bool) {
	if t == nil {
		return
	}
	m.mu.Lock()
	later := t.onHandled
	t.done, t.onHandled = true, nil
	if !handled && m.entries[t.key] == t {
		delete(m.entries, t.key)
	}
	m.mu.Unlock()
	for _, ackCopy := range later {
		ackCopy()
	}
}

// dedupeKey tells messages apart: all parts of a stream share
// one envelope id, so the id alone would lose data. Empty means unknown.
func dedupeKey(d *Delivery) string {
	if d.ID == "" {
		return ""
	}
	var data map[string]any
	if json.Unmarshal(d.Data, &data) != nil {
		return ""
	}
	if seq, ok := data["seq"].(float64); ok && seq == float64(int64(seq)) {
		return d.Type + "|" + d.ID + "|seq=" + strconv.FormatInt(int64(seq), 10)
	}
	canonical, err := json.Append(nil, data, json.SortMapKeys)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(canonical)
	return d.Type + "|" + d.ID + "|" + hex.EncodeToString(sum[:16])
}
