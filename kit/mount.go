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

// mount checks the declarations of a service, and builds from them the lanes and the
// connections that feed them. Nothing connects yet.
func (b *Bus) mount(hs []Handler) error {
	if err := b.checkIdentity(); err != nil {
		return err
	}
	if i := slices.IndexFunc(hs, func(h Handler) bool { return h.registration == nil }); i >= 0 {
		return fmt.Errorf("handler %d of %d is an empty kit.Handler: make it with On, Answer and the like", i+1, len(hs))
	}
	namedLanes := map[string]*lane{}
	if !b.tool && !b.seam.AllowUndeclared {
		h := Tap(b.cfg.Topic("stats", "get"), b.publishStats, Name("stats"))
		h.builtIn, h.route.QoS = true, msg.AtMostOnce // to be told also by a service whose window is full
		hs = append(slices.Clip(hs), h)
		b.letters.replays = b.ownTopic("replay")
	}
	b.dispatch.handlers = hs
	var answers []paho.SubscribeOptions
	for _, h := range hs {
		if err := b.addDeclaration(h.registration); err != nil {
			return err
		}
		if err := b.dispatch.middleware.wrap(h.registration); err != nil {
			return err
		}
		for _, t := range h.replyTypes {
			answers = append(answers, subscribeOptions(routeOf(t), ""))
		}
		if err := b.assignLane(h.registration, namedLanes); err != nil {
			return err
		}
	}
	if len(answers) > 0 && !b.seam.AllowUndeclared {
		answers = append(answers, subscribeOptions(msg.Route{Topic: b.replies.failures, QoS: msg.AtLeastOnce}, ""))
	}
	return b.assignConnections(answers)
}

// assignLane gives h its lane, a lane of its own or one of namedLanes, and notes there what
// h takes. What only sends or loops has no lane.
func (b *Bus) assignLane(h *registration, namedLanes map[string]*lane) error {
	if h.serve == nil && h.feed == nil && h.onConnect == nil && h.onDisconnect == nil {
		return nil
	}
	l, err := b.laneOf(h, namedLanes)
	if err != nil {
		return err
	}
	h.name = b.uniqueName(h)
	l.name = cmp.Or(l.name, h.opt.lane, h.name)
	t := target{filter: h.route.Topic, h: h, lane: l}
	if h.route.Topic != "" {
		t.group = b.shareGroup(h)
	}
	b.dispatch.routes = append(b.dispatch.routes, t)
	l.routes = append(l.routes, t)
	if c := h.opt.cancelledBy; c != nil {
		l.cancellers = append(l.cancellers, target{filter: c.route.Topic, h: h, lane: l})
	}
	if h.route.Topic != "" && b.cfg.DedupeTTL > 0 {
		h.dedupe = newDedupe(b.cfg.DedupeTTL, b.cfg.DedupeMaxEntries)
	}
	return nil
}

// uniqueName is the name of h, changed if another handler has it already: counters and
// dead letters go by the name, and one method may serve several topics.
func (b *Bus) uniqueName(h *registration) string {
	taken := func(name string) bool {
		return name == b.replies.lostReplies.name || name == b.dispatch.unmatched.name || slices.ContainsFunc(b.dispatch.routes, func(t target) bool { return t.h.name == name })
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

// shareGroup is the group in which h subscribes; empty for a subscription of its own. The
// group of MQTT_SHARE is not for retained state, which brokers do not send to groups, and
// not for AtMostOnce messages, which are for everybody.
func (b *Bus) shareGroup(h *registration) string {
	if h.opt.group != "" || h.tap || h.opt.overtake || h.route.Retain || h.route.QoS == msg.AtMostOnce {
		return h.opt.group
	}
	return b.cfg.Share
}

// addDeclaration notes what h allows the service to publish, and refuses what cannot work
// by itself or beside the handlers before it.
func (b *Bus) addDeclaration(h *registration) error {
	if err := checkDeclaration(h); err != nil {
		return err
	}
	if h.opt.orderKey != nil && h.opt.orderKeyType != h.messageType {
		return fmt.Errorf("%s: OrderedBy takes a %s, the handler does not", h, h.opt.orderKeyType)
	}
	if h.isMeasure() && slices.ContainsFunc(b.dispatch.handlers, func(o Handler) bool {
		return o.registration != h && o.isMeasure() && o.name == h.name
	}) {
		return fmt.Errorf("%q is declared twice by Counts or Times: each label of a metric has one meaning", h.name)
	}
	types := slices.Clone(h.sendTypes)
	if h.messageType != nil {
		types = append(types, h.messageType)
	}
	if c := h.opt.cancelledBy; c != nil {
		if c.requestType != h.messageType {
			return fmt.Errorf("%s: CancelledBy ends a %s, the handler takes none", h, c.requestType)
		}
		types = append(types, c.cancelType)
	}
	for _, t := range types {
		if err := wire.Check(t); err != nil {
			return err
		}
	}
	for _, t := range h.sendTypes {
		b.dispatch.declared[t] = true
	}
	if h.opt.overtake && (h.opt.orderKey != nil || h.opt.group != "") {
		return fmt.Errorf("%s: Overtake is for all who take the message, in order, so it excludes OrderedBy and Shared", h)
	}
	if h.opt.lane != "" && (h.opt.workers > 1 || h.opt.orderKey != nil) {
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

// laneOf returns the lane of h: a fresh one, or that of its name when it has one.
func (b *Bus) laneOf(h *registration, namedLanes map[string]*lane) (*lane, error) {
	name := h.opt.lane
	l := namedLanes[name]
	if l == nil {
		l = newLane(b)
		b.dispatch.lanes = append(b.dispatch.lanes, l)
		if name != "" {
			namedLanes[name] = l
		}
	}
	if h.opt.workers < 1 || h.opt.queue < 1 {
		return nil, fmt.Errorf("%s: Workers and Queue start at 1", h)
	}
	l.limit = max(l.limit, h.opt.queue)
	l.workers, l.orderKey = max(l.workers, h.opt.workers), h.opt.orderKey
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

// checkDeclared reports that the service has not declared to publish m. kittest hears of
// it too, so that it can fail the test.
func (b *Bus) checkDeclared(m msg.Message) error {
	if b.seam.AllowUndeclared || b.dispatch.declared[reflect.TypeOf(m)] {
		return nil
	}
	err := fmt.Errorf("%T: %w", m, ErrUndeclared)
	if b.seam.Undeclared != nil {
		b.seam.Undeclared(fmt.Errorf("%s: %w", b.name, err))
	}
	return err
}
