package kit

import (
	"context"
	"reflect"
	"time"

	"github.com/gotars/tars/kit/msg"
)

// Option tunes one handler. All have a default that is right for most.
type Option func(*options)

type options struct {
	name     string
	lane     string
	workers  int
	by       func(any) string
	byType   reflect.Type // of what by takes
	queue    int
	timeout  time.Duration
	ackFirst bool
	cancel   *canceller
	use      []Middleware
}

// canceller is a CancelledBy: where cancels arrive, and which key each side has.
type canceller struct {
	route msg.Route
	typ   reflect.Type
	ends  reflect.Type                    // of the request
	key   func(*Delivery) (string, error) // of the cancel
	of    func(any) string                // of the request
}

// keyOf is key, with a panic as an error.
func (c *canceller) keyOf(d *Delivery) (key string, err error) {
	err = guard(func() (err error) { key, err = c.key(d); return err })
	return key, err
}

// Name names the handler in logs and counters; by default its method's name.
func Name(s string) Option { return func(o *options) { o.name = s } }

// Workers lets n messages be handled at once; the default 1 keeps order.
func Workers(n int) Option { return func(o *options) { o.workers = n } }

// By keeps order per key while keys are handled beside each other, by as many
// goroutines as Workers says. Each key has a Queue of its own.
func By[M msg.Message](key func(M) string) Option {
	return func(o *options) {
		o.by, o.byType = func(v any) string { return key(v.(M)) }, reflect.TypeFor[M]()
	}
}

// Lane joins handlers: those of one lane share one queue in order of arrival
// and run one at a time.
func Lane(name string) Option { return func(o *options) { o.lane = name } }

// Queue bounds the waiting AtMostOnce messages; beyond it the oldest is dropped
// and counted. Default 64.
func Queue(n int) Option { return func(o *options) { o.queue = n } }

// AckFirst acknowledges on arrival, for work that is worthless after a restart:
// speech, an answer in progress. Only the first Queue waiting messages are
// acknowledged early, so that the broker still feels the pressure.
func AckFirst() Option { return func(o *options) { o.ackFirst = true } }

// Timeout bounds one run. Default 30s, 0 for none.
func Timeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// Use wraps the handler inside the kit's own chain, the first outermost.
func Use(mw ...Middleware) Option { return func(o *options) { o.use = append(o.use, mw...) } }

// CancelledBy lets a C end the Q with its key, ahead of every queue: the one
// that runs, those that wait, and those that arrive up to 10s later. The
// handler still runs, with ctx done and cause ErrCancelled, so that it can say
// so. Key "" cancels nothing, "*" all that run or wait. C may have an On beside
// it.
func CancelledBy[C, Q msg.Message](c func(C) string, q func(Q) string) Option {
	var zero C
	cancel := &canceller{route: zero.Route(), typ: reflect.TypeFor[C](), ends: reflect.TypeFor[Q]()}
	cancel.key = func(d *Delivery) (string, error) {
		if err := decode[C](d); err != nil {
			return "", err
		}
		return c(d.Value.(C)), nil
	}
	cancel.of = func(v any) string { return q(v.(Q)) }
	return func(o *options) { o.cancel = cancel }
}

// metaKey is where From and WithBaggage keep a Meta.
type metaKey struct{}

// Meta is what is known about a message beside its payload.
type Meta struct {
	ID       string            // envelope id; the message_id of a bare one
	Trace    string            // id of the message that began the chain
	Type     string            // event type as sent
	Source   string            // publishing service, empty when bare
	Topic    string            //
	Key      string            // the text matched by "+"
	Sent     time.Time         // by the sender's clock
	Attempt  int               // 1 on the first delivery
	Retained bool              // a replay of state, not an event
	Baggage  map[string]string // what WithBaggage added along the chain; read only
}

// Delivery is one arrival. Value is nil under Tap. Payload and Data point into
// the packet and may be kept.
type Delivery struct {
	Meta
	QoS     msg.QoS
	Payload []byte     // the whole packet's payload
	Data    []byte     // the payload inside the envelope; Payload when bare
	Header  msg.Header // content type and user properties
	Value   msg.Message

	reply  func(context.Context, msg.Message) error
	refuse func(context.Context, *Error) error
}

// From returns the metadata of the message being handled, and of a context made
// by WithBaggage; else the zero Meta.
func From(ctx context.Context) Meta { m, _ := ctx.Value(metaKey{}).(Meta); return m }

// WithBaggage adds a small key that follows the chain, such as the room that
// asked. It is a hint: a foreign service in the chain drops it, and a timer has
// no message to inherit from.
func WithBaggage(ctx context.Context, key, value string) context.Context {
	m := From(ctx)
	b := make(map[string]string, len(m.Baggage)+1)
	for k, v := range m.Baggage {
		b[k] = v
	}
	b[key] = value
	m.Baggage = b
	return context.WithValue(ctx, metaKey{}, m)
}
