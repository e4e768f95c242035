package kit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// Types whose declarations cannot work.
type (
	TwoKeys      struct{ Labelled }
	ValueSetter  struct{ K string }
	NoSetter     struct{ K string }
	NoKey        struct{ K string }
	HashRoute    struct{ K string }
	EmptyRoute   struct{ K string }
	ControlRoute struct{ K string }
	LostHeader   struct{ K string }
	WriteOnly    struct{ K string }
	NegativeLife struct{ K string }
)

func (TwoKeys) Route() msg.Route                 { return msg.Route{Topic: "box/+/+"} }
func (ValueSetter) Route() msg.Route             { return msg.Route{Topic: "box/+"} }
func (v ValueSetter) Key() string                { return v.K }
func (v ValueSetter) SetKey(string)              {}
func (NoSetter) Route() msg.Route                { return msg.Route{Topic: "box/+"} }
func (n NoSetter) Key() string                   { return n.K }
func (NoKey) Route() msg.Route                   { return msg.Route{Topic: "box/+"} }
func (HashRoute) Route() msg.Route               { return msg.Route{Topic: "box/#"} }
func (EmptyRoute) Route() msg.Route              { return msg.Route{} }
func (ControlRoute) Route() msg.Route            { return msg.Route{Topic: "box/\n"} }
func (LostHeader) Route() msg.Route              { return msg.Route{Topic: "box/x"} }
func (LostHeader) SetHeader(msg.Header)          {}
func (WriteOnly) Route() msg.Route               { return msg.Route{Topic: "box/x"} }
func (WriteOnly) MarshalBinary() ([]byte, error) { return nil, nil }
func (NegativeLife) Route() msg.Route            { return msg.Route{Topic: "box/x", Expiry: -1} }

// take is a handler of an M that does nothing.
func take[M msg.Message](opts ...kit.Option) kit.Handler {
	return kit.On(func(context.Context, M) error { return nil }, append(opts, kit.Name("take"))...)
}

func TestDeclarationsThatCannotWork(t *testing.T) {
	tap := func(filter string) kit.Handler {
		return kit.Tap(filter, func(context.Context, *kit.Delivery) error { return nil })
	}
	tests := map[string]struct {
		h    kit.Handler
		want string
	}{
		"levels after #":                   {tap("a/#/b"), `Tap: filter "a/#/b" has levels after #`},
		"# that is no level":               {tap("a/b#"), "has a + or # that is not a whole level"},
		"+ that is no level":               {tap("a/+b/c"), "has a + or # that is not a whole level"},
		"an empty filter":                  {tap(""), `Tap: filter "" is empty`},
		"a control character in a filter":  {tap("a\nb"), `Tap: filter "a\nb" holds the character U+000A`},
		"no UTF-8 in a filter":             {tap("a\xff"), "is no UTF-8"},
		"a filter of 201 levels":           {tap(strings.Repeat("a/", 200) + "#"), "has 201 levels"},
		"two + in a route":                 {take[TwoKeys](), `topic "box/+/+" holds two +`},
		"# in a route":                     {take[HashRoute](), "only Tap takes filters"},
		"an empty route":                   {take[EmptyRoute](), `topic "" is empty`},
		"an empty route that is sent":      {kit.Sends[EmptyRoute](), `topic "" is empty`},
		"a control character in a route":   {take[ControlRoute](), "holds the character U+000A"},
		"a negative expiry":                {kit.Sends[NegativeLife](), "has an Expiry of -1ns"},
		"SetKey of a value":                {take[ValueSetter](), "SetKey changes a copy: write func (m *ValueSetter) SetKey(key string)"},
		"no SetKey":                        {take[NoSetter](), "it is received, so it needs func (m *NoSetter) SetKey(key string)"},
		"no Key":                           {kit.Sends[NoKey](), "so the type needs a method Key() string"},
		"SetHeader of a value":             {take[LostHeader](), "SetHeader changes a copy"},
		"bytes that cannot be read":        {take[WriteOnly](), "needs func (m *WriteOnly) UnmarshalBinary(data []byte) error"},
		"a group with a level":             {take[Note](kit.Shared("a/b")), `take (box/note): Shared("a/b"): the group holds one of / + #`},
		"a group with a wildcard":          {take[Note](kit.Shared("+")), "the group holds one of / + #"},
		"a group with a control character": {take[Note](kit.Shared("a\tb")), "the group holds the character U+0009"},
		"an empty handler":                 {kit.Handler{}, "s: handler 1 of 1 is an empty kit.Handler: make it with On, Answer and the like"},
		"On(nil)":                          {kit.On[Note](nil), "a handler (box/note): the function is nil"},
		"Answer(nil)":                      {kit.Answer[Question, QuickReply](nil), "the function is nil"},
		"Tap(nil)":                         {kit.Tap("a", nil), "the function is nil"},
		"OnChan of no channel":             {kit.OnChan(nil, func(context.Context, int) error { return nil }), "OnChan: the channel is nil"},
		"OnChan(nil)":                      {kit.OnChan[int](make(chan int), nil), "the function is nil"},
		"Every(nil)":                       {kit.Every(time.Second, nil), "the function is nil"},
		"Loop(nil)":                        {kit.Loop(nil), "the function is nil"},
		"OnConnect(nil)":                   {kit.OnConnect(nil), "the function is nil"},
		"a nil option":                     {take[Note](nil), "an option is nil"},
		"Use(nil)":                         {take[Note](kit.Use(nil)), "Use: a middleware is nil"},
		"one of several that is nil":       {take[Note](kit.Use(func(n kit.HandlerFunc) kit.HandlerFunc { return n }, nil)), "Use: a middleware is nil"},
		"a middleware that returns nil":    {take[Note](kit.Use(func(kit.HandlerFunc) kit.HandlerFunc { return nil })), "Use: a middleware returned nil"},
		"OrderedBy(nil)":                   {take[Note](kit.OrderedBy[Note](nil)), "OrderedBy: the function is nil"},
		"CancelledBy(nil)":                 {take[Note](kit.CancelledBy[Stop, Note](nil, nil)), "CancelledBy: a function is nil"},
		"Workers(-1)":                      {take[Note](kit.Workers(-1)), "Workers and Queue start at 1"},
		"Queue(0)":                         {take[Note](kit.Queue(0)), "Workers and Queue start at 1"},
		"a negative Timeout":               {take[Note](kit.Timeout(-time.Second)), "Timeout is -1s, want 0 (none) or more"},
		"a group inside a filter":          {tap("$share/g/x"), "write kit.Shared(group) instead of $share"},
		"half a group inside a filter":     {tap("$share"), "write kit.Shared(group) instead of $share"},
		"a pointer to a message":           {take[*Note](), "*kit_test.Note: Route panics on a zero value"},
		"an interface":                     {take[msg.Message](), "msg.Message: Route panics on a zero value"},
		"a pointer that is sent":           {kit.Sends[*Note](), "declare kit_test.Note"},
		"a pointer that is asked":          {kit.Asks[*Essay, End](), "declare kit_test.Essay"},
		"a pointer that cancels":           {take[Note](kit.CancelledBy(func(*Stop) string { return "" }, func(Note) string { return "" })), "declare kit_test.Stop"},
		"a long name":                      {take[Note](kit.Lane(strings.Repeat("x", 1025))), "the name is longer than 1024 bytes"},
		"a long group":                     {take[Note](kit.Shared(strings.Repeat("x", 65530))), "the group is longer than 1024 bytes"},
		"a control character in a lane":    {take[Note](kit.Lane("a\nb")), "the name holds the character U+000A"},
		"too many Workers":                 {take[Note](kit.Workers(1 << 40)), "want at most 65535"},
		"a negative Retry":                 {take[Note](kit.Retry(-1, 0)), "Retry is -1, want 0 or more"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := kittest.ServiceOf("s", tt.h).Describe()
			if err == nil || !strings.HasPrefix(err.Error(), "s: ") || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error is %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { return nil }, kit.Name("a\nb"))).Describe(); err == nil || !strings.Contains(err.Error(), `Name("a\nb")`) {
		t.Errorf("error is %v", err)
	}
}

