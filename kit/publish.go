package kit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/backoff"
	"github.com/gotars/tars/kit/internal/session"
	"github.com/gotars/tars/kit/msg"
)

// resendEvery is how often a message is sent again that nobody got because the
// broker has forgotten who subscribes.
const resendEvery = 20 * time.Millisecond

// Publish sends m on its own route. It returns when the broker has accepted m
// (AtLeastOnce), or when it is written (AtMostOnce). While the link is down an
// AtLeastOnce m waits until ctx ends, an AtMostOnce one fails at once with
// [ErrOffline]. After a broker came back without its memory an AtLeastOnce m that
// is not retained waits until somebody subscribes to it, where the broker tells,
// for at most twice MQTT_RECONNECT_MAX_DELAY. After an error of ctx the message
// may still arrive.
func (b *Bus) Publish(ctx context.Context, m msg.Message, opts ...PublishOption) error {
	if err := b.checkDeclared(m); err != nil && b.dispatch.undeclared.first(err.Error()) {
		b.log.WarnContext(ctx, "publishes what it does not declare", "err", err)
	}
	return b.publishMessage(ctx, m, opts...)
}

// PublishTo sends data on a topic known only at run time, for tools and
// bridges: AtLeastOnce, not retained, enveloped. typ is the event type; empty,
// it is the topic with dots.
func (b *Bus) PublishTo(ctx context.Context, to, typ string, data any, opts ...PublishOption) error {
	return b.publishPayload(ctx, msg.Route{Topic: to, Type: typ, QoS: msg.AtLeastOnce}, to, data, opts...)
}

// publishMessage publishes m on the topic of its route, with its key in the place of "+".
func (b *Bus) publishMessage(ctx context.Context, m msg.Message, opts ...PublishOption) error {
	r := m.Route()
	to := r.Topic
	if k, ok := m.(msg.Keyed); ok {
		if k.Key() == "" || strings.ContainsAny(k.Key(), "/+#") {
			return fmt.Errorf("publish %T: key %q is not one topic level", m, k.Key())
		}
		if err := checkText(k.Key()); err != nil {
			return fmt.Errorf("publish %T: key %.40q %w", m, k.Key(), err)
		}
		to = strings.Replace(to, "+", k.Key(), 1)
	}
	return b.publishPayload(ctx, r, to, m, opts...)
}

// publishPayload builds the packet of a payload, publishes it and counts it. Everything
// goes out this way, but dead letters, which are packets already.
func (b *Bus) publishPayload(ctx context.Context, r msg.Route, to string, v any, opts ...PublishOption) error {
	o := applyOptions(r, opts)
	r.QoS, r.Type = o.qos, eventType(r)
	ctx, ended := b.observePublish(ctx, to)
	p, err := b.newPublish(ctx, r, to, v, o)
	if err == nil {
		err = b.publishPacket(ctx, p)
	}
	if errors.Is(err, ErrNobody) && o.errorTo == "" { // only an Ask needs somebody at the other end
		err = nil
	}
	ended(err)
	if err != nil {
		return fmt.Errorf("publish %s: %w", cleanText(to, maxTrace), err)
	}
	b.sent.count(r.Type)
	return nil
}

// publishPacket publishes a packet on the first connection. ErrNobody means that it went out and
// that nobody subscribes to it.
func (b *Bus) publishPacket(ctx context.Context, p *paho.Publish) error {
	if err := b.validatePublish(p); err != nil {
		return err
	}
	first := b.conns.all[0]
	if first.cm == nil {
		return ErrOffline
	}
	if p.QoS > 0 {
		b.sent.inFlight.Add(1)
		defer b.sent.publicationEnded(time.Now())
		return first.publishUntilAcked(ctx, p)
	}
	_, err := first.cm.Publish(ctx, p)
	if err != nil && !errors.Is(err, paho.ErrInvalidArguments) && ctx.Err() == nil {
		b.sent.lost.Add(1)
		return ErrOffline
	}
	return err
}

// publishUntilAcked sends p until the broker has it. Every other error of paho means that
// the link went away, before or after p was sent, so p may arrive twice.
//
// A broker that was killed has lost the subscriptions of all clients. So after the
// session was lost p is sent again while the PUBACK says 0x10, no matching
// subscribers, for at most 5 s or twice MQTT_RECONNECT_MAX_DELAY, whichever is
// longer: subscribers wait for at most that delay before they connect again, and
// get as much again for connecting on a busy machine. What an outage holds up
// goes out in the order of the calls.
func (c *connection) publishUntilAcked(ctx context.Context, p *paho.Publish) error {
	turn := c.session.Begin()
	defer turn.End()
	for {
		if err := turn.Await(ctx, c.cm.AwaitConnection); err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		r, err := c.cm.Publish(c.session.Bind(ctx, &turn), p)
		switch {
		case err == nil && (r.ReasonCode != packets.PubackNoMatchingSubscribers || p.Retain):
			return nil
		case err == nil && !c.session.LostWithin(max(backoff.StableAfter, 2*c.b.cfg.ReconnectMaxDelay)):
			return ErrNobody
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, session.ErrClosesLink):
			return c.b.reportGivenUp(ctx, p, err)
		case r != nil && r.ReasonCode == session.ReasonWithdrawn:
			turn.Detach() // it is published again, and held back
		case r != nil && r.ReasonCode >= 0x80:
			return fmt.Errorf("refused by the broker: reason 0x%02X", r.ReasonCode)
		case errors.Is(err, paho.ErrInvalidArguments):
			return err
		}
		wait := reconnectPoll
		if err == nil {
			wait = resendEvery
		} else if turn.MarkUnsent(); !errors.Is(err, autopaho.ConnectionDownError) {
			c.b.log.DebugContext(ctx, "publishing again", "topic", p.Topic, "err", err)
		}
		select { // the client notices a dead link a moment after its writers
		case <-time.After(wait):
		case <-c.cm.Done(): // the bus is stopping
			return ErrOffline
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
