package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"text/tabwriter"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/services/tts"
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

// engines tells what each service would work with, by the settings of this
// process.
func engines(ctx context.Context, home kit.Home) map[string]engine {
	all := map[string]engine{}
	tell := func(service string, name, from, better string, err error) {
		if err != nil {
			name, from, better = "misconfigured", "", err.Error()
		}
		all[service] = engine{name, from, better}
	}
	if c, err := kit.FromEnv[stt.Config]("stt"); err != nil {
		tell("stt", "", "", "", err)
	} else {
		name, from, better := stt.Describe(ctx, c, home)
		tell("stt", name, from, better, nil)
	}
	if c, err := kit.FromEnv[tts.Config]("tts"); err != nil {
		tell("tts", "", "", "", err)
	} else {
		name, from, better := tts.Describe(ctx, c, home)
		tell("tts", name, from, better, nil)
	}
	if c, err := kit.FromEnv[llm.Config]("llm"); err != nil {
		tell("llm", "", "", "", err)
	} else {
		name, from, better := llm.Describe(ctx, c, home)
		tell("llm", name, from, better, nil)
	}
	if c, err := kit.FromEnv[memory.Config]("memory"); err != nil {
		tell("memory", "", "", "", err)
	} else {
		name, from, better := memory.Describe(ctx, c, home)
		tell("memory", name, from, better, nil)
	}
	return all
}

// printTable prints a line a service.
func printTable(ctx context.Context, w io.Writer, home kit.Home, health map[string]contract.HealthPing) {
	found := engines(ctx, home)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "  SERVICE\tSTATE\tENGINE\tFROM")
	var better []string
	for _, s := range services {
		state := "not reported"
		if h, ok := healthOf(s.Name, health); ok {
			state = feeling(h)
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

// feeling is the health in words.
func feeling(h contract.HealthPing) string {
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
