package kit

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/kit/internal/meter"
	"github.com/gotars/tars/kit/msg"
)

// newRegistration begins a declaration: with the defaults, its options, and the name of the
// function fn.
func newRegistration(fn any, opts []Option) *registration {
	d := &registration{opt: options{workers: 1, queue: 64, timeout: 30 * time.Second}}
	for _, set := range opts {
		if set == nil {
			d.opt.fault = errors.New("an option is nil")
			continue
		}
		set(&d.opt)
	}
	if isNil(fn) {
		d.opt.fault = errors.New("the function is nil")
		d.name = cmp.Or(d.opt.name, "a handler")
		return d
	}
	d.name = cmp.Or(d.opt.name, funcName(fn))
	return d
}

// funcName is the short name of a function or method value: "recall".
func funcName(fn any) string {
	s := strings.TrimSuffix(runtime.FuncForPC(reflect.ValueOf(fn).Pointer()).Name(), "-fm")
	return s[strings.LastIndexByte(s, '.')+1:]
}

// checkIdentity refuses names with which no broker lets a client in, or which
// would make filters of the topics of this service.
func (b *Bus) checkIdentity() error {
	for what, name := range map[string]string{"client id": b.id.ClientID, "MQTT_SHARE": b.cfg.Share} {
		if name == "" && what != "client id" {
			continue
		}
		if err := checkLevel(name); err != nil {
			return fmt.Errorf("%s %.60q %w", what, name, err)
		}
	}
	for _, alias := range b.id.Aliases {
		if err := checkLevel(alias); err != nil {
			return fmt.Errorf("alias %.60q %w", alias, err)
		}
	}
	return nil
}

// checkLevel reports why name is not one level of a topic.
func checkLevel(name string) error {
	if name == "" {
		return errors.New("is empty")
	}
	if strings.ContainsAny(name, "/+#") {
		return errors.New("holds one of / + #, which have a meaning in topics")
	}
	return checkName(name)
}

// maxName bounds the names that topics and client ids are made of, in bytes.
const maxName = 1024

// checkName reports why name is not part of a topic or a client id.
func checkName(name string) error {
	if len(name) > maxName {
		return fmt.Errorf("is longer than %d bytes", maxName)
	}
	return checkText(name)
}

// checkFilter reports why no broker takes a subscription of filter.
func checkFilter(filter string) error {
	if filter == "" {
		return errors.New("is empty")
	}
	if err := checkText(filter); err != nil {
		return err
	}
	if err := checkLevels(filter); err != nil {
		return err
	}
	levels := strings.Split(filter, "/")
	if levels[0] == "$share" {
		return errors.New("names a group: write kit.Shared(group) instead of $share")
	}
	for i, level := range levels {
		switch {
		case level == "#" && i < len(levels)-1:
			return errors.New("has levels after #, which must be the last one")
		case level != "+" && level != "#" && strings.ContainsAny(level, "+#"):
			return errors.New("has a + or # that is not a whole level")
		}
	}
	return nil
}

// checkRoute reports why messages cannot travel on r.
func checkRoute(r msg.Route) error {
	if err := checkFilter(r.Topic); err != nil {
		return fmt.Errorf("topic %.60q %w", r.Topic, err)
	}
	switch {
	case strings.Contains(r.Topic, "#"):
		return fmt.Errorf("topic %q holds #: a message has one topic, only Tap takes filters", r.Topic)
	case strings.Count(r.Topic, "+") > 1:
		return fmt.Errorf("topic %q holds two +: a message has one key", r.Topic)
	case r.QoS > msg.ExactlyOnce:
		return fmt.Errorf("topic %q has QoS %d, want 0 to 2", r.Topic, r.QoS)
	case r.Expiry < 0:
		return fmt.Errorf("topic %q has an Expiry of %s, want 0 or more", r.Topic, r.Expiry)
	}
	return nil
}

// checkedRouteOf is routeOf for a type that is not checked yet: its Route may panic.
func checkedRouteOf(t reflect.Type) (r msg.Route, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("%s: Route panics on a zero value: it is a constant of the type, and a pointer is nil there; declare %s", t, strings.TrimLeft(t.String(), "*"))
		}
	}()
	return routeOf(t), nil
}

