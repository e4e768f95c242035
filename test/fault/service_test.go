package fault

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
)

// bus connects this process to the broker.
func bus(t *testing.T, change func(*kit.Settings), hs ...kit.Handler) *kit.Bus {
	t.Helper()
	s, err := kit.Load("fault")
	if err != nil {
		t.Fatal(err)
	}
	change(&s)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b, err := kit.Open(ctx, "fault-test", s, append(hs, kit.Sends[Load](), kit.Sends[Tick](), kit.Sends[State](), kit.Asks[Question]())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = b.Close(ctx)
	})
	return b
}

func at(url string) func(*kit.Settings) { return func(s *kit.Settings) { s.URL = url } }

func send(t *testing.T, b *kit.Bus, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := b.Publish(ctx, Load{N: n}); err != nil {
		t.Fatal(err)
	}
}

// troubles are the lines of a log at warn and above, and those of no logger.
func troubles(log string) (out []string) {
	for line := range strings.Lines(log) {
		if !strings.Contains(line, `"level":"INFO"`) && !strings.Contains(line, `"level":"DEBUG"`) {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}

func TestKilledInTheMiddleOfAHandler(t *testing.T) {
	t.Parallel()
	m := broker(t, conf(t, "mosquitto.conf"))
	book := Ledger + "=" + filepath.Join(t.TempDir(), "handled")
	w := start(t, "take", "MQTT_URL="+m.url, book, Work+"=1h")
	w.ready(t, 1)
	send(t, bus(t, at(m.url)), 7)
	eventually(t, "the handler begins", func() bool { return w.tell(t, Tally).Began == 1 })
	w.kill()
	w = start(t, "take", "MQTT_URL="+m.url, book)
	w.ready(t, 1)
	eventually(t, "the message is handled after the restart", func() bool { return w.tell(t, Tally).Handled == 1 })
	_, path, _ := strings.Cut(book, "=")
	if got := read(t, path); len(got) != 1 || got[7] != 1 {
		t.Errorf("handled %v, want 7 once", got)
	}
}

func TestAnotherOfOurName(t *testing.T) {
	t.Parallel()
	m := broker(t, strings.Replace(conf(t, "mosquitto.conf"), "connection_messages false", "connection_messages true", 1))
	if version, ok := m.tells(t); !ok {
		t.Skipf("Mosquitto %s does not tell an evicted client why it closes the link", version)
	}
	first := start(t, "take", "MQTT_URL="+m.url)
	first.ready(t, 1)
	second := start(t, "take", "MQTT_URL="+m.url)
	second.ready(t, 1)
	if code := first.exit(t); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if got := troubles(first.log.String()); len(got) == 0 || !strings.Contains(got[len(got)-1], "another fault-take is connected") {
		t.Errorf("the evicted one said %q", got)
	}
	time.Sleep(2 * time.Second)
	second.ready(t, 1)
	if n := strings.Count(m.logs(t), "as fault-take ("); n != 2 {
		t.Errorf("%d connections, want 2: they fight", n)
	}
}

func TestPublishWhileTheBrokerIsAway(t *testing.T) {
	t.Parallel()
	m := broker(t, conf(t, "mosquitto.conf"))
	w := start(t, "take", "MQTT_URL="+m.url)
	w.ready(t, 1)
	b := bus(t, at(m.url))
	m.down(t, "SIGTERM")
	time.Sleep(200 * time.Millisecond)
	done := make(chan error, 1)
	go func() { done <- b.Publish(t.Context(), Load{N: 1}) }()
	select {
	case err := <-done:
		t.Fatalf("Publish returned %v without a broker", err)
	case <-time.After(time.Second):
	}
	m.up(t)
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("Publish waits on although the broker is back")
	}
	eventually(t, "it is handled", func() bool { return w.tell(t, Tally).Handled == 1 })
}

// A broker that forgets its sessions must not hold up those who wait for its
// acknowledgements.
func TestPublishWhenTheBrokerForgets(t *testing.T) {
	t.Parallel()
	m := broker(t, strings.Replace(conf(t, "mosquitto.conf"), "persistence true", "persistence false", 1))
	b := bus(t, at(m.url))
	m.freeze(t)
	done := make(chan error, 1)
	go func() { done <- b.Publish(t.Context(), Load{N: 1}) }()
	time.Sleep(200 * time.Millisecond) // it is written, and not acknowledged
	m.restart(t, "SIGKILL")
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("Publish waits on although the broker is back")
	}
}

