package test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit/broker"
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
	dir := outsideModule(t)
	for _, args := range [][]string{{"vet", "./..."}, {"test", "-timeout", "2m", "./..."}, {"build", "-o", os.DevNull, "./cmd"}} {
		goOutside(t, dir, args...)
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if direct := regexp.MustCompile(`(?m)^\s*(?:require )?(github\.com/gotars/\S+) v`).FindAllStringSubmatch(string(mod), -1); len(direct) != 1 {
		t.Errorf("needs more of this repository than the kit:\n%s", mod)
	}
}

// outsideModule writes the module of somebody else, and returns its folder.
func outsideModule(t *testing.T) string {
	t.Helper()
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
	return dir
}

// copyExamples puts the examples of the kit, which its README shows, into dir, as
// packages of the module there.
func copyExamples(t *testing.T, dir string) {
	t.Helper()
	for _, s := range sources(t) {
		name, ok := strings.CutPrefix(s.path, "kit/examples/")
		if !ok || s.test || strings.Contains(name, "home/") || strings.Contains(name, "monitored/") {
			continue
		}
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(s.text), module+"kit/examples/", "example.com/greeter/")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// goOutside runs the go command there, with nothing of this workspace and no network.
func goOutside(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// The operating commands of the kit, built where only the kit is known, list a service
// that was built there too, on any broker.
func TestKitCommandsListAServiceFromOutside(t *testing.T) {
	need.Time(t, "compiles another module")
	dir := outsideModule(t)
	copyExamples(t, dir)
	alarm, command := filepath.Join(dir, "alarm.bin"), filepath.Join(dir, "kit.bin")
	goOutside(t, dir, "build", "-o", alarm, "./cmd/alarm")
	goOutside(t, dir, "build", "-o", command, "github.com/gotars/tars/kit/cmd/kit")
	for name, broker := range map[string]func(*testing.T) string{"on the embedded broker": embeddedBroker, "on Mosquitto": anyMosquitto} {
		t.Run(name, func(t *testing.T) {
			env := append(os.Environ(), "MQTT_URL="+broker(t), "LOG_LEVEL=error")
			service := exec.Command(alarm)
			service.Env = env
			if err := service.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = service.Process.Signal(os.Interrupt); _ = service.Wait() }()
			kit := func(args ...string) string {
				cmd := exec.CommandContext(t.Context(), command, args...)
				cmd.Env = env
				out, _ := cmd.CombinedOutput() // the output tells
				return string(out)
			}
			var list string
			for begin := time.Now(); !strings.Contains(list, "ready"); list = kit("list") {
				if time.Since(begin) > 20*time.Second {
					t.Fatalf("no alarm is listed:\n%s", list)
				}
			}
			for _, c := range []struct{ args, want string }{
				{"list", "alarm"}, {"list alarm", "house/temperature/+"}, {"stats alarm", "heard"}, {"dead", "no dead letters"},
				{"top --once --every 200ms", "alarm"}, {"list nobody", "kit list shows"},
			} {
				if out := kit(strings.Fields(c.args)...); !strings.Contains(out, c.want) {
					t.Errorf("kit %s lacks %q:\n%s", c.args, c.want, out)
				}
			}
		})
	}
}

func embeddedBroker(t *testing.T) string {
	t.Helper()
	b, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return "mqtt://" + b.Addr()
}

// anyMosquitto is the program of this machine or, without one, a container.
func anyMosquitto(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		return mosquitto(t)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // Mosquitto cannot choose a port and tell it
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(program, "-p", port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return "mqtt://" + addr
}
