package test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = ".."
	module = "github.com/gotars/tars/"
)

// source is one Go file of this repository.
type source struct {
	path string // from the root, with slashes
	dir  string
	test bool
	set  *token.FileSet
	file *ast.File
	text []byte
}

func (s source) at(p token.Pos) string { return fmt.Sprintf("%s:%d", s.path, s.set.Position(p).Line) }

// sources parses every Go file but those of testdata and hidden folders.
func sources(t *testing.T) (all []source) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(d.Name(), ".") && name != root
		if d.IsDir() && (hidden || d.Name() == "testdata" || d.Name() == "bin") {
			return fs.SkipDir
		}
		if d.IsDir() || hidden || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		rel = filepath.ToSlash(rel)
		all = append(all, source{rel, path.Dir(rel), strings.HasSuffix(rel, "_test.go"), set, file, text})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// under reports whether dir is one of the trees or below it.
func under(dir string, trees ...string) bool {
	return slices.ContainsFunc(trees, func(tree string) bool { return dir == tree || strings.HasPrefix(dir, tree+"/") })
}

// rules are the import rules. A path of this repository is written from the root.
var rules = []struct {
	name    string
	applies func(s source) bool
	forbids func(s source, imported string) bool
	because string
}{
	{
		"the kit imports nothing of the stack",
		func(s source) bool { return under(s.dir, "kit") },
		func(_ source, imported string) bool {
			return under(imported, "contract", "services", "cmd", "test")
		},
		"the kit outlives this stack",
	},
	{
		"a contract imports kit/msg and the standard library",
		func(s source) bool { return under(s.dir, "contract") },
		func(s source, imported string) bool {
			ours := imported == "kit/msg" || s.test && under(imported, "kit/wire", "contract", "github.com/santhosh-tekuri/jsonschema/v6")
			return !ours && (!standard(imported) || under(imported, "kit"))
		},
		"a message is data",
	},
	{
		"a service does not import another",
		func(s source) bool { return under(s.dir, "services") },
		func(s source, imported string) bool {
			return under(imported, "services") && !under(imported, strings.Join(strings.Split(s.dir, "/")[:2], "/"))
		},
		"they meet on the bus only",
	},
	{
		"a service does not import an MQTT library",
		func(s source) bool { return under(s.dir, "services") },
		func(_ source, imported string) bool {
			return under(imported, "github.com/eclipse/paho.golang", "github.com/mochi-mqtt/server/v2")
		},
		"no MQTT in a service",
	},
	{
		"test code is imported by tests",
		func(s source) bool { return !s.test && !under(s.dir, "kit/kittest", "engines/enginetest", "test") },
		func(_ source, imported string) bool {
			return under(imported, "kit/kittest", "engines/enginetest", "test", "testing")
		},
		"test code must not reach production",
	},
	{
		"kit/broker is imported by cmd/tars, kit/kittest, kit/bench and examples",
		func(s source) bool {
			return !under(s.dir, "cmd/tars", "docs/compare", "kit/bench", "kit/broker", "kit/examples/cmd", "kit/kittest", "test") && !(s.test && under(s.dir, "kit"))
		},
		func(_ source, imported string) bool { return under(imported, "kit/broker") },
		"a service does not bring its broker",
	},
	{
		"engines and speech import no service and no command",
		func(s source) bool { return under(s.dir, "engines", "speech") },
		func(_ source, imported string) bool { return under(imported, "services", "cmd") },
		"they serve all services alike",
	},
	{
		"the engines of a service do not import the service",
		func(s source) bool { return strings.Count(s.dir, "/") > 1 && under(s.dir, "services") },
		func(s source, imported string) bool {
			return imported == strings.Join(strings.Split(s.dir, "/")[:2], "/")
		},
		"a service is made of its packages, not the other way round",
	},
	{
		"a service does not install or run engines",
		func(s source) bool { return under(s.dir, "services") && !s.test },
		func(_ source, imported string) bool {
			return under(imported, "engines/install", "engines/supervise", "engines/measure")
		},
		"an engine is a server to it, whoever runs it",
	},
	{
		"the file of a service does not import a JSON library",
		func(s source) bool {
			name := path.Base(s.dir)
			return path.Dir(s.dir) == "services" && name != "ui-web" && path.Base(s.path) == name+".go"
		},
		func(_ source, imported string) bool {
			return under(imported, "encoding/json", "github.com/segmentio/encoding")
		},
		"the kit decodes; a handler gets a value",
	},
	{
		"the kit but for kit/admin and kit/otel imports no metrics and no tracing",
		func(s source) bool {
			return under(s.dir, "kit") && !under(s.dir, "kit/admin", "kit/otel", "kit/examples/cmd/monitored")
		},
		func(_ source, imported string) bool { return under(imported, observability...) },
		"a user of the core pays for the core only",
	},
	{
		"engines/onnx is imported by the packages of models",
		func(s source) bool { return !under(s.dir, "speech/smartturn", "engines/onnx") },
		func(_ source, imported string) bool { return under(imported, "engines/onnx") },
		"who asks a model needs to know neither its tensors nor the library that runs it",
	},
	{
		"purego is imported by engines/onnx",
		func(s source) bool { return !under(s.dir, "engines/onnx") },
		func(_ source, imported string) bool { return under(imported, "github.com/ebitengine/purego") },
		"the tag static leaves it out there, and has to leave it out everywhere",
	},
}

