// Package stt turns what microphones hear into text.
package stt

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/services/stt/vad"
	"github.com/gotars/tars/speech/pcm"
)

// Module is the stt service.
var Module = kit.Service[*Service]("stt", kit.As(kit.Identity{ClientID: "tars-stt", Source: "tars-stt"}), kit.Env[Config](), fx.Provide(New, newEngine, newTurnModel))

const (
	maxWaiting     = 16 // utterances that may wait for the engine; more are dropped and counted
	partialBackoff = 4  // partials take at most a quarter of the time of an engine: few engines can abort what they began, and a final must not wait
)

// Service listens to every source, and has the engine read what is said there.
// Listening never waits for reading.
type Service struct {
	cfg    Config
	bus    *kit.Bus
	engine engine.Transcriber
	log    *slog.Logger

	sources      *sources
	mics         *mics
	echoes       *echoes
	wakeListener *wakeListener // nil: for no wake words
	turnAsker    *turnAsker    // nil: how an utterance sounds does not decide about its end

	turns        *turnQueue     // complete utterances
	finals       chan utterance // the next of them
	partials     chan *attempt  // that may go on: what does not fit is not read
	waiting      atomic.Int32   // complete utterances without a text yet
	lastDuration atomic.Int64   // nanoseconds of the last recognition
	lastError    atomic.Pointer[error]
	speculation  speculation
	lastWords    lastWords
	refusals     *refusals
	warnOfWake   sync.Once
}

// New returns a service that reads with e, and asks m whether speakers have finished.
func New(cfg Config, bus *kit.Bus, e engine.Transcriber, m TurnModel, home kit.Home, log *slog.Logger) (*Service, error) {
	newDetector, why, err := cfg.detectors(home)
	if err != nil {
		return nil, err
	}
	if why != nil {
		log.Info("speech is told by its loudness", "err", why)
	}
	s := &Service{
		cfg: cfg, bus: bus, engine: e, log: log,
		sources: newSources(cfg.segmentation(), newDetector), mics: newMics(cfg.Muted), echoes: &echoes{window: cfg.EchoWindow},
		wakeListener: newWakeListener(cfg, home, log), turnAsker: newTurnAsker(cfg, m, log), refusals: &refusals{log: log},
		turns: newTurnQueue(), finals: make(chan utterance), partials: make(chan *attempt, 1),
	}
	s.sources.eagerness, s.sources.lang, s.sources.discarded = cfg.eagerness(), cfg.Language(), s.speculation.noteDiscarded
	s.sources.isSpoken = s.echoes.isSpoken
	s.mics.pushToTalk = cfg.PushToTalk
	s.mics.used = func(room string) bool { return s.sources.isEstablished(room) || s.turns.understoodIn(room) }
	return s, nil
}

// newEngine returns the recogniser that cfg asks for.
func newEngine(cfg Config, home kit.Home) (engine.Transcriber, error) {
	return engine.New(cfg.Config, string(home))
}

// Handlers declares what the service listens to and what it publishes.
func (s *Service) Handlers() []kit.Handler {
	choice := kit.Lane("engine")
	all := []kit.Handler{
		kit.On(s.listen, kit.Workers(4), kit.OrderedBy(func(a contract.MicAudio) string { return a.Source }), kit.OnRefused(s.refusals.add)),
		kit.On(s.obey), kit.On(s.spoke), kit.On(s.lowered), kit.On(s.plays),
		kit.Loop(s.takeTurns),
		kit.OnChan(s.finals, s.transcribeFinal, kit.Timeout(0)),     // the engine has a timeout of its own
		kit.OnChan(s.partials, s.transcribePartial, kit.Timeout(0)), // a lane of its own: a final never waits for a partial
		kit.Every(sourceTimeout/2, s.flushIdle),
		kit.OnConnect(s.connected, choice), kit.Every(failover.LookEvery, s.findEngine, choice),
		kit.Sends[contract.FinalTranscript](), kit.Sends[contract.PartialTranscript](), kit.Sends[contract.WakeEvent](), kit.Sends[contract.SpeechDropped](), kit.Sends[contract.SpeechTiming](), kit.Sends[contract.ProbableTranscript](), kit.Sends[contract.SpeechDetail](), kit.Sends[contract.EngineInUse](),
	}
	if s.turnAsker != nil {
		all = append(all, kit.OnChan(s.turnAsker.questions, s.turnAsker.judge, kit.Timeout(turnModelTimeout)))
	}
	if s.wakeListener != nil {
		all = append(all, kit.OnChan(s.wakeListener.detections, s.woken), kit.Loop(s.wakeListener.run, kit.Name("watch")))
	}
	return append(all, s.speculation.handlers()...)
}

