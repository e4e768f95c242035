// Package chosen tells which engine each service works with, by the settings of
// this process.
package chosen

import (
	"context"
	"sync"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/wyoming"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm"
	llmengine "github.com/gotars/tars/services/llm/engine"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/stt"
	sttengine "github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/services/tts"
	ttsengine "github.com/gotars/tars/services/tts/engine"
)

// HostsConfig is read from ENGINE_HOSTS, as each service does.
type HostsConfig struct {
	Hosts []string `default:"127.0.0.1"`
}

// Engine is what a service works with.
type Engine struct {
	Name   string // "Flite, built in"
	From   string // "TTS_OPENAI_URL"
	Better string // what would improve most; empty: nothing
}

// Engines tells what each service would work with, by the settings of this
// process. It looks for servers, for at most a second.
func Engines(ctx context.Context, home kit.Home) map[string]Engine {
	all := map[string]Engine{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for service, describe := range map[string]func() (Engine, error){
		"stt":    describeFromEnv("stt", func(c stt.Config) Engine { return newEngine(sttengine.Describe(ctx, c.Config, string(home))) }),
		"tts":    describeFromEnv("tts", func(c tts.Config) Engine { return newEngine(ttsengine.Describe(ctx, c.Config, tts.FilesOf(c, home))) }),
		"llm":    describeFromEnv("llm", func(c llm.Config) Engine { return newEngine(llmengine.Describe(ctx, c.Config, string(home))) }),
		"memory": describeFromEnv("memory", func(c memory.Config) Engine { return newEngine(memory.Describe(ctx, c, home)) }),
	} {
		wg.Go(func() {
			e, err := describe()
			if err != nil {
				e = Engine{"misconfigured", "", err.Error()}
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
func describeFromEnv[C any](service string, describe func(C) Engine) func() (Engine, error) {
	return func() (Engine, error) {
		c, err := kit.FromEnv[C](service)
		if err != nil {
			return Engine{}, err
		}
		return describe(c), nil
	}
}

func newEngine(name, from, better string) Engine { return Engine{name, from, better} }

// InText is the name of what finds a wake phrase without a detector.
const InText = "phrases in the text"

// WakeDetector is who listens for wake words, by the settings of this process, as
// the stt service takes it.
func WakeDetector(ctx context.Context, home kit.Home) Engine {
	c, err := kit.FromEnv[stt.Config]("stt")
	if err != nil {
		return Engine{Name: "misconfigured", Better: err.Error()}
	}
	if c.WakeEngine != "auto" && c.WakeEngine != "wyoming" {
		return Engine{Name: InText, From: "STT_WAKE_ENGINE"}
	}
	if named, err := wyoming.NewClient(c.WakeURI); err == nil { // else it is empty
		return Engine{Name: "Wyoming", From: "STT_WAKE_URI, " + named.Addr()}
	}
	if found := failover.Look(ctx, c.Hosts, string(home), discovery.Wake); len(found) > 0 {
		one := failover.Found(found[0], "")
		return Engine{Name: one.Name, From: one.From}
	}
	return Engine{Name: InText, From: "built in"}
}
