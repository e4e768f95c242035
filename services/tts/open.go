package tts

import (
	"context"

	"go.uber.org/fx"

	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/tts/engine"
)

// opened is an engine that a hook opens.
type opened struct {
	engine.Synthesizer
	close func(context.Context) error
}

// OpenEngine returns the engine that cfg asks for; its hooks open and close it.
func OpenEngine(lc fx.Lifecycle, cfg Config, home kit.Home) engine.Synthesizer {
	o := new(opened)
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) (err error) {
			o.Synthesizer, o.close, err = engine.New(context.WithoutCancel(ctx), cfg.Config, FilesOf(cfg, home))
			o.Synthesizer = engine.WithCache(o.Synthesizer)
			return err
		},
		OnStop: func(ctx context.Context) error { return o.close(ctx) },
	})
	return o
}

// FilesOf is where the engines of cfg keep files in home.
func FilesOf(cfg Config, home kit.Home) engine.Files {
	return engine.Files{Assets: home.Path(cfg.Assets), Cache: home.Path("cache/wazero"), Home: string(home)}
}

// Ready reports why there is no voice.
func (o *opened) Ready(ctx context.Context) error { return failover.Ready(ctx, o.Synthesizer) }
