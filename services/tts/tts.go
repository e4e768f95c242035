// Package tts says aloud what it is given, one line after the other.
package tts

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/speech"
)

// Module is the tts service.
var Module = kit.Service[*Service]("tts",
	kit.As(kit.Identity{ClientID: "tars-tts", Source: "tars-tts", Aliases: []string{"tts"}}), kit.Env[Config](), fx.Provide(New, OpenEngine))

// maxSentence is how much of a text an engine gets at once, in bytes: half a
// minute of speech. It bounds how long an engine works on what may be stopped.
const maxSentence = 300

// Service is a voice. One loop owns what is said; handlers tell it what to do.
type Service struct {
	cfg    Config
	bus    *kit.Bus
	engine engine.Synthesizer
	log    *slog.Logger

	volumes volumes    // of single voices
	chosen  roomVoices // used in the lane of commands alone

	orders  chan func(*voice) // unbuffered: who gives one waits until it is carried out
	over    chan struct{}     // closed when the loop has ended for good
	trouble atomic.Pointer[error]
}

// New returns a voice that speaks with e. It does no I/O; OpenEngine's hook
// opens the engine.
func New(cfg Config, bus *kit.Bus, e engine.Synthesizer, log *slog.Logger) (*Service, error) {
	loud, err := parseVolumes(cfg.VoiceVolumes)
	if err != nil {
		return nil, err
	}
	return &Service{cfg: cfg, bus: bus, engine: e, log: log, volumes: loud, chosen: roomVoices{}, orders: make(chan func(*voice)), over: make(chan struct{})}, nil
}

// Handlers declares what the voice listens to. Both commands share a lane and
// only leave word with the loop, so that a stop never waits behind speech, and
// ends what came before it and nothing that comes after. Lines that still wait
// for the loop are ended ahead of it. A control keeps its place while its turn comes
// at once, for a pause that ran before its line would find nothing to pause; behind
// thousands of lines it overtakes them.
func (s *Service) Handlers() []kit.Handler {
	desk, choice := kit.Lane("desk"), kit.Lane("engine")
	return []kit.Handler{
		kit.On(s.say, desk, kit.AckFirst(), kit.CancelledBy(stoppedAnswer, answerOf)), // after a restart nobody waits for it any more
		kit.On(s.control, desk, kit.Overtake()),
		kit.On(s.duck, desk, kit.Overtake()),
		kit.On(s.chooseVoice, desk, kit.Overtake()),
		kit.Loop(s.speak),
		kit.OnConnect(s.connected, choice), kit.Every(failover.LookEvery, s.findEngine, choice),
		kit.Sends[contract.TtsStatus](), kit.Sends[contract.SpeakerAudio](), kit.Sends[contract.SpeechHeard](), kit.Sends[contract.VoiceDetail](), kit.Sends[contract.EngineInUse](),
	}
}

// stoppedAnswer is the key of what a control ends: an answer, or with a stop
// that names none everything.
func stoppedAnswer(c contract.TtsControl) string {
	switch {
	case c.Action != contract.TtsStop:
		return ""
	case c.ID == nil:
		return "*"
	}
	return *c.ID
}

func answerOf(m contract.TtsSay) string {
	if m.UttID == nil {
		return ""
	}
	return *m.UttID
}

func (s *Service) say(ctx context.Context, m contract.TtsSay) error {
	m.Voice = s.chosen.voiceOf(kit.From(ctx).Baggage["room"], m.Voice)
	chain := context.WithoutCancel(ctx) // speech outlives the handler, and is published in its chain
	l := &line{
		at: time.Now(), say: m, sentences: speech.Sentences(speech.Speakable(m.Text, orEmpty(m.Lang)), orEmpty(m.Lang), maxSentence),
		sink: s.sink(kit.From(ctx).Baggage["room"]), volume: s.volumeOf(m),
		tell: func(m msg.Message) error { return s.bus.Publish(chain, m) },
	}
	if context.Cause(ctx) == kit.ErrCancelled {
		return s.order(chain, func(v *voice) error { return v.sayCancelled(l) })
	}
	return s.order(ctx, func(v *voice) error { return v.say(l) })
}

func (s *Service) control(ctx context.Context, c contract.TtsControl) error {
	return s.order(ctx, func(v *voice) error { return v.obey(c) })
}

// duck lowers the voice in a room, or brings it back.
func (s *Service) duck(ctx context.Context, d contract.SpeechDuck) error {
	room := kit.From(ctx).Baggage["room"]
	sink := s.sink(room)
	if room == "" && !d.On {
		sink = "" // in no room in particular: in all
	}
	return s.order(ctx, func(v *voice) error { return v.duck(sink, d) })
}

// ownsSink reports whether a sink is lowered here. Pages lower the voice themselves,
// and at once: what is sent here is heard up to 0.3 s later.
func (s *Service) ownsSink(sink string) bool {
	return s.cfg.hasSink(sink) || s.cfg.Player != "" && sink == s.cfg.DefaultSink
}

// speak is the loop: it owns everything that is said and waits for nothing but
// its own channels.
func (s *Service) speak(ctx context.Context) error {
	v, err := s.voice()
	if err != nil {
		return kit.Fatal(err)
	}
	defer v.leave()
	for {
		for v.prepare(ctx); v.listen(); v.prepare(ctx) {
		}
		select {
		case <-ctx.Done():
			close(s.over)
			return nil
		case carry := <-s.orders:
			carry(v)
		case <-v.chunks:
		case <-v.due():
			v.send()
		}
	}
}

// order has the loop carry out f.
func (s *Service) order(ctx context.Context, f func(*voice) error) error {
	done := make(chan error, 1)
	select {
	case s.orders <- func(v *voice) { done <- f(v) }:
		return <-done
	case <-s.over:
		return kit.Drop("stopping")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// sink is who plays what is said in this room; the speaker of the default sink
// may be a program.
func (s *Service) sink(room string) string {
	if strings.HasPrefix(room, "web-") || s.cfg.hasSink(room) {
		return room
	}
	return s.cfg.DefaultSink
}

// Healthy reports why the last line could not be said.
func (s *Service) Healthy(ctx context.Context) error {
	if err := s.trouble.Load(); err != nil {
		return *err
	}
	return failover.Ready(ctx, s.engine)
}