// observability is what only those who ask for it are to compile and to carry.
var observability = []string{"kit/admin", "kit/otel", "github.com/prometheus", "go.opentelemetry.io", "google.golang.org/grpc", "google.golang.org/protobuf"}

// standard reports whether imported is of the standard library, or of ours.
func standard(imported string) bool { return !strings.Contains(strings.Split(imported, "/")[0], ".") }

func TestImports(t *testing.T) {
	files := sources(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, s := range files {
				if !r.applies(s) {
					continue
				}
				for _, i := range s.file.Imports {
					imported, _ := strconv.Unquote(i.Path.Value)
					imported = strings.TrimPrefix(imported, module)
					if r.forbids(s, imported) {
						t.Errorf("%s imports %s: %s", s.at(i.Pos()), imported, r.because)
					}
				}
			}
		})
	}
}

// Each rule refuses what it is for, and not its neighbour.
func TestRulesRefuse(t *testing.T) {
	tests := []struct{ path, imported, refused string }{
		{"kit/bus.go", "contract", rules[0].name},
		{"kit/wire/wire.go", "kit/msg", ""},
		{"contract/stt.go", "kit", rules[1].name},
		{"contract/stt.go", "go.uber.org/fx", rules[1].name},
		{"contract/stt.go", "kit/wire", rules[1].name},
		{"contract/stt_test.go", "kit/wire", ""},
		{"contract/stt.go", "kit/msg", ""},
		{"contract/stt.go", "time", ""},
		{"services/tts/tts.go", "services/stt", rules[2].name},
		{"services/tts/tts.go", "services/tts/piper", ""},
		{"services/tts/piper/piper.go", "services/tts", rules[7].name},
		{"services/stt/engine/choice.go", "services/stt", rules[7].name},
		{"services/stt/engine/choice.go", "services/stt/vad", ""},
		{"services/stt/stt.go", "services/stt/engine", ""},
		{"services/tts/piper/piper.go", "github.com/eclipse/paho.golang/paho", rules[3].name},
		{"kit/bus.go", "github.com/eclipse/paho.golang/paho", ""},
		{"services/tts/fake.go", "testing", rules[4].name},
		{"services/tts/fake.go", "kit/kittest", rules[4].name},
		{"services/tts/fake.go", "engines/enginetest", rules[4].name},
		{"services/tts/tts_test.go", "engines/enginetest", ""},
		{"services/tts/tts_test.go", "kit/kittest", ""},
		{"services/tts/tts_test.go", "kit/broker", rules[5].name},
		{"cmd/tars/up.go", "kit/broker", ""},
		{"kit/examples/cmd/home/main.go", "kit/broker", ""},
		{"kit/examples/alarm/alarm.go", "kit/broker", rules[5].name},
		{"engines/wyoming/tts.go", "services/tts", rules[6].name},
		{"speech/wer/wer.go", "cmd/tars", rules[6].name},
		{"engines/wyoming/tts.go", "kit", ""},
		{"services/tts/engine/choice.go", "engines/supervise", rules[8].name},
		{"services/tts/engine/choice.go", "engines/install", rules[8].name},
		{"services/tts/engine/choice.go", "speech/wer", ""},
		{"services/tts/engine/choice.go", "engines/discovery", ""},
		{"services/tts/engine/openai.go", "engines/apierror", ""},
		{"services/stt/engine/conform_test.go", "speech/wer", ""},
		{"services/tts/tts.go", "encoding/json", rules[9].name},
		{"services/tts/engine/piper.go", "encoding/json", ""},
		{"services/ui-web/ui-web.go", "encoding/json", ""},
		{"kit/bus.go", "kit/admin", rules[10].name},
		{"kit/bus.go", "kit/otel", rules[10].name},
		{"kit/internal/meter/meter.go", "github.com/prometheus/client_golang/prometheus", rules[10].name},
		{"kit/observer.go", "go.opentelemetry.io/otel/trace", rules[10].name},
		{"kit/examples/alarm/alarm.go", "google.golang.org/grpc", rules[10].name},
		{"kit/admin/metrics.go", "github.com/prometheus/client_golang/prometheus", ""},
		{"kit/otel/otel.go", "go.opentelemetry.io/otel/sdk/trace", ""},
		{"cmd/tars/internal/process/process.go", "kit/admin", ""},
		{"services/stt/turn_model.go", "engines/onnx", rules[11].name},
		{"services/stt/turn_model.go", "speech/smartturn", ""},
		{"speech/smartturn/smartturn.go", "engines/onnx", ""},
		{"speech/smartturn/smartturn.go", "github.com/ebitengine/purego", rules[12].name},
		{"engines/onnx/call_unix.go", "github.com/ebitengine/purego", ""},
	}
	for _, tt := range tests {
		s := source{path: tt.path, dir: path.Dir(tt.path), test: strings.HasSuffix(tt.path, "_test.go")}
		got := ""
		for _, r := range rules {
			if r.applies(s) && r.forbids(s, tt.imported) {
				got = r.name
			}
		}
		if got != tt.refused {
			t.Errorf("%s imports %s: refused by %q, want %q", tt.path, tt.imported, got, tt.refused)
		}
	}
}

