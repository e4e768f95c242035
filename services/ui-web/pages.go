package uiweb

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
	"github.com/gotars/tars/services/ui-web/turns"
)

const (
	pageSink           = "page"   // the sink that plays on the page that was used last, see docs/wire.md
	pagePrefix         = "web-"   // of the rooms that are pages
	envelopeSource     = "ui-web" // as the envelopes of this service say
	maxPages           = 64       // connected at once; more are refused
	maxPagesPerAddress = 16       // of them from one network, see networkOf
	maxHealthNames     = 64       // clients whose health is kept, beside those of the stack
	maxHealthBytes     = 8 << 10  // bytes of one health message that is kept
)

// stackNames are the clients of the stack. Their health is always kept, also when a
// flood makes up thousands of names.
var stackNames = []string{"tars-stt", "tars-router", "tars-llm", "tars-memory", "tars-tts", "ui-web", "wake-activation", "tars-camera", "movement-esp32",
	"stt", "router", "llm", "memory", "tts", "engine-speech", "engine-llm", "engine-embed", "engine-wake"}

// Pages are the connected pages and the health they are told when they come.
// It is safe for concurrent use, and nothing in it waits for a page.
type Pages struct {
	log      *slog.Logger
	receipts receipts

	turns     *turns.Collector // the last of them; it has a lock of its own
	keepSound bool             // of turns

	mu      sync.Mutex
	all     []*page                  // the one used last is at the end
	health  map[string]*healthReport // by topic
	rooms   roomCounts
	budgets map[string]*budget // by room
	states  map[string]frame   // by topic: the last one of all timers, of the character, of the tools
	linked  bool               // to the broker
}

// healthReport is the last health message of one client.
type healthReport struct {
	payload []byte
	at      time.Time
}

// NewPages returns an empty set.
func NewPages(log *slog.Logger) *Pages {
	return &Pages{log: log, turns: turns.NewCollector(), health: map[string]*healthReport{}, rooms: roomCounts{map[string]*roomCount{}}, budgets: map[string]*budget{}, states: map[string]frame{}}
}

// join adds a page, which gets the known health first. from is the address that
// it came from, when that is one of many: the zero Addr is this machine. The
// error says which bound was reached.
func (s *Pages) join(id string, from netip.Addr) (*page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) >= maxPages {
		return nil, fmt.Errorf("%d pages are open already", maxPages)
	}
	network, open := networkOf(from), 0
	for _, p := range s.all {
		if network.IsValid() && p.from == network {
			open++
		}
	}
	if open >= maxPagesPerAddress {
		return nil, fmt.Errorf("%d pages of this address are open already", maxPagesPerAddress)
	}
	p := &page{room: pagePrefix + id, from: network, outboxFilled: make(chan struct{}, 1)}
	p.budget = s.budgetOf(p.room)
	s.all = append(s.all, p)
	for _, f := range s.boardFrames() {
		p.push(f)
	}
	return p, nil
}

// budgetOf is what the page of a room may cost. A page that connects again has
// what it left. The caller holds the lock.
func (s *Pages) budgetOf(room string) *budget {
	if b := s.budgets[room]; b != nil {
		return b
	}
	for name := range s.budgets {
		if len(s.budgets) < 2*maxPages {
			break
		}
		if !slices.ContainsFunc(s.all, func(p *page) bool { return p.room == name }) {
			delete(s.budgets, name)
		}
	}
	b := newBudget()
	s.budgets[room] = b
	return b
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

// markUsed notes that somebody does something on p.
func (s *Pages) markUsed(p *page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.all, p); i >= 0 {
		s.all = append(slices.Delete(s.all, i, i+1), p)
	}
}

// Show sends f to all pages. It reports how many frames slow pages lost by it.
func (s *Pages) Show(f frame) (lost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.rank = s.rooms.note(f.room)
	return s.show(f)
}

func (s *Pages) show(f frame) (lost int) {
	for _, p := range s.all {
		lost += s.send(p, f)
	}
	return lost
}

func (s *Pages) send(p *page, f frame) (lost int) {
	lost, first := p.push(f)
	if first {
		s.log.Warn("page is slow and misses frames", "id", p.room)
	}
	return lost
}

// Tell sends f to one page.
func (s *Pages) Tell(p *page, f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(p, f)
}

// TellRoom sends f to the pages of a room: one that came back on another connection has
// two for a while.
func (s *Pages) TellRoom(room string, f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.all {
		if p.room == room {
			s.send(p, f)
		}
	}
}

// Play sends f to the page that is the sink: that of its room used last, or of
// all of them. Sinks that are no page play for themselves. It reports how many
// frames a slow page lost by it.
func (s *Pages) Play(sink string, f frame) (lost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range slices.Backward(s.all) {
		if sink == pageSink || sink == p.room {
			return s.send(p, f)
		}
	}
	return 0
}

// Health keeps what topic says and shows it. An empty payload is forgotten, as
// the broker does. It reports how many frames slow pages lost by it.
func (s *Pages) Health(topic string, payload []byte) (lost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := textFrame(topic, payload, "")
	if len(payload) == 0 {
		delete(s.health, topic)
		return s.show(f)
	}
	if s.health[topic] == nil && !ofStack(topic) {
		f.rank = rankStranger
		s.forgetReport()
	}
	s.health[topic] = &healthReport{payload, time.Now()}
	return s.show(f)
}

// forgetReport makes room for one more name that is none of the stack: the one
// that said nothing for longest goes. The caller holds the lock.
func (s *Pages) forgetReport() {
	oldest, others := "", 0
	for topic, r := range s.health {
		if ofStack(topic) {
			continue
		}
		others++
		if oldest == "" || r.at.Before(s.health[oldest].at) {
			oldest = topic
		}
	}
	if others >= maxHealthNames {
		delete(s.health, oldest)
	}
}

// ofStack reports whether a health topic is that of a client of the stack.
func ofStack(topic string) bool {
	return slices.Contains(stackNames, topic[strings.LastIndex(topic, "/")+1:])
}

// State keeps the last message of a topic and shows it. It reports how many frames slow
// pages lost by it.
func (s *Pages) State(topic string, payload []byte) (lost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := textFrame(topic, payload, "")
	s.states[topic] = f
	return s.show(f)
}

// Linked notes whether there is a broker and shows it as the health of this
// service.
func (s *Pages) Linked(h contract.HealthPing) {
	topic := strings.Replace(h.Route().Topic, "+", envelopeSource, 1)
	payload, err := sealMessage(kit.NewID(), h)
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
	if o := &p.outbox; len(o.frames) == 0 && o.behind {
		s.log.Info("page has caught up", "id", p.room, "lost", o.lost)
		o.behind, o.lost = false, 0
		for _, f := range s.boardFrames() {
			o.push(f)
		}
	}
	return p.outbox.pop()
}

// boardFrames is the known health, sorted by topic, and the states.
func (s *Pages) boardFrames() (all []frame) {
	topics := make([]string, 0, len(s.health))
	for t := range s.health {
		topics = append(topics, t)
	}
	slices.Sort(topics)
	for _, t := range topics {
		all = append(all, textFrame(t, s.health[t].payload, ""))
	}
	for _, t := range slices.Sorted(maps.Keys(s.states)) {
		all = append(all, s.states[t])
	}
	return all
}

// sealMessage is m as the bus would carry it from this service.
func sealMessage(id string, m msg.Message) ([]byte, error) {
	r := m.Route()
	typ := cmp.Or(r.Type, strings.ReplaceAll(r.Topic, "/", "."))
	return wire.Seal(nil, wire.Envelope{ID: id, Type: typ, Source: envelopeSource}, m)
}
