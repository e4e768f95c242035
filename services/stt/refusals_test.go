package stt_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/services/stt/engine"
)

// lines is a log in lines, of many goroutines.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// with returns the lines that hold text.
func (l *lines) with(text string) (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		if strings.Contains(line, text) {
			all = append(all, line)
		}
	}
	return all
}

// refusing runs f with a service whose log is kept.
func refusing(t *testing.T, name string, f func(t *testing.T, h *house, log *lines)) {
	t.Helper()
	kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
		log := &lines{}
		h := newHouse(t, b, nil)
		h.engine = &reader{takes: 300 * ms}
		b.LogTo(log)
		b.Add(t, stt.Module.With(fx.Replace(fx.Annotate(h.engine, fx.As(new(engine.Transcriber))))))
		f(t, h, log)
	})
}

// send publishes 40 ms of what a microphone sends, for a time.
func (h *house) send(t *testing.T, source, format string, size int, d time.Duration) {
	t.Helper()
	for range int(d / (40 * ms)) {
		h.PublishTyped(t, "audio/mic/"+source, format, strings.Repeat("\x00", size))
		time.Sleep(40 * ms)
	}
	h.Settle()
}

// warning is in each line that says that a source is refused. That the service is degraded by it
// is another line, of the kit.
const warning = `level=WARN msg="microphone cannot be heard"`

func TestAMicrophoneThatCannotBeHeardIsToldOnce(t *testing.T) {
	const good = "audio/pcm;rate=16000;channels=1"
	tests := map[string]struct {
		source, format string
		size           int
		why, cure      string
	}{
		"six channels":          {"kitchen", "audio/pcm;rate=48000;channels=6", 1280, "6 channels", "audio/pcm;rate=16000;channels=1"},
		"a rate below voices":   {"kitchen", "audio/pcm;rate=2000", 1280, "2000 samples per second", "audio/pcm;rate=16000;channels=1"},
		"a rate of megahertz":   {"kitchen", "audio/pcm;rate=2000000", 1280, "2000000 samples per second", "audio/pcm;rate=16000;channels=1"},
		"another encoding":      {"kitchen", "audio/opus", 1280, "audio/opus", "signed 16-bit little-endian samples"},
		"half a sample":         {"kitchen", good, 1281, "half a sample too many", "cut between samples"},
		"too much in a message": {"kitchen", good, 10000, "at most 8192", "20 to 100 ms in a message"},
		"a name in capitals":    {"Kitchen", good, 1280, "is not [a-z0-9-]{1,32}", "a name of 1 to 32"},
	}
	for name, tt := range tests {
		refusing(t, name, func(t *testing.T, h *house, log *lines) {
			h.send(t, tt.source, tt.format, tt.size, 20*time.Second)
			h.send(t, "office", good, 1280, time.Second)
			told := log.with(warning)
			if len(told) != 1 || !strings.Contains(told[0], tt.why) || !strings.Contains(told[0], tt.cure) || !strings.Contains(told[0], "source="+tt.source) {
				t.Errorf("warned %q, want once of %s, with %s", told, tt.why, tt.cure)
			}
			if sick := h.illness(); !strings.Contains(sick, tt.source) || !strings.Contains(sick, tt.why) {
				t.Errorf("health says %q", sick)
			}
			time.Sleep(2 * time.Minute) // it is gone
			h.Settle()
			if sick := h.illness(); sick != "" {
				t.Errorf("health still says %q", sick)
			}
		})
	}
	refusing(t, "again when it was right for a while", func(t *testing.T, h *house, log *lines) {
		for i := range 3 {
			h.send(t, "kitchen", "audio/opus", 1280, 2*time.Second)
			h.send(t, "kitchen", good, 1280, 2*time.Second) // not long enough
			h.send(t, "kitchen", "audio/opus", 1280, 2*time.Second)
			if n := len(log.with(warning)); n != i+1 {
				t.Errorf("warned %d times, want %d", n, i+1)
			}
			h.send(t, "kitchen", good, 1280, 20*time.Second)
			if sick := h.illness(); sick != "" || len(log.with("heard again")) != i+1 {
				t.Errorf("health says %q, logged %q", sick, log.with("heard again"))
			}
		}
	})
	refusing(t, "and a flood of names is bounded", func(t *testing.T, h *house, log *lines) {
		for i := range 1000 {
			h.PublishTyped(t, fmt.Sprintf("audio/mic/x%d", i), good, "odd")
			time.Sleep(ms)
		}
		h.Settle()
		time.Sleep(6 * time.Second)
		h.Settle()
		if n := len(log.with(warning)); n != 64 {
			t.Errorf("warned %d times, want 64", n)
		}
		if sick := h.illness(); !strings.HasSuffix(sick, "and 61 more") || len(sick) > 600 {
			t.Errorf("health says %q", sick)
		}
		if n := droppedBy(h, "listen"); n != 1000 {
			t.Errorf("%d are counted, want all", n)
		}
	})
}

// illness is what the health of the service said last.
func (h *house) illness() string {
	for _, p := range h.health.All() {
		if p.Name != "tars-stt" {
			continue
		}
		if h.sick = ""; p.Err != nil {
			h.sick = *p.Err
		}
	}
	return h.sick
}

func droppedBy(h *house, handler string) (n int64) {
	for _, s := range h.Stats("stt").Handlers {
		if s.Name == handler {
			for _, times := range s.Dropped {
				n += times
			}
		}
	}
	return n
}
