package contract_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/wire"
)

const golden = "testdata/golden"

// row is one line of index.tsv.
type row struct{ file, topic, eventType, goName, validity, reason, form string }

func rows(t testing.TB) (out []row) {
	idx, err := os.ReadFile(filepath.Join(golden, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSuffix(string(idx), "\n"), "\n")[1:] {
		c := strings.Split(line, "\t")
		if len(c) != 7 {
			t.Fatalf("index.tsv: %d columns in %q", len(c), line)
		}
		out = append(out, row{c[0], c[1], c[2], c[3], c[4], c[5], c[6]})
	}
	return out
}

func (r row) packet(t testing.TB) []byte {
	b, err := os.ReadFile(filepath.Join(golden, r.file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// byTopic returns a pointer to a new message of the type that travels there.
func byTopic(t testing.TB, topic string) reflect.Value {
	for _, r := range routes {
		want := r.msg.Route().Topic
		prefix, keyed := strings.CutSuffix(want, "+")
		key, under := strings.CutPrefix(topic, prefix)
		if topic != want && !(keyed && under && !strings.Contains(key, "/")) {
			continue
		}
		return reflect.New(reflect.TypeOf(r.msg))
	}
	t.Fatalf("nothing travels on %s", topic)
	return reflect.Value{}
}

// member is what a union holds, or v itself.
func member(v reflect.Value) reflect.Value {
	v = reflect.Indirect(v)
	switch v.Interface().(type) {
	case contract.CharacterResult, contract.CharacterUpdate:
		for _, f := range v.Fields() {
			if !f.IsNil() {
				return f.Elem()
			}
		}
	}
	return v
}

func (r row) decode(t testing.TB) (wire.Envelope, reflect.Value, error) {
	v := byTopic(t, r.topic)
	e, err := wire.Open(r.packet(t))
	if err == nil {
		err = wire.Decode(e.Data, v.Interface())
	}
	return e, v, err
}

func TestGolden(t *testing.T) {
	all := rows(t)
	if len(all) < 1059 { // of the reference; those of added messages come on top
		t.Errorf("index.tsv has %d rows, want the 1059 of the reference and those that were added", len(all))
	}
	for _, r := range all {
		t.Run(r.file, func(t *testing.T) {
			switch r.validity {
			case "valid":
				r.accepted(t)
			case "invalid":
				r.refused(t)
			case "exception":
				r.understood(t)
			default:
				t.Errorf("validity %q", r.validity)
			}
		})
	}
}

// expected is the canonical data of a valid row.
func (r row) expected(t *testing.T, e wire.Envelope) []byte {
	if data, ok := canonical[r.file]; ok {
		return []byte(data)
	}
	b, err := os.ReadFile(filepath.Join(golden, strings.TrimSuffix(r.file, ".json")+".expect.json"))
	if err != nil {
		return e.Data
	}
	var x struct{ Data json.RawMessage }
	if err := json.Unmarshal(b, &x); err != nil {
		t.Fatal(err)
	}
	return x.Data
}

// canonical is the data of valid rows that leave fields out and have no file
// beside them; message_id and ts are what the receiver fills in.
var canonical = map[string]string{
	"coerce/envelope-defaults.json":  `{"text":"hi","lang":"en","confidence":null,"utt_id":null,"is_final":true}`,
	"coerce/envelope-reordered.json": `{"text":"hï 🤖","lang":"en","confidence":null,"utt_id":null,"is_final":true}`,
}

func (r row) accepted(t *testing.T) {
	e, v, err := r.decode(t)
	if err != nil {
		t.Fatal(err)
	}
	if e.Bare != (r.form == "bare") || !e.Bare && e.Type != r.eventType {
		t.Errorf("opened as type %q, bare %v", e.Type, e.Bare)
	}
	got := member(v)
	if got.Type().Name() != r.goName {
		t.Errorf("decoded to %s, want %s", got.Type().Name(), r.goName)
	}
	want := reflect.New(got.Type())
	data := r.expected(t, e)
	if err := json.Unmarshal(data, want.Interface()); err != nil {
		t.Fatal(err)
	}
	filled(t, got, want.Elem())
	vacate(got, want.Elem())
	if !reflect.DeepEqual(got.Interface(), want.Elem().Interface()) {
		t.Errorf("decoded to %+v, want %+v", got, want.Elem())
	}
	out, err := wire.Encode(nil, v.Elem().Interface())
	if err != nil {
		t.Fatal(err)
	}
	if diff := differ(out, data, r.goName, canonical[r.file] != ""); diff != "" {
		t.Errorf("encodes to %s: %s", out, diff)
	}
}

// vacate makes nil of what is empty in want and nil in got. To a reader they are
// one; how it is written is compared apart.
func vacate(got, want reflect.Value) {
	for n := range want.NumField() {
		g, w := got.Field(n), want.Field(n)
		if k := g.Kind(); (k == reflect.Map || k == reflect.Slice) && g.IsNil() && w.Len() == 0 {
			w.SetZero()
		}
	}
}

// differ compares two objects as JSON values.
func differ(got, want []byte, goName string, filled bool) string {
	var g, w map[string]any
	if err := errors.Join(json.Unmarshal(got, &g), json.Unmarshal(want, &w)); err != nil {
		return err.Error()
	}
	if goName == "HealthPing" { // absent and null are equal
		for _, m := range []map[string]any{g, w} {
			maps.DeleteFunc(m, func(k string, v any) bool { return v == nil && (k == "event" || k == "err") })
		}
	}
	if filled {
		delete(g, "message_id")
		delete(g, "ts")
	}
	if !reflect.DeepEqual(g, w) {
		return fmt.Sprintf("%v, want %v", g, w)
	}
	return ""
}

var quoted = regexp.MustCompile(`^([a-z_]+) = |^required field ([a-z_]+) missing`)

// rule is the field and the reason a row must be refused for.
func (r row) rule() (path string, reason wire.Reason) {
	if x, ok := refusals[strings.TrimSuffix(strings.TrimPrefix(r.file, "bad/"), ".json")]; ok {
		return x.path, x.reason
	}
	m := quoted.FindStringSubmatch(r.reason)
	switch {
	case m == nil && strings.HasPrefix(r.reason, "unknown field in data"):
		return "surprise", wire.Unknown
	case m == nil:
		return "", "no rule for " + wire.Reason(r.reason)
	case m[2] != "":
		return m[2], wire.Missing
	}
	kind := r.file[strings.LastIndexByte(r.file, '-')+1:]
	switch strings.TrimSuffix(kind, ".json") {
	case "null":
		return m[1], wire.Null
	case "above", "below", "enum", "case":
		return m[1], wire.Bounds
	default:
		return m[1], wire.BadType
	}
}

type refusal struct {
	path   string
	reason wire.Reason
}

// refusals is what the reason column does not name by itself. A packet that is
// no envelope is refused as bare data, whose first unknown name is id.
var refusals = map[string]refusal{
	"envelope-extra-key":                       {"id", wire.Unknown},
	"envelope-missing-type":                    {"id", wire.Unknown},
	"envelope-missing-data":                    {"id", wire.Unknown},
	"envelope-data-null":                       {"id", wire.Unknown},
	"envelope-data-array":                      {"id", wire.Unknown},
	"envelope-truncated":                       {"", wire.BadJSON},
	"envelope-empty":                           {"", wire.BadJSON},
	"envelope-not-json":                        {"", wire.BadJSON},
	"envelope-trailing":                        {"", wire.BadJSON},
	"envelope-array":                           {"", wire.BadType},
	"envelope-bad-utf8":                        {"", wire.BadUTF8},
	"stt.audio_fft-missing-fft_data":           {"fft_data", wire.Bounds},
	"stt.audio_fft-missing-sample_rate":        {"sample_rate", wire.Bounds},
	"stt.audio_fft-fft-element-word":           {"fft_data.5", wire.BadType},
	"character.result.snapshot-missing-name":   {"", wire.Missing}, // it is no section either
	"character.update.trait-missing-trait":     {"", wire.Missing}, // and no reset
	"character.result.section-missing-section": {"", wire.Missing},
	"llm.request-history-role-system":          {"conversation_history.0.role", wire.Bounds},
	"envelope-data-string":                     {"id", wire.Unknown},
	"envelope-id-null":                         {"id", wire.Unknown},
	"envelope-id-number":                       {"id", wire.Unknown},
	"envelope-type-null":                       {"id", wire.Unknown},
	"envelope-ts-word":                         {"id", wire.Unknown},
	"envelope-ts-null":                         {"id", wire.Unknown},
	"envelope-source-null":                     {"id", wire.Unknown},
	"envelope-number":                          {"", wire.BadType},
	"envelope-null":                            {"", wire.BadType},
	"llm.request-history-missing-content":      {"conversation_history.0.content", wire.Missing},
	"llm.request-history-extra":                {"conversation_history.0.name", wire.Unknown},
	"llm.tools.registry-spec-extra":            {"tools.0.x", wire.Unknown},
	"llm.tools.registry-spec-missing-function": {"tools.0.function", wire.Missing},
	"memory.results-result-extra":              {"results.0.id", wire.Unknown},
	"memory.results-result-missing-document":   {"results.0.document", wire.Missing},
	"memory.results-result-timestamp-number":   {"results.0.timestamp", wire.BadType},
	"memory.results-result-document-number":    {"results.0.document", wire.BadType},
	"movement.frame-channel-key-word":          {"channels.left", wire.BadType},
	"movement.frame-channel-value-word":        {"channels.1", wire.BadType},
	"movement.state-missing-id":                {"id", wire.Bounds},
}

func (r row) refused(t *testing.T) {
	_, v, err := r.decode(t)
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		t.Fatalf("decoded to %+v, error %v", v.Elem(), err)
	}
	path, reason := r.rule()
	if e.Path != path || e.Reason != reason || e.Text == "" {
		t.Errorf("refused with %q, %s, want a word on %q, %s (%s)", e, e.Reason, path, reason, r.reason)
	}
}
