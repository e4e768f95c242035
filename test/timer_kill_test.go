package test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/test/need"
)

// ringLog is what was told of timers: what is said of each, and which there are.
type ringLog struct {
	mu    sync.Mutex
	first map[string]time.Time // when it was first said, by the name of the timer
	over  map[string]bool      // it rang, and is no more
	again []string             // said after that
	known map[string]bool
}

func (l *ringLog) say(_ context.Context, m contract.TtsSay) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range strings.Fields(strings.ToLower(m.Text)) {
		if !strings.HasPrefix(w, "nr") {
			continue
		}
		if l.over[w] {
			l.again = append(l.again, m.Text)
		}
		if l.first[w].IsZero() {
			l.first[w] = time.Now()
		}
	}
	return nil
}

func (l *ringLog) state(_ context.Context, s contract.TimerState) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	there := map[string]bool{}
	for _, t := range s.Timers {
		there[*t.Name] = true
		l.known[*t.Name] = true
	}
	for name := range l.first {
		l.over[name] = l.over[name] || !there[name]
	}
	return nil
}

// killedTimers is a process with timers that is killed and started again.
type killedTimers struct {
	bin, url, home string
	cmd            *exec.Cmd
}

func (k *killedTimers) start(t *testing.T) {
	t.Helper()
	k.cmd = exec.Command(k.bin, "run", "timer")
	k.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + k.home, "TARS_HOME=" + k.home, "MQTT_URL=" + k.url, "TIMER_RING=3s"}
	if err := k.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (k *killedTimers) kill(t *testing.T) {
	t.Helper()
	_ = k.cmd.Process.Kill()
	_ = k.cmd.Wait()
}

// TestTimersSurviveAKill kills the service twenty times while timers are set and ring. What
// was acknowledged rings, and what has rung does not ring again.
func TestTimersSurviveAKill(t *testing.T) {
	need.Time(t, "kills a process twenty times, in real time")
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	addr := "127.0.0.1:" + freePort(t)
	srv, err := broker.New(broker.Options{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	l := &ringLog{first: map[string]time.Time{}, over: map[string]bool{}, known: map[string]bool{}}
	settings, err := kit.Load("voice")
	if err != nil {
		t.Fatal(err)
	}
	settings.URL = "mqtt://" + addr
	bus, err := kit.Open(t.Context(), "voice", settings, kit.On(l.say, kit.Name("say")), kit.On(l.state, kit.Name("state")), kit.Asks[contract.TimerCommand](), kit.Sends[contract.TtsStatus]())
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close(context.WithoutCancel(t.Context()))

	k := &killedTimers{bin: bin, url: settings.URL, home: t.TempDir()}
	due := map[string]time.Time{} // of those that were acknowledged
	kills := 20
	for round := range kills {
		k.start(t)
		end := time.Now().Add(time.Duration(300+rand.IntN(900)) * time.Millisecond)
		for n := 0; time.Now().Before(end); n++ {
			name, after := fmt.Sprintf("nr%dx%d", round, n), 1+rand.IntN(4)
			ctx, cancel := context.WithTimeout(t.Context(), time.Until(end))
			r, err := kit.Ask(ctx, bus, contract.TimerCommand{Action: contract.TimerSet, When: new(fmt.Sprintf("%d seconds", after)), Name: &name})
			cancel()
			if err == nil && r.Error == nil {
				due[name] = time.Now().Add(time.Duration(after) * time.Second)
			}
			time.Sleep(time.Duration(rand.IntN(120)) * time.Millisecond)
		}
		k.kill(t)
	}
	k.start(t)
	defer k.kill(t)
	time.Sleep(12 * time.Second)

	l.mu.Lock()
	defer l.mu.Unlock()
	late := time.Duration(0)
	for name, at := range due {
		if l.first[name].IsZero() {
			t.Errorf("timer %s was set and never rang", name)
			continue
		}
		late = max(late, l.first[name].Sub(at))
	}
	for _, text := range l.again {
		t.Errorf("said after it was over: %q", text)
	}
	t.Logf("%d kills, %d timers, the latest rang %s after its time", kills, len(due), late)
	if len(due) < kills {
		t.Errorf("%d timers were set, which shows nothing", len(due))
	}
}
