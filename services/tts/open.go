package tts

import (
	"context"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
)

// opened is an engine that a hook opens.
type opened struct {
	Engine
	close func(context.Context) error
}

// OpenEngine returns the engine that cfg asks for; its hooks open and close it.
func OpenEngine(lc fx.Lifecycle, cfg Config, home kit.Home) Engine {
	o := new(opened)
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) (err error) {
			o.Engine, o.close, err = NewEngine(context.WithoutCancel(ctx), cfg, FilesOf(cfg, home))
			o.Engine = withCache(o.Engine)
			return err
		},
		OnStop: func(ctx context.Context) error { return o.close(ctx) },
	})
	return o
}

// withCache is e, which makes short sentences once.
func withCache(e Engine) Engine {
	if a, ok := e.(auto); ok {
		a.kept = new(audioCache)
		return a
	}
	return e
}

// findEngine looks for a better engine, or for another one when that failed, and
// tells which is taken.
func (s *Service) findEngine(ctx context.Context) error {
	o, ok := s.engine.(*opened)
	if !ok {
		return nil
	}
	if e, ok := o.Engine.(auto); ok && e.Look(ctx) {
		best := e.Best(ctx)
		s.trouble.Store(nil) // was that of another one
		s.log.InfoContext(ctx, "voice", "engine", best.Name, "from", best.From)
	}
	return nil
}

// Silent reports why there is no voice.
func (o *opened) Silent(ctx context.Context) error {
	if e, ok := o.Engine.(auto); ok {
		return e.Silent(ctx)
	}
	return nil
}