func TestRetainedState(t *testing.T) {
	t.Parallel()
	m := broker(t, conf(t, "mosquitto.conf"))
	if err := bus(t, at(m.url)).Publish(t.Context(), State{N: 5}); err != nil {
		t.Fatal(err)
	}
	handled := func(w *worker) int64 { return w.tell(t, Tally).Handled }
	w := start(t, "take", "MQTT_URL="+m.url)
	eventually(t, "a process gets it", func() bool { return handled(w) == 1 })
	time.Sleep(200 * time.Millisecond) // its acknowledgement is under way
	w.kill()
	w = start(t, "take", "MQTT_URL="+m.url)
	eventually(t, "the next process gets it", func() bool { return handled(w) == 1 })
	m.restart(t, "SIGTERM")
	w.ready(t, 2)
	time.Sleep(time.Second)
	if n := handled(w); n != 1 {
		t.Errorf("handled %d times, want 1: a reconnect repeats it", n)
	}
}

func TestWillOfAKilledService(t *testing.T) {
	t.Parallel()
	m := broker(t, conf(t, "mosquitto.conf"))
	events := make(chan string, 16)
	bus(t, at(m.url), kit.Tap("system/health/fault-take", func(_ context.Context, d *kit.Delivery) error {
		events <- string(d.Data)
		return nil
	}, kit.Name("health")))
	w := start(t, "take", "MQTT_URL="+m.url)
	for _, want := range []string{"ready", "lost"} {
		select {
		case got := <-events:
			if !strings.Contains(got, fmt.Sprintf(`"event":%q`, want)) {
				t.Errorf("health is %s, want %s", got, want)
			}
		case <-time.After(patience):
			t.Fatalf("no health %s", want)
		}
		w.kill()
	}
}

func TestLargeMessages(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 1<<20)
	t.Run("of 1 MiB pass both ways", func(t *testing.T) {
		m := broker(t, conf(t, "mosquitto.conf"))
		start(t, "take", "MQTT_URL="+m.url).ready(t, 1)
		e, err := kit.Ask(t.Context(), bus(t, at(m.url)), Question{Text: big})
		if err != nil || e.Text != big {
			t.Errorf("%d bytes came back: %v", len(e.Text), err)
		}
	})
	t.Run("above what the broker takes are refused", func(t *testing.T) {
		m := broker(t, conf(t, "mosquitto.conf", "max_packet_size 100000"))
		w := start(t, "take", "MQTT_URL="+m.url)
		w.ready(t, 1)
		b := bus(t, at(m.url))
		err := b.Publish(t.Context(), Load{Pad: big})
		if err == nil || !strings.Contains(err.Error(), "(100000)") || !strings.Contains(err.Error(), "1048") {
			t.Errorf("%v, want an error with both sizes", err)
		}
		send(t, b, 1)
		eventually(t, "the next one passes", func() bool { return w.tell(t, Tally).Handled == 1 })
	})
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	m := broker(t, conf(t, "mosquitto.conf"))
	w := start(t, "take", "MQTT_URL="+strings.Replace(m.url, password, "hunter2", 1))
	if code := w.exit(t); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	oneLine(t, w.log.String(), "login refused", "wrong user name or password")
}

// oneLine fails the test unless the log names the cause in one line of trouble,
// without a password.
func oneLine(t *testing.T, log string, causes ...string) {
	t.Helper()
	got := troubles(log)
	if len(got) != 1 {
		t.Errorf("%d lines, want 1: %q", len(got), got)
	}
	for _, cause := range causes {
		if !strings.Contains(strings.Join(got, "\n"), cause) {
			t.Errorf("said %q, want the cause: %s", got, cause)
		}
	}
	if strings.Contains(log, password) || strings.Contains(log, "hunter2") {
		t.Errorf("the password is in the log: %s", log)
	}
}
