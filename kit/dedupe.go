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
	taken map[string]*taken
	order []*taken // by time; those that were forgotten are skipped
}

// taken is one message, at work or handled.
type taken struct {
	key   string
	at    time.Time
	done  bool
	later []func() // acknowledge copies that came meanwhile
}

func newDedupe(ttl time.Duration, limit int) *dedupe {
	return &dedupe{ttl: ttl, limit: limit, taken: map[string]*taken{}}
}

// take takes key, or returns nil when it is taken. Then again is called when the
// message is known to be handled, which may be at once: a copy that is
// acknowledged sooner would be lost with this process.
func (s *dedupe) take(key string, again func()) *taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for len(s.order) > 0 && now.Sub(s.order[0].at) >= s.ttl {
		s.drop()
	}
	if t := s.taken[key]; t != nil {
		if t.done {
			again()
		} else {
			t.later = append(t.later, again)
		}
		return nil
	}
	if len(s.order) >= s.limit {
		s.drop()
	}
	t := &taken{key: key, at: now}
	s.taken[key] = t
	s.order = append(s.order, t)
	return t
}

// drop forgets the oldest.
func (s *dedupe) drop() {
	old := s.order[0]
	s.order = s.order[1:]
	if s.taken[old.key] == old {
		delete(s.taken, old.key)
	}
}

// settle ends the work on t: handled, or failed, and then it may come again. It
// does nothing for nil, also on a nil dedupe.
func (s *dedupe) settle(t *taken, handled bool) {
	if t == nil {
		return
	}
	s.mu.Lock()
	later := t.later
	t.done, t.later = true, nil
	if !handled && s.taken[t.key] == t {
		delete(s.taken, t.key)
	}
	s.mu.Unlock()
	for _, again := range later {
		again()
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
