package test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gotars/tars/test/need"
)

// document is a file of Markdown for people.
type document struct {
	name string // from the root
	text string
}

// documents are README.md and everything under docs.
func documents(t *testing.T) (all []document) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	deeper, err := filepath.Glob(filepath.Join(root, "docs", "*", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(append([]string{filepath.Join(root, "README.md")}, names...), deeper...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, document{strings.TrimPrefix(filepath.ToSlash(name), root+"/"), string(text)})
	}
	return all
}

var (
	fence  = regexp.MustCompile("(?s)```([a-z]*)\n(.*?)```")
	inline = regexp.MustCompile("`([^`\n]+)`")
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// typed is what the page tells people to type: its shell blocks and its words
// of code.
func (p document) typed() string {
	var out []string
	for _, m := range fence.FindAllStringSubmatch(p.text, -1) {
		if m[1] == "sh" {
			out = append(out, m[2])
		}
	}
	for _, m := range inline.FindAllStringSubmatch(fence.ReplaceAllString(p.text, ""), -1) {
		out = append(out, m[1])
	}
	return strings.Join(out, "\n")
}

// commands are what cmd/tars understands: the fields with a cmd tag in its own
// command line and in that of the kit, which it embeds.
func commands(t *testing.T) (names []string) {
	t.Helper()
	for _, name := range []string{"cmd/tars/main.go", "kit/cmd/operate/tool.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		before := len(names)
		ast.Inspect(file, func(n ast.Node) bool {
			f, ok := n.(*ast.Field)
			if !ok || f.Tag == nil || len(f.Names) != 1 {
				return true
			}
			text, _ := strconv.Unquote(f.Tag.Value)
			tag := reflect.StructTag(text)
			if _, is := tag.Lookup("cmd"); is {
				names = append(names, cmp.Or(tag.Get("name"), strings.ToLower(f.Names[0].Name)))
			}
			return true
		})
		if len(names) == before {
			t.Fatalf("%s has no struct with cmd tags: where are the commands?", name)
		}
	}
	return names
}

// Who looks for a command finds it by the name of its file.
func TestFilesOfTarsBeginWithACommand(t *testing.T) {
	shared := []string{"main", "services", "version", "operating"} // operating lists the commands of the kit
	names := append(commands(t), shared...)
	for _, s := range sources(t) {
		command, _, _ := strings.Cut(strings.TrimSuffix(path.Base(s.path), ".go"), "_")
		if s.dir == "cmd/tars" && !s.test && !slices.Contains(names, command) {
			t.Errorf("%s begins with no command: name it after the one it belongs to, or make it a package of cmd/tars/internal", s.path)
		}
	}
}

// The commands that people are told to type exist.
func TestReadmeCommandsExist(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	known, names := commands(t), services(sources(t))
	for _, p := range documents(t) {
		typed := p.typed()
		for _, m := range regexp.MustCompile(`(?m)(?:^|[ ;&])make ([a-z][a-z-]*)`).FindAllStringSubmatch(typed, -1) {
			if !strings.Contains(string(makefile), "\n"+m[1]+":") {
				t.Errorf("%s says make %s, which the Makefile does not have", p.name, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`(?m)(?:^|[ ;&/])tars ([a-z][a-z-]*)(?: ([a-z-]+))?`).FindAllStringSubmatch(typed, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s says tars %s, which cmd/tars does not have (there are %s)", p.name, m[1], strings.Join(known, ", "))
			}
			if slices.Contains([]string{"run", "healthy"}, m[1]) && m[2] != "" && !slices.Contains(names, m[2]) {
				t.Errorf("%s says tars %s %s, and there is no services/%[3]s", p.name, m[1], m[2])
			}
		}
	}
}

// What a page links to, and each path of this repository that it names, exists.
func TestLinksLeadSomewhere(t *testing.T) {
	path := regexp.MustCompile(`^(kit|contract|services|cmd|test|ops|docs)/[A-Za-z0-9_./-]+$`)
	exists := func(name string) bool {
		_, err := os.Stat(filepath.FromSlash(name))
		return err == nil
	}
	for _, p := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(p.text, ""), -1) {
			to, _, _ := strings.Cut(m[1], "#")
			if to == "" || strings.Contains(to, "://") {
				continue
			}
			if !exists(filepath.Join(root, filepath.Dir(p.name), to)) {
				t.Errorf("%s links to %s, which is not there", p.name, m[1])
			}
		}
		for _, m := range inline.FindAllStringSubmatch(fence.ReplaceAllString(p.text, ""), -1) {
			if path.MatchString(m[1]) && !exists(filepath.Join(root, m[1])) {
				t.Errorf("%s names %s, which is not there", p.name, m[1])
			}
		}
	}
}

