package kit

import (
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/gotars/tars/kit/msg"
)

// Option tunes one handler. All have a default that is right for most.
type Option func(*options)

// options are what the Options of one handler have set.
type options struct {
	name         string
	lane         string
	workers      int
	orderKey     func(any) string // of OrderedBy; nil without one
	orderKeyType reflect.Type     // the message type that orderKey takes
	queue        int
	timeout      time.Duration
	ackFirst     bool
	overtake     bool
	group        string        // of a shared subscription
	retries      int           // tries after the first one
	firstPause   time.Duration // before the first of these
	cancelledBy  *canceller
	use          []Middleware
	takesCleared bool                   // an empty payload is taken
	onRefused    func(*Delivery, error) // is told of messages that cannot be decoded; nil: the log is
	fault        error                  // an option that cannot work, told at start
}

// canceller is one CancelledBy: the cancel message, the request that it ends, and how the
// key of either is found.
type canceller struct {
	route       msg.Route
	cancelType  reflect.Type
	requestType reflect.Type                    // what the handler takes
	cancelKey   func(*Delivery) (string, error) // of the cancel
	requestKey  func(any) string                // of the request
}

// Name names the handler in logs and counters; by default its method's name.
func Name(s string) Option { return func(o *options) { o.name = s } }

// Workers lets n messages be handled at once; the default 1 keeps order.
func Workers(n int) Option { return func(o *options) { o.workers = n } }

// OrderedBy keeps order per key while keys are handled beside each other, by as many
// goroutines as [Workers] says. Each key has a [Queue] of its own. Keys that were
// served several times take turns with all others together; when more than 4096
// messages wait, what is AtMostOnce and of those others is dropped, the newest
// first.
func OrderedBy[M msg.Message](key func(M) string) Option {
	return func(o *options) {
		if key == nil {
			o.fault = errors.New("OrderedBy: the function is nil")
		}
		o.orderKey, o.orderKeyType = func(v any) string { return key(v.(M)) }, reflect.TypeFor[M]()
	}
}

// Lane joins handlers: those of one lane share one queue in order of arrival
// and run one at a time.
func Lane(name string) Option { return func(o *options) { o.lane = name } }

// Queue bounds the waiting AtMostOnce messages; beyond it the oldest is dropped
// and counted. Default 64.
func Queue(n int) Option { return func(o *options) { o.queue = n } }

// AckFirst acknowledges on arrival, for work that is worthless after a restart:
// speech, an answer in progress. Only the first [Queue] waiting messages are
// acknowledged early, so that the broker still feels the pressure.
func AckFirst() Option { return func(o *options) { o.ackFirst = true } }

// Timeout bounds one run, retries included. Default 30s, 0 for none. A run that
// ignores the end of its context is given up a second later: its message has
// failed, and the next one starts beside it.
func Timeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// Retry tries a message that failed up to n more times, the first after about
// first, then twice as long each time, with jitter. What [Permanent], [Drop] and
// [Fatal] say ends it. Default 0. The lane waits meanwhile, to keep the order.
func Retry(n int, first time.Duration) Option {
	return func(o *options) { o.retries, o.firstPause = n, max(first, 0) }
}

// Shared subscribes as one of group: each message reaches one member. State
// that the broker retains is not sent to groups. <SERVICE>_MQTT_SHARE does it
// for all handlers of AtLeastOnce messages that are not retained.
func Shared(group string) Option { return func(o *options) { o.group = group } }

// Use wraps the handler inside the kit's own chain, the first outermost.
func Use(mw ...Middleware) Option {
	return func(o *options) {
		if slices.ContainsFunc(mw, func(m Middleware) bool { return m == nil }) {
			o.fault = errors.New("Use: a middleware is nil")
		}
		o.use = append(o.use, mw...)
	}
}

// CancelledBy lets a C end the Q with its key, ahead of every queue: the one
// that runs, those that wait, and those that arrive up to 10s later. The
// handler still runs, with ctx done and cause [ErrCancelled], so that it can say
// so. Key "" cancels nothing, "*" all that run or wait. The service may also have
// a handler of C with [On], which runs beside the cancel.
func CancelledBy[C, Q msg.Message](c func(C) string, q func(Q) string) Option {
	cancel := &canceller{cancelType: reflect.TypeFor[C](), requestType: reflect.TypeFor[Q]()}
	var fault error
	cancel.route, fault = checkedRouteOf(cancel.cancelType)
	cancel.cancelKey = func(d *Delivery) (key string, err error) {
		if err = decodeValue[C](d); err == nil {
			key, err = callKeyFunc(func(v any) string { return c(v.(C)) }, d.Value)
		}
		return key, err
	}
	cancel.requestKey = func(v any) string { return q(v.(Q)) }
	return func(o *options) {
		if c == nil || q == nil {
			o.fault = errors.New("CancelledBy: a function is nil")
		}
		if fault != nil {
			o.fault = fault
		}
		o.cancelledBy = cancel
	}
}

// OnRefused has f told of each message that the handler cannot decode, in place of the log,
// which names one a second: f knows better what is worth telling. They are counted as
// before. f may be called by several goroutines at once, and delays those that wait.
func OnRefused(f func(d *Delivery, err error)) Option {
	return func(o *options) {
		if o.onRefused = f; f == nil {
			o.fault = errors.New("OnRefused: the function is nil")
		}
	}
}
