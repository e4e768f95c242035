package llm

import (
	"context"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/ops/engines/find"
	"github.com/gotars/tars/ops/engines/guard"
)

// candidate is an engine that the service may take.
type candidate = guard.Candidate[Engine]

// auto is the engine that the settings name, or the best that is found.
type auto struct{ *guard.Switch[Engine] }

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
	simple := candidate{Engine: NewBuiltin(recall), Key: builtin, Name: builtin, From: choice.From, Better: choice.Better}
	return auto{guard.NewSwitch(func(ctx context.Context) []candidate {
		switch {
		case choice.Name == openAI:
			return []candidate{{Engine: NewOpenAI(c), Key: openAI, Name: openAI, From: choice.From}}
		case c.Engine == builtin:
			return []candidate{simple}
		}
		return append(c.found(ctx, home), simple)
	})}, nil
}

// found are the servers that answer, best first. They get no key: that is for
// the server of the settings.
func (c Config) found(ctx context.Context, home kit.Home) (all []candidate) {
	for _, s := range guard.Look(ctx, c.Hosts, string(home), find.LLM) {
		at := c
		at.BaseURL, at.APIKey = s.URL, ""
		if c.Model == "" {
			at.Model = s.Model
		}
		all = append(all, guard.Found[Engine](s, NewOpenAI(at)))
	}
	return all
}

// Generate has the best engine answer p. Another one takes over while nothing
// was written.
func (e auto) Generate(ctx context.Context, p Prompt, emit func(string) error) (use Usage, err error) {
	err = e.Do(ctx, func(ctx context.Context, c candidate) (begun bool, err error) {
		if p.By != nil {
			p.By(provider(c.Engine))
		}
		use, err = c.Engine.Generate(ctx, p, func(delta string) error {
			begun = begun || delta != ""
			return emit(delta)
		})
		return begun, err
	})
	return use, err
}

// provider is what answers of e are labelled with.
func provider(e Engine) string {
	if _, simple := e.(*Builtin); simple {
		return builtin
	}
	return openAI
}

// look looks for a better engine, or for another one when that failed, and
// tells which is taken.
func (s *Service) look(ctx context.Context) error {
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
