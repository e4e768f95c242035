package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/gotars/tars/kit/wire"
)

func ptr[T any](v T) *T { return &v }

// leaf has one field for every row of the tag table.
type leaf struct {
	Need    string         `json:"need" msg:"required"`
	Lang    string         `json:"lang" default:"en"`
	On      *bool          `json:"on" default:"true"`
	Speed   float64        `json:"speed" default:"1" msg:"min=0.1,max=1"`
	Level   *int           `json:"level" msg:"min=0,max=5"`
	Mode    string         `json:"mode" default:"stop" msg:"oneof=pause stop"`
	ID      string         `json:"id" msg:"fresh"`
	At      float64        `json:"at" msg:"now"`
	Text    string         `json:"text" msg:"alias=query,alias=q"`
	Version *string        `json:"version" msg:"foreign"`
	Err     *string        `json:"err,omitempty"`
	Doc     any            `json:"doc" msg:"nullable,kind=object|string"`
	Free    map[string]any `json:"free"`
	Maybe   map[string]any `json:"maybe" msg:"nullable"`
	List    []int          `json:"list"`
	Hidden  string         `json:"-"`
}

type inner struct {
	Kind  string  `json:"kind" default:"target"`
	Score float64 `json:"score" msg:"required,max=1"`
	Flag  *bool   `json:"flag"`
}

type outer struct {
	Items [][]inner        `json:"items"`
	Named map[string]inner `json:"named"`
	Ports map[int]int      `json:"ports"`
	Next  *outer           `json:"next"`
}

type byName struct {
	Name string `json:"name" msg:"required"`
}

type bySection struct {
	Section string `json:"section" msg:"required"`
	Value   int    `json:"value" msg:"max=9"`
}

type union struct {
	Name    *byName    `msg:"when=name"`
	Section *bySection `msg:"when=section"`
}

// pair refuses itself unless Low is not above High.
type pair struct {
	Low  int `json:"low"`
	High int `json:"high"`
}

func (p pair) Validate() error {
	if p.Low > p.High {
		return fmt.Errorf("low: %d is above high", p.Low)
	}
	return nil
}

// celsius takes {"f": …} as well.
type celsius struct {
	C float64  `json:"c"`
	F *float64 `json:"f" msg:"foreign"`
}

func (c *celsius) UnmarshalJSON(data []byte) error {
	type plain celsius
	if err := json.Unmarshal(data, (*plain)(c)); err != nil {
		return err
	}
	if c.F != nil {
		c.C, c.F = (*c.F-32)*5/9, nil
	}
	if c.C < -273.15 {
		return errors.New("c: colder than can be")
	}
	return nil
}