// maxCorePackages is how many packages a service may be made of that uses the
// core of the kit and nothing else, those of the standard library included.
const maxCorePackages = 290

func TestACoreServiceCarriesTheCoreOnly(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", module+"kit/examples/cmd/alarm").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Fields(string(out))
	t.Logf("%d packages, at most %d", len(all), maxCorePackages)
	if len(all) > maxCorePackages {
		t.Errorf("%d packages, want at most %d", len(all), maxCorePackages)
	}
	for _, name := range all {
		if under(strings.TrimPrefix(name, module), observability...) {
			t.Errorf("it carries %s: a user of the core pays for the core only", name)
		}
	}
}

// services are the folders of services/ that hold Go code.
func services(files []source) (names []string) {
	for _, s := range files {
		if path.Dir(s.dir) == "services" {
			names = append(names, path.Base(s.dir))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// clientPackages are what speaks to an engine: a file of a service that imports one
// of them is an adapter.
var clientPackages = []string{"engines/openai", "engines/wyoming", "os/exec"}

// maxAdapters is how many adapters of engines may lie beside the service itself; from
// one more on they have a package of their own.
const maxAdapters = 2

func TestManyEnginesHaveAPackageOfTheirOwn(t *testing.T) {
	adapters := map[string][]string{}
	for _, s := range sources(t) {
		if s.test || path.Dir(s.dir) != "services" {
			continue
		}
		for _, i := range s.file.Imports {
			imported := strings.TrimPrefix(strings.Trim(i.Path.Value, `"`), module)
			if slices.Contains(clientPackages, imported) && !slices.Contains(adapters[s.dir], s.path) {
				adapters[s.dir] = append(adapters[s.dir], s.path)
			}
		}
	}
	for dir, files := range adapters {
		if len(files) > maxAdapters {
			t.Errorf("%s has %d files that speak to engines, %s: from three on they go to %[1]s/engine", dir, len(files), strings.Join(files, ", "))
		}
	}
	for _, dir := range []string{"services/stt/engine", "services/stt/vad", "services/tts/engine", "services/llm/engine"} {
		if !slices.ContainsFunc(sources(t), func(s source) bool { return s.dir == dir && !s.test }) {
			t.Errorf("%s is gone: the layout of docs/ARCHITECTURE.md has it", dir)
		}
	}
}

func TestEveryServiceIsWired(t *testing.T) {
	files := sources(t)
	names := services(files)
	var listed []string // imports of cmd/tars
	for _, s := range files {
		for _, i := range s.file.Imports {
			if under(s.dir, "cmd/tars") && !s.test {
				listed = append(listed, strings.Trim(i.Path.Value, `"`))
			}
		}
	}
	compose, err := os.ReadFile(filepath.Join(root, "compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	_, compose, _ = bytes.Cut(compose, []byte("\nservices:\n"))
	compose, _, _ = bytes.Cut(compose, []byte("\nvolumes:\n"))
	_, noDocs := os.Stat(filepath.Join(root, "docs", "services"))
	for _, name := range names {
		if name == "template" { // is copied, not run
			continue
		}
		if len(listed) > 0 && !slices.Contains(listed, module+"services/"+name) {
			t.Errorf("cmd/tars does not run %s: add its Module to the list of services there", name)
		}
		if !regexp.MustCompile(`(?m)^  ` + name + `:$`).Match(compose) {
			t.Errorf("compose.yml does not run %s: copy the block of router under services: and put %[1]s for router", name)
		}
		page := filepath.Join("docs", "services", name+".md")
		if _, err := os.Stat(filepath.Join(root, page)); noDocs == nil && err != nil {
			t.Errorf("%s is missing: write what %s does, takes, sends and is set by", page, name)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z-]+):\n    <<: \*service$`).FindAllSubmatch(compose, -1) {
		if name := string(m[1]); len(listed) > 0 && !slices.Contains(names, name) {
			t.Errorf("compose.yml runs %s, and there is no services/%[1]s", name)
		}
	}
}
