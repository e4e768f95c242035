package kit

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/gotars/tars/kit/internal/meter"
	"github.com/gotars/tars/kit/msg"
)

// Handler is one declaration of a service. Values come from [On], [Answer],
// [Stream], [Tap], [OnChan], [Every], [Loop], [OnConnect], [OnDisconnect], [Sends], [Asks],
// [AsksStream], [ReadsBeside], [WritesBeside], [Counts] and [Times].
type Handler struct{ *registration }

// registration is what a declaration says. Which of its functions are set tells what
// kind of declaration it was.
type registration struct {
	name         string
	route        msg.Route    // where it listens; zero when there is no topic
	tap          bool         // raw: nothing is decoded
	messageType  reflect.Type // what the handler takes; nil under Tap and where there is no topic
	decode       func(*Delivery) error
	serve        HandlerFunc                        // the handler, inside the middleware of Use
	run          HandlerFunc                        // serve inside the middleware of the module, see UseAll
	loop         func(context.Context) error        // of a Loop
	feed         func(context.Context, enqueueFunc) // of OnChan and Every: queues calls while the context lives
	onConnect    func(context.Context) error
	onDisconnect func(context.Context) error
	sendTypes    []reflect.Type // what the declaration allows the service to publish
	opt          options
	fault        error // a declaration that cannot work, told at start

	replyFailure func(context.Context, *Delivery, error) error // tells the asker of a failure; nil for what has no asker
	replyTypes   []reflect.Type                                // of an Asks or AsksStream: the types that answer
	sideReads    []string                                      // of a ReadsBeside
	sideWrites   []string                                      // of a WritesBeside
	builtIn      bool                                          // the kit's, not the service's
	dedupe       *dedupe                                       // what the handler took before; nil when duplicates are not looked for
	meter        meter.Handler
	counter      *Counter   // of a Counts
	durations    *Durations // of a Times
}

// enqueueFunc queues one call in the lane of its handler; the channel closes when it ran.
type enqueueFunc func(call func(context.Context) error) (done <-chan struct{})

// HandlerFunc is one run of a handler; d.Value is decoded.
type HandlerFunc func(ctx context.Context, d *Delivery) error

// Middleware wraps a [HandlerFunc]. The first one given runs outermost.
type Middleware func(next HandlerFunc) HandlerFunc

// On declares a handler of M. Topic, QoS and retention come from M. It does not
// receive what this service itself publishes, unless in a [Shared] group; another
// service of the same process does.
func On[M msg.Message](h func(context.Context, M) error, opts ...Option) Handler {
	return typedHandler(h, opts, func(ctx context.Context, _ *Delivery, m M) error { return h(ctx, m) })
}

// Answer declares a handler that replies to Q. An error becomes q.Failed where
// Q has it, else an error reply to the asker alone. [Drop] sends nothing.
func Answer[Q msg.Request[R], R msg.Message](h func(context.Context, Q) (R, error), opts ...Option) Handler {
	d := typedHandler(h, opts, func(ctx context.Context, d *Delivery, q Q) error {
		r, err := h(ctx, q)
		return sendAnswer(ctx, d, r, err)
	})
	d.sendTypes, d.replyFailure = append(d.sendTypes, reflect.TypeFor[R]()), sendFailure[Q, R]
	return d
}

// Stream declares a handler that sends parts and ends with R, or with q.Failed
// on an error. After a cancel, send and R still go out, so that the end can be
// said.
func Stream[Q msg.Streamed[P, R], P, R msg.Message](h func(ctx context.Context, q Q, send func(P) error) (R, error), opts ...Option) Handler {
	d := typedHandler(h, opts, func(ctx context.Context, d *Delivery, q Q) error {
		r, err := h(ctx, q, func(p P) error {
			ctx, stop := replyContext(ctx)
			defer stop()
			return d.reply(ctx, p)
		})
		return sendAnswer(ctx, d, r, err)
	})
	d.sendTypes, d.replyFailure = append(d.sendTypes, reflect.TypeFor[P](), reflect.TypeFor[R]()), sendFailure[Q, R]
	return d
}

// sendAnswer sends what an Answer or a Stream came to, unless that is an error.
func sendAnswer(ctx context.Context, d *Delivery, r msg.Message, err error) error {
	if err != nil {
		return err
	}
	ctx, stop := replyContext(ctx)
	defer stop()
	return d.reply(ctx, r)
}

// sendFailure tells the asker of err, after the last try.
func sendFailure[Q msg.Request[R], R msg.Message](ctx context.Context, d *Delivery, err error) error {
	e := d.bus.asError(ctx, err)
	ctx, stop := replyContext(ctx)
	defer stop()
	if f, ok := d.Value.(msg.Failing[R]); ok {
		return d.reply(ctx, f.Failed(string(e.Code), e.Message))
	}
	return d.replyError(ctx, e)
}

// replyContext is ctx. When that has ended, it is a context of five seconds, in which the
// asker can still be told so.
func replyContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return ctx, func() {}
	}
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}