func (s *Service) listen(ctx context.Context, a contract.MicAudio) error {
	e, err := s.sources.find(a.Source)
	if err != nil {
		return err
	}
	s.refusals.heard(a.Source)
	e.mu.Lock()
	stopped := len(a.PCM) == 0
	a.PCM = e.convert(a)
	e.mu.Unlock()
	if len(a.PCM) == 0 && !stopped { // less than a sample, at this rate
		return nil
	}
	mute := s.muteOf(e)
	var slow error
	if !mute.on {
		slow = s.wakeListener.hear(a.Source, a.PCM)
	}
	e.mu.Lock()
	facts := e.hear(a, mute)
	s.echoes.note(e)
	if s.cfg.Partials && s.waiting.Load() == 0 {
		s.offerPartial(e.partialAttempt(max(s.cfg.PartialInterval, time.Duration(s.lastDuration.Load())*partialBackoff)))
	}
	e.mu.Unlock()
	return errors.Join(slow, s.publishEvents(ctx, e, facts))
}

// muteOf is how the microphone of a source is.
func (s *Service) muteOf(e *audioSource) mute {
	e.mu.Lock()
	speaks, since := e.own.speaking(time.Now())
	e.mu.Unlock()
	if speaks {
		return s.mics.stateWhileSpeaking(e.room, since)
	}
	return s.mics.state(e.room)
}

// obey mutes and unmutes the microphone of the room, or of all.
func (s *Service) obey(ctx context.Context, c contract.WakeMicCommand) error {
	var ttl time.Duration
	if c.TTLMS != nil {
		ttl = time.Duration(*c.TTLMS) * time.Millisecond
	}
	s.mics.set(kit.From(ctx).Baggage["room"], c.Action == contract.MicMute, ttl)
	return nil
}

// spoke remembers what the assistant says, to know its echo.
func (s *Service) spoke(ctx context.Context, t contract.TtsStatus) error {
	utt := ""
	if t.UttID != nil {
		utt = *t.UttID
	}
	room, now := sinkOf(kit.From(ctx).Baggage["room"]), time.Now()
	s.sources.eachIn(room, func(e *audioSource) { e.loudspeaker.obey(t.Event, utt) })
	switch t.Event {
	case contract.TtsSpeakingStart:
		s.echoes.start(room, utt, t.Text)
		if t.WakeAck == nil || !*t.WakeAck {
			s.lastWords.say(room, t.Text)
		}
		s.sources.eachIn(room, func(e *audioSource) {
			e.own.speaks(now)
			e.silentSince = 0 // what is said next is said to it, and does not go on with what was said before
		})
	case contract.TtsResumed:
		s.sources.eachIn(room, func(e *audioSource) { e.own.speaks(now) })
	case contract.TtsPaused, contract.TtsStopped:
		s.sources.eachIn(room, func(e *audioSource) { e.own.falls(now) })
	case contract.TtsSpeakingEnd:
		s.echoes.end(utt)
		asked := strings.HasSuffix(strings.TrimSpace(t.Text), "?") && t.Reason == nil
		s.sources.eachIn(room, func(e *audioSource) {
			if e.own.falls(now); asked {
				e.askedAt = now
			}
		})
	}
	return nil
}

// lowered notes that the assistant's voice is lowered in a room, or has come back.
func (s *Service) lowered(ctx context.Context, d contract.SpeechDuck) error {
	s.sources.eachIn(sinkOf(kit.From(ctx).Baggage["room"]), func(e *audioSource) {
		e.own.lower(d.Gain(), time.Now())
		e.loudspeaker.lower(d.Gain())
	})
	return nil
}

// plays notes what is about to be heard in a room, to take it out of what its microphone
// hears.
func (s *Service) plays(_ context.Context, a contract.SpeakerAudio) error {
	now := time.Now()
	s.sources.eachIn(a.Sink, func(e *audioSource) { e.plays(a, now) })
	return nil
}

// sinkOf is the room in which the answer to room is heard. A terminal
// (cli-…) has none of its own: its answers may be heard anywhere.
func sinkOf(room string) string {
	if strings.HasPrefix(room, "cli-") {
		return ""
	}
	return room
}

// takeTurns hands the engine one utterance after the other.
func (s *Service) takeTurns(ctx context.Context) error {
	for {
		u, ok := s.turns.next(ctx)
		if !ok {
			return nil
		}
		select {
		case s.finals <- u:
		case <-ctx.Done():
			return nil
		}
	}
}

// transcribe has the engine read u, louder when it is quiet, and notes how long that
// takes.
func (s *Service) transcribe(ctx context.Context, u utterance) (engine.Result, error) {
	begun, before := time.Now(), s.contextFor(u.room, u.begun)
	r, err := s.engine.Transcribe(ctx, engine.Request{Audio: pcm.RaiseQuiet(u.audio), Context: before})
	if err == nil {
		s.lastDuration.Store(int64(time.Since(begun)))
	}
	if isContextEcho(r, before, u.voiced) {
		r.Text = ""
	}
	return r, err
}

