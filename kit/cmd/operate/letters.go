package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
)

// Letter is one message that could not be handled.
type Letter struct {
	ID      string // its last topic level
	Client  string // that failed
	Problem string // first line of the reason
	// Header has the reason in full, the handler, the topic, the id and the attempts, beside
	// what the message itself had.
	Header map[string]string

	topic string // where the broker keeps it
	d     *kit.Delivery
}

// Delivery is the letter as it came: its payload is that of the message.
func (l Letter) Delivery() *kit.Delivery { return l.d }

// Letters are the dead letters that the broker keeps. It is safe for concurrent use.
type Letters struct {
	system kit.Settings
	roster *roster
	bump   chan struct{}

	mu  sync.Mutex
	all map[string]Letter // by the topic where the broker keeps it
}

// NewLetters returns a collection that is filled by its handlers.
func NewLetters(system kit.Settings) *Letters {
	return &Letters{system: system, roster: newRoster(), bump: make(chan struct{}, 1), all: map[string]Letter{}}
}

// Handlers are to be declared by the bus that reads the letters.
func (o *Letters) Handlers() []kit.Handler {
	return append(o.roster.handlers(o.system), kit.Tap(o.system.Topic("dead", "+", "+"), o.take, kit.Name("letters"), kit.Queue(2048)))
}

// AwaitPause returns when no letter came for a moment, so that all that the broker keeps
// are here.
func (o *Letters) AwaitPause(ctx context.Context) { waitForPause(ctx, o.bump) }

// All are the letters, the oldest first.
func (o *Letters) All() []Letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.SortedFunc(maps.Values(o.all), func(a, b Letter) int {
		return cmp.Or(cmp.Compare(a.d.Sent.UnixNano(), b.d.Sent.UnixNano()), cmp.Compare(a.topic, b.topic))
	})
}

// asLines is a reason as it was: a letter cannot carry control characters, so the
// kit puts their pictures there.
func asLines(reason string) string {
	return strings.NewReplacer("␊", "\n", "␉", "\t", "␍", "").Replace(reason)
}

// take keeps a letter, or forgets the one that the broker does not keep any more.
func (o *Letters) take(_ context.Context, d *kit.Delivery) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer signal(o.bump)
	if len(d.Payload) == 0 && len(d.Header.User) == 0 {
		delete(o.all, d.Topic)
		return nil
	}
	levels := strings.Split(d.Topic, "/")
	l := Letter{ID: levels[len(levels)-1], Client: levels[len(levels)-2], Header: d.Header.User, topic: d.Topic, d: d}
	if reason, ok := l.Header["reason"]; ok {
		l.Header["reason"] = asLines(reason)
	}
	l.Problem, _, _ = strings.Cut(l.Header["reason"], "\n")
	o.all[d.Topic] = l
	return nil
}

// Replay gives the message as it was to the service that failed on it, and then
// forgets the letter. A service that is not there keeps its letters.
func (o *Letters) Replay(ctx context.Context, bus *kit.Bus, l Letter) error {
	o.roster.mu.Lock()
	health, known := o.roster.health[l.Client]
	_, introduced := o.roster.infos[l.Client]
	o.roster.mu.Unlock()
	switch {
	case l.Header["topic"] == "":
		return errors.New("it does not say its topic")
	case known && !health.OK && health.Event != nil && (*health.Event == healthLost || *health.Event == healthShutdown):
		return fmt.Errorf("%s is not running (%s): start it first", l.Client, *health.Event)
	case !known && !introduced:
		return fmt.Errorf("%s is not on the bus: start it first", l.Client)
	}
	header := msg.Header{ContentType: l.d.Header.ContentType, User: map[string]string{"topic": l.Header["topic"]}}
	for k, v := range l.Header {
		if !slices.Contains([]string{"reason", "handler", "topic", "id", "attempts"}, k) {
			header.User[k] = v
		}
	}
	for k, v := range l.d.Baggage {
		ctx = kit.WithBaggage(ctx, k, v)
	}
	if err := bus.PublishTo(ctx, o.system.Topic("replay", l.Client), "", rawPayload{l.d.Payload, header}, kit.ID(l.d.Trace)); err != nil {
		return err
	}
	return l.Drop(ctx, bus)
}

// Drop makes the broker forget the letter.
func (l Letter) Drop(ctx context.Context, bus *kit.Bus) error {
	return bus.PublishTo(ctx, l.topic, "", rawPayload{}, kit.Retain())
}
