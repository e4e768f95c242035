package failover

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// Candidate is an engine that a service may take.
type Candidate[E any] struct {
	Engine E
	Key    string // tells it from other engines, also at a later look
	Name   string // for people: "Ollama"
	From   string // where it was found: "LLM_BASE_URL, 10.0.0.7:11434"
	Better string // what would be better; empty: nothing

	Address string // of the server that gets what the engine is given; empty: none, it stays in this machine

	guard      *Guard
	server     string // that was found; empty: nothing that can go away
	missed     bool   // it did not answer at the last look
	supervised bool   // who runs it replaces it when it hangs
}

// Switch takes the best engine there is. When that fails, and nothing has come
// of the call, the next one makes it. It is safe for concurrent use.
type Switch[E any] struct {
	look func(context.Context) []Candidate[E]
	now  atomic.Pointer[[]Candidate[E]] // nil: nobody has looked

	mu   sync.Mutex // held while looking
	told string     // key of the engine that Look reported last
}

// NewSwitch returns a switch between the engines that look finds, best first.
// There must be one always. It calls look for the first time when an engine is
// asked for.
func NewSwitch[E any](look func(context.Context) []Candidate[E]) *Switch[E] {
	return &Switch[E]{look: look}
}

// Look looks for engines again, and reports whether calls go to another one
// than after the last look. What is still there keeps what is known of it. A
// server is gone when it has not answered twice: one that works hard may be late.
// It goes on when ctx ends.
func (s *Switch[E]) Look(ctx context.Context) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(ctx)
	key := s.Best(ctx).Key
	changed = s.told != key
	s.told = key
	return changed
}

// find looks for engines. The caller holds mu.
func (s *Switch[E]) find(ctx context.Context) {
	var known []Candidate[E]
	if old := s.now.Load(); old != nil {
		known = *old
	}
	all := slices.Clone(s.look(context.WithoutCancel(ctx))) // what is found is for all who ask
	for i, c := range all {
		all[i].guard = New() // also for one that was away
		all[i].guard.supervised = c.supervised
		if k := slices.IndexFunc(known, func(k Candidate[E]) bool { return k.Key == c.Key && !k.missed }); k >= 0 {
			all[i].Engine, all[i].guard = known[k].Engine, known[k].guard
		}
	}
	for i, k := range known {
		if k.server == "" || k.missed || slices.ContainsFunc(all, func(c Candidate[E]) bool { return c.server == k.server }) {
			continue
		}
		k.missed = true
		all = slices.Insert(all, min(i, len(all)), k)
	}
	s.now.Store(&all)
}

func (s *Switch[E]) all(ctx context.Context) []Candidate[E] {
	if s.now.Load() == nil {
		s.mu.Lock()
		if s.now.Load() == nil {
			s.find(ctx)
		}
		s.mu.Unlock()
	}
	return *s.now.Load()
}

// Best is the engine that the next call takes.
func (s *Switch[E]) Best(ctx context.Context) Candidate[E] {
	all := s.all(ctx)
	if i := slices.IndexFunc(all, func(c Candidate[E]) bool { return !c.guard.unwell() }); i >= 0 {
		return all[i]
	}
	return all[0]
}

// Do has the best engine make a call, and the next one when it fails. Call
// reports whether something came of it: then no other engine makes it again.
// The error is that of the first.
func (s *Switch[E]) Do(ctx context.Context, call func(context.Context, Candidate[E]) (begun bool, err error)) error {
	var first error
	all := s.all(ctx)
	well := func(c Candidate[E]) bool { return !c.guard.unwell() }
	for i, c := range all {
		if !well(c) && slices.ContainsFunc(all[i+1:], well) {
			first = cmp.Or(first, c.guard.refusal())
			continue
		}
		begun := false
		err := c.guard.Do(ctx, func(ctx context.Context) (err error) {
			begun, err = call(ctx, c)
			if begun {
				err = notRepeatable(err)
			}
			return err
		})
		if err == nil || begun || ctx.Err() != nil {
			return err
		}
		first = cmp.Or(first, err)
	}
	return first
}

// notRepeatable marks the error of a call of which something came: it is not made again.
func notRepeatable(err error) error {
	return withMark(err, mark{begun: true, alive: isMarked(err, func(m *mark) bool { return m.alive })})
}