func TestDecodeFollowsTheTags(t *testing.T) {
	const filled = `"id":"i","at":1`
	base := leaf{Need: "n", Lang: "en", On: ptr(true), Speed: 1, Mode: "stop", ID: "i", At: 1}
	with := func(f func(*leaf)) leaf { l := base; f(&l); return l }
	tests := map[string]struct {
		data string
		want any
	}{
		"what is absent is the default or zero": {`{"need":"n",` + filled + `}`, base},
		"a default gives way":                   {`{"need":"n","lang":"","on":false,` + filled + `}`, with(func(l *leaf) { l.Lang, l.On = "", ptr(false) })},
		"bounds are inclusive":                  {`{"need":"n","speed":0.1,"level":5,` + filled + `}`, with(func(l *leaf) { l.Speed, l.Level = 0.1, ptr(5) })},
		"null is nil on a pointer":              {`{"need":"n","level":null,"err":null,` + filled + `}`, base},
		"null is nil on what is nullable":       {`{"need":"n","maybe":null,"doc":null,` + filled + `}`, base},
		"a second name":                         {`{"need":"n","query":"t",` + filled + `}`, with(func(l *leaf) { l.Text = "t" })},
		"a third name":                          {`{"need":"n","q":"t",` + filled + `}`, with(func(l *leaf) { l.Text = "t" })},
		"a foreign field":                       {`{"need":"n","version":"1",` + filled + `}`, with(func(l *leaf) { l.Version = ptr("1") })},
		"a kind that is allowed":                {`{"need":"n","doc":"d",` + filled + `}`, with(func(l *leaf) { l.Doc = "d" })},
		"nulls inside free JSON": {
			`{"need":"n","free":{"a":null,"b":[null,1]},` + filled + `}`,
			with(func(l *leaf) { l.Free = map[string]any{"a": nil, "b": []any{nil, 1.0}} }),
		},
		"escapes in a name":              {`{"n\u0065ed":"n",` + filled + `}`, base},
		"a surrogate pair":               {`{"need":"\ud83e\udd16",` + filled + `}`, with(func(l *leaf) { l.Need = "🤖" })},
		"defaults of what is nested":     {`{"items":[[{"score":0.5}]]}`, outer{Items: [][]inner{{{Kind: "target", Score: 0.5}}}}},
		"coercions of what is nested":    {`{"named":{"a":{"score":"0.5","flag":"yes"}}}`, outer{Named: map[string]inner{"a": {Kind: "target", Score: 0.5, Flag: ptr(true)}}}},
		"names that are ints":            {`{"ports":{"15":2100,"-1":"7"}}`, outer{Ports: map[int]int{15: 2100, -1: 7}}},
		"a type inside itself":           {`{"next":{"ports":{"1":2}}}`, outer{Next: &outer{Ports: map[int]int{1: 2}}}},
		"the first shape of a union":     {`{"name":"a"}`, union{Name: &byName{"a"}}},
		"the second shape of a union":    {`{"value":3,"section":"s"}`, union{Section: &bySection{"s", 3}}},
		"a shape that reads itself":      {`{"f":212}`, celsius{C: 100}},
		"a shape that approves itself":   {`{"low":1,"high":2}`, pair{1, 2}},
		"white space everywhere":         {" {\n\t\"low\" : 1 ,\r\"high\" : 2 } ", pair{1, 2}},
		"a value that is no object":      {`[1,2.0,"3"]`, []int{1, 2, 3}},
		"the last name of a free object": {`{"a":1,"a":2}`, map[string]any{"a": 2.0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := reflect.New(reflect.TypeOf(tt.want))
			if err := wire.Decode([]byte(tt.data), got.Interface()); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Elem().Interface(), tt.want) {
				t.Errorf("got %+v, want %+v", got.Elem(), tt.want)
			}
		})
	}
}

