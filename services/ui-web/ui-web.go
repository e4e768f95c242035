// Package uiweb serves the page: a transcript, a text box, a microphone and a
// loudspeaker for any browser that is let in.
package uiweb

import (
	"context"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
)

// Module is the ui-web service.
var Module = kit.Service[*Service]("ui-web", kit.As("ui-web", "ui-web"), kit.Env[Config](), fx.Provide(New, NewPages, OpenServer))

// Service passes what happens on the bus to the pages. What pages send goes the
// other way through the Server.
type Service struct {
	pages *Pages
}

// New returns a service for pages, which the server serves.
func New(pages *Pages, _ *Server) *Service { return &Service{pages: pages} }

// Handlers declares what is shown and what a page may cause. All arrivals share
// a lane, so that a page sees them in the order they came; none of them waits.
func (s *Service) Handlers() []kit.Handler {
	lane := []kit.Option{kit.Lane("pages"), kit.Queue(1024)}
	show := func(m msg.Message) kit.Handler { return kit.Tap(m.Route().Topic, s.show, lane...) }
	return []kit.Handler{
		show(contract.PartialTranscript{}), show(contract.FinalTranscript{}), show(contract.AudioFFT{}),
		show(contract.LLMStreamDelta{}), show(contract.LLMResponse{}),
		show(contract.TtsSay{}), show(contract.TtsStatus{}),
		show(contract.MemoryResults{}), show(contract.WakeEvent{}), show(contract.TurnRecord{}),
		kit.Tap(contract.HealthPing{}.Route().Topic, s.health, lane...),
		kit.On(s.speech, lane...),
		kit.OnConnect(s.up, lane...), kit.OnDisconnect(s.down, lane...),
		kit.Sends[contract.FinalTranscript](), kit.Sends[contract.MicAudio](),
		kit.Sends[contract.LLMCancel](), kit.Sends[contract.TtsControl](),
		kit.Asks[contract.MemoryQuery](),
	}
}

// show forwards a message as it is.
func (s *Service) show(_ context.Context, d *kit.Delivery) error {
	if len(d.Payload) > maxShown {
		return kit.Drop("too_large_to_show")
	}
	f := textFrame(d.Topic, d.Payload, d.Baggage["room"])
	if len(f.data) > maxShown { // escapes make it longer
		return kit.Drop("too_large_to_show")
	}
	return missed(s.pages.Show(f))
}

// health forwards and keeps it, for pages that come later.
func (s *Service) health(_ context.Context, d *kit.Delivery) error {
	if len(d.Payload) > maxReport {
		return kit.Drop("too_large_to_show")
	}
	return missed(s.pages.Health(d.Topic, d.Payload))
}

// speech goes to the page it is for.
func (s *Service) speech(_ context.Context, a contract.SpeakerAudio) error {
	if len(a.PCM) > maxShown {
		return kit.Drop("too_large_to_show")
	}
	f, err := speechFrame(a)
	if err != nil {
		return err
	}
	return missed(s.pages.Play(a.Sink, f))
}

// missed counts a message for which a slow page lost something.
func missed(lost int) error {
	if lost > 0 {
		return kit.Drop("page_too_slow")
	}
	return nil
}

// up says of this service itself that it is there: the bus does not send a
// service its own health.
func (s *Service) up(context.Context) error {
	s.pages.Linked(contract.HealthPing{OK: true, Event: new(contract.HealthReady)})
	return nil
}

// down says that whatever else is on the board is not known to be true.
func (s *Service) down(context.Context) error {
	s.pages.Linked(contract.HealthPing{Event: new(contract.HealthLost), Err: new("no link to the broker")})
	return nil
}
