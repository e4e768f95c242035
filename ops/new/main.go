// Command new copies services/template to a service of another name, and wires
// it: the list in cmd/tars, the container in compose.yml, the page in docs.
// Call it at the root of the repository, by make new SERVICE=weather. With -data, which
// make new DATA=yes gives, the container has a volume for what the service keeps.
package main

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	data := flag.Bool("data", false, "the service keeps files below TARS_HOME")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "name a service: make new SERVICE=weather")
		os.Exit(2)
	}
	if err := createService(flag.Arg(0), *data); err != nil {
		fmt.Fprintln(os.Stderr, "new:", err)
		os.Exit(1)
	}
}

// service is what the copy is called.
type service struct {
	name   string // living-room: directory, command, container
	pkg    string // livingroom
	prefix string // LIVING: of its variables, up to the first dash
	data   bool   // it keeps files
}

var names = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func createService(name string, data bool) error {
	s := service{name: name, pkg: strings.ReplaceAll(name, "-", ""), data: data}
	first, _, _ := strings.Cut(name, "-")
	s.prefix = strings.ToUpper(first)
	dir := filepath.Join("services", name)
	switch _, err := os.Stat(dir); {
	case !names.MatchString(name):
		return fmt.Errorf("%q is no name for a service: small letters and digits, words joined by a dash", name)
	case token.IsKeyword(s.pkg) || s.pkg == "main":
		return fmt.Errorf("%q cannot name a Go package", s.pkg)
	case err == nil:
		return fmt.Errorf("%s exists already", dir)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if where, err := takenBy(s); err != nil {
		return err
	} else if where != "" {
		return fmt.Errorf("the name %s is taken in %s", s.pkg, where)
	}
	steps := []struct {
		what string
		do   func(service) error
	}{
		{"services/" + name, copyTemplate},
		{"cmd/tars/services.go", listService},
		{"compose.yml", addContainer},
		{"docs/services/" + name + ".md", writePage},
	}
	for _, step := range steps {
		if err := step.do(s); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		fmt.Println("  wrote", step.what)
	}
	fmt.Printf("  and in a moment its topics, settings and rights: docs/*, .env.example, ops/mosquitto/acl\n\n"+
		"Now write services/%[1]s, messages of your own in contract/%[1]s.go, and what both do in docs/services/%[1]s.md.\n"+
		"A message of your own has a row in contract/routes_test.go and test/recording_contract_test.go as well.\n"+
		"Then: make generate, make check, and make run SERVICE=%[1]s beside make up\n", name)
	return nil
}

// takenBy says where the name of the package, or of the container, means something
// else already; empty is nowhere.
func takenBy(s service) (where string, err error) {
	if types.Universe.Lookup(s.pkg) != nil {
		return "Go", nil
	}
	compose, err := os.ReadFile("compose.yml")
	if err != nil {
		return "", err
	}
	if strings.Contains(string(compose), "\n  "+s.name+":\n") {
		return "compose.yml", nil
	}
	for _, pattern := range []string{"cmd/tars/*.go", "services/template/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				return "", err
			}
			if fileDeclares(file, s.pkg) {
				return name, nil
			}
		}
	}
	return "", nil
}

// fileDeclares reports whether file imports a package called name, or declares name
// itself: one file can have it once.
func fileDeclares(file *ast.File, name string) bool {
	for _, i := range file.Imports {
		imported, _ := strconv.Unquote(i.Path.Value)
		if imported = path.Base(imported); i.Name != nil {
			imported = i.Name.Name
		}
		if imported == name {
			return true
		}
	}
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			found = found || n.Recv == nil && n.Name.Name == name
			return false
		case *ast.TypeSpec:
			found = found || n.Name.Name == name
			return false
		case *ast.ValueSpec:
			found = found || slices.ContainsFunc(n.Names, func(i *ast.Ident) bool { return i.Name == name })
			return false
		}
		return true
	})
	return found
}

// What the template says of itself alone, in its code and on its page.
const (
	ownCode = "//\n// It is where every new service begins: copy the directory, rename the package,\n// and write what it should hear and do.\n"
	ownPage = " It is where every new service begins."
)

// renamed is a text of the template with the names of s.
func (s service) renamed(text string) string {
	return strings.NewReplacer(ownCode, "", ownPage, "", "TEMPLATE_", s.prefix+"_", `"template"`, `"`+s.name+`"`, "services/template", "services/"+s.name,
		"SERVICE=template", "SERVICE="+s.name, "# template", "# "+s.name, "template", s.pkg).Replace(text)
}

func copyTemplate(s service) error {
	from := filepath.Join("services", "template")
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		to := filepath.Join("services", s.name, strings.ReplaceAll(rel, "template", s.name))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, []byte(s.renamed(string(text))), 0o644)
	})
}

// editFile rewrites a file.
func editFile(path string, change func(text string) (string, error)) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	out, err := change(string(text))
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(out), 0o644)
}

// insertBefore puts text in front of the first mark behind after.
func insertBefore(all, after, mark, text string) (string, error) {
	i := strings.Index(all, after)
	if i < 0 {
		return "", fmt.Errorf("no %q in it", strings.TrimSpace(after))
	}
	j := strings.Index(all[i:], mark)
	if j < 0 {
		return "", fmt.Errorf("no %q in it", strings.TrimSpace(mark))
	}
	return all[:i+j] + text + all[i+j:], nil
}

func listService(s service) error {
	return editFile(filepath.Join("cmd", "tars", "services.go"), func(text string) (string, error) {
		alias := ""
		if s.pkg != s.name {
			alias = s.pkg + " "
		}
		text, err := insertBefore(text, "import (", "\n)", "\n\t"+alias+`"github.com/gotars/tars/services/`+s.name+`"`)
		if err != nil {
			return "", err
		}
		if text, err = insertBefore(text, "var services = []kit.Module{", "\n}", "\n\t"+s.pkg+".Module,"); err != nil {
			return "", err
		}
		out, err := format.Source([]byte(text))
		return string(out), err
	})
}

// addContainer adds the container, and a password of its own for the broker.
func addContainer(s service) error {
	block := "\n  " + s.name + ":\n    <<: *service\n    extends: {file: ops/settings.yml, service: " + s.name + "}\n    command: [" + s.name + "]\n" +
		"    environment: {<<: *environment, MQTT_USERNAME: " + s.name + "}\n" +
		s.volumes() +
		"    healthcheck: {<<: *health, test: [CMD, /tars, healthy, " + s.name + "]}\n"
	return editFile("compose.yml", func(text string) (string, error) {
		text, err := insertBefore(text, "\n      - password-broker:", "\n\n", "\n      - password-"+s.name+":/run/passwords/"+s.name)
		if err != nil {
			return "", err
		}
		text, err = insertBefore(text, "\nservices:\n", "\nnetworks:\n", block)
		text += "  password-" + s.name + ":\n"
		if s.data {
			text += "  " + s.name + ":\n"
		}
		return text, err
	})
}

// volumes are those of the container. /data is forgotten with it, unless that is one of them.
func (s service) volumes() string {
	password := "\"password-" + s.name + ":/run/mqtt:ro\""
	if !s.data {
		return "    volumes: [" + password + ", *zone]\n"
	}
	return "    tmpfs: [/tmp]\n    volumes: [" + password + ", \"" + s.name + ":/data\", *zone]\n"
}

func writePage(s service) error {
	text, err := os.ReadFile(filepath.Join("docs", "services", "template.md"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("docs", "services", s.name+".md"), []byte(s.renamed(string(text))), 0o644)
}
