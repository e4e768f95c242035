package main

import (
	"fmt"
	"slices"
	"strings"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/router"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/services/timer"
	"github.com/gotars/tars/services/tts"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// services is the list of all services; make new adds to it.
var services = []kit.Module{
	stt.Module,
	router.Module,
	llm.Module,
	memory.Module,
	tts.Module,
	uiweb.Module.With(fx.Decorate(newPageEngines)),
	timer.Module,
}

// namedModules returns the services called names, with home for their data.
func namedModules(home kit.Home, names ...string) ([]kit.Module, error) {
	var mods []kit.Module
	for _, name := range names {
		i := slices.IndexFunc(services, func(m kit.Module) bool { return m.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no service %q (there are %s)", name, strings.Join(serviceNames(), ", "))
		}
		mods = append(mods, services[i].With(fx.Replace(home)))
	}
	return mods, nil
}

func serviceNames() (names []string) {
	for _, m := range services {
		names = append(names, m.Name)
	}
	return names
}
