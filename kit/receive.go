package kit

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/topic"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// received runs on paho's only callback goroutine, so it must never block: it
// opens the envelope, serves waiting asks and cancels, and enqueues.
func (b *Bus) received(p paho.PublishReceived) (bool, error) {
	d := b.delivery(p.Packet)
	taken := b.answerAsk(d)
	for _, t := range b.cancels {
		if topic.Matches(t.filter, d.Topic) {
			taken = true
			x := *d
			if key, err := t.h.opt.cancel.keyOf(&x); err != nil {
				b.tally.refuse(t.h.name, d, err)
			} else {
				t.lane.cancel(key)
			}
		}
	}
	// The last of its handlers acknowledges. One that refuses it, because the
	// process is stopping, leaves it with the broker.
	var left atomic.Int64
	left.Store(1)
	done := func() {
		if left.Add(-1) == 0 {
			_ = p.Client.Ack(p.Packet) // refused after a reconnect: the broker delivers again
		}
	}
	for _, t := range b.routes {
		if t.filter == "" || !topic.Matches(t.filter, d.Topic) {
			continue
		}
		taken = true
		x := *d
		x.Key = topic.Key(t.filter, d.Topic)
		left.Add(1)
		once := sync.OnceFunc(done)
		t.lane.offer(item{h: t.h, d: &x, settle: func(ok bool) {
			if ok {
				once()
			}
		}})
	}
	if !taken && !b.expected(d.Topic) {
		b.disown(d)
	}
	done()
	return true, nil
}

// delivery is what a packet says before its payload is decoded.
func (b *Bus) delivery(p *paho.Publish) *Delivery {
	d := &Delivery{Payload: p.Payload, Data: p.Payload, QoS: msg.QoS(p.QoS), Meta: Meta{Topic: p.Topic, Retained: p.Retain, Attempt: 1}}
	if e, err := wire.Open(p.Payload); err == nil {
		d.ID, d.Type, d.Source, d.Data = e.ID, e.Type, e.Source, e.Data
		d.Sent = time.UnixMicro(int64(e.TS * 1e6))
	}
	var errorTo, respondTo string
	var correlation []byte
	if props := p.Properties; props != nil {
		respondTo, correlation = props.ResponseTopic, props.CorrelationData
		d.Header = msg.Header{ContentType: props.ContentType, User: make(map[string]string, len(props.User))}
		for _, u := range props.User {
			switch u.Key {
			case "trace":
				d.Trace = u.Value
			case "error_to":
				errorTo = u.Value
			case "baggage":
				if k, v, ok := strings.Cut(u.Value, "="); ok {
					d.carry(unescape(k), unescape(v))
				}
			default:
				d.Header.User[u.Key] = u.Value
			}
		}
	}
	if d.Trace == "" {
		d.Trace = d.ID
	}
	if len(d.Trace) > maxTrace || !fits(d.Trace) { // it goes along the chain, so it must be able to
		d.Trace = wire.NewID()
	}
	d.reply = func(ctx context.Context, m msg.Message) error {
		err := b.send(ctx, m, ID(d.ID))
		if err == nil && topic.Valid(respondTo) && respondTo != m.Route().Topic {
			r := m.Route()
			err = b.put(ctx, msg.Route{Topic: r.Topic, Type: r.Type, QoS: msg.AtLeastOnce, Bare: r.Bare}, respondTo, m, ID(d.ID), correlate(correlation))
		}
		return err
	}
	d.refuse = func(ctx context.Context, e *Error) error {
		if !topic.Valid(errorTo) {
			return nil
		}
		return b.PublishTo(ctx, errorTo, "", errorReply{ID: d.ID, Code: string(e.Code), Message: e.Message}, Bare())
	}
	return d
}

const (
	maxTrace   = 256 // bytes of an inherited trace
	maxBaggage = 16  // inherited pairs, of at most maxTrace bytes each
)

// carry takes one pair of baggage; what is too much is left behind.
func (d *Delivery) carry(k, v string) {
	if len(d.Baggage) >= maxBaggage || len(k)+len(v) > maxTrace {
		return
	}
	if d.Baggage == nil {
		d.Baggage = map[string]string{}
	}
	d.Baggage[k] = v
}

func correlate(data []byte) PublishOption { return func(p *publication) { p.correlation = data } }

// unescape takes what foreign clients send unescaped as it is.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// expected reports whether a topic is subscribed: replies to asks that gave up
// still arrive.
func (b *Bus) expected(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.filters {
		if topic.Matches(f.Topic, name) {
			return true
		}
	}
	return b.extra[name]
}

// disown ends a subscription that an earlier version of this service left in
// its session.
func (b *Bus) disown(d *Delivery) {
	b.tally.count("none", "nobody takes it", d)
	b.mu.Lock()
	again := b.strangers[d.Topic]
	full := len(b.strangers) >= 1024
	if !full {
		b.strangers[d.Topic] = true
	}
	b.mu.Unlock()
	if again || full {
		return
	}
	b.spawn(func() {
		ctx, cancel := context.WithTimeout(b.feeds, askTimeout)
		defer cancel()
		if b.Ready(ctx) != nil { // before that, connect may not be done
			return
		}
		_, _ = b.cm.Unsubscribe(ctx, &paho.Unsubscribe{Topics: []string{d.Topic}})
	})
}
