package kit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/topic"
	"github.com/gotars/tars/kit/msg"
)

// assignConnections spreads the lanes over connections. A broker sends a client no more
// than its Receive Maximum of messages that are not acknowledged, and what is
// published after them waits, for whatever handler it is. So each lane that
// acknowledges after its work gets a connection, and waits for itself alone.
// The first connection publishes, and takes what is acknowledged on arrival:
// answers to asks, cancels, what overtakes, and what is AtMostOnce.
// README.md links to the reasons and to what it costs.
func (b *Bus) assignConnections(answers []paho.SubscribeOptions) error {
	first := b.conns.all[0]
	prompt := answers // what must not wait for work
	var working []*lane
	for _, l := range b.dispatch.lanes {
		for _, t := range l.cancellers {
			prompt = append(prompt, subscribeOptions(t.h.opt.cancelledBy.route, ""))
			first.cancellers = append(first.cancellers, t)
		}
		if !b.cfg.IsolateLanes || !l.acknowledgesLate() {
			first.feed(l)
			continue
		}
		working = append(working, l)
		for _, t := range l.routes {
			if t.h.opt.overtake && t.filter != "" {
				prompt = append(prompt, subscribeOptions(t.h.route, t.group))
				first.routes = append(first.routes, t)
			}
		}
	}
	alone := len(prompt) == 0 && !slices.ContainsFunc(first.routes, func(t target) bool { return t.filter != "" && !t.h.builtIn })
	for i, l := range working {
		if alone && i == 0 { // nothing is there to wait for it
			first.feed(l)
			continue
		}
		c := b.newConnection(b.connectionID(l.name))
		b.conns.all = append(b.conns.all, c)
		c.feed(l)
		c.cancellers = l.cancellers
	}
	return b.chooseFilters(prompt)
}

// acknowledgesLate reports whether messages of the lane stay unacknowledged while
// they wait for their handler: then no other lane should share its window.
func (l *lane) acknowledgesLate() bool {
	return slices.ContainsFunc(l.routes, func(t target) bool {
		return t.filter != "" && t.h.route.QoS > msg.AtMostOnce && !t.h.opt.overtake
	})
}

// feed lets c take in the messages of a lane.
func (c *connection) feed(l *lane) {
	l.conn = c
	c.lanes = append(c.lanes, l)
	c.routes = append(c.routes, l.routes...)
}

// chooseFilters decides what each connection subscribes. prompt is what must not wait for
// work, and goes to the first connection.
func (b *Bus) chooseFilters(prompt []paho.SubscribeOptions) (err error) {
	var all []paho.SubscribeOptions
	for i, c := range b.conns.all {
		var want []paho.SubscribeOptions
		for _, t := range c.routes {
			if t.filter != "" {
				want = append(want, subscribeOptions(t.h.route, t.group))
			}
		}
		if i == 0 {
			want = append(want, prompt...)
		}
		for _, t := range c.cancellers {
			want = append(want, subscribeOptions(t.h.opt.cancelledBy.route, ""))
		}
		if b.letters.replays != "" && (len(c.lanes) > 0 || i == 0) {
			want = append(want, subscribeOptions(msg.Route{Topic: b.letters.replays, QoS: msg.AtLeastOnce}, ""))
		}
		if c.filters, err = mergeFilters(want); err != nil {
			return err
		}
		all = append(all, want...)
		if i == 0 {
			continue
		}
		for _, f := range c.filters {
			if topic.Unshared(f.Topic) == f.Topic {
				b.conns.echoes = append(b.conns.echoes, f.Topic)
			}
		}
	}
	b.conns.filters, err = mergeFilters(all)
	return err
}

// connectionID is the client id of the connection of a lane: stable, because the
// broker keeps its session by it.
func (b *Bus) connectionID(lane string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, lane)
	id := b.id.ClientID + "." + plain
	for n := 2; slices.ContainsFunc(b.conns.all, func(c *connection) bool { return c.clientID == id }); n++ {
		id = fmt.Sprintf("%s.%s-%d", b.id.ClientID, plain, n)
	}
	return id
}
