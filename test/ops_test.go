package test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
)

// lamp is a service of one's own beside the six, which fails until it is
// repaired.
type lamp struct {
	broken atomic.Bool
	mu     sync.Mutex
	lit    []string
}

func (l *lamp) Handlers() []kit.Handler { return []kit.Handler{kit.On(l.light)} }

// switched is what a lamp listens to.
type switched struct {
	Room string `json:"room" msg:"required"`
}

func (switched) Route() msg.Route { return msg.Route{Topic: "lamp/switched", QoS: msg.AtLeastOnce} }

func (l *lamp) light(ctx context.Context, s switched) error {
	if l.broken.Load() {
		return errors.New("the bulb is broken")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lit = append(l.lit, s.Room+" "+kit.From(ctx).ID)
	return nil
}

func (l *lamp) seen() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lit, ", ")
}

// TestOperating lists, counts, records, replays and raises the dead, by the
// commands a person types.
func TestOperating(t *testing.T) {
	s := up(t, "LLM_ENGINE=builtin")
	l := &lamp{}
	l.broken.Store(true)
	t.Setenv("MQTT_URL", s.url(t))
	t.Setenv("LOG_LEVEL", "error")
	var bus *kit.Bus
	app := kit.Service[*lamp]("test-lamp", fx.Supply(l)).App(fx.Populate(&bus))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = app.Stop(context.Background()) }()
	if err := bus.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := s.tars(t, args...)
		if err != nil {
			t.Errorf("tars %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return out
	}
	has := func(out string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%q is not in\n%s", w, out)
			}
		}
	}

	has(run("list"), "SERVICE", "test-lamp", "tars-router", "ui-web", "ready")
	has(run("list", "test-lamp"), "lamp/switched", "lamp.switched", "light", "QoS 1")
	if out, err := s.tars(t, "list", "nobody"); err == nil || !strings.Contains(out, "no service nobody") {
		t.Errorf("list nobody: %v %s", err, out)
	}

	if got := run("dead"); got != "no dead letters" {
		t.Errorf("at first: %s", got)
	}
	tool := s.bus(t)
	for _, room := range []string{"hall", "attic"} {
		if err := tool.PublishTo(kit.WithBaggage(t.Context(), "room", room), "lamp/switched", "", switched{room}, kit.ID("id-"+room)); err != nil {
			t.Fatal(err)
		}
	}
	s.await(t, "two letters", func() bool { return strings.Count(run("dead"), "the bulb is broken") == 2 })
	has(run("dead", "list"), "lamp/switched", "light", "LETTER")
	shown := run("dead", "show", "--all")
	has(shown, "reason    the bulb is broken", `"room":"hall"`, "id        id-attic", "attempts  1")
	out, err := s.tars(t, "stats", "test-lamp", "--json")
	var stats kit.Stats
	if err = errors.Join(err, json.Unmarshal([]byte(out), &stats)); err != nil || stats.Handlers[2].Dead != 2 || stats.Handlers[2].LastError != "the bulb is broken" {
		t.Errorf("stats: %v %s", err, out)
	}
	has(run("stats", "test-lamp"), "light last failed: the bulb is broken", "up ")

	l.broken.Store(false)
	_, id, _ := strings.Cut(run("dead", "show", "--all"), "letter    ")
	if out, err := s.tars(t, "dead", "replay"); err == nil || !strings.Contains(out, "--all") {
		t.Errorf("replay of nothing: %v %s", err, out)
	}
	others := make(chan string, 10)
	s.bus(t, kit.Tap("lamp/switched", func(_ context.Context, d *kit.Delivery) error { others <- d.ID; return nil }))
	has(run("dead", "replay", id[:8]), "lamp/switched to test-lamp")
	s.await(t, "one room lit", func() bool { return strings.Contains(l.seen(), "id-") })
	if first := l.seen(); strings.Contains(first, ",") {
		t.Errorf("one letter was replayed, and lit %s", first)
	}
	if len(others) > 0 {
		t.Errorf("a letter for the lamp reached others")
	}
	_, id, _ = strings.Cut(run("dead", "show", "--all"), "letter    ")
	run("dead", "drop", id[:8])
	if got := run("dead"); got != "no dead letters" {
		t.Errorf("at the end: %s", got)
	}

	has(run("top", "--once", "--every", "200ms"), "slowest handlers", "test-lamp", "publish p99")
	if out, err := s.tars(t, "top"); err == nil || !strings.Contains(out, "no terminal") {
		t.Errorf("top without a terminal: %v %s", err, out)
	}
}

// TestReplay records a conversation and plays it again, faster.
func TestReplay(t *testing.T) {
	s := up(t, "LLM_ENGINE=builtin")
	file := filepath.Join(s.home, "talk.jsonl")
	cmd, out := s.start(t, "record", file)
	s.await(t, "recording", func() bool { return strings.Contains(out.String(), "recording #") })
	if got, err := s.tars(t, "ask", "what time is it?"); err != nil {
		t.Fatalf("%v %s", err, got)
	}
	s.await(t, "the answer is recorded", func() bool {
		said, _ := os.ReadFile(file)
		return strings.Contains(string(said), "system/turn")
	})
	if code, _ := interrupt(t, cmd); code != 0 {
		t.Fatalf("record ended with %d", code)
	}
	finals := make(chan contract.FinalTranscript, 10)
	bus := s.bus(t, kit.On(func(_ context.Context, f contract.FinalTranscript) error { finals <- f; return nil }))
	_ = bus
	if got, err := s.tars(t, "replay", file, "--filter", "stt/", "--dry-run"); err != nil || !strings.Contains(got, "stt/final") || len(finals) > 0 {
		t.Errorf("dry run: %v %s", err, got)
	}
	if got, err := s.tars(t, "replay", file, "--filter", "stt/", "--speed", "20"); err != nil || !strings.Contains(got, "1 messages") {
		t.Errorf("replay: %v %s", err, got)
	}
	select {
	case f := <-finals:
		if f.Text != "what time is it?" {
			t.Errorf("replayed %q", f.Text)
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing was replayed")
	}
	if err := os.WriteFile(file, []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := s.tars(t, "replay", file); err == nil || !strings.Contains(got, "line 1 is no message of a recording") {
		t.Errorf("nonsense: %v %s", err, got)
	}
}