// Tap declares a raw handler of any MQTT filter, foreign and bare messages too:
// each arrival once, beside typed handlers. It does not see this service's own
// messages. It subscribes at AtLeastOnce, so Delivery.QoS is the sender's.
func Tap(filter string, h func(context.Context, *Delivery) error, opts ...Option) Handler {
	d := newRegistration(h, opts)
	d.route, d.tap, d.serve = msg.Route{Topic: filter, QoS: msg.AtLeastOnce}, true, h
	d.decode = func(*Delivery) error { return nil }
	return d.wrapped()
}

// OnChan declares a handler of events of this process: timers, engine
// callbacks, sockets. It joins a lane like a topic; one event at a time, so a
// full channel is felt by the sender and nothing is dropped.
func OnChan[E any](from <-chan E, h func(context.Context, E) error, opts ...Option) Handler {
	d := newRegistration(h, opts)
	if from == nil {
		d.opt.fault = errors.New("OnChan: the channel is nil")
	}
	d.feed = func(ctx context.Context, run enqueueFunc) { feedFromChannel(ctx, from, run, h) }
	return Handler{d}
}

// Every declares work done each d in its lane, first after d. Ticks that come
// while one is unfinished become one.
func Every(d time.Duration, h func(context.Context) error, opts ...Option) Handler {
	x := newRegistration(h, opts)
	if d <= 0 {
		x.fault = fmt.Errorf("%s: Every wants more than %s", x, d)
	}
	x.feed = func(ctx context.Context, run enqueueFunc) {
		t := time.NewTicker(d)
		defer t.Stop()
		feedFromChannel(ctx, t.C, run, func(ctx context.Context, _ time.Time) error { return h(ctx) })
	}
	return Handler{x}
}

// Loop declares work from the first ready to the stop, such as a microphone.
// Ending early is health `error` and a restart with the reconnect backoff.
func Loop(run func(context.Context) error, opts ...Option) Handler {
	d := newRegistration(run, opts)
	d.loop = run
	return Handler{d}
}

// OnConnect declares what happens each time the link is ready, that is subscribed.
func OnConnect(h func(context.Context) error, opts ...Option) Handler {
	d := newRegistration(h, opts)
	d.onConnect = h
	return Handler{d}
}

// OnDisconnect declares what happens each time the link is lost.
func OnDisconnect(h func(context.Context) error, opts ...Option) Handler {
	d := newRegistration(h, opts)
	d.onDisconnect = h
	return Handler{d}
}

// Sends declares that this service publishes M. What [Answer] and [Stream] reply,
// and Cancel of what is asked, need no Sends.
func Sends[M msg.Message]() Handler {
	return Handler{&registration{sendTypes: []reflect.Type{reflect.TypeFor[M]()}}}
}

// Asks declares that this service asks Q, and subscribes its replies with all
// other filters, before ready.
func Asks[Q msg.Request[R], R msg.Message]() Handler {
	var q Q
	d := &registration{sendTypes: []reflect.Type{reflect.TypeFor[Q]()}, replyTypes: []reflect.Type{reflect.TypeFor[R]()}}
	if c, ok := any(q).(msg.Cancellable); ok {
		if _, d.fault = checkedRouteOf(reflect.TypeFor[Q]()); d.fault == nil {
			d.sendTypes = append(d.sendTypes, reflect.TypeOf(c.Cancel()))
		}
	}
	return Handler{d}
}

// AsksStream declares that this service pulls Q, as [Asks] does for asking.
func AsksStream[Q msg.Streamed[P, R], P, R msg.Message]() Handler {
	h := Asks[Q]()
	h.replyTypes = append(h.replyTypes, reflect.TypeFor[P]())
	return h
}

// ReadsBeside declares what a bus of [Bus.Beside] subscribes to, for the access list of the
// broker: the service itself does not.
func ReadsBeside(filters ...string) Handler { return Handler{&registration{sideReads: filters}} }

// WritesBeside declares what a bus of [Bus.Beside] publishes on, for the access list.
func WritesBeside(topics ...string) Handler { return Handler{&registration{sideWrites: topics}} }

// typedHandler declares a handler that decodes each message to an M.
func typedHandler[M msg.Message](fn any, opts []Option, call func(context.Context, *Delivery, M) error) Handler {
	d := newRegistration(fn, opts)
	d.messageType, d.decode = reflect.TypeFor[M](), decodeValue[M]
	d.route, d.fault = checkedRouteOf(d.messageType)
	if d.opt.takesCleared {
		d.decode = decodeCleared[M]
	}
	d.serve = func(ctx context.Context, x *Delivery) error { return call(ctx, x, x.Value.(M)) }
	return d.wrapped()
}

// wrapped puts the middleware of Use around serve, and returns the declaration.
func (d *registration) wrapped() Handler {
	for i := len(d.opt.use) - 1; i >= 0 && d.opt.fault == nil; i-- {
		if d.serve = d.opt.use[i](d.serve); d.serve == nil {
			d.opt.fault = errors.New("Use: a middleware returned nil")
		}
	}
	return Handler{d}
}

// String is for error messages: "recall (memory/query)".
func (d *registration) String() string {
	if d.route.Topic == "" {
		return d.name
	}
	return fmt.Sprintf("%s (%s)", d.name, d.route.Topic)
}
