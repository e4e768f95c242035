package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gotars/tars/test/need"
)

// outside is a module of somebody else: one service, and its test.
var outside = map[string]string{
	"greeter.go": `package greeter

import (
	"context"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
)

type Guest struct {
	msg.Ident
	Name string ` + "`json:\"name\" msg:\"required\"`" + `
}

func (Guest) Route() msg.Route { return msg.Route{Topic: "door/guest", QoS: msg.AtLeastOnce} }

type Greeting struct {
	Text string ` + "`json:\"text\"`" + `
}

func (Greeting) Route() msg.Route { return msg.Route{Topic: "door/greeting", QoS: msg.AtLeastOnce} }

var Module = kit.Service[*Service]("greeter", fx.Provide(New))

type Service struct{ bus *kit.Bus }

func New(b *kit.Bus) *Service { return &Service{b} }

func (s *Service) Handlers() []kit.Handler {
	return []kit.Handler{kit.On(s.came), kit.Sends[Greeting]()}
}

func (s *Service) came(ctx context.Context, g Guest) error {
	return s.bus.Publish(ctx, Greeting{Text: "Hello, " + g.Name + "!"})
}
`,
	"greeter_test.go": `package greeter

import (
	"testing"
	"time"

	"github.com/gotars/tars/kit/kittest"
)

func TestGreeter(t *testing.T) {
	kittest.Run(t, "greets, also after a cut", func(t *testing.T, b *kittest.Harness) {
		said := kittest.Watch[Greeting](b)
		for _, name := range []string{"Ann", "Bob"} {
			b.Publish(t, Guest{Name: name})
			if g, m := said.Next(t); g.Text != "Hello, "+name+"!" || m.Source != "greeter" {
				t.Errorf("said %+v (%+v)", g, m)
			}
			b.Settle()
			b.Cut("greeter")
			time.Sleep(time.Minute)
		}
	}, Module)
}
`,
	"cmd/main.go": `package main

import (
	"example.com/greeter"

	"github.com/gotars/tars/kit"
)

func main() { kit.Main(greeter.Module) }
`,
}

// TestKitFromOutside builds and tests a module that has nothing of this repository but
// the kit, far from this workspace. What it needs lies in the module cache.
func TestKitFromOutside(t *testing.T) {
	need.Time(t, "compiles another module")
	kit, err := filepath.Abs(filepath.Join(root, "kit"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range outside {
		write(name, text)
	}
	sums, err := os.ReadFile(filepath.Join(kit, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	write("go.sum", string(sums))
	write("go.mod", "module example.com/greeter\n\ngo 1.26.0\n\nrequire github.com/gotars/tars/kit v0.0.0\n\nreplace github.com/gotars/tars/kit => "+kit+"\n")
	for _, args := range [][]string{{"vet", "./..."}, {"test", "-timeout", "2m", "./..."}, {"build", "-o", os.DevNull, "./cmd"}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if direct := regexp.MustCompile(`(?m)^\s*(?:require )?(github\.com/gotars/\S+) v`).FindAllStringSubmatch(string(mod), -1); len(direct) != 1 {
		t.Errorf("needs more of this repository than the kit:\n%s", mod)
	}
}
