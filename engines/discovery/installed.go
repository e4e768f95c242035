package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// File is where tars up tells which installed engines it runs, below home.
func File(home string) string { return filepath.Join(home, "run", "engines.json") }

// Running is what File holds.
type Running struct {
	PID     int       `json:"pid"` // of who runs them
	Since   time.Time `json:"since"`
	Engines []Engine  `json:"engines"`
}

// States of an engine.
const (
	Asleep   = "asleep" // starts when it is needed
	Starting = "starting"
	Ready    = "ready"
	Failed   = "failed" // tries again when it is needed
)

// Engine is an installed program and how it fares.
type Engine struct {
	Name     string        `json:"name"`
	State    string        `json:"state"`
	Serves   []Server      `json:"serves"`
	Log      string        `json:"log"` // file
	PID      int           `json:"pid,omitempty"`
	Memory   int64         `json:"memory,omitempty"` // resident bytes
	Since    time.Time     `json:"since,omitzero"`   // of the state
	Starts   int           `json:"starts"`           // successful ones
	Deaths   int           `json:"deaths"`           // that nobody asked for
	Requests int           `json:"requests"`         // answered; of Wyoming as far as bytes show
	Last     time.Duration `json:"last,omitempty"`   // what the last request took; of Wyoming to the first byte of the answer
	Error    string        `json:"error,omitempty"`  // of the last start
}

// Installed reads File. It reports false when nothing runs: there is no file,
// its writer is gone, or none of its ports is open.
func Installed(ctx context.Context, home string) (Running, bool) {
	r := readRunning(home)
	for _, e := range r.Engines {
		for _, s := range e.Serves {
			if isListening(ctx, s.URL) {
				return r, true
			}
		}
	}
	return Running{}, false
}

// readRunning returns what a writer tells that is there: one that was killed leaves the
// file, and its ports to anybody.
func readRunning(home string) (r Running) {
	if b, err := os.ReadFile(File(home)); err != nil || json.Unmarshal(b, &r) != nil || hasEnded(r.PID) {
		return Running{}
	}
	return r
}

// hasEnded reports whether a process is known to have ended.
func hasEnded(pid int) bool {
	if pid <= 0 {
		return false
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return true
	}
	defer func() { _ = p.Release() }()
	return errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// runningServers are the servers of File whose ports are open. An open port costs
// the engine behind it no start.
func runningServers(ctx context.Context, home string) (all []Server) {
	if home == "" {
		return nil
	}
	for _, e := range readRunning(home).Engines {
		for _, s := range e.Serves {
			s.Installed = true
			all = append(all, s)
		}
	}
	open := make([]bool, len(all))
	var wg sync.WaitGroup
	for i, s := range all {
		wg.Go(func() { open[i] = isListening(ctx, s.URL) })
	}
	wg.Wait()
	var out []Server
	for i, s := range all {
		if open[i] {
			out = append(out, s)
		}
	}
	return out
}

func isListening(ctx context.Context, address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, serverTimeout)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	return err == nil && c.Close() == nil
}
