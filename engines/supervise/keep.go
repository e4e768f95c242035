package supervise

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"net"
	"os"
	"sync"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/install"
)

const scanEvery = 2 * time.Second // between two looks at what is installed

// Keeper runs what is installed in a home: also what is installed, updated and
// removed later, and what another process ran until it ended. It is safe for
// concurrent use.
type Keeper struct {
	options   Options
	ports     map[string]int // of engines that ran before, by name
	list      string         // the list of what is installed that now runs
	lastError string         // why nothing runs, as it was logged
	stop      context.CancelFunc
	wg        sync.WaitGroup

	mu         sync.Mutex
	supervisor *Supervisor // nil: nothing is installed, or it does not run
}

// Keep runs what is installed in o.Home until Close. When it returns, engines
// that can be run are found. What keeps them from running is logged.
func Keep(ctx context.Context, o Options) *Keeper {
	k := newKeeper(o)
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	k.stop = stop
	k.logOnce(k.runInstalled(run))
	k.wg.Go(func() { k.watchList(run) })
	return k
}

func newKeeper(o Options) *Keeper {
	return &Keeper{options: o.complete(), ports: map[string]int{}, stop: func() {}}
}

// watchList runs what is installed, and looks again and again until ctx ends.
func (k *Keeper) watchList(ctx context.Context) {
	again := time.NewTicker(k.options.scanEvery)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			k.logOnce(k.runInstalled(ctx))
		case <-ctx.Done():
			return
		}
	}
}

// logOnce logs why nothing runs, once.
func (k *Keeper) logOnce(err error) {
	switch {
	case err == nil:
		k.lastError = ""
	case errors.Is(err, ErrRunning): // its engines serve us too
	case err.Error() != k.lastError:
		k.lastError = err.Error()
		k.options.Log.Warn("the installed engines do not run", "err", err)
	}
}

// runInstalled compares the list of what is installed with the one that runs, and
// starts all engines anew when they differ.
func (k *Keeper) runInstalled(ctx context.Context) error {
	text, err := os.ReadFile(install.List(k.options.Home))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // without a list, nothing is installed
		return err
	}
	list, old := string(text), k.running()
	if list == k.list {
		return nil
	}
	if k.list = ""; old != nil {
		k.options.Log.Info("other engines are installed")
		maps.Copy(k.ports, old.ports()) // those who use them need not look for them
		k.setRunning(nil)
		old.Close()
	}
	if list == "" {
		return nil
	}
	s, err := k.start(ctx)
	if err == nil {
		k.list = list
		k.setRunning(s)
	}
	return err
}

// start runs what is installed, where it ran before.
func (k *Keeper) start(ctx context.Context) (*Supervisor, error) {
	servers, err := install.Servers(k.options.Home)
	if err != nil || len(servers) == 0 {
		return nil, err
	}
	o := k.options
	o.Ports = maps.Clone(k.ports)
	maps.Copy(o.Ports, k.options.Ports)
	s, err := Start(ctx, servers, o)
	var taken *net.OpError
	if errors.As(err, &taken) && len(k.ports) > 0 { // by somebody else, meanwhile
		clear(k.ports)
		o.Ports = k.options.Ports
		s, err = Start(ctx, servers, o)
	}
	return s, err
}

func (k *Keeper) running() *Supervisor {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.supervisor
}

func (k *Keeper) setRunning(s *Supervisor) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.supervisor = s
}

// Engines tells how each engine fares.
func (k *Keeper) Engines() []discovery.Engine {
	if s := k.running(); s != nil {
		return s.Engines()
	}
	return nil
}

// Wake starts the engines for the kinds, as Supervisor does.
func (k *Keeper) Wake(kinds ...discovery.Kind) {
	if s := k.running(); s != nil {
		s.Wake(kinds...)
	}
}

// Close ends what runs. It takes as long as Supervisor.Close.
func (k *Keeper) Close() {
	k.stop()
	k.wg.Wait()
	if s := k.running(); s != nil {
		s.Close()
	}
}
