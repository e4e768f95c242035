package kit

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// healthTimeout bounds one health message and its copies: on a dead link the next
// "reconnected" says it anyway.
const healthTimeout = 2 * time.Second

// status owns what others are told about the service. The fields that change are
// safe by themselves; publishing lets one health message go out after the other,
// so that what the broker keeps is the last one.
type status struct {
	instance    string // fresh for each process
	started     time.Time
	checkHealth func(context.Context) error // the service's own Healthy; nil without one

	last       atomic.Pointer[healthState]
	lastID     atomic.Value  // string: message id of the last health
	publishing chan struct{} // capacity 1
	stopping   atomic.Bool   // from now on no health but shutdown is published
}

func newStatus() status {
	return status{instance: wire.NewID(), started: time.Now(), publishing: make(chan struct{}, 1)}
}

// healthMessage is the retained health of a service on the wire; nil fields are left out.
type healthMessage struct {
	msg.Ident
	OK        bool    `json:"ok" msg:"required"`
	Event     *string `json:"event,omitempty"`
	Err       *string `json:"err,omitempty"`
	Timestamp float64 `json:"timestamp" msg:"now"`
}

// healthAliasMessage is the copy of it for an alias, where nil fields are nulls.
type healthAliasMessage struct {
	msg.Ident
	OK        bool    `json:"ok" msg:"required"`
	Event     *string `json:"event"`
	Err       *string `json:"err"`
	Timestamp float64 `json:"timestamp" msg:"now"`
}

// healthState is what a health message says, before it has an id and a time.
type healthState struct {
	ok    bool
	event string // ready reconnected degraded error shutdown lost
	err   string
}

// message is the health message that says s.
func (s healthState) message() healthMessage {
	h := healthMessage{OK: s.ok, Event: &s.event}
	if s.err != "" {
		h.Err = &s.err
	}
	return h
}

// publishHealth publishes the health of the service, and its copies.
func (b *Bus) publishHealth(ctx context.Context, m healthState) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	select { // no mutex: this waits for the broker meanwhile
	case b.status.publishing <- struct{}{}:
		defer func() { <-b.status.publishing }()
	case <-ctx.Done():
		return
	}
	if b.status.stopping.Load() && m.event != "shutdown" {
		return
	}
	m.err = b.errorText(m.err)
	b.status.last.Store(&m)
	if b.tool || !b.cfg.EnableHealth {
		return
	}
	h := m.message()
	h.MessageID = wire.NewID()
	b.status.lastID.Store(h.MessageID)
	b.forEachHealthTopic(h, func(to, typ string, v any) { b.publishRetained(ctx, to, typ, v) })
}

// forEachHealthTopic calls publish with h and the service's own topic and type, and with
// the copy for each alias.
func (b *Bus) forEachHealthTopic(h healthMessage, publish func(to, typ string, v any)) {
	publish(b.ownTopic("health"), "health.status", h)
	for _, alias := range b.id.Aliases {
		publish(b.cfg.Topic("health", alias), "system.health."+alias, healthAliasMessage(h))
	}
}

// publishRetained publishes what the broker is to keep about the service.
func (b *Bus) publishRetained(ctx context.Context, to, typ string, v any) {
	err := b.publishPayload(ctx, msg.Route{Topic: to, Type: typ, QoS: msg.AtLeastOnce, Retain: true}, to, v)
	if err != nil && b.life.feedCtx.Err() == nil {
		b.log.Warn("state not published", "topic", to, "err", err)
	}
}

// will is what the broker says when this process is gone without a goodbye.
func (b *Bus) will() (*paho.WillMessage, *paho.WillProperties, error) {
	lost := healthState{event: "lost"}.message()
	payload, err := wire.Seal(nil, wire.Envelope{ID: wire.NewID(), Type: "health.status", Source: b.id.Source}, lost)
	var props paho.WillProperties
	b.markSender(b.ownTopic("health"), &props.User)
	return &paho.WillMessage{Topic: b.ownTopic("health"), Payload: payload, QoS: byte(msg.AtLeastOnce), Retain: true}, &props, err
}

// heartbeat is what a service says regularly, so that others see it live.
type heartbeat struct {
	OK        bool    `json:"ok"`
	Event     string  `json:"event"`
	Timestamp float64 `json:"timestamp" msg:"now"`
}

// maxMissedHeartbeats is how many heartbeats in a row may stay unanswered.
const maxMissedHeartbeats = 3

// runHeartbeat publishes heartbeats. A write proves nothing on a link whose other end
// is gone, so with each goes a question on every connection that every broker
// answers and that changes nothing: the end of a subscription that never was.
// Three without an answer break the link, and the client connects again.
func (b *Bus) runHeartbeat(ctx context.Context) {
	t := time.NewTicker(b.cfg.HeartbeatInterval)
	defer t.Stop()
	to := b.ownTopic("keepalive")
	misses := make([]int, len(b.conns.all))
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		if !b.conns.linked.Load() {
			clear(misses)
			continue
		}
		short, cancel := context.WithTimeout(ctx, b.cfg.HeartbeatInterval)
		said := b.publishPayload(short, msg.Route{Topic: to, Bare: true}, to, heartbeat{OK: true, Event: "heartbeat"})
		var all sync.WaitGroup
		for i, c := range b.conns.all {
			all.Go(func() {
				_, err := c.cm.Unsubscribe(short, &paho.Unsubscribe{Topics: []string{to}})
				if misses[i]++; err == nil && (said == nil || i > 0) {
					misses[i] = 0
				}
				if misses[i] >= maxMissedHeartbeats && ctx.Err() == nil {
					b.log.Warn("heartbeats unanswered, connecting again", "client", c.clientID, "misses", misses[i])
					_ = (*c.socket.Load()).Close()
					misses[i] = 0
				}
			})
		}
		all.Wait()
		cancel()
	}
}
