package fault

import (
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	embedded "github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/msg"
)

// flood is how many messages are thrown at a slow handler, of which every tenth
// of each kind in refused cannot be taken.
const flood = 100_000

// mostAhead is how many messages at QoS 1 may wait in the broker, which would
// drop more.
const mostAhead = 30_000

// refused are payloads beside the good ones, by the reason they are refused for.
var refused = map[string]any{
	"missing": map[string]any{"pad": "x"},
	"unknown": map[string]any{"n": 1, "colour": "red"},
	"bounds":  map[string]any{"n": -1},
	"type":    map[string]any{"n": []int{1}},
}

// TestFlood throws 100 000 messages at a handler that takes less than 10 000
// (QoS 1) or 1 000 (QoS 0) a second. The process must stay small, and account
// for every message.
func TestFlood(t *testing.T) {
	t.Parallel()
	m := broker(t, conf(t, "mosquitto.conf"))
	version, waits := m.tells(t)
	t.Run("QoS 0, the oldest is dropped", func(t *testing.T) {
		counts, bad := drown(t, m.url, "tick", msg.AtMostOnce, time.Millisecond, true)
		for reason := range bad {
			if counts[reason] == 0 {
				t.Errorf("none refused as %s", reason)
			}
		}
	})
	if waits || soak {
		t.Run("QoS 1, the broker waits", func(t *testing.T) {
			exactly(t, m.url, waits)
		})
	}
	if waits {
		return
	}
	t.Logf("Mosquitto %s does not wait for acknowledgements: the embedded broker stands in", version)
	t.Run("QoS 1, the embedded broker waits", func(t *testing.T) {
		roomy := embedded.Limits{WaitingBytes: 1 << 30, WaitingBytesPerClient: 1 << 30} // by default it drops sooner
		b, err := embedded.New(embedded.Options{Addr: "127.0.0.1:0", Queue: 2 * mostAhead, Limits: roomy})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		exactly(t, "mqtt://"+b.Addr(), true)
	})
}

// exactly holds that a flood at QoS 1 loses nothing that can be taken.
func exactly(t *testing.T, url string, small bool) {
	t.Helper()
	counts, bad := drown(t, url, "load", msg.AtLeastOnce, 100*time.Microsecond, small)
	for reason, n := range bad {
		if counts[reason] != n {
			t.Errorf("%d refused as %s, want %d", counts[reason], reason, n)
		}
	}
}

// drown floods a handler of a worker, and returns what that counted and how many
// messages could not be taken, both by reason.
func drown(t *testing.T, url, handler string, qos msg.QoS, work time.Duration, small bool) (counts, bad map[string]int) {
	t.Helper()
	book := filepath.Join(t.TempDir(), "handled")
	w := startBuilt(t, nil, "take", "MQTT_URL="+url, Ledger+"="+book, fmt.Sprintf("%s=%s", Work, work))
	w.ready(t, 1)
	idle := w.memory(t, "VmRSS")
	begin := time.Now()
	bad = throw(t, w, bus(t, at(url)), "fault/"+handler, qos)
	thrown := time.Since(begin)
	w.still(t)
	peak := w.memory(t, "VmHWM")
	if code := w.stop(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	counts = totals(t, w.log.String(), handler+".")
	t.Logf("%d messages thrown in %s, done in %s: %v; RSS %d MiB idle, %d at most", flood,
		thrown.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond), counts, idle>>20, peak>>20)
	rows.add("flood, "+path.Base(t.Name()), 1, flood, counts["overflow"], "", "", "", "", "", fmt.Sprintf("%d → %d", idle>>20, peak>>20))
	if small && peak > idle+64<<20 {
		t.Errorf("%d MiB above idle, want at most 64", (peak-idle)>>20)
	}
	sum := 0
	for _, n := range counts {
		sum += n
	}
	if sum != flood {
		t.Errorf("%d of %d messages are accounted for: %v", sum, flood, counts)
	}
	if n := len(read(t, book)); counts["handled"] != n {
		t.Errorf("%d counted as handled, %d were", counts["handled"], n)
	}
	return counts, bad
}

// throw publishes the flood as fast as it can, and returns how many cannot be
// taken, by reason.
func throw(t *testing.T, w *worker, b *kit.Bus, topic string, qos msg.QoS) map[string]int {
	t.Helper()
	bad := map[string]int{}
	reasons := []string{"missing", "unknown", "bounds", "type"}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 1024)
	for n := range flood {
		var data any = map[string]any{"n": n, "pad": strings.Repeat("x", 100)}
		if n%10 == 9 {
			reason := reasons[n/10%len(reasons)]
			data = refused[reason]
			bad[reason]++
		}
		if n%1000 == 0 && qos == msg.AtLeastOnce {
			eventually(t, "the handler catches up", func() bool { return int64(n*9/10)-w.tell(t, Tally).Began < mostAhead })
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := b.PublishTo(t.Context(), topic, "", data, kit.AtQoS(qos)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return bad
}

// still waits until the worker handles nothing more.
func (w *worker) still(t *testing.T) {
	t.Helper()
	for last, since := int64(-1), time.Now(); time.Since(since) < 3*time.Second; time.Sleep(100 * time.Millisecond) {
		if n := w.tell(t, Tally).Handled; n != last {
			last, since = n, time.Now()
		}
	}
}

// totals are the counters of a handler that a service logs when it stops.
func totals(t *testing.T, log, handler string) map[string]int {
	t.Helper()
	for line := range strings.Lines(log) {
		var said map[string]any
		if json.Unmarshal([]byte(line), &said) != nil || said["msg"] != "stopped" {
			continue
		}
		counts := map[string]int{}
		for key, n := range said {
			if reason, ok := strings.CutPrefix(key, handler); ok {
				counts[reason] = int(n.(float64))
			}
		}
		return counts
	}
	t.Fatal("no totals in the log")
	return nil
}
