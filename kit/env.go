package kit

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/kelseyhightower/envconfig"
	"go.uber.org/fx"
)

// Env provides a C read from the variables that begin with the service's name
// in capitals, up to its first dash: STT_, and UI_ for ui-web.
//
// Tags are those of envconfig (default, split_words, desc), and two more:
// `also:"OPENAI_API_KEY"` names variables that serve when the field's own is
// not set, `was:"OLD_NAME"` does so with a warning to rename it. A C may have a
// Validate method, and a Dropped method that returns names that once had an
// effect, each with what to do instead.
func Env[C any]() fx.Option {
	return fx.Provide(func(n serviceName, log *slog.Logger, known *variables) (C, error) {
		var c C
		known.all = append(known.all, Variables(prefixOf(string(n)), &c)...)
		err := read(prefixOf(string(n)), &c, log)
		return c, err
	})
}

// variables are those that one service reads.
type variables struct{ all []Variable }

// Variable is one setting in the environment.
type Variable struct {
	Key     string   // STT_ENGINE
	Kind    string   // as envconfig tells a person: "True or False", "Duration"
	Default string   // empty: none
	Desc    string   // what it does
	Also    []string // other names that serve when Key is not set
}

// Variables lists what Env reads into c, a pointer to a struct, in the order of
// its fields.
func Variables(prefix string, c any) (all []Variable) {
	for _, f := range fields(prefix, c) {
		all = append(all, f.Variable)
	}
	return all
}

// FromEnv reads a C as Env does for the service called name, for tools that
// tell what a service would do. It warns of nothing.
func FromEnv[C any](name string) (C, error) {
	var c C
	err := read(prefixOf(name), &c, slog.New(slog.DiscardHandler))
	return c, err
}

// Load reads the settings for the service or tool called name.
func Load(name string) (Settings, error) {
	var s, own Settings
	log := slog.New(slog.DiscardHandler)
	if err := fill("MQTT", &s, log); err != nil {
		return s, err
	}
	prefix := prefixOf(name) + "_MQTT"
	if err := fill(prefix, &own, log); err != nil {
		return s, err
	}
	set, ownSet := givenFields("MQTT", &s), givenFields(prefix, &own)
	s.override(&own, set, ownSet)
	for name := range ownSet {
		set[name] = true
		reflect.ValueOf(&s).Elem().FieldByName(name).Set(reflect.ValueOf(own).FieldByName(name))
	}
	if err := s.resolve(set); err != nil {
		return s, err
	}
	return s, s.Validate()
}

// givenFields are the fields of s whose variables are set.
func givenFields(prefix string, s *Settings) given {
	set := given{}
	for i, f := range fields(prefix, s) {
		if f.find(slog.New(slog.DiscardHandler)) != "" {
			set[reflect.TypeFor[Settings]().Field(i).Name] = true
		}
	}
	return set
}

func prefixOf(name string) string {
	name, _, _ = strings.Cut(name, "-")
	return strings.ToUpper(name)
}

// read fills c and validates it.
func read(prefix string, c any, log *slog.Logger) error {
	if err := fill(prefix, c, log); err != nil {
		return err
	}
	if v, ok := c.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return nil
}

// field is one variable of a struct.
type field struct {
	Variable
	was   []string // names it had
	plain string   // the name without prefix, which envconfig would look up too
}

// columns are what envconfig tells of a field.
const columns = "{{range .}}{{usage_key .}}\t{{usage_type .}}\t{{usage_default .}}\t{{usage_description .}}\t" +
	"{{.Tags.Get `also`}}\t{{.Tags.Get `was`}}\t{{.Alt}}\n{{end}}"

// fields lists the variables of c in the order of its fields.
func fields(prefix string, c any) (all []field) {
	var out strings.Builder
	if err := envconfig.Usagef(prefix, c, &out, columns); err != nil {
		panic(fmt.Sprintf("%T cannot be read from the environment: %v", c, err))
	}
	for line := range strings.Lines(out.String()) {
		x := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		all = append(all, field{Variable{x[0], x[1], x[2], x[3], split(x[4])}, split(x[5]), x[6]})
	}
	return all
}

