package kit

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/kelseyhightower/envconfig"
	"go.uber.org/fx"
)

// Env provides a C read from the variables that begin with the service's name
// in capitals, up to its first dash: ALARM_, and HOME_ for home-lamp. Services such as
// home-lamp and home-door share theirs, so there an unknown variable that is
// nearly right is a warning; elsewhere it is an error.
//
// Tags are those of envconfig (default, split_words, desc), and two more:
// `also:"OPENAI_API_KEY"` names variables that serve when the field's own is
// not set, `was:"OLD_NAME"` does so with a warning to rename it. A C may have a
// Validate method, and a Dropped method that returns names that once had an
// effect, each with what to do instead.
func Env[C any]() fx.Option {
	return fx.Provide(func(n serviceName, log *slog.Logger, known *variableCollector) (C, error) {
		var c C
		known.all = append(known.all, Variables(prefixOf(string(n)), &c)...)
		sc := envScope{prefixOf(string(n)), known.sharesPrefix || strings.Contains(string(n), "-")}
		return c, sc.read(&c, log)
	})
}

// variableCollector collects the variables that the Envs of one service read, for
// Describe.
type variableCollector struct {
	all          []Variable
	sharesPrefix bool // a service beside this one has the same prefix
}

// Variable is one setting in the environment.
type Variable struct {
	Key     string   // ALARM_LIMIT
	Kind    string   // as envconfig tells a person: "True or False", "Duration"
	Default string   // empty: none
	Desc    string   // what it does
	Also    []string // other names that serve when Key is not set
}

// Variables lists what [Env] reads into c, a pointer to a struct, in the order of
// its fields.
func Variables(prefix string, c any) (all []Variable) {
	for _, f := range fieldsOf(prefix, c) {
		all = append(all, f.Variable)
	}
	return all
}

// FromEnv reads a C as [Env] does for the service called name, for tools that
// tell what a service would do. It warns of nothing.
func FromEnv[C any](name string) (C, error) {
	var c C
	sc := envScope{prefixOf(name), strings.Contains(name, "-")}
	return c, sc.read(&c, slog.New(slog.DiscardHandler))
}

// Load reads the settings for the service or tool called name.
func Load(name string) (Settings, error) {
	var s, own Settings
	log := slog.New(slog.DiscardHandler)
	if err := fillFromEnv("MQTT", &s, log); err != nil {
		return s, err
	}
	prefix := prefixOf(name) + "_MQTT"
	if err := fillFromEnv(prefix, &own, log); err != nil {
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
	for i, f := range fieldsOf(prefix, s) {
		if f.lookup(slog.New(slog.DiscardHandler)) != "" {
			set[reflect.TypeFor[Settings]().Field(i).Name] = true
		}
	}
	return set
}

// prefixOf is the prefix of the variables of a service: "HOME" for "home-lamp".
func prefixOf(name string) string {
	name, _, _ = strings.Cut(name, "-")
	return strings.ToUpper(name)
}

// readEnv fills c and validates it.
func readEnv(prefix string, c any, log *slog.Logger) error {
	return envScope{prefix: prefix}.read(c, log)
}

// read fills c and validates it.
func (s envScope) read(c any, log *slog.Logger) error {
	if err := s.fill(c, log); err != nil {
		return err
	}
	if v, ok := c.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return nil
}

// envField is one field of a struct and the variable that sets it.
type envField struct {
	Variable
	oldNames []string // former names, which still serve
	required bool
}

// usageTemplate has envconfig print what it knows of each field, one a line.
const usageTemplate = "{{range .}}{{usage_key .}}\t{{usage_type .}}\t{{usage_default .}}\t{{usage_description .}}\t" +
	"{{.Tags.Get `also`}}\t{{.Tags.Get `was`}}\t{{usage_required .}}\n{{end}}"

// fieldsOf lists the variables of c in the order of its fields.
func fieldsOf(prefix string, c any) (all []envField) {
	var out strings.Builder
	if err := envconfig.Usagef(prefix, c, &out, usageTemplate); err != nil {
		panic(fmt.Sprintf("%T cannot be read from the environment: %v", c, err))
	}
	for line := range strings.Lines(out.String()) {
		x := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		all = append(all, envField{Variable{x[0], x[1], x[2], x[3], splitNames(x[4])}, splitNames(x[5]), x[6] == "true"})
	}
	return all
}

// fillFromEnv reads c. The process environment is read and never written: whoever
// reads it meanwhile, such as a module that starts beside this one, sees it as
// it is.
func fillFromEnv(prefix string, c any, log *slog.Logger) error {
	return envScope{prefix: prefix}.fill(c, log)
}

// envScope reads structs from the variables that begin with a prefix.
type envScope struct {
	prefix       string
	sharesPrefix bool // another service may have the same prefix
}

// fill sets the fields of c from the environment or to their defaults.
func (s envScope) fill(c any, log *slog.Logger) error {
	all := fieldsOf(s.prefix, c)
	if err := s.rejectMistyped(all, c, log); err != nil {
		return err
	}
	values := leafValues(reflect.ValueOf(c).Elem())
	for i, f := range all {
		if err := assignValue(values[i], f, cmp.Or(normalValue(f.Kind, f.lookup(log)), f.Default)); err != nil {
			return err
		}
	}
	return nil
}

// splitNames is the names in a tag.
func splitNames(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// names are all under which f may be set, its own first.
func (f envField) names() []string { return slices.Concat([]string{f.Key}, f.Also, f.oldNames) }

// lookup returns the value of f in the environment, under its own name or another; "" when
// none is set.
func (f envField) lookup(log *slog.Logger) string {
	for _, name := range f.names() {
		v := os.Getenv(name)
		if strings.TrimSpace(v) == "" || isServiceLink(name, v) {
			continue
		}
		if slices.Contains(f.oldNames, name) {
			log.Warn("variable has a new name", "key", name, "instead", f.Key)
		}
		return v
	}
	return ""
}

// rejectMistyped looks in the environment for variables that have no effect. One with the prefix and
// within two edits of a known one is an error, or a warning where it may belong
// to another service. Others are none of our business: Kubernetes and systemd
// set foreign ones.
func (s envScope) rejectMistyped(known []envField, c any, log *slog.Logger) error {
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
		case value == "" || taken[name] || isServiceLink(name, value) || serviceLinkName.MatchString(name):
		case gone:
			log.Warn("variable has no effect", "key", name, "instead", instead)
		case strings.HasPrefix(name, s.prefix+"_"):
			near := slices.IndexFunc(known, func(f envField) bool { return editDistance(name, f.Key) <= 2 })
			switch {
			case near < 0:
				log.Debug("unknown variable", "key", name)
			case s.sharesPrefix:
				log.Warn("variable is not known here, it may be another service's", "key", name, "instead", known[near].Key)
			default:
				return fmt.Errorf("%s is not known: did you mean %s?", name, known[near].Key)
			}
		}
	}
	return nil
}

// editDistance is the Levenshtein distance of two names.
func editDistance(a, b string) int {
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
