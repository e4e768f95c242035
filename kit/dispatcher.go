package kit

import (
	"context"
	"reflect"
)

// dispatcher owns the way from an arrival to its handler: what the service has
// declared, and the lanes in which messages wait. All but the two sets of names
// is fixed when the declarations are mounted, before anything connects; lanes and
// sets guard themselves.
type dispatcher struct {
	handlers   []Handler
	middleware *moduleMiddleware // of the module; nil for a tool
	routes     []target
	lanes      []*lane
	declared   map[reflect.Type]bool // what may be published
	open       chan struct{}         // closed when the service's own hooks are done

	unmatched        *registration // counts what nobody takes
	unexpectedTopics nameSet       // topics that came although nobody takes them
	undeclared       nameSet       // types that were published although not declared
}

func newDispatcher() dispatcher {
	return dispatcher{declared: map[reflect.Type]bool{}, open: make(chan struct{}), unmatched: &registration{name: "none"}}
}

// target is a filter, who handles what matches it, and where that waits.
type target struct {
	filter string
	group  string // of a shared subscription
	h      *registration
	lane   *lane
}

// serve opens the lanes: the service's own hooks are done.
func (d *dispatcher) serve() {
	for _, l := range d.lanes {
		l.set(func() { l.open = true })
	}
	close(d.open)
}

// signal queues the OnConnect or the OnDisconnect handlers.
func (d *dispatcher) signal(pick func(*registration) func(context.Context) error) {
	for _, t := range d.routes {
		if f := pick(t.h); f != nil {
			t.lane.offer(item{h: t.h, call: f})
		}
	}
}

// serving reports whether the hooks of the service are done, so that answers will
// be subscribed.
func (d *dispatcher) serving() bool {
	select {
	case <-d.open:
		return true
	default:
		return false
	}
}