// environment guards the moment in which variables are shown to envconfig in
// normal form. It reads the process environment and nothing else.
var environment sync.Mutex

// fill reads c. envconfig refuses empty values, "yes" and a bare number of
// seconds, so it sees them normalised; the environment is put back.
func fill(prefix string, c any, log *slog.Logger) error {
	all := fields(prefix, c)
	if err := inspect(prefix, all, c, log); err != nil {
		return err
	}
	environment.Lock()
	defer environment.Unlock()
	for _, f := range all {
		value := f.find(log)
		defer show(f.Key, normal(f.Kind, value))()
		if f.plain != "" && f.plain != f.Key {
			defer show(f.plain, "")() // TLS_CERT of another program is not MQTT_TLS_CERT
		}
	}
	err := envconfig.Process(prefix, c)
	if p, ok := errors.AsType[*envconfig.ParseError](err); ok {
		return fmt.Errorf("%s is %q, want %s", p.KeyName, p.Value, wants(p.TypeName))
	}
	return err
}

// show sets a variable, or unsets it when value is empty, and returns what puts
// it back.
func show(key, value string) (restore func()) {
	was, set := os.LookupEnv(key)
	if value == "" {
		_ = os.Unsetenv(key)
	} else {
		_ = os.Setenv(key, value)
	}
	return func() {
		if set {
			_ = os.Setenv(key, was)
		} else {
			_ = os.Unsetenv(key)
		}
	}
}

// names are all under which f may be set, its own first.
func (f field) names() []string { return slices.Concat([]string{f.Key}, f.Also, f.was) }

// find is the value of f, by its own name or another.
func (f field) find(log *slog.Logger) string {
	for _, name := range f.names() {
		v := os.Getenv(name)
		if strings.TrimSpace(v) == "" || isServiceLink(name, v) {
			continue
		}
		if slices.Contains(f.was, name) {
			log.Warn("variable has a new name", "key", name, "instead", f.Key)
		}
		return v
	}
	return ""
}

// serviceLink is an address as Kubernetes gives it to containers, in TTS_PORT
// for a service that is called tts.
var serviceLink = regexp.MustCompile(`^(tcp|udp|sctp)://`)

// isServiceLink reports whether Kubernetes has set a variable, and not a person.
func isServiceLink(name, value string) bool {
	return strings.HasSuffix(name, "_PORT") && serviceLink.MatchString(value)
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

var bareNumber = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// normal turns what people write into what envconfig reads.
func normal(kind, value string) string {
	value = strings.TrimSpace(value)
	switch kind {
	case "True or False":
		switch strings.ToLower(value) {
		case "yes", "on", "y":
			return "true"
		case "no", "off", "n":
			return "false"
		}
	case "Duration":
		if bareNumber.MatchString(value) {
			return value + "s"
		}
	}
	return value
}

func wants(typeName string) string {
	switch typeName {
	case "bool":
		return "yes or no"
	case "time.Duration", "Duration":
		return "a duration such as 500ms, 5s or 2m"
	case "float64", "float32":
		return "a number"
	}
	return "a whole number"
}

// inspect looks for variables that have no effect. One with the prefix and
// within two edits of a known one is an error. Others are none of our business:
// Kubernetes and systemd set foreign ones.
func inspect(prefix string, known []field, c any, log *slog.Logger) error {
	taken := map[string]bool{}
	for _, f := range known {
		for _, name := range f.names() {
			taken[name] = true
		}
	}
	var dropped map[string]string
	if d, ok := c.(interface{ Dropped() map[string]string }); ok {
		dropped = d.Dropped()
	}
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		instead, gone := dropped[name]
		switch {
		case value == "" || taken[name]:
		case gone:
			log.Warn("variable has no effect", "key", name, "instead", instead)
		case strings.HasPrefix(name, prefix+"_"):
			if near := slices.IndexFunc(known, func(f field) bool { return distance(name, f.Key) <= 2 }); near >= 0 {
				return fmt.Errorf("%s is not known: did you mean %s?", name, known[near].Key)
			}
			log.Debug("unknown variable", "key", name)
		}
	}
	return nil
}

// distance is the Levenshtein distance of two names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