func TestNamesThatCannotWork(t *testing.T) {
	for id, want := range map[string]string{
		"a+b": `client id "a+b" holds one of / + #`, "a/b": "holds one of / + #", "#": "holds one of / + #",
		"a\nb": "holds the character U+000A", "a\x00": "holds the character U+0000", "\xff": "is no UTF-8", strings.Repeat("x", 65530): "is longer than 1024 bytes",
	} {
		if _, err := kittest.ServiceOf("s").With(kit.As(kit.Identity{ClientID: id, Source: "s"})).Describe(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("As(%.20q): error is %v, want %s", id, err, want)
		}
		if _, err := kittest.ServiceOf("s").With(kit.As(kit.Identity{ClientID: "s", Source: "s", Aliases: []string{id}})).Describe(); err == nil || !strings.Contains(err.Error(), "alias") {
			t.Errorf("alias %.20q: error is %v", id, err)
		}
	}
	for value, variable := range map[string]string{"a+b": "MQTT_CLIENT_ID", "a\tb": "MQTT_SHARE", "a\nb": "MQTT_SYSTEM",
		strings.Repeat("x", 65530): "MQTT_SYSTEM", strings.Repeat("a/", 197) + "a": "MQTT_SYSTEM"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, value)
			if _, err := kit.Load("s"); err == nil || !strings.Contains(err.Error(), variable+" is ") {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestModuleGivenTwice(t *testing.T) {
	s := kittest.ServiceOf("s")
	if err := kit.Run(t.Context(), s, kittest.ServiceOf("x"), s); err == nil || err.Error() != "s is given twice: one process runs a service once" {
		t.Errorf("error is %v", err)
	}
	if err := kit.Run(t.Context(), kit.Module{}); err == nil || !strings.Contains(err.Error(), "a kit.Module is empty") {
		t.Errorf("error is %v", err)
	}
}

// A service that asks before it is ready hears so at once.
func TestAskInAStartHook(t *testing.T) {
	kittest.Run(t, "", func(t *testing.T, b *kittest.Harness) {
		var bus *kit.Bus
		var asked error
		var took time.Duration
		b.Add(t, kittest.ServiceOf("s", kit.Asks[Question]()).With(fx.Populate(&bus), fx.Invoke(func(lc fx.Lifecycle, bus *kit.Bus) {
			lc.Append(fx.StartHook(func(ctx context.Context) {
				began := time.Now()
				_, asked = kit.Ask(ctx, bus, Question{Text: "?"})
				took = time.Since(began)
			}))
		})))
		if !errors.Is(asked, kit.ErrNotServing) || took > time.Second {
			t.Errorf("error is %v after %s", asked, took)
		}
	})
}
