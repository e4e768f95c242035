//go:build unix

package engine_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/services/stt/engine"
)

// A program is often a shell around the one that works.
func TestACancelEndsWhatTheProgramStarted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Config{Engine: "command", Command: `sh -c "sleep 600 >` + path + ` & wait"`, Timeout: enginetest.Patience}, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := e.Transcribe(ctx, engine.Request{Audio: second})
		ended <- err
	}()
	f, err := os.Open(path) // waits for who writes to it
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cancel()
	if err := <-ended; err == nil {
		t.Error("no error after a cancel")
	}
	if _, err := io.ReadAll(f); err != nil { // waits for the end of who writes to it
		t.Error(err)
	}
}
