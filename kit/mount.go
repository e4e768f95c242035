package kit

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/topic"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// mount builds lanes, and connections that feed them, from the declarations.
func (b *Bus) mount(hs []Handler) error {
	if err := b.checkIdentity(); err != nil {
		return err
	}
	if i := slices.IndexFunc(hs, func(h Handler) bool { return h.registration == nil }); i >= 0 {
		return fmt.Errorf("handler %d of %d is an empty kit.Handler: make it with On, Answer and the like", i+1, len(hs))
	}
	shared := map[string]*lane{}
	if !b.tool && !b.seam.AllowUndeclared {
		h := Tap(b.cfg.Topic("stats", "get"), b.report, Name("stats"))
		h.builtIn, h.route.QoS = true, msg.AtMostOnce // to be told also by a service whose window is full
		hs = append(slices.Clip(hs), h)
		b.letters.replays = b.ownTopic("replay")
	}
	b.dispatch.handlers = hs
	var answers []paho.SubscribeOptions
	for _, h := range hs {
		if err := b.declare(h.registration); err != nil {
			return err
		}
		if err := b.dispatch.middleware.wrap(h.registration); err != nil {
			return err
		}
		for _, t := range h.replies {
			answers = append(answers, subscribeOptions(routeOf(t), ""))
		}
		if err := b.listen(h.registration, shared); err != nil {
			return err
		}
	}
	if len(answers) > 0 && !b.seam.AllowUndeclared {
		answers = append(answers, subscribeOptions(msg.Route{Topic: b.replies.failures, QoS: msg.AtLeastOnce}, ""))
	}
	return b.assignConnections(answers)
}

// listen gives h its lane, and notes there what it takes.
func (b *Bus) listen(h *registration, shared map[string]*lane) error {
	if h.serve == nil && h.feed == nil && h.up == nil && h.down == nil {
		return nil
	}
	l, err := b.laneOf(h, shared)
	if err != nil {
		return err
	}
	h.name = b.unique(h)
	l.name = cmp.Or(l.name, h.opt.lane, h.name)
	t := target{filter: h.route.Topic, h: h, lane: l}
	if h.route.Topic != "" {
		t.group = b.group(h)
	}
	b.dispatch.routes = append(b.dispatch.routes, t)
	l.routes = append(l.routes, t)
	if c := h.opt.cancel; c != nil {
		l.cancellers = append(l.cancellers, target{filter: c.route.Topic, h: h, lane: l})
	}
	if h.route.Topic != "" && b.cfg.DedupeTTL > 0 {
		h.seen = newDedupe(b.cfg.DedupeTTL, b.cfg.DedupeMaxEntries)
	}
	return nil
}

// unique is the name of h among the handlers so far: counters and dead letters go
// by it, and one method may serve several topics.
func (b *Bus) unique(h *registration) string {
	taken := func(name string) bool {
		return name == b.replies.asking.name || name == b.dispatch.unmatched.name || slices.ContainsFunc(b.dispatch.routes, func(t target) bool { return t.h.name == name })
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
func (b *Bus) group(h *registration) string {
	if h.opt.group != "" || h.tap || h.opt.overtake || h.route.Retain || h.route.QoS == msg.AtMostOnce {
		return h.opt.group
	}
	return b.cfg.Share
}

// declare notes what h publishes and refuses what cannot work.
func (b *Bus) declare(h *registration) error {
	if err := checkDeclaration(h); err != nil {
		return err
	}
	if h.opt.by != nil && h.opt.byType != h.typ {
		return fmt.Errorf("%s: OrderedBy takes a %s, the handler does not", h, h.opt.byType)
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
		b.dispatch.declared[t] = true
	}
	if h.opt.overtake && (h.opt.by != nil || h.opt.group != "") {
		return fmt.Errorf("%s: Overtake is for all who take the message, in order, so it excludes OrderedBy and Shared", h)
	}
	if h.opt.lane != "" && (h.opt.workers > 1 || h.opt.by != nil) {
		return fmt.Errorf("%s: Lane runs one message at a time, so it excludes Workers and OrderedBy", h)
	}
	for _, t := range b.dispatch.routes {
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
func (b *Bus) laneOf(h *registration, shared map[string]*lane) (*lane, error) {
	name := h.opt.lane
	l := shared[name]
	if l == nil {
		l = newLane(b)
		b.dispatch.lanes = append(b.dispatch.lanes, l)
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

// subscribeOptions does not bring back what this client publishes, unless in a
// group: the two exclude each other. To a group no retained state is sent: each
// member that joins would have all of it repeated to some member.
func subscribeOptions(r msg.Route, group string) paho.SubscribeOptions {
	s := paho.SubscribeOptions{Topic: topic.Share(group, r.Topic), QoS: byte(r.QoS), NoLocal: group == ""}
	if group != "" {
		s.RetainHandling = neverRetained
	}
	return s
}

// neverRetained is the retain handling of a subscription that gets no state.
const neverRetained = 2

// mergeFilters keeps the filters that no other covers, each at the highest QoS of
// what it covers: a broker may send one copy per filter, and paho 0.23 keeps
// one subscription identifier per packet, so copies could not be told apart.
func mergeFilters(want []paho.SubscribeOptions) (out []paho.SubscribeOptions, _ error) {
	for i, a := range want {
		keep := true
		for j, o := range want {
			aName, oName := topic.Unshared(a.Topic), topic.Unshared(o.Topic)
			switch {
			case i == j:
			case (aName != a.Topic || oName != o.Topic) && topic.Overlap(aName, oName):
				return nil, fmt.Errorf("filters %s and %s overlap: a group's messages would come twice; take both with one handler, or make two services of it", a.Topic, o.Topic)
			case topic.Covers(a.Topic, o.Topic):
				a.QoS = max(a.QoS, o.QoS)
				keep = keep && (a.Topic != o.Topic || i < j)
			case topic.Covers(o.Topic, a.Topic):
				keep = false
			case topic.Overlap(a.Topic, o.Topic):
				return nil, fmt.Errorf("filters %s and %s overlap, and neither covers the other: what matches both would come twice; take both with one wider filter and look at the topic, or make two services of it", a.Topic, o.Topic)
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
	if b.seam.AllowUndeclared || b.dispatch.declared[reflect.TypeOf(m)] {
		return nil
	}
	err := fmt.Errorf("%T: %w", m, ErrUndeclared)
	if b.seam.Undeclared != nil {
		b.seam.Undeclared(fmt.Errorf("%s: %w", b.name, err))
	}
	return err
}
