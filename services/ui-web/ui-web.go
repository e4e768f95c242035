// Package uiweb serves the page: a transcript, a text box, a microphone and a
// loudspeaker for any browser that is let in.
package uiweb

import (
	"context"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
)

// Module is the ui-web service.
var Module = kit.Service[*Service]("ui-web", kit.As(kit.Identity{ClientID: "ui-web", Source: "ui-web"}), kit.Env[Config](), fx.Provide(New, openPages, NewHouse, NoEngines, OpenServer))

// Service passes what happens on the bus to the pages. What pages send goes through
// [Server] to the bus.
type Service struct {
	pages *Pages
}

// New returns a service for pages, which the server serves.
func New(pages *Pages, _ *Server) *Service { return &Service{pages: pages} }

// Handlers declares what is shown and what a page may cause. All arrivals share a
// lane, so that a page sees them in the order in which they came; no handler waits
// for a page.
func (s *Service) Handlers() []kit.Handler {
	lane := []kit.Option{kit.Lane("pages"), kit.Queue(1024)}
	show := func(m msg.Message) kit.Handler { return kit.Tap(m.Route().Topic, s.show, lane...) }
	return s.keepers([]kit.Handler{
		show(contract.PartialTranscript{}), show(contract.FinalTranscript{}), show(contract.AudioFFT{}),
		show(contract.LLMStreamDelta{}), show(contract.LLMProgress{}), kit.Tap(contract.LLMResponse{}.Route().Topic, s.answered, lane...),
		show(contract.ToolCallRequest{}), show(contract.ToolCallResult{}),
		show(contract.TtsSay{}), show(contract.TtsStatus{}), show(contract.SpeechDuck{}), show(contract.SpeechHeard{}), show(contract.SpeechDropped{}),
		show(contract.MemoryResults{}), show(contract.WakeEvent{}), show(contract.TurnRecord{}),
		kit.Tap(contract.HealthPing{}.Route().Topic, s.health, lane...),
		kit.Tap(contract.EngineInUse{}.Route().Topic, s.health, lane...),
		kit.Tap(contract.TimerState{}.Route().Topic, s.state, lane...),
		kit.Tap(contract.CharacterSnapshot{}.Route().Topic, s.state, lane...),
		kit.Tap(contract.ToolsRegistry{}.Route().Topic, s.state, lane...),
		kit.On(s.speech, lane...),
		kit.OnConnect(s.up, lane...), kit.OnDisconnect(s.down, lane...),
		kit.Sends[contract.FinalTranscript](), kit.Sends[contract.MicAudio](),
		kit.Sends[contract.LLMCancel](), kit.Sends[contract.TtsControl](), kit.Sends[contract.CharacterUpdate](), kit.Sends[contract.TtsSay](), kit.Sends[contract.RoomVoice](),
		kit.ReadsBeside("system/info/+", "system/stats/+", contract.MicAudio{}.Route().Topic), kit.WritesBeside("system/stats/get"), // while somebody looks at the house
		kit.Asks[contract.MemoryQuery](), kit.Asks[contract.MemoryList](), kit.Asks[contract.MemoryForget](), kit.Asks[contract.TimerCommand](), kit.Asks[contract.ToolSwitch](),
	}, lane)
}

// show sends a message to all pages as it is.
func (s *Service) show(_ context.Context, d *kit.Delivery) error {
	if len(d.Payload) > maxShownBytes {
		return kit.Drop("too_large_to_show")
	}
	s.pages.turns.Take(d, time.Now())
	f := textFrame(d.Topic, d.Payload, d.Baggage["room"])
	if len(f.data) > maxShownBytes { // escapes make it longer
		return kit.Drop("too_large_to_show")
	}
	return dropIfLost(s.pages.Show(f))
}

// health sends a message about a service to all pages, its health or the engine that it
// takes, and keeps it for those that come later.
func (s *Service) health(_ context.Context, d *kit.Delivery) error {
	if len(d.Payload) > maxHealthBytes {
		return kit.Drop("too_large_to_show")
	}
	s.pages.turns.Take(d, time.Now())
	return dropIfLost(s.pages.Health(d.Topic, d.Payload))
}

// state sends the state of something that is one for the whole house to all pages, and
// keeps it for those that come later.
func (s *Service) state(_ context.Context, d *kit.Delivery) error {
	if len(d.Payload) > maxShownBytes {
		return kit.Drop("too_large_to_show")
	}
	return dropIfLost(s.pages.State(d.Topic, d.Payload))
}

// speech sends audio to the page that is its sink.
func (s *Service) speech(_ context.Context, a contract.SpeakerAudio) error {
	if len(a.PCM) > maxShownBytes {
		return kit.Drop("too_large_to_show")
	}
	f, err := speechFrame(a)
	if err != nil {
		return err
	}
	return dropIfLost(s.pages.Play(a.Sink, f))
}

// dropIfLost counts the message as dropped when slow pages lost frames by it.
func dropIfLost(lost int) error {
	if lost > 0 {
		return kit.Drop("page_too_slow")
	}
	return nil
}

// up tells the pages that this service is ready: a service does not receive its own
// health from the bus.
func (s *Service) up(context.Context) error {
	s.pages.Linked(contract.HealthPing{OK: true, Event: new(contract.HealthReady)})
	return nil
}

// down tells the pages that there is no link to the broker, so that the health of
// all others is not known.
func (s *Service) down(context.Context) error {
	s.pages.Linked(contract.HealthPing{Event: new(contract.HealthLost), Err: new("no link to the broker")})
	return nil
}
