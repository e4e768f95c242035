package kit

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/topic"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// mount builds lanes and filters from the declarations.
func (b *Bus) mount(hs []Handler) error {
	shared := map[string]*lane{}
	var want []paho.SubscribeOptions
	if !b.tool && !b.seam.Loose {
		h := Tap(b.cfg.Topic("stats", "get"), b.report, Name("stats"))
		h.own, h.route.QoS = true, msg.AtMostOnce // to be told also by a service whose window is full
		hs = append(slices.Clip(hs), h)
		b.replays = b.own("replay")
		want = append(want, subscription(msg.Route{Topic: b.replays, QoS: msg.AtLeastOnce}, ""))
	}
	b.handlers = hs
	asks := false
	for _, h := range hs {
		if err := b.declare(h.duty); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		for _, t := range h.replies {
			asks = true
			want = append(want, subscription(routeOf(t), ""))
		}
		subs, err := b.listen(h.duty, shared)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		want = append(want, subs...)
	}
	if asks && !b.seam.Loose {
		want = append(want, subscription(msg.Route{Topic: b.errors, QoS: msg.AtLeastOnce}, ""))
	}
	var err error
	if b.filters, err = widest(want); err != nil {
		return fmt.Errorf("%s: %w", b.name, err)
	}
	return nil
}

// listen gives h its lane, and returns what it subscribes.
func (b *Bus) listen(h *duty, shared map[string]*lane) (subs []paho.SubscribeOptions, _ error) {
	if h.serve == nil && h.feed == nil && h.up == nil && h.down == nil {
		return nil, nil
	}
	l, err := b.laneOf(h, shared)
	if err != nil {
		return nil, err
	}
	h.name = b.unique(h)
	if c := h.opt.cancel; c != nil {
		b.cancels = append(b.cancels, target{c.route.Topic, h, l})
		subs = append(subs, subscription(c.route, ""))
	}
	b.routes = append(b.routes, target{h.route.Topic, h, l})
	if h.route.Topic == "" {
		return subs, nil
	}
	if b.cfg.DedupeTTL > 0 {
		h.seen = newDedupe(b.cfg.DedupeTTL, b.cfg.DedupeMaxEntries)
	}
	return append(subs, subscription(h.route, b.group(h))), nil
}

// unique is the name of h among the handlers so far: counters and dead letters go
// by it, and one method may serve several topics.
func (b *Bus) unique(h *duty) string {
	taken := func(name string) bool {
		return name == b.asking.name || name == b.nobody.name || slices.ContainsFunc(b.routes, func(t target) bool { return t.h.name == name })
	}
	name := h.name
	if taken(name) && h.route.Topic != "" {
		name += " " + h.route.Topic
	}
	for n := 2; taken(name); n++ {
		name = fmt.Sprintf("%s %d", h.name, n)
	}
	return name
}

// group is that of the shared subscription of h, or empty: state that the broker
// retains would not reach it, and what may be lost is for everybody.
func (b *Bus) group(h *duty) string {
	if h.opt.group != "" || h.tap || h.route.Retain || h.route.QoS == msg.AtMostOnce {
		return h.opt.group
	}
	return b.cfg.Share
}

// declare notes what h publishes and refuses what cannot work.
func (b *Bus) declare(h *duty) error {
	if h.fault != nil {
		return h.fault
	}
	if h.opt.by != nil && h.opt.byType != h.typ {
		return fmt.Errorf("%s: By takes a %s, the handler does not", h, h.opt.byType)
	}
	types := slices.Clone(h.sends)
	if h.typ != nil {
		types = append(types, h.typ)
	}
	if c := h.opt.cancel; c != nil {
		if c.ends != h.typ {
			return fmt.Errorf("%s: CancelledBy ends a %s, the handler takes none", h, c.ends)
		}
		types = append(types, c.typ)
	}
	for _, t := range types {
		if err := wire.Check(t); err != nil {
			return err
		}
	}
	for _, t := range h.sends {
		b.declared[t] = true
	}
	if h.opt.lane != "" && (h.opt.workers > 1 || h.opt.by != nil) {
		return fmt.Errorf("%s: Lane runs one message at a time, so it excludes Workers and By", h)
	}
	for _, t := range b.routes {
		if t.filter != "" && t.filter == h.route.Topic && !t.h.tap && !h.tap {
			return fmt.Errorf("two handlers of %s: %s and %s", t.filter, t.h.name, h.name)
		}
	}
	own := strings.HasPrefix(h.route.Topic, "system/health/") || strings.HasPrefix(h.route.Topic, "system/keepalive/")
	if own && !h.tap && b.cfg.System != "system" {
		return fmt.Errorf("%s listens on the topics of the kit, so MQTT_SYSTEM must be system, not %q", h, b.cfg.System)
	}
	return nil
}

// laneOf returns the lane of h, a fresh one unless it shares.
func (b *Bus) laneOf(h *duty, shared map[string]*lane) (*lane, error) {
	name := h.opt.lane
	l := shared[name]
	if l == nil {
		l = newLane(b)
		b.lanes = append(b.lanes, l)
		if name != "" {
			shared[name] = l
		}
	}
	if h.opt.workers < 1 || h.opt.queue < 1 {
		return nil, fmt.Errorf("%s: Workers and Queue start at 1", h)
	}
	l.limit = max(l.limit, h.opt.queue)
	l.workers, l.by = max(l.workers, h.opt.workers), h.opt.by
	return l, nil
}

// subscription does not bring back what this client publishes, unless in a
// group: the two exclude each other.
func subscription(r msg.Route, group string) paho.SubscribeOptions {
	return paho.SubscribeOptions{Topic: topic.Share(group, r.Topic), QoS: byte(r.QoS), NoLocal: group == ""}
}

// widest keeps the filters that no other covers, each at the highest QoS of
// what it covers: a broker may send one copy per filter, and paho 0.23 keeps
// one subscription identifier per packet, so copies could not be told apart.
func widest(want []paho.SubscribeOptions) (out []paho.SubscribeOptions, _ error) {
	for i, a := range want {
		keep := true
		for j, o := range want {
			aName, oName := topic.Unshared(a.Topic), topic.Unshared(o.Topic)
			switch {
			case i == j:
			case (aName != a.Topic || oName != o.Topic) && topic.Overlap(aName, oName):
				return nil, fmt.Errorf("filters %s and %s overlap: a group's messages would come twice", a.Topic, o.Topic)
			case topic.Covers(a.Topic, o.Topic):
				a.QoS = max(a.QoS, o.QoS)
				keep = keep && (a.Topic != o.Topic || i < j)
			case topic.Covers(o.Topic, a.Topic):
				keep = false
			case topic.Overlap(a.Topic, o.Topic):
				return nil, fmt.Errorf("filters %s and %s overlap, and neither covers the other", a.Topic, o.Topic)
			}
		}
		if keep {
			out = append(out, a)
		}
	}
	return out, nil
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
