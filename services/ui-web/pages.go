package uiweb

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

const (
	pageSink   = "page"   // plays on the page used last, CONTRACTS 15.2
	pagePrefix = "web-"   // of the rooms that are pages
	source     = "ui-web" // as the envelopes of this service say
	maxPages   = 64       // connected at once; more are refused
	maxHealth  = 256      // names on the board; more are not kept
)

// Pages are the connected pages and the health they are told when they come.
// It is safe for concurrent use, and nothing in it waits for a page.
type Pages struct {
	log *slog.Logger

	mu     sync.Mutex
	all    []*page           // the one used last is at the end
	health map[string][]byte // payload by topic
	linked bool              // to the broker
}

// NewPages returns an empty set.
func NewPages(log *slog.Logger) *Pages { return &Pages{log: log, health: map[string][]byte{}} }

// join adds a page, which gets the known health first; nil when there are too
// many.
func (s *Pages) join(id string) *page {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) >= maxPages {
		return nil
	}
	p := &page{room: pagePrefix + id, wake: make(chan struct{}, 1)}
	s.all = append(s.all, p)
	for _, f := range s.board() {
		p.push(f)
	}
	return p
}

// leave removes a page.
func (s *Pages) leave(p *page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = slices.DeleteFunc(s.all, func(x *page) bool { return x == p })
}

// replaced reports whether another connection has the room of p.
func (s *Pages) replaced(p *page) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.all, func(x *page) bool { return x != p && x.room == p.room })
}

// used notes that somebody does something on p.
func (s *Pages) used(p *page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.all, p); i >= 0 {
		s.all = append(slices.Delete(s.all, i, i+1), p)
	}
}

// Show sends f to all pages.
func (s *Pages) Show(f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.show(f)
}

func (s *Pages) show(f frame) {
	for _, p := range s.all {
		s.send(p, f)
	}
}

func (s *Pages) send(p *page, f frame) {
	if first := p.push(f); first {
		s.log.Warn("page is slow and misses frames", "id", p.room)
	}
}

// Play sends f to the page that is the sink: that of its room used last, or of
// all of them. Sinks that are no page play for themselves.
func (s *Pages) Play(sink string, f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range slices.Backward(s.all) {
		if sink == pageSink || sink == p.room {
			s.send(p, f)
			return
		}
	}
}

// Health keeps what topic says and shows it. An empty payload is forgotten, as
// the broker does.
func (s *Pages) Health(topic string, payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.health[topic]
	switch {
	case len(payload) == 0:
		delete(s.health, topic)
	case known || len(s.health) < maxHealth:
		s.health[topic] = payload
	}
	s.show(textFrame(topic, payload, ""))
}

// Linked notes whether there is a broker and shows it as the health of this
// service.
func (s *Pages) Linked(h contract.HealthPing) {
	topic := strings.Replace(h.Route().Topic, "+", source, 1)
	payload, err := seal(kit.NewID(), h)
	if err != nil {
		s.log.Error("health not shown", "err", err)
		return
	}
	s.mu.Lock()
	s.linked = h.OK
	s.mu.Unlock()
	s.Health(topic, payload)
}

// Ready reports whether there is a broker.
func (s *Pages) Ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.linked
}

// next is what p must be sent, or none. A page that missed frames gets the
// health again once it has caught up, for that does not repeat itself.
func (s *Pages) next(p *page) (frame, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(p.queue) == 0 && p.behind {
		s.log.Info("page has caught up", "id", p.room, "lost", p.lost)
		p.behind, p.lost = false, 0
		p.queue = s.board()
	}
	return p.pop()
}

// board is the known health, sorted by topic.
func (s *Pages) board() (all []frame) {
	topics := make([]string, 0, len(s.health))
	for t := range s.health {
		topics = append(topics, t)
	}
	slices.Sort(topics)
	for _, t := range topics {
		all = append(all, textFrame(t, s.health[t], ""))
	}
	return all
}

// seal is m as the bus would carry it from this service.
func seal(id string, m msg.Message) ([]byte, error) {
	r := m.Route()
	typ := cmp.Or(r.Type, strings.ReplaceAll(r.Topic, "/", "."))
	return wire.Seal(nil, wire.Envelope{ID: id, Type: typ, Source: source}, m)
}
