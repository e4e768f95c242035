package llm

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm/engine"
)

const (
	// aheadTimeout is how long an answer that was asked for ahead waits for its request: a
	// recogniser waits at most 2.5 s for the end of a turn.
	aheadTimeout = 5 * time.Second
	// aheadWorkers is how many such answers are written at once.
	aheadWorkers = 2
	// maxAhead is how many may wait for that. More are left out, which costs them the head
	// start and nothing else.
	maxAhead = 16
)

var (
	// errUnwanted is why the model stops to write what nobody has asked for.
	errUnwanted = errors.New("nobody asked for it")
	// errBrokenOff is what who takes an answer is told when the writing of it panicked.
	errBrokenOff = errors.New("the answer broke off")
)

// aheadAnswers are the answers that the model writes before it is known that they are
// wanted. It is safe for concurrent use.
type aheadAnswers struct {
	work chan *aheadAnswer

	mu  sync.Mutex
	all map[string]*aheadAnswer // by the id of their request

	used      kit.Counter // that were asked for later
	discarded kit.Counter // that were not
}

func newAheadAnswers() *aheadAnswers {
	return &aheadAnswers{work: make(chan *aheadAnswer, maxAhead), all: map[string]*aheadAnswer{}}
}

// aheadAnswer is one of them: what the model wrote so far, for who asks for it.
type aheadAnswer struct {
	q        contract.LLMAhead
	room     string
	patience *time.Timer   // until it is withdrawn
	prepared chan struct{} // closed when turn is set, or will not be

	turn  *turn
	asked time.Time // when the model was asked

	mu              sync.Mutex
	stop            context.CancelCauseFunc // ends the writing; nil: it has not begun
	withdrawn       bool
	news            chan struct{} // closed when there is more to read; another takes its place
	text            []string
	state           engine.Progress
	provider, model string
	over            bool
	use             engine.Usage
	err             error
}

// aheadHandlers declares what is done ahead.
func (s *Service) aheadHandlers() []kit.Handler {
	return []kit.Handler{
		kit.On(s.askedAhead),
		kit.OnChan(s.ahead.work, s.writeAhead, kit.Workers(aheadWorkers), kit.Timeout(s.cfg.Timeout)),
		kit.Counts("ahead_used", &s.ahead.used), kit.Counts("ahead_discarded", &s.ahead.discarded),
	}
}

// askedAhead has an answer written ahead, in place of the one with the same id. A blank
// question only withdraws that.
func (s *Service) askedAhead(ctx context.Context, q contract.LLMAhead) error {
	s.ahead.withdraw(q.ID, nil)
	if strings.TrimSpace(q.Text) == "" {
		return nil
	}
	return s.ahead.put(&aheadAnswer{q: q, room: roomOf(ctx), prepared: make(chan struct{}), news: make(chan struct{})})
}

// put keeps a and has it written.
func (all *aheadAnswers) put(a *aheadAnswer) error {
	all.mu.Lock()
	defer all.mu.Unlock()
	select {
	case all.work <- a:
		all.all[a.q.ID] = a
		a.patience = time.AfterFunc(aheadTimeout, func() { all.withdraw(a.q.ID, a) })
		return nil
	default:
		return kit.Drop("too_much_ahead")
	}
}

// withdraw forgets the answer with an id, and has it written no further. Only, if it is
// not nil, is the one that is meant.
func (all *aheadAnswers) withdraw(id string, only *aheadAnswer) {
	all.mu.Lock()
	defer all.mu.Unlock()
	a := all.all[id]
	if a == nil || only != nil && a != only {
		return
	}
	delete(all.all, id)
	a.end()
	all.discarded.Add(1)
}

// take removes the answer to q, nil for none. One to another question is withdrawn, and so
// is one that is not begun.
func (all *aheadAnswers) take(q contract.LLMRequest) *aheadAnswer {
	all.mu.Lock()
	defer all.mu.Unlock()
	a := all.all[q.ID]
	if a == nil {
		return nil
	}
	delete(all.all, q.ID)
	if !a.answers(q) || !a.isBegun() {
		a.end()
		all.discarded.Add(1)
		return nil
	}
	a.patience.Stop()
	all.used.Add(1)
	return a
}

