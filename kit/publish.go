package kit

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/topic"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// PublishOption tunes one publication.
type PublishOption func(*publication)

type publication struct {
	id           string
	qos          *msg.QoS
	retain, bare bool
	errorTo      string
	correlation  []byte
}

// ID sets the envelope id; by default it is fresh. Chains start with the
// message_id of what began them.
func ID(id string) PublishOption { return func(p *publication) { p.id = id } }

// AtQoS sets the delivery promise of a PublishTo.
func AtQoS(q msg.QoS) PublishOption { return func(p *publication) { p.qos = &q } }

// Retain makes the broker keep what PublishTo sends, for late joiners.
func Retain() PublishOption { return func(p *publication) { p.retain = true } }

// Bare makes PublishTo send data without an envelope.
func Bare() PublishOption { return func(p *publication) { p.bare = true } }

// Publish sends m on its own route. It returns when the broker has accepted m
// (AtLeastOnce), or when it is written (AtMostOnce). While the link is down an
// AtLeastOnce m waits until ctx ends, an AtMostOnce one fails at once with
// ErrOffline. After an error of ctx the message may still arrive.
func (b *Bus) Publish(ctx context.Context, m msg.Message, opts ...PublishOption) error {
	if err := b.allowed(m); err != nil {
		b.mu.Lock()
		again := b.warned[reflect.TypeOf(m)]
		b.warned[reflect.TypeOf(m)] = true
		b.mu.Unlock()
		if !again {
			b.log.WarnContext(ctx, "publishes what it does not declare", "err", err)
		}
	}
	return b.send(ctx, m, opts...)
}

// allowed is an error when m is not declared, and tells the test so.
func (b *Bus) allowed(m msg.Message) error {
	if b.seam.Loose || b.declared[reflect.TypeOf(m)] {
		return nil
	}
	err := fmt.Errorf("%T: %w", m, ErrUndeclared)
	if b.seam.Undeclared != nil {
		b.seam.Undeclared(fmt.Errorf("%s: %w", b.name, err))
	}
	return err
}

// PublishTo sends data on a topic known only at run time, for tools and
// bridges: AtLeastOnce, not retained, enveloped. typ is the event type; empty,
// it is the topic with dots.
func (b *Bus) PublishTo(ctx context.Context, to, typ string, data any, opts ...PublishOption) error {
	return b.put(ctx, msg.Route{Topic: to, Type: typ, QoS: msg.AtLeastOnce}, to, data, opts...)
}

func (b *Bus) send(ctx context.Context, m msg.Message, opts ...PublishOption) error {
	r := m.Route()
	to := r.Topic
	if k, ok := m.(msg.Keyed); ok {
		if k.Key() == "" || strings.ContainsAny(k.Key(), "/+#") {
			return fmt.Errorf("publish %T: key %q is not one topic level", m, k.Key())
		}
		to = strings.Replace(to, "+", k.Key(), 1)
	}
	return b.put(ctx, r, to, m, opts...)
}

// put is the way out of everything.
func (b *Bus) put(ctx context.Context, r msg.Route, to string, v any, opts ...PublishOption) error {
	o := publication{bare: r.Bare, retain: r.Retain}
	for _, set := range opts {
		set(&o)
	}
	if o.id == "" {
		o.id = wire.NewID()
	}
	if o.qos != nil {
		r.QoS = *o.qos
	}
	p, err := b.packet(ctx, r, to, v, o)
	if err != nil {
		return fmt.Errorf("publish %s: %w", to, err)
	}
	if r.QoS == msg.AtMostOnce {
		err = b.once(ctx, p)
	} else {
		err = b.insist(ctx, p)
	}
	if err != nil {
		return fmt.Errorf("publish %s: %w", to, err)
	}
	return nil
}

