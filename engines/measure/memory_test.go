//go:build unix

package measure

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gotars/tars/engines/discovery"
)

// tells writes what runs in home: one engine, as process pid.
func tells(t *testing.T, home string, s discovery.Server, pid int) {
	t.Helper()
	b, err := json.Marshal(discovery.Running{PID: os.Getpid(), Engines: []discovery.Engine{{Name: "embed", Serves: []discovery.Server{s}, PID: pid}}})
	file := discovery.File(home)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o700)
	}
	if err == nil {
		err = os.WriteFile(file+".new", b, 0o600)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		t.Error(err)
	}
}

// Embeddings are measured within the second after which a start is told.
func TestTheMemoryOfAnEngineThatHasJustStartedIsKnown(t *testing.T) {
	home := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := discovery.Server{Kind: discovery.Embed, URL: "http://" + l.Addr().String() + "/v1"}
	tells(t, home, s, 0)
	later := time.AfterFunc(statusDelay/10, func() { tells(t, home, s, syscall.Getpgrp()) })
	defer later.Stop()
	if got := Memory(t.Context(), home, s); got == 0 {
		t.Error("it is not known")
	}
}
