// Package supervise runs the engines that make engines installed.
//
// It listens for each of them on a loopback port of its own, which stays the
// same while the engine behind it comes and goes:
//
//	          first byte             answers
//	asleep ───────────────▶ starting ─────────▶ ready
//	   ▲                        │                 │
//	   │◀──── idle for Idle ────┼─────────────────┤
//	   │                        ▼                 │ dies
//	   └──── next need ────── failed ◀────────────┘ again and again
//
// A connection that comes while an engine starts waits for it. One that comes
// while an engine has just failed is refused with the reason, in the words of
// its protocol. An engine that dies in use is started again by the next need;
// when it keeps dying, the time between two starts grows from half a second
// to half a minute. One that hangs, so that it does not even tell its health, is
// killed after 12 s and counts as dead.
//
// An engine ends with the process that runs this package, whatever ends that:
// its standard input is a pipe that breaks, and on Linux the kernel kills it.
package supervise

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/install"
)

// Config is read from ENGINES_* variables.
type Config struct {
	Idle time.Duration `default:"15m" desc:"an installed engine that had nothing to do for so long is stopped until it is needed; 0 never stops one"`
	Nice int           `default:"10" desc:"how far installed engines stand back for other programs, 0 to 19"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	switch {
	case c.Idle < 0:
		return fmt.Errorf("ENGINES_IDLE is %v, want 0 or more", c.Idle)
	case c.Nice < 0 || c.Nice > 19:
		return fmt.Errorf("ENGINES_NICE is %d, want 0 to 19", c.Nice)
	}
	return nil
}

// Options say how engines are run.
type Options struct {
	Config
	Home        string         // of the data; logs go to its folder logs
	Host        string         // to listen on; empty: 127.0.0.1
	Ports       map[string]int // by the name of a server; others get a free one
	Awake       bool           // start all at once, and again when one ends
	Log         *slog.Logger   // empty: none
	healthEvery time.Duration  // between two looks at the health of an engine; 0: the constant
	scanEvery   time.Duration  // between two looks at what is installed; 0: the constant
}

// complete is o with what it leaves open.
func (o Options) complete() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Host = cmp.Or(o.Host, "127.0.0.1")
	o.healthEvery, o.scanEvery = cmp.Or(o.healthEvery, healthEvery), cmp.Or(o.scanEvery, scanEvery)
	return o
}

// ErrRunning is returned when another process runs the engines of this home.
var ErrRunning = errors.New("another tars runs the installed engines")

// Supervisor runs engines. It is safe for concurrent use.
type Supervisor struct {
	home    string
	since   time.Time
	log     *slog.Logger
	engines []*engine
	changed chan struct{} // one waits: the file is out of date
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

// Start listens for all servers and writes discovery.File. It returns ErrRunning
// when somebody else does so for the same home. Close ends what it started.
func Start(ctx context.Context, servers []install.Server, o Options) (*Supervisor, error) {
	if _, running := discovery.Installed(ctx, o.Home); running {
		return nil, ErrRunning
	}
	o = o.complete()
	s := &Supervisor{home: o.Home, since: time.Now(), log: o.Log, changed: make(chan struct{}, 1)}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	for _, server := range servers {
		e, err := s.openEngine(server, o)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.engines = append(s.engines, e)
	}
	if err := s.writeStatus(); err != nil {
		s.Close()
		return nil, err
	}
	s.wg.Go(func() { s.keepStatusWritten(run) })
	for _, e := range s.engines {
		s.wg.Go(func() { e.accept(run) })
		if o.Awake {
			s.wg.Go(func() { e.stayAwake(run) })
		}
	}
	return s, nil
}

// openEngine listens for server.
func (s *Supervisor) openEngine(server install.Server, o Options) (*engine, error) {
	log, err := openLog(install.Log(o.Home, server.Name))
	if err != nil {
		return nil, fmt.Errorf("log of engine %s: %w", server.Name, err)
	}
	addr := net.JoinHostPort(o.Host, strconv.Itoa(o.Ports[server.Name]))
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for engine %s: %w", server.Name, err), log.Close())
	}
	e := &engine{
		server: server, listener: l, output: log, log: s.log.With("engine", server.Name), idle: o.Idle, nice: o.Nice, healthEvery: o.healthEvery,
		state: discovery.Asleep, since: s.since, proxies: map[*tcpProxy]struct{}{}, onChange: s.markChanged,
	}
	at := l.Addr().(*net.TCPAddr)
	here := strings.NewReplacer("{port}", strconv.Itoa(at.Port))
	if !at.IP.IsUnspecified() {
		here = strings.NewReplacer("127.0.0.1:{port}", at.String())
	}
	for _, serves := range server.Serves {
		serves.URL, serves.Installed = here.Replace(serves.URL), true
		e.serves = append(e.serves, serves)
		if serves.Protocol != "wyoming" && e.web == nil {
			e.web = newHTTPProxy(e)
		}
	}
	return e, nil
}

// Close stops all engines, closes their ports and removes the file. It takes
// as long as the slowest engine needs to end, at most a little over 5 s.
func (s *Supervisor) Close() {
	s.stop()
	for _, e := range s.engines {
		s.wg.Go(e.close)
	}
	s.wg.Wait()
	for _, e := range s.engines {
		_ = e.output.Close()
	}
	_ = os.Remove(discovery.File(s.home))
}

// Engines tells how each engine fares.
func (s *Supervisor) Engines() (all []discovery.Engine) {
	for _, e := range s.engines {
		all = append(all, e.status())
	}
	return all
}

// ports are where it listens, by the name of an engine.
func (s *Supervisor) ports() map[string]int {
	all := map[string]int{}
	for _, e := range s.engines {
		all[e.server.Name] = e.listener.Addr().(*net.TCPAddr).Port
	}
	return all
}

// markChanged marks the file as out of date.
func (s *Supervisor) markChanged() {
	select {
	case s.changed <- struct{}{}:
	default: // it is marked
	}
}

const writeEvery = time.Second // at most

// keepStatusWritten writes the file after changes.
func (s *Supervisor) keepStatusWritten(ctx context.Context) {
	for {
		select {
		case <-s.changed:
		case <-ctx.Done():
			return
		}
		if err := s.writeStatus(); err != nil {
			s.log.Warn("status file not written", "err", err)
		}
		select {
		case <-time.After(writeEvery):
		case <-ctx.Done():
			return
		}
	}
}

// writeStatus replaces the file in one step. Only its owner can read it.
func (s *Supervisor) writeStatus() error {
	b, err := json.MarshalIndent(discovery.Running{PID: os.Getpid(), Since: s.since, Engines: s.Engines()}, "", "  ")
	if err != nil {
		return err
	}
	file := discovery.File(s.home)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