// packet is v with everything that travels beside it.
func (b *Bus) packet(ctx context.Context, r msg.Route, to string, v any, o publication) (_ *paho.Publish, err error) {
	if !topic.Valid(to) {
		return nil, errors.New("not a topic to publish to")
	}
	if r.QoS > msg.AtLeastOnce {
		return nil, errors.New("QoS 2 is not sent: paho 0.23 may write to a closed connection when a link drops inside its handshake")
	}
	props := &paho.PublishProperties{ContentType: "application/json", CorrelationData: o.correlation}
	p := &paho.Publish{Topic: to, QoS: byte(r.QoS), Retain: o.retain, Properties: props}
	if m, ok := v.(encoding.BinaryMarshaler); ok {
		p.Payload, err = m.MarshalBinary()
		props.ContentType = "application/octet-stream"
	} else if o.bare {
		p.Payload, err = wire.Encode(nil, v)
	} else {
		p.Payload, err = wire.Seal(nil, wire.Envelope{ID: o.id, Type: typeOf(r), Source: b.id.source}, v)
	}
	if err != nil {
		return nil, err
	}
	if h, ok := v.(msg.Headed); ok {
		x := h.Header()
		props.ContentType = x.ContentType
		for k, s := range x.User {
			props.User.Add(k, s)
		}
	}
	if s := uint32(r.Expiry / time.Second); s > 0 {
		props.MessageExpiry = &s
	}
	in := From(ctx)
	trace := in.Trace
	if trace == "" {
		trace = o.id
	}
	if !fits(trace) { // it may be the id of a foreign message
		trace = wire.NewID()
	}
	props.User.Add("trace", trace)
	for k, s := range in.Baggage {
		props.User.Add("baggage", url.QueryEscape(k)+"="+url.QueryEscape(s))
	}
	if o.errorTo != "" {
		props.User.Add("error_to", o.errorTo)
	}
	return p, b.travels(p)
}

// travels reports why p cannot be sent. The broker would close the link, and
// paho would send p again on the next one, for ever.
func (b *Bus) travels(p *paho.Publish) error {
	n := len(p.Payload) + len(p.Topic) + len(p.Properties.ContentType) + len(p.Properties.CorrelationData) + packetExtra
	for _, u := range p.Properties.User {
		if !fits(u.Key) || !fits(u.Value) {
			return fmt.Errorf("user property %q holds what MQTT cannot carry", u.Key)
		}
		n += len(u.Key) + len(u.Value) + 5
	}
	if !fits(p.Topic) || !fits(p.Properties.ContentType) {
		return errors.New("topic or content type hold what MQTT cannot carry")
	}
	if n > int(b.cfg.MaxPacket) {
		return fmt.Errorf("%d bytes are more than MQTT_MAX_PACKET allows (%d)", n, b.cfg.MaxPacket)
	}
	if limit := b.brokerLimit.Load(); limit > 0 && n > int(limit) {
		return fmt.Errorf("%d bytes are more than the broker takes (%d)", n, limit)
	}
	return nil
}

// packetExtra is the most that a PUBLISH needs beside its topic, properties and
// payload.
const packetExtra = 32

// fits reports whether s is a string for MQTT: at most 65535 bytes of UTF-8
// without NUL.
func fits(s string) bool {
	return len(s) <= 65535 && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// once writes p, or fails.
func (b *Bus) once(ctx context.Context, p *paho.Publish) error {
	if b.cm == nil {
		return ErrOffline
	}
	_, err := b.cm.Publish(ctx, p)
	if err != nil && !errors.Is(err, paho.ErrInvalidArguments) && ctx.Err() == nil {
		return ErrOffline
	}
	return err
}

// insist sends p until the broker has it. Every other error of paho means that
// the link went away, before or after p was sent, so p may arrive twice.
func (b *Bus) insist(ctx context.Context, p *paho.Publish) error {
	if b.cm == nil {
		return ErrOffline
	}
	for {
		if err := b.cm.AwaitConnection(ctx); err != nil {
			return cmpCause(ctx, err)
		}
		r, err := b.cm.Publish(ctx, p)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case r != nil && r.ReasonCode >= 0x80:
			return fmt.Errorf("refused by the broker: reason 0x%02X", r.ReasonCode)
		case errors.Is(err, paho.ErrInvalidArguments):
			return err
		}
		if !errors.Is(err, autopaho.ConnectionDownError) {
			b.log.DebugContext(ctx, "publishing again", "topic", p.Topic, "err", err)
		}
		select { // the client notices a dead link a moment after its writers
		case <-time.After(ackEvery):
		case <-b.cm.Done(): // the bus is stopping
			return ErrOffline
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// cmpCause is why ctx ended, or err when it did not.
func cmpCause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func typeOf(r msg.Route) string {
	if r.Type != "" {
		return r.Type
	}
	return strings.ReplaceAll(r.Topic, "/", ".")
}

// NewID returns a fresh id as envelopes carry it: 32 hex digits.
func NewID() string { return wire.NewID() }