// transcribePartial reads an utterance that may go on, and publishes what it holds so far.
func (s *Service) transcribePartial(ctx context.Context, a *attempt) error {
	if a.isEcho {
		return kit.Drop("echo")
	}
	ctx, ok := a.begin(kit.WithBaggage(ctx, "room", a.room))
	if !ok {
		return kit.Drop("outdated")
	}
	r, err := s.transcribe(ctx, a.utterance)
	defer func() { a.finish(r, err) }() // not before the partial is out: a final may wait for it
	text := removeNonSpeech(r.Text, a.voiced)
	switch {
	case ctx.Err() != nil:
		return kit.Drop("outdated")
	case err != nil:
		return err
	case text == "":
		return kit.Drop("no_words")
	case s.isUnsure(r, text, a.utterance):
		return kit.Drop("unsure")
	}
	if text = s.echoes.withoutEcho(a.room, text, s.lang(r), a.begun, time.Now()); text == "" {
		return kit.Drop("echo")
	}
	out := s.bus.Publish(ctx, contract.PartialTranscript{Text: text, Lang: s.lang(r), Confidence: r.Confidence, UttID: &a.id})
	if over, ok := a.likelihood(text, s.lang(r)); ok && over >= probablyOver && out == nil {
		out = s.bus.Publish(ctx, contract.ProbableTranscript{Text: text, Lang: s.lang(r), UttID: a.id, Over: over})
	}
	if errors.Is(out, kit.ErrOffline) {
		return kit.Drop("offline")
	}
	return out
}

// flushIdle ends the utterances of sources that fell silent without a word.
func (s *Service) flushIdle(ctx context.Context) error {
	var errs []error
	for _, e := range s.sources.silentSources() {
		e.mu.Lock()
		facts := e.speechEvents(e.segmenter.Flush())
		e.mu.Unlock()
		errs = append(errs, s.publishEvents(ctx, e, facts))
	}
	return errors.Join(errs...)
}

// publishEvents publishes the edges of speech and passes on what is to be read.
func (s *Service) publishEvents(ctx context.Context, e *audioSource, facts []speechEvent) error {
	ctx = kit.WithBaggage(ctx, "room", e.room)
	var errs []error
	for _, f := range facts {
		switch f.edge {
		case vad.Complete:
			s.waiting.Add(1)
			for _, u := range s.turns.push(f.utterance) {
				s.waiting.Add(-1)
				ctx := kit.WithBaggage(ctx, "room", u.room)
				errs = append(errs, s.drop(ctx, u, "engine_backlog"))
				s.publishDetail(ctx, u)
			}
			continue
		case vad.Rejected:
			if f.reason == ownVoiceReason {
				s.echoes.hears(e.room, time.Time{})
			}
			errs = append(errs, s.publishDropped(ctx, f.utterance, f.reason, nil))
			continue
		case vad.Started:
			s.turnAsker.prepare()
		case vad.Ended:
			s.offerReading(f)
			errs = append(errs, s.turnAsker.ask(f.early))
		case vad.Paused:
			s.offerReading(f)
			continue
		}
		typ := map[vad.Edge]string{
			vad.Started: contract.WakeEventSpeechStart, vad.Sustained: contract.WakeEventSpeechSustained, vad.Ended: contract.WakeEventSpeechEnd,
		}[f.edge]
		errs = append(errs, s.bus.Publish(ctx, contract.WakeEvent{Type: typ, Cause: new("vad"), Energy: &f.energy}))
	}
	return errors.Join(errs...)
}

// offerReading has an utterance read in a silence after which it may be over.
func (s *Service) offerReading(f speechEvent) {
	if s.cfg.Partials && f.fresh {
		s.offerPartial(f.early)
	}
}

// offerPartial has a read as soon as the engine is free, in place of one that waits.
func (s *Service) offerPartial(a *attempt) {
	for a != nil {
		select {
		case s.partials <- a:
			return
		default:
		}
		select {
		case <-s.partials:
		default:
		}
	}
}

func (s *Service) lang(r engine.Result) string {
	if r.Lang == "" {
		return s.cfg.Language()
	}
	return r.Lang
}

// isUnsure reports whether the recogniser is too unsure of what it understood. A word that
// stops the assistant counts all the same where its own voice is in the microphone, which
// makes recognisers unsure.
func (s *Service) isUnsure(r engine.Result, text string, u utterance) bool {
	if r.Confidence == nil || *r.Confidence >= s.cfg.MinConfidence {
		return false
	}
	return !s.echoes.isHeardIn(u.room, u.begun) || !interrupts(text, s.lang(r))
}

func (s *Service) noteResult(err error) {
	if err == nil {
		s.lastError.Store(nil)
		return
	}
	s.lastError.Store(&err)
}

// Healthy reports why the last utterance could not be read.
func (s *Service) Healthy(ctx context.Context) error {
	if err := s.lastError.Load(); err != nil {
		return *err
	}
	return errors.Join(failover.Ready(ctx, s.engine), s.wakeListener.health(), s.refusals.health())
}
