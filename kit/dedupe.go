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

	mu    sync.Mutex
	taken map[string]time.Time
	order []entry // by time; stale ones are skipped
}

type entry struct {
	key string
	at  time.Time
}

// first takes key, and reports whether it was free.
func (s *dedupe) first(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for len(s.order) > 0 && now.Sub(s.order[0].at) >= s.ttl {
		s.drop()
	}
	if _, known := s.taken[key]; known {
		return false
	}
	if len(s.order) >= s.limit {
		s.drop()
	}
	s.taken[key] = now
	s.order = append(s.order, entry{key, now})
	return true
}

// drop forgets the oldest.
func (s *dedupe) drop() {
	old := s.order[0]
	s.order = s.order[1:]
	if s.taken[old.key].Equal(old.at) {
		delete(s.taken, old.key)
	}
}

// forget frees key: its message failed, and may come again.
func (s *dedupe) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.taken, key)
}

// dedupeKey tells messages apart (CONTRACTS 1.3.4): all parts of a stream share
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
