// Package llm writes what the assistant says.
package llm

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm/engine"
)

// Module is the llm service.
var Module = kit.Service[*Service]("llm",
	kit.As(kit.Identity{ClientID: "tars-llm", Source: "llm-worker"}), kit.Env[Config](), fx.Provide(New, NewRecall, OpenTools, openToolSwitch, newToolChooser, newEngine))

// Service turns requests into streams of text.
type Service struct {
	cfg      Config
	provider engine.Provider // who writes by the settings; the engine may tell another
	engine   engine.Generator
	recall   *Recall
	bus      *kit.Bus
	log      *slog.Logger
	tools    Toolbox
	switched *toolSwitch
	chooser  *toolChooser
	tokens   tokenLearner
	confirm  confirmations
	ahead    *aheadAnswers
	persona  atomic.Pointer[contract.CharacterSnapshot] // nil until memory has published it
}

// New returns a service that writes with e.
func New(cfg Config, e engine.Generator, recall *Recall, tools Toolbox, switched *toolSwitch, chooser *toolChooser, bus *kit.Bus, log *slog.Logger) (*Service, error) {
	provider, err := engine.ProviderOf(cfg.Config)
	if err != nil {
		return nil, err
	}
	return &Service{cfg: cfg, provider: provider, engine: e, recall: recall, tools: tools, switched: switched, chooser: chooser, bus: bus, log: log, ahead: newAheadAnswers()}, nil
}

// newEngine returns the model that cfg asks for.
func newEngine(cfg Config, recall *Recall, home kit.Home) (engine.Generator, error) {
	return engine.New(cfg.Config, recall, string(home))
}

// Handlers declares what the service listens to.
func (s *Service) Handlers() []kit.Handler {
	engineLane := kit.Lane("engine") // one search for engines at a time
	tools := kit.Lane("tools")
	handlers := []kit.Handler{
		kit.Stream(s.write, kit.Workers(4), kit.AckFirst(), kit.Queue(256), kit.Timeout(s.cfg.Timeout), kit.CancelledBy(
			func(c contract.LLMCancel) string { return c.ID }, func(q contract.LLMRequest) string { return q.ID })),
		kit.On(s.setPersona),
		kit.OnConnect(s.connected, engineLane), kit.Every(failover.LookEvery, s.findEngine, engineLane),
		kit.Asks[contract.MemoryQuery](), kit.Asks[contract.MemoryForget](), kit.Sends[contract.CharacterUpdate](), kit.Sends[contract.LLMProgress](), kit.Sends[contract.EngineInUse](),
		kit.OnConnect(s.publishTools, tools), kit.Every(failover.LookEvery, s.learnTools, tools),
		kit.Answer(s.switchTools, tools), kit.Sends[contract.ToolsRegistry](), kit.Sends[contract.ToolCallRequest](), kit.Sends[contract.ToolCallResult](), kit.Sends[contract.AnswerDetail](),
	}
	handlers = append(handlers, s.aheadHandlers()...)
	if changed := s.tools.Changed(); changed != nil {
		handlers = append(handlers, kit.OnChan(changed, s.toolsChanged, tools))
	}
	return handlers
}

// write answers a request, in deltas and then as a whole.
func (s *Service) write(ctx context.Context, q contract.LLMRequest, send func(contract.LLMStreamDelta) error) (contract.LLMResponse, error) {
	if strings.TrimSpace(q.Text) == "" {
		return contract.LLMResponse{}, kit.Drop("blank")
	}
	work := s.startProgress(ctx, q.ID)
	defer work.end()
	out := streamWriter{id: q.ID, silent: q.Stream != nil && !*q.Stream, send: send, provider: &s.provider.Name, work: work}
	if text, ok := engine.Command(ctx, s.recall, s.traits(), q.Text); ok {
		s.ahead.withdraw(q.ID, nil)
		return out.whole(text)
	}
	use, err := s.answer(ctx, q, &out)
	work.end()
	cut := use.Cut
	if err != nil && out.text.Len() > 0 {
		cut = contract.LLMCutBroken
	}
	if err = errors.Join(err, out.end(cut)); err != nil {
		return contract.LLMResponse{}, err
	}
	r := contract.LLMResponse{ID: q.ID, Provider: out.provider, Model: out.model, Tokens: use.Tokens}
	if use.Model != "" {
		r.Model = &use.Model
	}
	if use.Cut != "" {
		r.Cut = &use.Cut
	}
	if r.Tokens == nil {
		r.Tokens = map[string]any{}
	}
	if reply := out.text.String()[out.spoiled:]; strings.TrimSpace(reply) != "" {
		if out.spoiled > 0 {
			reply = strings.TrimSpace(reply)
		}
		r.Reply = &reply
	}
	return r, nil
}

// answer has the engine write the answer to q to out.
func (s *Service) answer(ctx context.Context, q contract.LLMRequest, out *streamWriter) (engine.Usage, error) {
	t, err := s.turnOf(ctx, q, out)
	if err != nil {
		return engine.Usage{}, err
	}
	defer t.tellDetail(ctx)
	if done, err := t.answerPending(ctx); done || err != nil {
		return engine.Usage{}, err
	}
	return t.write(ctx)
}

// setPersona keeps who the assistant is.
func (s *Service) setPersona(_ context.Context, who contract.CharacterSnapshot) error {
	s.persona.Store(&who)
	return nil
}

// traits are those of the character now.
func (s *Service) traits() map[string]any {
	if who := s.persona.Load(); who != nil {
		return who.Traits
	}
	return nil
}

// streamWriter sends one answer in numbered deltas, and collects its text.
type streamWriter struct {
	id              string
	silent          bool // no deltas are wanted
	send            func(contract.LLMStreamDelta) error
	provider, model *string
	work            *progress

	seq     int
	text    strings.Builder
	spoiled int // bytes at the begin of text that turned out to be thoughts
}

// add sends one delta. A delta that is lost with the link is no reason to stop:
// the response has the whole text.
func (w *streamWriter) add(delta string) error {
	if delta == "" {
		return nil
	}
	if strings.TrimSpace(delta) != "" {
		w.work.wrote()
	}
	w.text.WriteString(delta)
	return w.sendDelta(contract.LLMStreamDelta{Delta: &delta})
}

// whole sends an answer that no model wrote.
func (w *streamWriter) whole(text string) (contract.LLMResponse, error) {
	return contract.LLMResponse{ID: w.id, Provider: w.provider, Reply: &text, Tokens: map[string]any{}}, errors.Join(w.add(text), w.end(""))
}

// gap parts what was written before tools were called from what comes behind.
func (w *streamWriter) gap() error {
	if text := w.text.String(); text == "" || strings.TrimRight(text, " \n") != text {
		return nil
	}
	return w.add(" ")
}

// end sends the mark after the last delta. Cut says why the answer ends before its end.
func (w *streamWriter) end(cut string) error {
	d := contract.LLMStreamDelta{Done: true}
	if cut != "" {
		d.Cut = &cut
	}
	return w.sendDelta(d)
}

// sendDelta sends the next delta. A lost link is no error.
func (w *streamWriter) sendDelta(d contract.LLMStreamDelta) error {
	if w.silent {
		return nil
	}
	w.seq++
	d.ID, d.Seq, d.Provider, d.Model = w.id, new(w.seq), w.provider, w.model
	if err := w.send(d); !errors.Is(err, kit.ErrOffline) {
		return err
	}
	return nil
}
