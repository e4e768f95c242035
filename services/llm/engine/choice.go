package engine

import (
	"context"
	"slices"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
)

// candidate is a Generator that may be taken.
type candidate = failover.Candidate[Generator]

// chosen is the Generator that the settings name, or the best that is found.
type chosen struct{ *failover.Switch[Generator] }

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
	return chosen{choice.Switch()}, nil
}

// Describe says for people which Generator New takes with c, where that was found,
// and what would be better; empty when nothing is missing. It looks for servers,
// for at most a second.
func Describe(ctx context.Context, c Config, home string) (name, from, better string) {
	choice, err := c.choice(nil, home)
	return choice.Describe(ctx, err)
}

func (c Config) choice(memory Memory, home string) (choice failover.Choice[Generator], err error) {
	provider, err := ProviderOf(c)
	if err != nil {
		return choice, err
	}
	choice = failover.Choice[Generator]{Kind: discovery.LLM, Hosts: c.Hosts, Home: home, Connect: c.models}
	simple := candidate{Engine: NewBuiltin(memory), Key: builtin, Name: builtin, From: provider.From, Better: provider.Better}
	switch {
	case provider.Name == openAI:
		choice.Set = []candidate{{Engine: NewOpenAI(c), Key: openAI, Name: openAI, From: provider.From}}
		for _, model := range c.fallbacks(c.Model) {
			choice.Set = append(choice.Set, candidate{Engine: c.fallbackEngine(model), Key: openAI + " " + model, Name: model, From: provider.From})
		}
	case c.Engine == builtin:
		choice.Set = []candidate{simple}
	default:
		choice.BuiltIn = []candidate{simple}
	}
	return choice, nil
}

// models are the models of servers, first the best of each, then the others. They
// get no key: that is for the server of the settings.
func (c Config) models(servers []discovery.Server) (all []candidate) {
	var others []candidate
	for _, s := range servers {
		at := c
		at.BaseURL, at.APIKey = s.URL, ""
		if c.Model == "" {
			at.Model = s.Model
		}
		all = append(all, failover.Found[Generator](s, NewOpenAI(at)))
		for _, model := range c.fallbacks(at.Model) {
			s.Model = model
			others = append(others, failover.Found[Generator](s, at.fallbackEngine(model)))
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

// Generate implements Generator.
func (i fallbackModel) Generate(ctx context.Context, p Prompt, emit func(string) error) (Usage, error) {
	p.Model = i.cfg.Model
	return i.OpenAI.Generate(ctx, p, emit)
}

// Generate has the best one answer p. Another one takes over while nothing
// was written.
func (e chosen) Generate(ctx context.Context, p Prompt, emit func(string) error) (use Usage, err error) {
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

// providerOf is what answers of e are labelled with, and with which model when
// that is not the one that was asked for.
func providerOf(e Generator) (name, model string) {
	switch e := e.(type) {
	case *Builtin:
		return builtin, ""
	case fallbackModel:
		return openAI, e.cfg.Model
	}
	return openAI, ""
}
