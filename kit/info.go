package kit

import (
	"cmp"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"

	"go.uber.org/dig"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit/msg"
)

// Info is what a service says about itself, retained on
// system/info/<client id>.
type Info struct {
	Name     string         `json:"name" msg:"required"`
	ClientID string         `json:"client_id" msg:"required"`
	Source   string         `json:"source"`
	Version  string         `json:"version"`  // of the program
	Instance string         `json:"instance"` // fresh for each process
	Handlers []EndpointInfo `json:"handlers"` // what it takes
	Asks     []EndpointInfo `json:"asks"`     // what it asks, and is answered on other topics
	Sends    []EndpointInfo `json:"sends"`    // what else it publishes
	// Topics and filters as an access list needs them, the kit's own included.
	Reads  []string `json:"reads"`
	Writes []string `json:"writes"`

	Variables []Variable `json:"-"` // what it reads from the environment; Describe alone knows
}

// EndpointInfo is one line of what a service declares.
type EndpointInfo struct {
	Handler string `json:"handler"` // empty for what is sent
	Topic   string `json:"topic"`
	Type    string `json:"type"` // event type, empty for a Tap
	QoS     int    `json:"qos"`
	Retain  bool   `json:"retain"`
	Group   string `json:"group"` // of a shared subscription
	Lane    string `json:"lane"`
	Workers int    `json:"workers"`

	Message reflect.Type   `json:"-"` // its payload, nil for a Tap
	Replies []reflect.Type `json:"-"` // what answers it
}

// Describe tells what the module declares, without connecting. It constructs
// the service as a start does, from the environment.
func (m Module) Describe() (Info, error) {
	var b *Bus
	var known *variableCollector
	if err := m.App(fx.Populate(&b, &known)).Err(); err != nil {
		return Info{}, fmt.Errorf("%s: %w", m.Name, dig.RootCause(err))
	}
	i := b.info()
	i.Variables = known.all
	return i, nil
}

// info is what the declarations of this service say.
func (b *Bus) info() Info {
	i := Info{Name: b.name, ClientID: b.id.ClientID, Source: b.id.Source, Version: Version(), Instance: b.status.instance}
	for _, h := range b.dispatch.handlers {
		if h.builtIn {
			continue
		}
		if h.route.Topic != "" {
			d := endpointInfo(h.route, h.messageType)
			d.Handler, d.Group, d.Lane, d.Workers, d.Replies = h.name, b.shareGroup(h.registration), h.opt.lane, h.opt.workers, h.sendTypes
			i.Handlers = append(i.Handlers, d)
		}
		if c := h.opt.cancelledBy; c != nil {
			d := endpointInfo(c.route, c.cancelType)
			d.Handler, d.Workers = h.name, 1
			i.Handlers = append(i.Handlers, d)
		}
		for n, t := range h.sendTypes {
			d := endpointInfo(routeOf(t), t)
			if h.replyTypes != nil && n == 0 {
				d.Replies = h.replyTypes
				i.Asks = append(i.Asks, d)
			} else {
				i.Sends = append(i.Sends, d)
			}
		}
	}
	slices.SortFunc(i.Sends, func(a, c EndpointInfo) int { return cmp.Or(cmp.Compare(a.Topic, c.Topic), cmp.Compare(a.Type, c.Type)) })
	i.Sends = slices.CompactFunc(i.Sends, func(a, c EndpointInfo) bool { return a.Message == c.Message })
	i.Reads, i.Writes = b.accessList(i)
	return i
}

// routeOf is the route of a message of type t.
func routeOf(t reflect.Type) msg.Route { return reflect.Zero(t).Interface().(msg.Message).Route() }

// endpointInfo describes messages of type t on the route r; t is nil for a Tap.
func endpointInfo(r msg.Route, t reflect.Type) EndpointInfo {
	d := EndpointInfo{Topic: r.Topic, QoS: int(r.QoS), Retain: r.Retain, Workers: 1, Message: t}
	if t != nil && !r.Bare {
		d.Type = eventType(r)
	}
	return d
}

// accessList lists every filter the service subscribes and every topic it
// publishes, the kit's own first.
func (b *Bus) accessList(i Info) (reads, writes []string) {
	for _, f := range b.conns.filters {
		reads = append(reads, f.Topic)
	}
	for _, what := range []string{"health", "info", "stats", "dead", "keepalive"} {
		writes = append(writes, b.ownTopic(what))
	}
	writes = append(writes, b.ownTopic("dead")+"/+")
	for _, alias := range b.id.Aliases {
		writes = append(writes, b.cfg.Topic("health", alias))
	}
	if slices.ContainsFunc(b.dispatch.handlers, func(h Handler) bool { return h.replyFailure != nil }) {
		writes = append(writes, b.cfg.Topic("error", "+"))
	}
	for _, d := range slices.Concat(i.Asks, i.Sends) {
		writes = append(writes, d.Topic)
	}
	for _, h := range b.dispatch.handlers {
		reads, writes = append(reads, h.sideReads...), append(writes, h.sideWrites...)
	}
	slices.Sort(reads)
	slices.Sort(writes)
	return slices.Compact(reads), slices.Compact(writes)
}

// Version is that of the program: its module's, or the commit it was built from,
// as the go command notes either.
func Version() string {
	if bi, ok := debug.ReadBuildInfo(); ok && bi.Main.Version != "" && bi.Main.Version != "(devel)" {
		return bi.Main.Version
	}
	return "devel"
}