// refusals is what Decode must not take, and why.
var refusals = map[string]struct {
	into any
	data string
	path string
	want wire.Reason
}{
	"a required field is absent":  {leaf{}, `{}`, "need", wire.Missing},
	"an unknown name":             {leaf{}, `{"need":"n","x":1}`, "x", wire.Unknown},
	"a name in other case":        {leaf{}, `{"Need":"n"}`, "Need", wire.Unknown},
	"the name of a hidden field":  {leaf{}, `{"need":"n","Hidden":"h"}`, "Hidden", wire.Unknown},
	"a name twice":                {leaf{}, `{"need":"n","need":"n"}`, "need", wire.Duplicate},
	"a name and its alias":        {leaf{}, `{"need":"n","text":"n","q":"n"}`, "text", wire.Duplicate},
	"a name twice, once escaped":  {leaf{}, `{"need":"n","n\u0065ed":"n"}`, "need", wire.Duplicate},
	"null for a string":           {leaf{}, `{"need":null}`, "need", wire.Null},
	"null for a default":          {leaf{}, `{"need":"n","on":null}`, "on", wire.Null},
	"null for a map":              {leaf{}, `{"need":"n","free":null}`, "free", wire.Null},
	"null for a list":             {leaf{}, `{"need":"n","list":null}`, "list", wire.Null},
	"null in a list":              {leaf{}, `{"need":"n","list":[1,null]}`, "list.1", wire.Null},
	"below the bounds":            {leaf{}, `{"need":"n","speed":0.09}`, "speed", wire.Bounds},
	"above the bounds":            {leaf{}, `{"need":"n","level":6}`, "level", wire.Bounds},
	"none of the choices":         {leaf{}, `{"need":"n","mode":"Stop"}`, "mode", wire.Bounds},
	"a kind that is not allowed":  {leaf{}, `{"need":"n","doc":[1]}`, "doc", wire.BadType},
	"a number for a string":       {leaf{}, `{"need":1}`, "need", wire.BadType},
	"a bool for a string":         {leaf{}, `{"need":true}`, "need", wire.BadType},
	"a bool for a number":         {leaf{}, `{"need":"n","speed":true}`, "speed", wire.BadType},
	"an array for an object":      {leaf{}, `{"need":"n","free":[]}`, "free", wire.BadType},
	"an object for an array":      {leaf{}, `{"need":"n","list":{}}`, "list", wire.BadType},
	"a fraction for an int":       {leaf{}, `{"need":"n","level":1.5}`, "level", wire.BadType},
	"a word for an int":           {leaf{}, `{"need":"n","level":"two"}`, "level", wire.BadType},
	"no text for an int":          {leaf{}, `{"need":"n","level":""}`, "level", wire.BadType},
	"hex for an int":              {leaf{}, `{"need":"n","level":"0x2"}`, "level", wire.BadType},
	"two for a bool":              {leaf{}, `{"need":"n","on":2}`, "on", wire.BadType},
	"a word for a bool":           {leaf{}, `{"need":"n","on":"maybe"}`, "on", wire.BadType},
	"infinity in quotes":          {leaf{}, `{"need":"n","speed":"inf"}`, "speed", wire.BadType},
	"an int beyond its type":      {struct{ N int8 }{}, `{"N":128}`, "N", wire.Bounds},
	"a negative unsigned":         {struct{ N uint }{}, `{"N":-1}`, "N", wire.Bounds},
	"an int beyond 64 bits":       {struct{ N int }{}, `{"N":9223372036854775808}`, "N", wire.Bounds},
	"a float too big for an int":  {struct{ N int }{}, `{"N":1e300}`, "N", wire.Bounds},
	"a number beyond float64":     {leaf{}, `{"need":"n","free":{"a":1e999}}`, "free.a", wire.BadJSON},
	"NaN":                         {leaf{}, `{"need":"n","speed":NaN}`, "speed", wire.BadJSON},
	"nested, a rule":              {outer{}, `{"items":[[],[{"score":0},{"score":2}]]}`, "items.1.1.score", wire.Bounds},
	"nested, a name":              {outer{}, `{"named":{"a":{"score":0,"x":1}}}`, "named.a.x", wire.Unknown},
	"nested, in itself":           {outer{}, `{"next":{"next":{"items":1}}}`, "next.next.items", wire.BadType},
	"a name that is no int":       {outer{}, `{"ports":{"left":1}}`, "ports.left", wire.BadType},
	"no shape of a union":         {union{}, `{"value":1}`, "", wire.Missing},
	"the first shape, and more":   {union{}, `{"name":"a","section":"s"}`, "section", wire.Unknown},
	"a rule of a shape":           {union{}, `{"section":"s","value":10}`, "value", wire.Bounds},
	"a union that is no object":   {union{}, `"name"`, "", wire.BadType},
	"what refuses itself":         {pair{}, `{"low":3,"high":2}`, "low", wire.Bounds},
	"what cannot read itself":     {celsius{}, `{"c":-300}`, "c", wire.Bounds},
	"an unknown name before that": {celsius{}, `{"k":1}`, "k", wire.Unknown},
}

func TestDecodeRefusesWithFieldAndRule(t *testing.T) {
	for name, tt := range refusals {
		t.Run(name, func(t *testing.T) {
			v := reflect.New(reflect.TypeOf(tt.into))
			err := wire.Decode([]byte(tt.data), v.Interface())
			e, ok := errors.AsType[*wire.Error](err)
			if !ok {
				t.Fatalf("got %+v, error %v", v.Elem(), err)
			}
			if e.Path != tt.path || e.Reason != tt.want {
				t.Errorf("refused by %q: %s, want %s: %s", e, e.Reason, tt.path, tt.want)
			}
		})
	}
}

func TestAnErrorSaysWhatIsWrong(t *testing.T) {
	tests := map[string]string{
		`{"need":"n","level":51}`:               "level: 51 is out of bounds",
		`{"need":"n","level":1.5}`:              "level: 1.5 is no integer",
		`{"need":"n","mode":"x"}`:               `mode: "x" is not one of pause stop`,
		`{"need":null}`:                         "need: must not be null",
		`{"lang":"de"}`:                         "need: is missing",
		`{"need":"n"} x`:                        "bytes after the value, from byte 13",
		`{"need":"n","doc":1}`:                  "doc: number where [object string] is wanted",
		`{"` + strings.Repeat("ü", 99) + `":1}`: strings.Repeat("ü", 20) + "…: no such field",
	}
	for data, want := range tests {
		if err := wire.Decode([]byte(data), new(leaf)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", data, err, want)
		}
	}
}

