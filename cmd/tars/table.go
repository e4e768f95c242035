package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm"
	llmengine "github.com/gotars/tars/services/llm/engine"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/stt"
	sttengine "github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/services/tts"
	ttsengine "github.com/gotars/tars/services/tts/engine"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// healthOf finds the health of a service: under its client id, tars-stt, or
// under its own name when it has no other. Copies under short names are for
// services of the reference.
func healthOf(service string, all map[string]contract.HealthPing) (contract.HealthPing, bool) {
	for _, client := range []string{"tars-" + service, service} {
		if h, ok := all[client]; ok {
			return h, true
		}
	}
	return contract.HealthPing{}, false
}

// engine is what a service works with.
type engine struct {
	name   string // "Flite, built in"
	from   string // "TTS_OPENAI_URL"
	better string // what would improve most; empty: nothing
}

// enginesInUse tells what each service would work with, by the settings of this
// process. It looks for servers, for at most a second.
func enginesInUse(ctx context.Context, home kit.Home) map[string]engine {
	all := map[string]engine{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for service, describe := range map[string]func() (engine, error){
		"stt":    describeFromEnv("stt", func(c stt.Config) engine { return newEngine(sttengine.Describe(ctx, c.Config, string(home))) }),
		"tts":    describeFromEnv("tts", func(c tts.Config) engine { return newEngine(ttsengine.Describe(ctx, c.Config, tts.FilesOf(c, home))) }),
		"llm":    describeFromEnv("llm", func(c llm.Config) engine { return newEngine(llmengine.Describe(ctx, c.Config, string(home))) }),
		"memory": describeFromEnv("memory", func(c memory.Config) engine { return newEngine(memory.Describe(ctx, c, home)) }),
	} {
		wg.Go(func() {
			e, err := describe()
			if err != nil {
				e = engine{"misconfigured", "", err.Error()}
			}
			mu.Lock()
			defer mu.Unlock()
			all[service] = e
		})
	}
	wg.Wait()
	return all
}

// describeFromEnv reads the settings of a service and describes its engine.
func describeFromEnv[C any](service string, describe func(C) engine) func() (engine, error) {
	return func() (engine, error) {
		c, err := kit.FromEnv[C](service)
		if err != nil {
			return engine{}, err
		}
		return describe(c), nil
	}
}

func newEngine(name, from, better string) engine { return engine{name, from, better} }

// printTable prints a line a service.
func printTable(ctx context.Context, w io.Writer, home kit.Home, health map[string]contract.HealthPing) {
	found := enginesInUse(ctx, home)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "  SERVICE\tSTATE\tENGINE\tFROM")
	var better []string
	for _, s := range services {
		state := "not reported"
		if h, ok := healthOf(s.Name, health); ok {
			state = healthText(h)
			if !h.OK && h.Err != nil && *h.Err != "" {
				better = append(better, fmt.Sprintf("  %s: %s", s.Name, *h.Err))
				found[s.Name] = engine{found[s.Name].name, found[s.Name].from, ""}
			}
		}
		e := found[s.Name]
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", s.Name, state, e.name, e.from)
		if e.better != "" {
			better = append(better, fmt.Sprintf("  %s: %s", s.Name, e.better))
		}
	}
	_ = t.Flush()
	if len(better) > 0 {
		fmt.Fprintf(w, "\n  What would be better:\n%s\n", strings.Join(better, "\n"))
	}
}

// healthText is the health in words.
func healthText(h contract.HealthPing) string {
	switch {
	case h.Event != nil && h.OK:
		return "ready"
	case h.Event != nil:
		return *h.Event
	case h.OK:
		return "ready"
	}
	return "failing"
}

// pageURL is where the page is served.
func pageURL() (string, error) {
	c, err := kit.FromEnv[uiweb.Config]("ui-web")
	if err != nil {
		return "", err
	}
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return "", fmt.Errorf("UI_ADDR is %q, want host:port", c.Addr)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}