// The variables that README.md offers are read by somebody.
func TestReadmeVariablesExist(t *testing.T) {
	all := configs()
	for _, p := range documents(t)[:1] {
		for _, m := range regexp.MustCompile("(?m)^\\| (`[A-Z].*?) \\|").FindAllStringSubmatch(p.text, -1) {
			for _, name := range quoted.FindAllStringSubmatch(m[1], -1) {
				known := name[1] == "LOG_LEVEL" || name[1] == "LOG_FORMAT"
				for _, v := range all {
					known = known || v.honours(name[1])
				}
				if !known {
					t.Errorf("%s offers %s, which no service reads", p.name, name[1])
				}
			}
		}
	}
}

// README.md says that docs/services has all settings. A page may write
// `TTS_OPENAI_URL`, `_KEY` for names that begin alike.
func TestEverySettingStandsInThePageOfItsService(t *testing.T) {
	all := configs()
	for _, p := range documents(t) {
		name := strings.TrimSuffix(strings.TrimPrefix(p.name, "docs/services/"), ".md")
		v, ok := all[name]
		if !ok || !strings.HasPrefix(p.name, "docs/services/") {
			continue
		}
		has, last := map[string]bool{}, ""
		for _, m := range quoted.FindAllStringSubmatch(p.text, -1) {
			word := m[1]
			if rest, short := strings.CutPrefix(word, "_"); short && strings.Contains(last, "_") {
				word = last[:strings.LastIndex(last, "_")+1] + rest
			}
			has[word], last = true, word
		}
		for key, also := range v.own {
			if !has[key] && !slices.ContainsFunc(also, func(n string) bool { return has[n] }) {
				t.Errorf("%s lacks %s, which the Config of %s has: add its line to the table", p.name, key, name)
			}
		}
	}
}

// The handlers that README.md shows can be put into a new service as they stand.
func TestReadmeServiceCompiles(t *testing.T) {
	need.Time(t, "compiles the service of the README")
	var snippet string
	for _, m := range fence.FindAllStringSubmatch(documents(t)[0].text, -1) {
		if m[1] == "go" {
			snippet = m[2]
			break
		}
	}
	if !strings.Contains(snippet, "Handlers()") {
		t.Fatal("README.md shows no service: its first block of Go has no Handlers")
	}
	c := copyRepository(t)
	if out, err := c.run(t, "run", "./ops/new", "newcomer"); err != nil {
		t.Fatalf("make new: %v\n%s", err, out)
	}
	file := filepath.Join(string(c), "services", "newcomer", "newcomer.go")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	// The template's methods give way to the snippet, what they used may stay unused but for imports.
	first := token.Pos(0)
	for _, d := range f.Decls {
		if m, ok := d.(*ast.FuncDecl); ok && m.Recv != nil && m.Name.Name == "Handlers" {
			first = m.Pos()
			if m.Doc != nil {
				first = m.Doc.Pos()
			}
		}
	}
	if first == 0 {
		t.Fatal("services/template has no Handlers")
	}
	whole := string(text[:set.Position(first).Offset]) + snippet
	if err := os.WriteFile(file, []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(string(c), "services", "newcomer", "newcomer_test.go")); err != nil {
		t.Fatal(err)
	}
	if out, err := c.run(t, "vet", "./services/newcomer"); err != nil {
		t.Errorf("the service of README.md does not compile: %v\n%s", err, out)
	}
}
