package llm

import (
	"context"
	"slices"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/kit"
)

// engineCandidate is an engine that the service may take.
type engineCandidate = failover.Candidate[Engine]

// auto is the engine that the settings name, or the best that is found.
type auto struct{ *failover.Switch[Engine] }

// NewEngine returns the engine that c asks for. With "auto" that is the server
// of LLM_BASE_URL or LLM_API_KEY, else the best of those that answer at
// ENGINE_HOSTS or are installed in home, else the built-in answers; it looks
// for servers when it is used. A server that fails again and again is left
// alone for a while, and the next one takes over.
func NewEngine(c Config, recall *Recall, home kit.Home) (Engine, error) {
	choice, err := Choose(c)
	if err != nil {
		return nil, err
	}
	simple := engineCandidate{Engine: NewBuiltin(recall), Key: builtin, Name: builtin, From: choice.From, Better: choice.Better}
	return auto{failover.NewSwitch(func(ctx context.Context) []engineCandidate {
		switch {
		case choice.Name == openAI:
			all := []engineCandidate{{Engine: NewOpenAI(c), Key: openAI, Name: openAI, From: choice.From}}
			for _, model := range c.fallbacks(c.Model) {
				all = append(all, engineCandidate{Engine: c.fallbackEngine(model), Key: openAI + " " + model, Name: model, From: choice.From})
			}
			return all
		case c.Engine == builtin:
			return []engineCandidate{simple}
		}
		return append(c.found(ctx, home), simple)
	})}, nil
}

// found are the servers that answer, best first, then their other models. They
// get no key: that is for the server of the settings.
func (c Config) found(ctx context.Context, home kit.Home) (all []engineCandidate) {
	var others []engineCandidate
	for _, s := range failover.Look(ctx, c.Hosts, string(home), discovery.LLM) {
		at := c
		at.BaseURL, at.APIKey = s.URL, ""
		if c.Model == "" {
			at.Model = s.Model
		}
		all = append(all, failover.Found[Engine](s, NewOpenAI(at)))
		for _, model := range c.fallbacks(at.Model) {
			s.Model = model
			others = append(others, failover.Found[Engine](s, at.fallbackEngine(model)))
		}
	}
	return append(all, others...)
}

// fallbacks are the models that answer in place of first.
func (c Config) fallbacks(first string) []string {
	return slices.DeleteFunc(slices.Clone(c.FallbackModels), func(m string) bool { return m == "" || m == first })
}

// fallbackModel is a model that answers in place of another one, whichever that was.
type fallbackModel struct{ *OpenAI }

func (c Config) fallbackEngine(model string) fallbackModel {
	c.Model = model
	return fallbackModel{NewOpenAI(c)}
}

// Generate implements Engine.
func (i fallbackModel) Generate(ctx context.Context, p Prompt, emit func(string) error) (Usage, error) {
	p.Model = i.cfg.Model
	return i.OpenAI.Generate(ctx, p, emit)
}

// Generate has the best engine answer p. Another one takes over while nothing
// was written.
func (e auto) Generate(ctx context.Context, p Prompt, emit func(string) error) (use Usage, err error) {
	err = e.Do(ctx, func(ctx context.Context, c engineCandidate) (begun bool, err error) {
		if p.OnAttempt != nil {
			p.OnAttempt(providerOf(c.Engine))
		}
		use, err = c.Engine.Generate(ctx, p, func(delta string) error {
			begun = begun || delta != ""
			return emit(delta)
		})
		return begun, err
	})
	return use, err
}

// providerOf is what answers of e are labelled with, and with which model when
// that is not the one that was asked for.
func providerOf(e Engine) (name, model string) {
	switch e := e.(type) {
	case *Builtin:
		return builtin, ""
	case fallbackModel:
		return openAI, e.cfg.Model
	}
	return openAI, ""
}

// findEngine looks for a better engine, or for another one when that failed, and
// tells which is taken.
func (s *Service) findEngine(ctx context.Context) error {
	if e, ok := s.engine.(auto); ok && e.Look(ctx) {
		best := e.Best(ctx)
		s.log.InfoContext(ctx, "model", "engine", best.Name, "from", best.From)
	}
	return nil
}

// Describe says for people which engine the service takes with c, where that
// was found, and what would be better; empty when nothing is missing. It looks
// for servers, for at most a second.
func Describe(ctx context.Context, c Config, home kit.Home) (name, from, better string) {
	choice, err := Choose(c)
	if err != nil {
		return "misconfigured", "", err.Error()
	}
	if choice.Name == builtin && c.Engine != builtin {
		if all := c.found(ctx, home); len(all) > 0 {
			return all[0].Name, all[0].From, all[0].Better
		}
	}
	return choice.Name, choice.From, choice.Better
}
