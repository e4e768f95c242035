package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// upCmd runs everything.
type upCmd struct{}

// Run implements the command.
func (upCmd) Run(ctx context.Context, home kit.Home) (err error) {
	defaultLogLevel()
	if os.Getenv("MQTT_KEEPALIVE") == "" {
		_ = os.Setenv("MQTT_KEEPALIVE", "15") // a dead service is seen after 22 s instead of 90
	}
	mods, err := named(home, serviceNames()...)
	if err != nil {
		return err
	}
	mods, stop, err := haveBroker(ctx, home, mods)
	if err != nil {
		return err
	}
	defer stop()
	local, err := keepEngines(ctx, home)
	if err != nil {
		return err
	}
	report, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	if local != nil {
		defer local.Close()
		wg.Go(func() {
			if err := attend(report, home, local); err != nil && report.Err() == nil {
				fmt.Fprintln(os.Stderr, "tars: the installed engines start when they are asked, and the page does not show them:", err)
			}
		})
	}
	wg.Go(func() {
		if err := greet(report, home); err != nil && report.Err() == nil {
			fmt.Fprintln(os.Stderr, "tars:", err)
		}
	})
	err = runServices(ctx, mods)
	end()
	wg.Wait()
	return err
}

// haveBroker starts a broker, unless the environment names one, and returns mods
// as they connect to it. Other commands find its address in a file that only
// this user can read. stop ends what was started.
func haveBroker(ctx context.Context, home kit.Home, mods []kit.Module) (_ []kit.Module, stop func(), err error) {
	s, err := kit.Load("tars-cli")
	if err != nil {
		return nil, nil, err
	}
	file := urlFile(home)
	for _, folder := range []string{string(home), filepath.Dir(file)} {
		if err := privateFolder(folder); err != nil {
			return nil, nil, fmt.Errorf("%w: set TARS_HOME to a folder of your own", err)
		}
	}
	end, mine := func() {}, ""
	if s.NamedBy() != "" {
		mine, err = addressOf("tars-cli")
	} else {
		if old, err := readPrivate(file); err == nil && answers(ctx, home) {
			return nil, nil, fmt.Errorf("tars up is running already (broker %s, from %s)", redacted(strings.TrimSpace(old)), file)
		}
		var b *ownBroker
		if b, err = startBroker(home, mods, s.MaxPacket); err == nil {
			mods, mine, end = b.join(mods), b.address, func() { _ = b.Close() }
		}
	}
	if err != nil {
		return nil, nil, err
	}
	if err := writePrivate(file, mine+"\n"); err != nil {
		end()
		return nil, nil, err
	}
	return mods, func() {
		if now, err := readPrivate(file); err == nil && strings.TrimSpace(now) == mine {
			_ = os.Remove(file)
		}
		end()
	}, nil
}

// addressOf is the broker's address with user name and password, for a command
// that has another environment.
func addressOf(name string) (string, error) {
	s, err := kit.Load(name)
	if err != nil {
		return "", err
	}
	return s.URLWithLogin()
}

// answers reports whether something listens where the file says a broker is.
func answers(ctx context.Context, home kit.Home) bool {
	u, err := url.Parse(brokerOf(home).url)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// greetAfter is how long the table waits for slow services.
const greetAfter = 15 * time.Second

// greet prints the page's address and what was found, once all have reported.
func greet(ctx context.Context, home kit.Home) error {
	board := newBoard()
	bus, err := open(ctx, home, "tars-cli", kit.On(board.note, kit.Name("health")))
	if err != nil {
		return err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	if err := board.wait(ctx, greetAfter); err != nil {
		return err
	}
	page, err := pageURL()
	if err != nil {
		return err
	}
	fmt.Printf("\n  TARS is up: %s\n\n", page)
	printTable(ctx, os.Stdout, home, board.all())
	if names := asleep(ctx, home); names != "" {
		fmt.Printf("\n  installed engines, which start when they are needed: %s\n", names)
	}
	fmt.Printf("\n  broker %s · data %s · Ctrl-C stops\n\n", redacted(brokerOf(home).url), home)
	return nil
}

// board is the health of the services, by client id.
type board struct {
	mu     sync.Mutex
	health map[string]contract.HealthPing
	change chan struct{}
}

func newBoard() *board {
	return &board{health: map[string]contract.HealthPing{}, change: make(chan struct{}, 1)}
}

func (b *board) note(_ context.Context, h contract.HealthPing) error {
	b.mu.Lock()
	b.health[h.Name] = h
	b.mu.Unlock()
	select {
	case b.change <- struct{}{}:
	default:
	}
	return nil
}

func (b *board) all() map[string]contract.HealthPing {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := map[string]contract.HealthPing{}
	for k, h := range b.health {
		all[k] = h
	}
	return all
}

// wait returns when all services are up or degraded, or after limit.
func (b *board) wait(ctx context.Context, limit time.Duration) error {
	late := time.After(limit)
	for {
		up, all := 0, b.all()
		for _, s := range services {
			if h, ok := healthOf(s.Name, all); ok && alive(h) {
				up++
			}
		}
		if up == len(services) {
			return nil
		}
		select {
		case <-b.change:
		case <-late:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// alive reports whether the service behind h works, if not at its best.
func alive(h contract.HealthPing) bool {
	return h.OK || h.Event != nil && *h.Event == contract.HealthDegraded
}

// healthyCmd is for container health checks.
type healthyCmd struct {
	Service string `arg:"" help:"Which service."`
}

// Run implements the command.
func (c *healthyCmd) Run(ctx context.Context, home kit.Home) error {
	_ = os.Setenv("LOG_LEVEL", "error")
	board := newBoard()
	bus, err := open(ctx, home, "tars-healthy", kit.On(board.note, kit.Name("health")))
	if err != nil {
		return err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for {
		if h, ok := healthOf(c.Service, board.all()); ok {
			if !alive(h) {
				return fmt.Errorf("%s is %s", c.Service, healthText(h))
			}
			fmt.Println(c.Service, "is", healthText(h))
			return nil
		}
		select {
		case <-board.change:
		case <-ctx.Done():
			return fmt.Errorf("%s has not reported", c.Service)
		}
	}
}