// checkMessage reports why messages of type t cannot be sent, or received.
func checkMessage(t reflect.Type, received bool) error {
	r, err := checkedRouteOf(t)
	if err != nil {
		return err
	}
	if err := checkRoute(r); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	if !received {
		if strings.Contains(r.Topic, "+") && !t.Implements(reflect.TypeFor[msg.Keyed]()) {
			return fmt.Errorf("%s: topic %q holds a +, so the type needs a method Key() string", t, r.Topic)
		}
		return nil
	}
	if strings.Contains(r.Topic, "+") {
		if err := checkSetter[interface{ SetKey(string) }](t, "SetKey(key string)", true); err != nil {
			return fmt.Errorf("%s: topic %q holds a +: %w", t, r.Topic, err)
		}
	}
	if err := checkSetter[interface{ SetHeader(msg.Header) }](t, "SetHeader(h msg.Header)", false); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	binary := t.Implements(reflect.TypeFor[encoding.BinaryMarshaler]())
	if err := checkSetter[encoding.BinaryUnmarshaler](t, "UnmarshalBinary(data []byte) error", binary); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	return nil
}

// checkSetter reports that a method which changes its receiver is missing, or
// changes a copy of it.
func checkSetter[I any](t reflect.Type, method string, needed bool) error {
	setter := reflect.TypeFor[I]()
	switch {
	case t.Kind() == reflect.Pointer:
		return nil
	case t.Implements(setter):
		return fmt.Errorf("%s changes a copy: write func (m *%s) %s", method[:strings.IndexByte(method, '(')], t.Name(), method)
	case needed && !reflect.PointerTo(t).Implements(setter):
		return fmt.Errorf("it is received, so it needs func (m *%s) %s", t.Name(), method)
	}
	return nil
}

// maxWorkers is how many messages a broker can leave unacknowledged.
const maxWorkers = 65535

// checkDeclaration refuses what can be seen to fail from the declaration alone.
func checkDeclaration(h *registration) error {
	o := &h.opt
	switch {
	case h.fault != nil:
		return h.fault
	case o.fault != nil:
		return fmt.Errorf("%s: %w", h, o.fault)
	case h.isMeasure() && h.name != meter.Label(h.name):
		return fmt.Errorf("%q cannot label a metric: want lower-case letters, digits and underscores, such as %q", h.name, meter.Label(h.name))
	case checkName(h.name) != nil:
		return fmt.Errorf("Name(%.40q): a name of a handler goes into topics and logs, and this one %w", h.name, checkName(h.name))
	case checkName(o.lane) != nil:
		return fmt.Errorf("%s: Lane(%.40q): the name %w", h, o.lane, checkName(o.lane))
	case o.workers > maxWorkers:
		return fmt.Errorf("%s: Workers is %d, want at most %d: a broker sends no more messages at once", h, o.workers, maxWorkers)
	case o.timeout < 0:
		return fmt.Errorf("%s: Timeout is %s, want 0 (none) or more", h, o.timeout)
	case o.retries < 0:
		return fmt.Errorf("%s: Retry is %d, want 0 or more", h, o.retries)
	case o.group != "" && checkLevel(o.group) != nil:
		return fmt.Errorf("%s: Shared(%.40q): the group %w", h, o.group, checkLevel(o.group))
	case h.tap:
		if err := checkFilter(h.route.Topic); err != nil {
			return fmt.Errorf("Tap: filter %.60q %w", h.route.Topic, err)
		}
	}
	if h.messageType != nil {
		if err := checkMessage(h.messageType, true); err != nil {
			return err
		}
	}
	if c := o.cancelledBy; c != nil {
		if err := checkMessage(c.cancelType, true); err != nil {
			return err
		}
	}
	for _, t := range h.sendTypes {
		if err := checkMessage(t, false); err != nil {
			return err
		}
	}
	for _, t := range h.replyTypes {
		if err := checkMessage(t, true); err != nil {
			return err
		}
	}
	return nil
}

// isNil reports whether a function or channel of a declaration is missing.
func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || (r.Kind() == reflect.Func || r.Kind() == reflect.Chan) && r.IsNil()
}

// checkNames refuses a module that is given twice: two clients of one name
// would end each other.
func checkNames(mods []Module) error {
	for i, m := range mods {
		if m.mount == nil {
			return errors.New("a kit.Module is empty: make it with kit.Service")
		}
		if slices.ContainsFunc(mods[:i], func(o Module) bool { return o.Name == m.Name }) {
			return fmt.Errorf("%s is given twice: one process runs a service once", m.Name)
		}
	}
	return nil
}
