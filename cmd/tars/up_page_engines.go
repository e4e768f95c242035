package main

import (
	"context"
	"os"

	"github.com/gotars/tars/cmd/tars/internal/chosen"
	"github.com/gotars/tars/cmd/tars/internal/figures"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/install"
	"github.com/gotars/tars/engines/supervise"
	"github.com/gotars/tars/kit"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// pageEngines are the engines of this machine for the page: what tars doctor says of
// them, and what tars engines install does.
type pageEngines struct{ home kit.Home }

// newPageEngines takes the place of those of the service, which knows none.
func newPageEngines(_ uiweb.Engines, home kit.Home) uiweb.Engines { return pageEngines{home} }

// Report implements uiweb.Engines.
func (p pageEngines) Report(ctx context.Context, try bool) (uiweb.EngineReport, error) {
	hosts, err := kit.FromEnv[chosen.HostsConfig]("engine")
	if err != nil {
		return uiweb.EngineReport{}, err
	}
	look := lookAtEngines
	if try {
		look = runTrials
	}
	all := look(ctx, p.home, hosts.Hosts)
	r := uiweb.EngineReport{Uses: []uiweb.EngineUse{}, Parts: []uiweb.EnginePart{}, Running: p.running(ctx)}
	for _, t := range all {
		use := uiweb.EngineUse{Service: t.service, Engine: t.engine.Name, From: t.engine.From, Why: t.why(hosts.Hosts), Better: t.engine.Better, Measured: t.text}
		if t.err != nil {
			use.Trouble = t.err.Error()
		}
		r.Uses = append(r.Uses, use)
	}
	switch {
	case !try:
	case installedButUnused(ctx, p.home):
		r.Advice = "engines are installed, and tars up runs them: make up"
	default:
		r.Advice = adviceOn(all)
	}
	i, err := install.New(string(p.home), install.NewProgress(os.Stdout))
	if err != nil {
		return r, err
	}
	parts, err := i.Parts()
	for _, one := range parts {
		size := ""
		if one.Size > 0 {
			size = install.Bytes(one.Size)
		}
		r.Parts = append(r.Parts, uiweb.EnginePart{ID: one.ID, Title: one.Title, Licence: one.Licence, Measured: one.Measured, Size: size, State: one.State, Usual: one.Default})
	}
	return r, err
}

// running are the installed engines that a tars up runs.
func (p pageEngines) running(ctx context.Context) []uiweb.EngineServer {
	all := []uiweb.EngineServer{}
	running, ok := discovery.Installed(ctx, string(p.home))
	if !ok {
		return all
	}
	for _, e := range running.Engines {
		all = append(all, uiweb.EngineServer{Name: e.Name, State: string(e.State), Memory: figures.Memory(supervise.Memory(e.PID)), Requests: int64(e.Requests), Trouble: e.Error})
	}
	return all
}

// Install implements uiweb.Engines.
func (p pageEngines) Install(ctx context.Context, parts []string, tell func(uiweb.EngineStep)) error {
	i, err := install.New(string(p.home), install.NewWatch(func(s install.Step) {
		tell(uiweb.EngineStep{What: s.What, Done: s.Done, Total: s.Total})
	}))
	if err != nil {
		return err
	}
	return i.Install(ctx, parts...)
}
