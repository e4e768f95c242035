package engine

import (
	"context"
	"slices"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
)

// candidate is one of the Generators to choose from.
type candidate = failover.Candidate[Generator]

// failoverGenerator is the Generator that the settings name, or the best that is found;
// when that one fails again and again, the next one takes over.
type failoverGenerator struct{ *failover.Switch[Generator] }

// New returns the Generator that c asks for. With "auto" that is the server of
// LLM_BASE_URL or LLM_API_KEY, else the best of those that answer at
// ENGINE_HOSTS or are installed in home, else the built-in answers, which look up
// what was said in memory; it looks for servers when it is used. A server that
// fails again and again is left alone for a while, and the next one takes over.
func New(c Config, memory Memory, home string) (Generator, error) {
	choice, err := c.choice(memory, home)
	if err != nil {
		return nil, err
	}
	return failoverGenerator{choice.Switch()}, nil
}

// Describe says for people which Generator New takes with c, where that was found,
// and what would be better; empty when nothing is missing. It looks for servers,
// for at most a second.
func Describe(ctx context.Context, c Config, home string) (name, from, better string) {
	choice, err := c.choice(nil, home)
	return choice.Describe(ctx, err)
}

// choice collects what New and Describe choose from: the server that is set with its
// fallback models, where to look for others, and the built-in answers.
func (c Config) choice(memory Memory, home string) (choice failover.Choice[Generator], err error) {
	provider, err := ProviderOf(c)
	if err != nil {
		return choice, err
	}
	learned := newLearnedModels(home)
	connect := func(servers []discovery.Server) []candidate { return c.serverCandidates(servers, learned) }
	choice = failover.Choice[Generator]{Kind: discovery.LLM, Hosts: c.Hosts, Home: home, Connect: connect}
	simple := candidate{Engine: NewBuiltin(memory, c.Lang), Key: builtin, Name: builtin, From: provider.From, Better: provider.Better}
	switch {
	case provider.Name == openAI:
		choice.Set = []candidate{{Engine: newOpenAI(c, learned), Key: openAI, Name: openAI, From: provider.From, Address: provider.Address}}
		for _, model := range c.fallbacks(c.Model) {
			choice.Set = append(choice.Set, candidate{Engine: c.fallbackEngine(model, learned), Key: openAI + " " + model, Name: model, From: provider.From, Address: provider.Address})
		}
	case c.Engine == builtin:
		choice.Set = []candidate{simple}
	default:
		choice.BuiltIn = []candidate{simple}
	}
	return choice, nil
}

// serverCandidates are the models of the servers that were found: first the best one of
// each server, then the fallback models. They get no key: that is for the server that
// the settings name.
func (c Config) serverCandidates(servers []discovery.Server, learned *learnedModels) (all []candidate) {
	var others []candidate
	for _, s := range servers {
		at := c
		at.BaseURL, at.APIKey = s.URL, ""
		if c.Model == "" {
			at.Model = s.Model
		}
		all = append(all, failover.Found[Generator](s, newOpenAI(at, learned)))
		for _, model := range c.fallbacks(at.Model) {
			s.Model = model
			others = append(others, failover.Found[Generator](s, at.fallbackEngine(model, learned)))
		}
	}
	return append(all, others...)
}

// fallbacks are the FallbackModels without the model first, which they stand in for.
func (c Config) fallbacks(first string) []string {
	return slices.DeleteFunc(slices.Clone(c.FallbackModels), func(m string) bool { return m == "" || m == first })
}

// fallbackModel is a Generator that always uses its own model, whichever the prompt asks
// for, because it answers in place of that one.
type fallbackModel struct{ *OpenAI }

// fallbackEngine returns the fallbackModel for a model of the server of c.
func (c Config) fallbackEngine(model string, learned *learnedModels) fallbackModel {
	c.Model = model
	return fallbackModel{newOpenAI(c, learned)}
}

// Generate implements Generator.
func (f fallbackModel) Generate(ctx context.Context, p Prompt, emit func(string) error) (Usage, error) {
	p.Model = f.cfg.Model
	return f.OpenAI.Generate(ctx, p, emit)
}

// Generate has the best candidate that works answer p. When it fails before its first
// word, another one takes over.
func (e failoverGenerator) Generate(ctx context.Context, p Prompt, emit func(string) error) (use Usage, err error) {
	err = e.Do(ctx, func(ctx context.Context, c candidate) (begun bool, err error) {
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

// providerOf is the provider that answers of e name, and their model where that is not
// the one that was asked for.
func providerOf(e Generator) (name, model string) {
	switch e := e.(type) {
	case *Builtin:
		return builtin, ""
	case fallbackModel:
		return openAI, e.cfg.Model
	}
	return openAI, ""
}