func TestCoercionsOfScalars(t *testing.T) {
	type all struct {
		I *int
		F *float64
		B *bool
		U *uint16
	}
	tests := map[string]all{
		`{"I":"3"}`:                  {I: ptr(3)},
		`{"I":" -3 "}`:               {I: ptr(-3)},
		`{"I":1.0}`:                  {I: ptr(1)},
		`{"I":"1.0"}`:                {I: ptr(1)},
		`{"I":1e3}`:                  {I: ptr(1000)},
		`{"I":-0}`:                   {I: ptr(0)},
		`{"I":-9223372036854775808}`: {I: ptr(-1 << 63)},
		`{"U":65535}`:                {U: ptr(uint16(65535))},
		`{"U":"65535"}`:              {U: ptr(uint16(65535))},
		`{"F":"0.5"}`:                {F: ptr(0.5)},
		`{"F":5}`:                    {F: ptr(5.0)},
		`{"F":"1e-7"}`:               {F: ptr(1e-7)},
	}
	for _, word := range []string{`true`, `1`, `1.0`, `"1"`, `"true"`, `"True"`, `"yes"`, `"on"`, `"t"`, `"y"`} {
		tests[`{"B":`+word+`}`] = all{B: ptr(true)}
	}
	for _, word := range []string{`false`, `0`, `0.0`, `"0"`, `"false"`, `"NO"`, `"no"`, `"off"`, `"f"`, `"n"`} {
		tests[`{"B":`+word+`}`] = all{B: ptr(false)}
	}
	for data, want := range tests {
		var got all
		if err := wire.Decode([]byte(data), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, error %v, want %+v", data, got, err, want)
		}
	}
}

func TestEscapesAreResolved(t *testing.T) {
	for _, text := range []string{`"\"\\\/\b\f\n\r\t"`, `"\u0041\u00e4\u20ac\uD83E\udd16\ufffd"`, `"a\u0000b"`, `"ä\u00E4€\\u0041"`} {
		var got, want string
		if err := errors.Join(wire.Decode([]byte(text), &got), json.Unmarshal([]byte(text), &want)); err != nil || got != want {
			t.Errorf("%s: got %q, error %v, want %q", text, got, err, want)
		}
	}
}

var freshID = regexp.MustCompile(`^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$`)

func TestFreshIDs(t *testing.T) {
	a, b := wire.NewID(), wire.NewID()
	if a == b || !freshID.MatchString(a) || !freshID.MatchString(b) {
		t.Errorf("ids %q and %q", a, b)
	}
	var got leaf
	if err := wire.Decode([]byte(`{"need":"n"}`), &got); err != nil || !freshID.MatchString(got.ID) || got.At < 1e9 {
		t.Errorf("absent id and time became %q and %f, error %v", got.ID, got.At, err)
	}
}

func TestDecodeForgetsWhatWasThere(t *testing.T) {
	was := leaf{Level: ptr(4), Text: "old", Free: map[string]any{"old": 1}, List: []int{1, 2}, Hidden: "kept"}
	level, free := was.Level, was.Free
	if err := wire.Decode([]byte(`{"need":"n","id":"i","at":1,"level":1,"free":{"a":"b"},"list":[7]}`), &was); err != nil {
		t.Fatal(err)
	}
	want := leaf{
		Need: "n", Lang: "en", On: ptr(true), Speed: 1, Mode: "stop", ID: "i", At: 1,
		Level: ptr(1), Free: map[string]any{"a": "b"}, List: []int{7}, Hidden: "kept",
	}
	if !reflect.DeepEqual(was, want) {
		t.Errorf("got %+v, want %+v", was, want)
	}
	if *level != 4 || len(free) != 1 || free["old"] != 1 {
		t.Errorf("values of the earlier message changed: %d, %v", *level, free)
	}
}

func TestMinusZeroIsZero(t *testing.T) {
	got := struct {
		I int
		U uint
		F float64
	}{1, 2, 3}
	if err := wire.Decode([]byte(`{"I":-0,"U":-0,"F":-0}`), &got); err != nil || got.I != 0 || got.U != 0 || got.F != 0 {
		t.Errorf("got %+v, error %v", got, err)
	}
}

func TestNothingPointsIntoThePacket(t *testing.T) {
	data := []byte(`{"need":"abc","id":"i","at":1,"doc":{"k":"abc"},"free":{"k":["abc"]}}`)
	var got leaf
	if err := wire.Decode(data, &got); err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] = 'x'
	}
	want := leaf{
		Need: "abc", Lang: "en", On: ptr(true), Speed: 1, Mode: "stop", ID: "i", At: 1,
		Doc: map[string]any{"k": "abc"}, Free: map[string]any{"k": []any{"abc"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
