package test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotars/tars/test/need"
)

// TestTheTurnEndModelIsLoadedWhenSomebodySpeaks looks into the memory of tars up: before
// the first word it costs nothing there, and the library tells nobody that it runs.
func TestTheTurnEndModelIsLoadedWhenSomebodySpeaks(t *testing.T) {
	need.TurnModel(t)
	const maxMegabytes = 150 // that a turn adds: the model takes half of it
	s := installed(t)
	h := newHearing()
	bus := s.bus(t, h.handlers()...)
	idle := s.memory(t)
	if s.maps(t, "libonnxruntime") {
		t.Error("ONNX Runtime is loaded before anybody speaks")
	}
	converse(t, s, h, bus)
	if !s.maps(t, "libonnxruntime") {
		t.Error("ONNX Runtime is not loaded after somebody spoke")
	}
	spoken := s.memory(t)
	t.Logf("tars up has %d MB idle and %d MB after a turn", idle, spoken)
	if spoken-idle > maxMegabytes {
		t.Errorf("a turn added %d MB, want at most %d", spoken-idle, maxMegabytes)
	}
	for _, trace := range []string{".cache/Microsoft", "Library/Application Support/Microsoft"} {
		if _, err := os.Stat(filepath.Join(s.home, trace)); err == nil {
			t.Errorf("ONNX Runtime wrote %s: its telemetry is on", trace)
		}
	}
}

// memory is how many megabytes of tars up are in memory.
func (s *stack) memory(t *testing.T) (megabytes int) {
	t.Helper()
	var pages, resident int
	text := s.proc(t, "statm")
	if _, err := fmt.Sscan(string(text), &pages, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize() / 1e6
}

// maps reports whether tars up has loaded a file with name in its path.
func (s *stack) maps(t *testing.T, name string) bool {
	t.Helper()
	return bytes.Contains(s.proc(t, "maps"), []byte(name))
}

func (s *stack) proc(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.cmd.Process.Pid, file))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
