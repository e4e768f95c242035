package test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/router"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/services/tts"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// variables are the names that a service knows.
type variables struct {
	own     map[string][]string // its own names, each with others that are read without a word
	was     map[string]string   // read with a warning; the new name
	dropped map[string]string   // of no effect, with a warning; what to do instead
}

// also are the other names that are read without a word.
func (v variables) also() (names []string) {
	for _, also := range v.own {
		names = append(names, also...)
	}
	return names
}

// honours reports whether name is read without a word.
func (v variables) honours(name string) bool {
	_, own := v.own[name]
	return own || slices.Contains(v.also(), name)
}

// configs has the settings of each service, by the heading of docs/migration.md.
func configs() map[string]variables {
	return map[string]variables{
		"All services": variablesOf("MQTT", kit.Settings{}),
		"stt":          variablesOf("STT", stt.Config{}),
		"router":       variablesOf("ROUTER", router.Config{}),
		"llm":          variablesOf("LLM", llm.Config{}),
		"memory":       variablesOf("MEMORY", memory.Config{}),
		"tts":          variablesOf("TTS", tts.Config{}),
		"ui-web":       variablesOf("UI", uiweb.Config{}),
	}
}

func variablesOf(prefix string, config any) variables {
	v := variables{own: map[string][]string{}, was: map[string]string{}}
	list := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
	}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(config)) {
		if f.Anonymous { // its fields are listed as well
			continue
		}
		key := prefix + "_" + keyOf(f)
		v.own[key] = list(f.Tag.Get("also"))
		for _, n := range list(f.Tag.Get("was")) {
			v.was[n] = key
		}
	}
	if d, ok := config.(interface{ Dropped() map[string]string }); ok {
		v.dropped = d.Dropped()
	}
	return v
}

var (
	word    = regexp.MustCompile(`[^A-Z]+|[A-Z]+[^A-Z]+|[A-Z]+`)
	acronym = regexp.MustCompile(`^([A-Z]+)([A-Z][^A-Z]+)$`)
)

// keyOf is the name of a field behind the prefix, as envconfig makes it.
func keyOf(f reflect.StructField) string {
	name := f.Name
	if f.Tag.Get("split_words") == "true" {
		var parts []string
		for _, w := range word.FindAllString(name, -1) {
			if m := acronym.FindStringSubmatch(w); m != nil {
				parts = append(parts, m[1:]...)
				continue
			}
			parts = append(parts, w)
		}
		name = strings.Join(parts, "_")
	}
	if tag := f.Tag.Get("envconfig"); tag != "" {
		name = tag
	}
	return strings.ToUpper(name)
}

func TestKeyOf(t *testing.T) {
	for key, field := range map[string]string{"MQTT_CLIENT_ID": "ClientID", "MQTT_TLS_CA": "TLSCA", "MQTT_URL": "URL", "MQTT_KEEPALIVE": "KeepAlive"} {
		f, _ := reflect.TypeFor[kit.Settings]().FieldByName(field)
		if got := "MQTT_" + keyOf(f); got != key {
			t.Errorf("%s is read from %s, want %s", field, got, key)
		}
	}
}

// elsewhere are variables without a struct, and the file that reads them.
var elsewhere = map[string]string{"LOG_LEVEL": "kit/log.go"}

// promise is one name of the tables of docs/migration.md.
type promise struct {
	line          int
	section, name string
	says          string // as it is, renamed `X`, dropped, ignored, see x
}

func (p promise) at() string { return fmt.Sprintf("docs/migration.md:%d: %s", p.line, p.name) }

// promises reads the tables whose second column is "here".
func promises(t *testing.T) (all []promise, text string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "docs", "migration.md"))
	if err != nil {
		t.Fatal(err)
	}
	section, inside := "", false
	for i, line := range strings.Split(string(b), "\n") {
		if h, ok := strings.CutPrefix(line, "## "); ok {
			section = h
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		switch {
		case !strings.HasPrefix(line, "|"):
			inside = false
		case strings.TrimSpace(cells[0]) == "variable" && strings.TrimSpace(cells[1]) == "here":
			inside = true
		case inside && !strings.HasPrefix(line, "|---"):
			names := quoted.FindAllStringSubmatch(cells[0], -1)
			if len(cells) != 3 || len(names) == 0 {
				t.Errorf("docs/migration.md:%d is no row of names, what became of them, and why: %s", i+1, line)
				continue
			}
			for _, n := range names {
				all = append(all, promise{i + 1, section, n[1], strings.TrimSpace(cells[1])})
			}
		}
	}
	return all, string(b)
}

var quoted = regexp.MustCompile("`([^`]+)`")

