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

	"go.uber.org/fx"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/cmd/tars/internal/chosen"
	"github.com/gotars/tars/cmd/tars/internal/health"
	"github.com/gotars/tars/cmd/tars/internal/localengines"
	"github.com/gotars/tars/cmd/tars/internal/ownbroker"
	"github.com/gotars/tars/cmd/tars/internal/private"
	"github.com/gotars/tars/cmd/tars/internal/process"
	"github.com/gotars/tars/kit"
)

// upCmd runs everything.
type upCmd struct{}

// Run implements the command.
func (upCmd) Run(ctx context.Context, home kit.Home) (err error) {
	mods, err := namedModules(home, serviceNames()...)
	if err != nil {
		return err
	}
	for i, m := range mods {
		mods[i] = m.With(kit.LogLevel(address.LogLevel))
	}
	mods, stop, err := haveBroker(ctx, home, mods)
	if err != nil {
		return err
	}
	defer stop()
	local, err := localengines.Keep(ctx, home)
	if err != nil {
		return err
	}
	report, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	if local != nil {
		defer local.Close()
		wg.Go(func() {
			if err := keepWarm(report, home, local); err != nil && report.Err() == nil {
				fmt.Fprintln(os.Stderr, "tars: the installed engines start when they are asked, and the page does not show them:", err)
			}
		})
	}
	wg.Go(func() {
		if err := printWhenUp(report, home); err != nil && report.Err() == nil {
			fmt.Fprintln(os.Stderr, "tars:", err)
		}
	})
	err = process.Run(ctx, mods)
	end()
	wg.Wait()
	return err
}

// upKeepAlive is how long a service of tars up is silent at most: one that died is
// noticed after 22 s, one and a half times this, instead of 90 s.
const upKeepAlive = 15 * time.Second

// shortKeepAlive sets [upKeepAlive] for a service, unless a variable says another.
func shortKeepAlive(service string) func(kit.Settings) kit.Settings {
	return func(s kit.Settings) kit.Settings {
		prefix, _, _ := strings.Cut(strings.ToUpper(service), "-") // as the kit has it: UI for ui-web
		if os.Getenv("MQTT_KEEPALIVE") == "" && os.Getenv(prefix+"_MQTT_KEEPALIVE") == "" {
			s.KeepAlive = upKeepAlive
		}
		return s
	}
}

// haveBroker starts a broker, unless the environment names one, and returns mods
// as they connect to it. Other commands find its address in a file that only
// this user can read. stop ends what was started.
func haveBroker(ctx context.Context, home kit.Home, mods []kit.Module) (_ []kit.Module, stop func(), err error) {
	s, err := kit.Load("tars-cli")
	if err != nil {
		return nil, nil, err
	}
	file := address.File(home)
	for _, folder := range []string{string(home), filepath.Dir(file)} {
		if err := private.MakeFolder(folder); err != nil {
			return nil, nil, fmt.Errorf("%w: set TARS_HOME to a folder of your own", err)
		}
	}
	end, mine := func() {}, ""
	if s.NamedBy() != "" {
		mine, err = addressOf("tars-cli")
		for i, m := range mods {
			mods[i] = m.With(fx.Decorate(shortKeepAlive(m.Name)))
		}
	} else {
		if old, err := private.ReadFile(file); err == nil && brokerAnswers(ctx, home) {
			return nil, nil, fmt.Errorf("tars up is running already (broker %s, from %s)", kit.RedactURL(strings.TrimSpace(old)), file)
		}
		var b *ownbroker.Broker
		if b, err = ownbroker.Start(home, mods, s.MaxPacket); err == nil {
			mods, mine, end = b.Join(mods, shortKeepAlive), b.Address, func() { _ = b.Close() }
		}
	}
	if err != nil {
		return nil, nil, err
	}
	if err := private.WriteFile(file, mine+"\n"); err != nil {
		end()
		return nil, nil, err
	}
	return mods, func() {
		if now, err := private.ReadFile(file); err == nil && strings.TrimSpace(now) == mine {
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

// brokerAnswers reports whether something listens where the file says a broker is.
func brokerAnswers(ctx context.Context, home kit.Home) bool {
	u, err := url.Parse(address.Find(home).URL)
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

// maxGreetWait is how long the table waits for slow services.
const maxGreetWait = 15 * time.Second

// quietTime is how long no service may tell its health before the table is printed.
// It is for what was on its way while the table looked for engines.
const quietTime = 200 * time.Millisecond

// printWhenUp prints the page's address and what was found, once all have reported.
func printWhenUp(ctx context.Context, home kit.Home) error {
	board := health.NewBoard()
	bus, err := address.Open(ctx, home, "tars-cli", board.Handler())
	if err != nil {
		return err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	if err := board.Wait(ctx, serviceNames(), maxGreetWait); err != nil {
		return err
	}
	// A service says that it is ready, and then asks its engine for the first time,
	// which takes as long as this look for engines: what it tells then is printed.
	engines := chosen.Engines(ctx, home)
	if err := board.Settle(ctx, quietTime, maxGreetWait); err != nil {
		return err
	}
	page, err := address.Page()
	if err != nil {
		return err
	}
	fmt.Printf("\n  TARS is up: %s\n\n", page)
	printTable(os.Stdout, engines, board)
	if names := localengines.Names(ctx, home); names != "" {
		fmt.Printf("\n  installed engines, which start when they are needed: %s\n", names)
	}
	fmt.Printf("\n  broker %s · data %s · Ctrl-C stops\n\n", kit.RedactURL(address.Find(home).URL), home)
	return nil
}
