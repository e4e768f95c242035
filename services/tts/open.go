package tts

import (
	"context"
	"log/slog"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
)

// opened is an engine that a hook opens.
type opened struct {
	Engine
	close func(context.Context) error
}

// OpenEngine returns the engine that cfg asks for; its hooks open and close it.
// With "auto" an engine that cannot be opened leaves the service without a
// voice, which its health tells.
func OpenEngine(lc fx.Lifecycle, cfg Config, home kit.Home, log *slog.Logger) Engine {
	o := new(opened)
	files := Files{Assets: home.Path(cfg.Assets), Cache: home.Path("cache/wazero")}
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) (err error) {
			o.Engine, o.close, err = NewEngine(context.WithoutCancel(ctx), cfg, files)
			if err != nil && cfg.Engine == "auto" {
				o.Engine, err = dumb{err}, nil
			}
			if err == nil {
				log.Info("voice", "engine", name(o.Engine))
			}
			return err
		},
		OnStop: func(ctx context.Context) error { return o.close(ctx) },
	})
	return o
}

// Silent reports why there is no voice.
func (o *opened) Silent() error {
	if d, ok := o.Engine.(dumb); ok {
		return d.why
	}
	return nil
}
