//go:build unix

package stt_test

import (
	"bufio"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestAProgramIsKilledWhenSomebodyGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	begun, gone := make(chan struct{}, 1), make(chan struct{}, 1)
	go func() {
		f, err := os.Open(path) // waits for who writes to it
		if err != nil {
			return
		}
		defer func() { _ = f.Close() }()
		r := bufio.NewReader(f)
		if _, err := r.ReadString('\n'); err == nil {
			begun <- struct{}{}
			_, _ = r.ReadString('\n') // until who writes to it has ended
			gone <- struct{}{}
		}
	}()
	// It works before it tells that it has begun, so that it costs CPU time.
	h := goOn(t, watchedEngine{[]string{"STT_ENGINE=command", `STT_COMMAND=sh -c "exec 3>` + path + `; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo begun >&3; while :; do :; done"`}, begun, gone})
	deadline := time.Now().Add(30 * time.Second)
	for h.Stats("stt").Durations["readings_discarded"].Count == 0 { // the program is gone a moment before its end is noted
		if time.Now().After(deadline) {
			t.Fatal("the reading is not counted as thrown away")
		}
		time.Sleep(time.Millisecond)
	}
	if s := h.Stats("stt"); s.Counters["readings_discarded_cpu_ms"] < 1 {
		t.Errorf("counted %v, %+v; want its CPU time", s.Counters, s.Durations)
	}
}