// check says what is wrong with a promise, "" when the code keeps it.
func check(p promise, all map[string]variables) string {
	v, ok := all[p.section]
	if !ok {
		return "stands under ## " + p.section + ", which is no service"
	}
	read := func(v variables) bool { return v.honours(p.name) || v.was[p.name] != "" }
	is := "nobody reads it, and nothing warns"
	switch {
	case strings.HasPrefix(p.name, "TOPIC_"): // cmd/tars warns of the prefix
		is = "dropped"
	case elsewhere[p.name] != "", v.honours(p.name):
		is = "as it is"
	case v.was[p.name] != "":
		is = "renamed `" + v.was[p.name] + "`"
	case v.dropped[p.name] != "":
		is = "dropped"
	}
	if service, ok := strings.CutPrefix(p.says, "see "); ok {
		if other, ok := all[service]; !ok || !read(other) || read(v) {
			return "says " + p.says + ": want a service that reads it, where this one does not"
		}
		return ""
	}
	if want := map[string]string{"ignored": "nobody reads it, and nothing warns"}[p.says]; is != p.says && is != want {
		return fmt.Sprintf("says %q; by the tags also and was of the Config and by its Dropped: %s", p.says, is)
	}
	return ""
}

func TestMigrationTablesAreTrue(t *testing.T) {
	rows, _ := promises(t)
	if len(rows) < 150 {
		t.Fatalf("docs/migration.md has %d names in tables with the columns variable and here: are they still there?", len(rows))
	}
	all := configs()
	seen := map[string]bool{}
	for _, p := range rows {
		if wrong := check(p, all); wrong != "" {
			t.Errorf("%s %s", p.at(), wrong)
		}
		if seen[p.section+p.name] {
			t.Errorf("%s stands twice under ## %s", p.at(), p.section)
		}
		seen[p.section+p.name] = true
	}
	for name, file := range elsewhere {
		contains(t, file, `"`+name+`"`)
	}
	contains(t, "cmd/tars/main.go", `"TOPIC_"`)
}

func contains(t *testing.T, file, text string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, file))
	if err != nil || !strings.Contains(string(b), text) {
		t.Errorf("%s has no %s, so docs/migration.md is wrong about it (%v)", file, text, err)
	}
}

// What the code knows of the reference stands in the page.
func TestMigrationIsComplete(t *testing.T) {
	rows, text := promises(t)
	for section, v := range configs() {
		missing := func(name, kind string) {
			in := slices.ContainsFunc(rows, func(p promise) bool {
				return p.name == name && (p.section == section || strings.HasPrefix(name, "TOPIC_"))
			})
			if !in {
				t.Errorf("docs/migration.md lacks %s, which the Config of %s has as %s: add it to the table under ## %[2]s", name, section, kind)
			}
		}
		for name, key := range v.was {
			missing(name, "was of "+key)
		}
		for name := range v.dropped {
			missing(name, "Dropped")
		}
		for _, name := range v.also() {
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("docs/migration.md does not mention %s, which %s reads too", name, section)
			}
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	all := map[string]variables{
		"stt": {own: map[string][]string{"STT_LANG": nil}, was: map[string]string{"OLD": "STT_NEW"}, dropped: map[string]string{"GONE": "nothing"}},
		"llm": {own: map[string][]string{"LLM_SHARED": {"SHARED"}}},
	}
	tests := map[string]struct {
		p    promise
		want bool
	}{
		"honoured":                    {promise{section: "stt", name: "STT_LANG", says: "as it is"}, true},
		"not honoured":                {promise{section: "stt", name: "GONE", says: "as it is"}, false},
		"renamed":                     {promise{section: "stt", name: "OLD", says: "renamed `STT_NEW`"}, true},
		"renamed to another":          {promise{section: "stt", name: "OLD", says: "renamed `STT_LANG`"}, false},
		"dropped":                     {promise{section: "stt", name: "GONE", says: "dropped"}, true},
		"dropped without a warning":   {promise{section: "stt", name: "NEVER", says: "dropped"}, false},
		"ignored":                     {promise{section: "stt", name: "NEVER", says: "ignored"}, true},
		"ignored with a warning":      {promise{section: "stt", name: "GONE", says: "ignored"}, false},
		"of another service":          {promise{section: "stt", name: "SHARED", says: "see llm"}, true},
		"of a service without it":     {promise{section: "llm", name: "SHARED", says: "see stt"}, false},
		"under no service":            {promise{section: "Preface", name: "STT_LANG", says: "as it is"}, false},
		"something that is no answer": {promise{section: "stt", name: "STT_LANG", says: "kept"}, false},
	}
	for name, tt := range tests {
		if got := check(tt.p, all); got == "" != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
