package kit

import (
	"bytes"
	"cmp"
	"context"
	"encoding"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/codec"
	"github.com/gotars/tars/kit/internal/topic"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// Meta is what is known about a message beside its payload.
type Meta struct {
	ID       string            // envelope id; the message_id of a bare one
	Trace    string            // id of the message that began the chain
	Type     string            // event type as sent
	Source   string            // publishing service, empty when bare
	Topic    string            //
	Key      string            // the text matched by "+"
	Sent     time.Time         // by the sender's clock
	Attempt  int               // 1 on the first delivery, more for a redelivery and for each retry
	Retained bool              // a replay of state, not an event
	Cleared  bool              // an empty payload: retained state is gone; only with TakesCleared
	Baggage  map[string]string // what WithBaggage added along the chain; read only

	Traceparent string // W3C trace context of the sender, or of the run that has this context; often empty
}

// Delivery is one arrival. Value is nil under [Tap]. Payload and Data point into
// the packet and may be kept.
type Delivery struct {
	Meta
	QoS     msg.QoS
	Payload []byte     // the whole packet's payload
	Data    []byte     // the payload inside the envelope; Payload when bare
	Header  msg.Header // content type and user properties
	Value   msg.Message

	bus     *Bus
	props   *paho.PublishProperties
	errorTo string // where the asker wants to hear of a failure
	sender  string // the senderMark of who sent it, where that may be this service itself
}

// metaKey is the key under which a context holds a *Meta, which does not change.
type metaKey struct{}

// From returns the metadata of the message being handled, and of a context made
// by [WithBaggage]; else the zero [Meta].
func From(ctx context.Context) Meta {
	if m, ok := ctx.Value(metaKey{}).(*Meta); ok {
		return *m
	}
	return Meta{}
}

// WithBaggage adds a small key that follows the chain, such as the room that
// asked. It is a hint: a foreign service in the chain drops it, and a timer has
// no message to inherit from.
func WithBaggage(ctx context.Context, key, value string) context.Context {
	m := From(ctx)
	b := make(map[string]string, len(m.Baggage)+1)
	maps.Copy(b, m.Baggage)
	b[key] = value
	m.Baggage = b
	return context.WithValue(ctx, metaKey{}, &m)
}

const (
	maxTrace   = 256 // bytes of an inherited trace
	maxBaggage = 16  // inherited pairs, of at most maxTrace bytes each
)

// newDelivery makes the Delivery of a packet: envelope and properties are read, and the
// payload is not decoded yet.
func (b *Bus) newDelivery(p *paho.Publish) *Delivery {
	d := &Delivery{bus: b, props: p.Properties, Payload: p.Payload, Data: p.Payload, QoS: msg.QoS(p.QoS),
		Meta: Meta{Topic: p.Topic, Retained: p.Retain, Attempt: 1}}
	if p.Duplicate() {
		d.Attempt = 2
	}
	if e, err := wire.Open(p.Payload); err == nil {
		d.ID, d.Type, d.Source, d.Data = e.ID, e.Type, e.Source, e.Data
		if !e.Bare { // which says nothing of its time
			d.Sent = time.UnixMicro(int64(e.TS * 1e6))
		}
	}
	if d.props != nil {
		d.Header.ContentType = d.props.ContentType
		for _, u := range d.props.User {
			d.readUserProperty(u.Key, u.Value)
		}
	}
	d.Trace = cmp.Or(d.Trace, d.ID)
	if len(d.Trace) > maxTrace || !validText(d.Trace) { // it goes along the chain, so it must be able to
		d.Trace = wire.NewID()
	}
	return d
}

// readUserProperty notes one user property: one of the kit's own, or one of the header
// that belongs to the payload.
func (d *Delivery) readUserProperty(key, value string) {
	switch key {
	case "trace":
		d.Trace = value
	case "traceparent":
		if len(value) <= maxTrace && validText(value) { // it goes along the chain, so it must be able to
			d.Traceparent = value
		}
	case "error_to":
		d.errorTo = value
	case senderKey:
		d.sender = value
	case "baggage":
		if k, v, ok := strings.Cut(value, "="); ok {
			d.addBaggage(unescapeBaggage(k), unescapeBaggage(v))
		}
	default:
		if d.Header.User == nil {
			d.Header.User = map[string]string{}
		}
		d.Header.User[key] = value
	}
}

// addBaggage takes one pair of baggage. What comes after maxBaggage pairs, or is
// longer than maxTrace bytes, is dropped without a word: baggage is a hint.
func (d *Delivery) addBaggage(k, v string) {
	if len(d.Baggage) >= maxBaggage || len(k)+len(v) > maxTrace {
		return
	}
	if d.Baggage == nil {
		d.Baggage = map[string]string{}
	}
	d.Baggage[k] = v
}

// unescapeBaggage undoes the escaping of a key or value. What foreign clients send without
// escaping is taken as it is.
func unescapeBaggage(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// reply publishes m as the answer to d, also to the response topic that a
// foreign client named.
func (d *Delivery) reply(ctx context.Context, m msg.Message) error {
	if err := d.bus.publishMessage(ctx, m, ID(d.ID)); err != nil {
		return err
	}
	r := m.Route()
	if d.props == nil || checkTopic(d.props.ResponseTopic) != nil || d.props.ResponseTopic == r.Topic {
		return nil
	}
	err := d.bus.publishPayload(ctx, msg.Route{Topic: r.Topic, Type: r.Type, QoS: msg.AtLeastOnce, Bare: r.Bare}, d.props.ResponseTopic, m,
		ID(d.ID), func(p *publication) { p.correlation = d.props.CorrelationData })
	if err != nil { // the answer is out: what a stranger asked for in vain is no failure
		d.bus.log.WarnContext(ctx, "no answer to a response topic", "err", err)
	}
	return nil
}

// replyError tells the asker alone why there is no answer, if it named a topic for that.
func (d *Delivery) replyError(ctx context.Context, e *Error) error {
	if checkTopic(d.errorTo) != nil || !strings.HasPrefix(d.errorTo, d.bus.cfg.Topic("error", "")) {
		return nil
	}
	return d.bus.PublishTo(ctx, d.errorTo, "system.error", errorReply{ID: d.ID, Code: string(e.Code), Message: e.Message}, Bare())
}

// PublishOption tunes one publication.
type PublishOption func(*publication)

// publication is how one payload is published: the route's own settings, changed by
// PublishOptions.
type publication struct {
	id           string
	qos          msg.QoS
	retain, bare bool
	errorTo      string
	correlation  []byte
}

// ID sets the envelope id; by default it is fresh. Chains start with the
// message_id of what began them.
func ID(id string) PublishOption { return func(p *publication) { p.id = id } }

// AtQoS sets the delivery promise of a [Bus.PublishTo], or another than the route
// has of a [Bus.Publish].
func AtQoS(q msg.QoS) PublishOption { return func(p *publication) { p.qos = q } }

// Retain makes the broker keep what [Bus.PublishTo] or [Bus.Publish] sends, for
// late joiners.
func Retain() PublishOption { return func(p *publication) { p.retain = true } }

// Bare makes [Bus.PublishTo] or [Bus.Publish] send data without an envelope.
func Bare() PublishOption { return func(p *publication) { p.bare = true } }

// applyOptions returns the publication that r and the options ask for.
func applyOptions(r msg.Route, opts []PublishOption) publication {
	p := publication{qos: r.QoS, bare: r.Bare, retain: r.Retain}
	if len(opts) > 0 {
		x := p // so that p needs no memory of its own
		for _, set := range opts {
			set(&x)
		}
		p = x
	}
	if p.id == "" {
		p.id = wire.NewID()
	}
	return p
}

// newPublish makes the packet of v, with its envelope and the properties that travel
// beside it. JSON has no content type, because everybody expects JSON.
func (b *Bus) newPublish(ctx context.Context, r msg.Route, to string, v any, o publication) (_ *paho.Publish, err error) {
	props := &paho.PublishProperties{CorrelationData: o.correlation}
	p := &paho.Publish{Topic: to, QoS: byte(r.QoS), Retain: o.retain, Properties: props}
	if m, ok := v.(encoding.BinaryMarshaler); ok {
		o.bare = true
		props.ContentType = "application/octet-stream"
		if p.Payload, err = m.MarshalBinary(); r.QoS > msg.AtMostOnce {
			p.Payload = bytes.Clone(p.Payload) // the session keeps it, and it may be the caller's
		}
	} else if o.bare {
		p.Payload, err = wire.Encode(nil, v)
	} else {
		p.Payload, err = wire.Seal(nil, wire.Envelope{ID: o.id, Type: r.Type, Source: b.id.Source}, v)
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
	if s := wholeSeconds(r.Expiry); s > 0 {
		props.MessageExpiry = &s
	}
	b.markSender(to, &props.User)
	b.propagate(From(ctx), props, o)
	return p, nil
}

// wholeSeconds is a time as MQTT counts it, rounded up: the message that should
// live the shortest must not live for ever.
func wholeSeconds(d time.Duration) uint32 {
	return uint32(min(math.MaxUint32, (d+time.Second-1)/time.Second))
}

// propagate adds the properties that follow a chain of messages: trace and baggage of the
// message being handled, and where its answerer reports a failure. The trace that begins with an envelope is
// its id.
func (b *Bus) propagate(in Meta, props *paho.PublishProperties, o publication) {
	trace := cmp.Or(in.Trace, o.id)
	if !validText(trace) { // it may be the id of a foreign message
		trace = wire.NewID()
	}
	if o.bare || trace != o.id {
		props.User.Add("trace", trace)
	}
	if in.Traceparent != "" && validText(in.Traceparent) {
		props.User.Add("traceparent", in.Traceparent)
	}
	for k, s := range in.Baggage {
		props.User.Add("baggage", url.QueryEscape(k)+"="+url.QueryEscape(s))
	}
	if o.errorTo != "" {
		props.User.Add("error_to", o.errorTo)
	}
}

// packetExtra is the most that a PUBLISH needs beside its topic, properties and
// payload.
const packetExtra = 32

// validatePublish reports why p cannot be sent. The broker would close the link, and
// paho would send p again on the next one, for ever.
func (b *Bus) validatePublish(p *paho.Publish) error {
	if p.QoS > byte(msg.AtLeastOnce) {
		return errors.New("QoS 2 is not sent: paho 0.23 may write to a closed connection when a link drops inside its handshake")
	}
	if err := checkTopic(p.Topic); err != nil {
		return err
	}
	if err := checkText(p.Properties.ContentType); err != nil {
		return fmt.Errorf("the content type %w", err)
	}
	n := len(p.Payload) + len(p.Topic) + len(p.Properties.ContentType) + len(p.Properties.CorrelationData) + packetExtra
	for _, u := range p.Properties.User {
		if err := checkText(u.Key); err != nil {
			return fmt.Errorf("the name of user property %.40q %w", u.Key, err)
		}
		if err := checkText(u.Value); err != nil {
			return fmt.Errorf("user property %.40q %w", u.Key, err)
		}
		n += len(u.Key) + len(u.Value) + 5
	}
	if n > int(b.cfg.MaxPacket) {
		return fmt.Errorf("%d bytes are more than MQTT_MAX_PACKET allows (%d)", n, b.cfg.MaxPacket)
	}
	if limit := b.conns.maxPacket.Load(); limit > 0 && n > int(limit) {
		return fmt.Errorf("%d bytes are more than the broker takes (%d)", n, limit)
	}
	return nil
}

// checkTopic reports why nothing can be published to name.
func checkTopic(name string) error {
	if !topic.Valid(name) {
		return fmt.Errorf("%.40q is not a topic to publish to", name)
	}
	if err := checkText(name); err != nil {
		return fmt.Errorf("the topic %w", err)
	}
	if err := checkLevels(name); err != nil {
		return fmt.Errorf("the topic %w", err)
	}
	return nil
}

// eventType is the event type of messages on r: by default the topic with dots.
func eventType(r msg.Route) string {
	if r.Type != "" {
		return r.Type
	}
	return strings.ReplaceAll(r.Topic, "/", ".")
}

// NewID returns a fresh id as envelopes carry it: 32 hex digits.
func NewID() string { return wire.NewID() }

// treatAsBare undoes the reading of an envelope, for a route without envelopes: what
// another maker calls id, type, data or source is part of it, and no name of a message.
func (d *Delivery) treatAsBare() {
	if d.Type == "" { // nothing in it looked like an envelope
		return
	}
	if e, err := wire.OpenBare(d.Payload); err == nil {
		if d.Trace == d.ID {
			d.Trace = e.ID
		}
		d.ID = e.ID
	}
	d.Data, d.Type, d.Source, d.Sent = d.Payload, "", "", time.Time{}
}

// decodeValue fills d.Value with an M.
func decodeValue[M msg.Message](d *Delivery) error {
	return recoverPanic(func() error { // methods of the contract run in it
		var m M
		if m.Route().Bare {
			d.treatAsBare()
		}
		if err := codec.Decode(&m, codec.Arrival{Payload: d.Payload, Data: d.Data, Key: d.Key, Header: d.Header}); err != nil {
			return err
		}
		d.Value = m
		return nil
	})
}
