package wire_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotars/tars/kit/wire"
)

// level is a number that travels as a word.
type level int

func (l level) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "level-%d", int(l)), nil }
func (l *level) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "level-%d", (*int)(l))
	return err
}

// sealed has methods on its pointer alone.
type sealed struct{ s string }

func (s *sealed) MarshalText() ([]byte, error) { return []byte(s.s), nil }
func (s *sealed) UnmarshalText(b []byte) error { s.s = string(b); return nil }

type values struct {
	Addr    netip.Addr                `json:"addr"`
	Ptr     *netip.Addr               `json:"ptr"`
	Nil     *netip.Addr               `json:"nil"`
	List    []netip.Addr              `json:"list"`
	Ptrs    []*netip.Prefix           `json:"ptrs"`
	ByName  map[string]netip.AddrPort `json:"by_name"`
	ByAddr  map[netip.Addr]int        `json:"by_addr"`
	ByLevel map[level]level           `json:"by_level"`
	When    time.Time                 `json:"when"`
	Whens   map[string]*time.Time     `json:"whens"`
	Big     big.Int                   `json:"big"`
	BigPtr  *big.Int                  `json:"big_ptr"`
	Rat     *big.Rat                  `json:"rat"`
	IP      net.IP                    `json:"ip"`
	Level   level                     `json:"level"`
	Sealed  sealed                    `json:"sealed"`
	Seals   []sealed                  `json:"seals"`
	Slog    slog.Level                `json:"slog"`
	Nested  struct {
		Addr netip.Addr `json:"addr"`
	} `json:"nested"`
	Any any `json:"any"`
}

func TestTypesThatSayTheirOwnText(t *testing.T) {
	addr, prefix, when := netip.MustParseAddr("10.0.0.1"), netip.MustParsePrefix("10.0.0.0/8"), time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	want := values{
		Addr: addr, Ptr: &addr, List: []netip.Addr{addr, netip.MustParseAddr("::1")}, Ptrs: []*netip.Prefix{&prefix},
		ByName: map[string]netip.AddrPort{"a": netip.MustParseAddrPort("10.0.0.1:80")}, ByAddr: map[netip.Addr]int{addr: 1, netip.MustParseAddr("::1"): 2},
		ByLevel: map[level]level{3: 4}, When: when, Whens: map[string]*time.Time{"x": &when}, Big: *big.NewInt(12), BigPtr: big.NewInt(-34),
		Rat: big.NewRat(1, 3), IP: net.ParseIP("10.0.0.1"), Level: 5, Sealed: sealed{"s"}, Seals: []sealed{{"a"}, {"b"}}, Slog: slog.LevelWarn, Any: "10.0.0.1",
	}
	want.Nested.Addr = addr
	for name, v := range map[string]any{"a value": want, "a pointer": &want} {
		t.Run(name, func(t *testing.T) {
			b, err := wire.Encode(nil, v)
			if err != nil {
				t.Fatal(err)
			}
			var got values
			if err := wire.Decode(b, &got); err != nil {
				t.Fatalf("%v in %s", err, b)
			}
			if a, b := fmt.Sprintf("%+v", plain(t, want)), fmt.Sprintf("%+v", plain(t, got)); a != b {
				t.Errorf("got %s, want %s", b, a)
			}
			for _, part := range []string{`"addr":"10.0.0.1"`, `"nil":null`, `"by_addr":{"10.0.0.1":1,"::1":2}`, `"by_level":{"level-3":"level-4"}`, `"big":12`, `"rat":"1/3"`, `"ip":"10.0.0.1"`, `"seals":["a","b"]`} {
				if !strings.Contains(string(b), part) {
					t.Errorf("%s is not in %s", part, b)
				}
			}
		})
	}
	free, err := wire.Encode(nil, struct {
		X any `json:"x"`
	}{addr})
	if err != nil || string(free) != `{"x":"10.0.0.1"}` {
		t.Errorf("inside an any: %s, %v", free, err)
	}
}

