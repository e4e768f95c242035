// Package memory remembers what was said, recalls it, and knows who the
// assistant is.
package memory

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// Module is the memory service.
var Module = kit.Service[*Service]("memory",
	kit.As(kit.Identity{ClientID: "tars-memory", Source: "memory-worker", Aliases: []string{"memory"}}), kit.Env[Config](), fx.Provide(New, NewSemanticIndex, OpenStore, OpenCharacter))

// Service keeps what was said, finds it again, and publishes the character.
type Service struct {
	cfg       Config
	bus       *kit.Bus
	store     *Store
	semantic  *SemanticIndex
	character *Character // only in the lane of the character

	speaking []*spokenAnswer // only in the lane of speech; the newest is last

	unwritten atomic.Pointer[error] // why the last line was not kept; nil when it was
}

// New returns a memory over store. It does no I/O; the hooks of OpenStore and
// OpenCharacter open the files.
func New(cfg Config, bus *kit.Bus, store *Store, semantic *SemanticIndex, character *Character) *Service {
	s := &Service{cfg: cfg, bus: bus, store: store, semantic: semantic, character: character}
	semantic.told = func(ctx context.Context) { _ = s.tellEngine(ctx) } // a lost link is followed by a new one
	return s
}

// Handlers declares what the memory listens to.
func (s *Service) Handlers() []kit.Handler {
	character, speech := kit.Lane("character"), kit.Lane("speech")
	return []kit.Handler{
		kit.On(s.keepTranscript),
		kit.On(s.keepSpeech, speech), kit.On(s.noteSpoken, speech), kit.On(s.noteHeard, speech),
		kit.Answer(s.recall, kit.Workers(4)), // reads only: order does not matter
		kit.Answer(s.list), kit.Answer(s.forgetLines, speech), kit.Answer(s.importLines),
		kit.Answer(s.answerCharacter, character),
		kit.On(s.changeCharacter, character),
		kit.OnConnect(s.publishCharacter, character), kit.Every(reloadEvery, s.reloadCharacter, character),
		kit.OnConnect(s.forgetOld), kit.Every(time.Hour, s.forgetOld),
		kit.OnConnect(s.tellEngine, kit.Name("engine")),
		kit.Loop(s.semantic.run, kit.Name("meaning")),
		kit.Sends[contract.CharacterSnapshot](), kit.Sends[contract.EngineInUse](),
	}
}

func (s *Service) keepTranscript(ctx context.Context, t contract.FinalTranscript) error {
	if strings.TrimSpace(t.Text) == "" {
		return kit.Drop("blank")
	}
	l := Line{Role: contract.RoleUser, Text: t.Text, At: timeOf(t.TS)}
	noteOrigin(&l, kit.From(ctx))
	if t.UttID != nil {
		l.UttID = *t.UttID
	}
	return s.keep(ctx, t.MessageID, l)
}

// keepSpeech keeps what the assistant says. Wake acknowledgements and announcements
// are no part of a conversation.
func (s *Service) keepSpeech(ctx context.Context, m contract.TtsSay) error {
	switch {
	case strings.TrimSpace(m.Text) == "":
		return kit.Drop("blank")
	case m.WakeAck != nil && *m.WakeAck, m.SystemAnnounce != nil && *m.SystemAnnounce:
		return kit.Drop("no_conversation")
	}
	in := kit.From(ctx)
	at := in.Sent
	if at.Unix() <= 0 { // a bare message does not say when it was sent
		at = time.Now()
	}
	l := Line{Role: contract.RoleAssistant, Text: m.Text, At: at}
	noteOrigin(&l, in)
	if m.UttID != nil {
		l.UttID = *m.UttID
	}
	switch a, err := s.track(ctx, m, l); {
	case err != nil:
		return err
	case a != nil && a.cut:
		return nil // it is kept when it was heard
	}
	return s.keep(ctx, m.MessageID, l)
}

// noteOrigin notes where a line comes from, as far as it came with it.
func noteOrigin(l *Line, in kit.Meta) {
	l.Trace, l.Room = in.Trace, in.Baggage["room"]
	if l.Role == user {
		l.Speaker = in.Baggage["speaker"]
	}
}

func (s *Service) keep(ctx context.Context, id string, l Line) error {
	err := s.store.Add(ctx, id, l)
	if err != nil {
		s.unwritten.Store(&err)
		return err
	}
	s.unwritten.Store(nil)
	return nil
}

func (s *Service) recall(ctx context.Context, q contract.MemoryQuery) (contract.MemoryResults, error) {
	if strings.TrimSpace(q.Text) == "" {
		return contract.MemoryResults{}, kit.Drop("blank")
	}
	return recollection{store: s.store, mean: s.semantic.meaningOf, q: q, trace: kit.From(ctx).Trace}.results(ctx)
}

func (s *Service) answerCharacter(_ context.Context, q contract.CharacterGetRequest) (contract.CharacterResult, error) {
	if q.Section == nil {
		who := s.character.Snapshot()
		return contract.CharacterResult{Snapshot: &who}, nil
	}
	return contract.CharacterResult{Section: &contract.CharacterSection{Section: *q.Section, Value: s.character.Section(*q.Section)}}, nil
}

func (s *Service) changeCharacter(ctx context.Context, u contract.CharacterUpdate) error {
	var err error
	switch {
	case u.Trait != nil && u.Trait.Section == "traits" && u.Trait.Trait != "":
		err = s.character.Set(ctx, u.Trait.Trait, u.Trait.Value)
	case u.Reset != nil && u.Reset.Action == "reset_traits", u.ResetAll != nil && u.ResetAll.All:
		err = s.character.Reset(ctx)
	default:
		return kit.Drop("asks_for_nothing")
	}
	if err != nil {
		return err
	}
	return s.publishCharacter(ctx)
}

// reloadEvery is how often it is looked whether the character's file has changed.
const reloadEvery = 2 * time.Second

// reloadCharacter publishes the character anew when its file has changed.
func (s *Service) reloadCharacter(ctx context.Context) error {
	changed, err := s.character.Reload(ctx)
	if err != nil || !changed {
		return err
	}
	return s.publishCharacter(ctx)
}

// publishCharacter publishes who the assistant is.
func (s *Service) publishCharacter(ctx context.Context) error {
	who := s.character.Snapshot()
	return s.bus.Publish(ctx, who, kit.ID(who.MessageID))
}

func (s *Service) forgetOld(ctx context.Context) error {
	if s.cfg.MaxAge == 0 {
		return nil
	}
	ids, err := s.store.Forget(ctx, time.Now().Add(-s.cfg.MaxAge))
	s.semantic.forget(ids)
	return err
}

// Healthy reports that what was said last could not be kept.
func (s *Service) Healthy(context.Context) error {
	if err := s.unwritten.Load(); err != nil {
		return *err
	}
	return nil
}
