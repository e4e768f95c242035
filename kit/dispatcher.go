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
	routes     []target          // of all handlers, with those that have no topic
	lanes      []*lane
	declared   map[reflect.Type]bool // what may be published
	lanesOpen  chan struct{}         // closed when the service's own hooks are done

	unmatched        *registration // no handler: its meter counts the messages that no handler takes
	unexpectedTopics nameSet       // topics that came although nobody takes them
	undeclared       nameSet       // types that were published although not declared
}

func newDispatcher() dispatcher {
	return dispatcher{declared: map[reflect.Type]bool{}, lanesOpen: make(chan struct{}), unmatched: &registration{name: "none"}}
}

// target is one way to a handler: a filter, the handler of what matches it, and the lane
// where that waits. The filter is empty for timers and whatever else has no topic.
type target struct {
	filter string
	group  string // of a shared subscription
	h      *registration
	lane   *lane
}

// openLanes lets handlers run, and the connections subscribe, when the service's own start
// hooks are done.
func (d *dispatcher) openLanes() {
	for _, l := range d.lanes {
		l.updateState(func() { l.open = true })
	}
	close(d.lanesOpen)
}

// queueLinkHandlers queues the OnConnect or the OnDisconnect handlers, whichever pick
// returns.
func (d *dispatcher) queueLinkHandlers(pick func(*registration) func(context.Context) error) {
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
	case <-d.lanesOpen:
		return true
	default:
		return false
	}
}