// answers reports whether a is the answer to q.
func (a *aheadAnswer) answers(q contract.LLMRequest) bool {
	same := func(x, y contract.ConversationMessage) bool { return x.Role == y.Role && x.Content == y.Content }
	return a.q.Text == q.Text && slices.EqualFunc(a.q.History, q.History, same) &&
		q.System == nil && len(q.Params) == 0 && q.UseRAG == nil && q.RAGK == nil
}

// begin reports whether a is still wanted. Stop ends its writing.
func (a *aheadAnswer) begin(stop context.CancelCauseFunc) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stop = stop
	return !a.withdrawn
}

func (a *aheadAnswer) isBegun() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stop != nil
}

// end has nothing more written, as nobody wants it.
func (a *aheadAnswer) end() {
	a.patience.Stop()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.withdrawn = true
	if a.stop != nil {
		a.stop(errUnwanted)
	}
}

// writeAhead asks the memory and then the model, once. What they give is kept for who
// takes a.
func (s *Service) writeAhead(ctx context.Context, a *aheadAnswer) error {
	ctx, stop := context.WithCancelCause(kit.WithBaggage(ctx, "room", a.room))
	defer stop(nil)
	if !a.begin(stop) {
		return kit.Drop("not_wanted")
	}
	use, err := engine.Usage{}, errBrokenOff // in a panic
	defer func() { a.add(func() { a.over, a.use, a.err = true, use, err }) }()
	if t, failed := s.prepareAhead(ctx, a); failed != nil {
		err = failed
	} else {
		use, err = a.generate(ctx, t)
	}
	if context.Cause(ctx) == errUnwanted {
		return kit.Drop("not_wanted")
	}
	return nil // who takes it tells its error
}

func (s *Service) prepareAhead(ctx context.Context, a *aheadAnswer) (*turn, error) {
	defer close(a.prepared)
	silent := &streamWriter{id: a.q.ID, silent: true}
	t, err := s.newTurn(ctx, contract.LLMRequest{ID: a.q.ID, Text: a.q.Text, History: a.q.History}, silent)
	if err == nil {
		a.turn, a.asked = t, time.Now()
	}
	return t, err
}

func (a *aheadAnswer) generate(ctx context.Context, t *turn) (engine.Usage, error) {
	p, err := t.prompt()
	if err != nil {
		return engine.Usage{}, err
	}
	p.OnProgress = func(what engine.Progress) { a.add(func() { a.state = what }) }
	p.OnAttempt = func(provider, model string) { a.add(func() { a.provider, a.model = provider, model }) }
	return t.s.engine.Generate(ctx, p, func(delta string) error {
		a.add(func() { a.text = append(a.text, delta) })
		return nil
	})
}

// add changes what a holds, and wakes who reads it.
func (a *aheadAnswer) add(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
	close(a.news)
	a.news = make(chan struct{})
}

// follow is the Generate of who took a: it emits what was written and what is written on.
// When ctx ends the writing does.
func (a *aheadAnswer) follow(ctx context.Context, p engine.Prompt, emit func(delta string) error) (engine.Usage, error) {
	for read := 0; ; {
		a.mu.Lock()
		text, state, provider, model := a.text[read:], a.state, a.provider, a.model
		news, over, use, err := a.news, a.over, a.use, a.err
		a.mu.Unlock()
		if provider != "" {
			p.OnAttempt(provider, model)
		}
		if state != "" {
			p.OnProgress(state)
		}
		for _, delta := range text {
			if err := emit(delta); err != nil {
				a.end()
				return use, err
			}
		}
		if read += len(text); over {
			return use, err
		}
		select {
		case <-news:
		case <-ctx.Done():
			a.end()
			return engine.Usage{}, context.Cause(ctx)
		}
	}
}

// turnOf is the turn that answers q: the one that was begun ahead, or another. What may be
// the answer to a question of ours is read anew.
func (s *Service) turnOf(ctx context.Context, q contract.LLMRequest, out *streamWriter) (*turn, error) {
	if s.confirm.isAsked(roomOf(ctx)) {
		s.ahead.withdraw(q.ID, nil)
	}
	a := s.ahead.take(q)
	if a == nil {
		return s.newTurn(ctx, q, out)
	}
	select {
	case <-a.prepared:
	case <-ctx.Done():
		a.end()
		return nil, context.Cause(ctx)
	}
	if a.turn == nil {
		return s.newTurn(ctx, q, out)
	}
	t := *a.turn
	t.q, t.out, t.ahead = q, out, a
	return &t, nil
}