// plain is v as encoding/json writes it, which is the judge of what it holds.
func plain(t *testing.T, v values) string {
	t.Helper()
	b, err := json.Marshal(&v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTextsThatAreRefused(t *testing.T) {
	for data, want := range map[string]string{
		`{"addr":"nowhere"}`:                         "addr: ",
		`{"addr":7}`:                                 "addr: 7 is no string",
		`{"addr":null}`:                              "addr: must not be null",
		`{"addr":{}}`:                                "addr: {} is no string",
		`{"list":["10.0.0.1","x"]}`:                  "list.1: ",
		`{"by_addr":{"x":1}}`:                        "by_addr.x: ",
		`{"by_addr":{"::1":1,"0:0:0:0:0:0:0:1":2}}`:  "given twice",
		`{"level":5}`:                                "level: 5 is no string",
		`{"nested":{"addr":"10.0.0.1","more":true}}`: "nested.more: no such field",
	} {
		var v values
		if err := wire.Decode([]byte(data), &v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %s", data, err, want)
		}
	}
}

type (
	onlyOut    struct{ _ int }
	onlyIn     struct{ _ int }
	onlyJSON   struct{ _ int }
	hiddenOnly struct{ _ int }
	embedsAddr struct {
		netip.Addr
		Name string `json:"name"`
	}
	embedsTime struct {
		time.Time
		Name string `json:"name"`
	}
	embedsNamed struct {
		time.Time `json:"time"`
		Name      string `json:"name"`
	}
	embedsPtr struct {
		*big.Int `json:"n"`
		Name     string `json:"name"`
	}
	embedsBig struct {
		big.Int
		Name string `json:"name"`
	}
	overrides struct {
		time.Time
		Name string `json:"name"`
	}
	embedsPlain struct {
		hiddenField
		Name string `json:"name"`
	}
	hiddenField struct {
		Inner int `json:"inner"`
	}
)

func (onlyOut) MarshalText() ([]byte, error)     { return nil, nil }
func (*onlyIn) UnmarshalText([]byte) error       { return nil }
func (onlyJSON) MarshalJSON() ([]byte, error)    { return []byte("1"), nil }
func (o overrides) MarshalJSON() ([]byte, error) { return json.Marshal(map[string]any{"name": o.Name}) }
func (o *overrides) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &struct{ Name *string }{&o.Name})
}

// What would be lost without a word is told before anything is sent.
func TestTypesThatCannotTravel(t *testing.T) {
	tests := map[string]struct {
		v    any
		want string
	}{
		"MarshalText alone":                   {struct{ X onlyOut }{}, "has MarshalText and no UnmarshalText"},
		"UnmarshalText alone":                 {struct{ X onlyIn }{}, "has UnmarshalText and no MarshalText"},
		"MarshalJSON alone, nothing exported": {struct{ X onlyJSON }{}, "only one of MarshalJSON and UnmarshalJSON"},
		"nothing exported":                    {struct{ X hiddenOnly }{}, "X: wire_test.hiddenOnly has no exported field"},
		"nothing exported, a pointer":         {struct{ X *hiddenOnly }{}, "has no exported field"},
		"nothing exported, a list":            {struct{ X []hiddenOnly }{}, "has no exported field"},
		"nothing exported, a map":             {struct{ X map[string]hiddenOnly }{}, "has no exported field"},
		"nothing exported, the whole":         {hiddenOnly{}, "has no exported field"},
		"an atomic":                           {struct{ X atomic.Int64 }{}, "has no exported field"},
		"url.URL, whose login is hidden":      {struct{ X url.URL }{}, "User: url.Userinfo has no exported field"},
		"*url.URL":                            {struct{ X *url.URL }{}, "url.Userinfo has no exported field"},
		"an address that is embedded":         {embedsAddr{}, "embeds netip.Addr, whose MarshalText would stand for all of it: give the field a name"},
		"a time that is embedded":             {embedsTime{}, "embeds time.Time, whose MarshalJSON"},
		"a time that is embedded with a name": {embedsNamed{}, "embeds time.Time, whose MarshalJSON"},
		"a pointer that is embedded":          {embedsPtr{}, "embeds *big.Int, whose MarshalJSON"},
		"a number with methods of a pointer":  {embedsBig{}, "embeds big.Int, whose MarshalJSON"},
		"one of them inside":                  {struct{ X []embedsAddr }{}, "embeds netip.Addr"},
		"names of hidden structs":             {struct{ X map[hiddenOnly]int }{}, "names must be strings, ints, or have MarshalText"},
		"names that are only written":         {struct{ X map[onlyOut]int }{}, "has MarshalText and no UnmarshalText"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			typ := reflect.TypeOf(tt.v)
			if err := wire.Check(typ); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %s", err, tt.want)
			}
			if _, err := wire.Encode(nil, tt.v); err == nil {
				t.Error("it is sent all the same")
			}
		})
	}
	for name, v := range map[string]any{
		"methods of its own beside an embedded type": overrides{}, "an empty struct": struct{}{}, "embedded fields": embedsPlain{},
		"fields that are left out": struct {
			X int `json:"-"`
		}{},
	} {
		if err := wire.Check(reflect.TypeOf(v)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaOfTexts(t *testing.T) {
	s, err := wire.Schema(reflect.TypeFor[struct {
		Addr   netip.Addr         `json:"addr"`
		Ptr    *netip.Addr        `json:"ptr"`
		ByAddr map[netip.Addr]int `json:"by_addr"`
	}]())
	const want = `{"type":"object","properties":{"addr":{"type":"string"},"ptr":{"type":["string","null"]},"by_addr":{"type":"object","additionalProperties":{"type":"integer"}}},"additionalProperties":false}`
	if err != nil || string(s) != want {
		t.Errorf("got %s, %v, want %s", s, err, want)
	}
}
