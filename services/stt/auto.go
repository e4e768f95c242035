package stt

import (
	"context"
	"fmt"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/pcm"
)

// engineCandidate is an engine that the service may take.
type engineCandidate = failover.Candidate[Engine]

// auto is the engine that the settings name, or the best that is found.
type auto struct{ *failover.Switch[Engine] }

// NewEngine returns the engine that c asks for. With "auto" that is the first
// one that is set up by a variable, else the best of those that answer at
// ENGINE_HOSTS or are installed in home; it looks for them when it is used. An
// engine that fails again and again is left alone for a while, and the next one
// that was found takes over.
func NewEngine(c Config, home kit.Home) (Engine, error) {
	one, ok, err := c.set()
	if err != nil {
		return nil, err
	}
	return auto{failover.NewSwitch(func(ctx context.Context) []engineCandidate {
		if ok {
			return []engineCandidate{one}
		}
		return c.found(ctx, home)
	})}, nil
}

// Transcribe has the best engine read a.
func (e auto) Transcribe(ctx context.Context, a pcm.Audio) (r Result, err error) {
	err = e.Do(ctx, func(ctx context.Context, c engineCandidate) (bool, error) {
		r, err = c.Engine.Transcribe(ctx, a)
		return false, err
	})
	return r, err
}

// Missing is ErrNoEngine when there is none.
func (e auto) Missing(ctx context.Context) error {
	if _, none := e.Best(ctx).Engine.(noEngine); none {
		return ErrNoEngine
	}
	return nil
}

// set is the engine that variables name; ok tells whether they name one.
func (c Config) set() (one engineCandidate, ok bool, err error) {
	named := func(e Engine, name, from, address string, err error) (engineCandidate, bool, error) {
		return failover.FromSettings(e, name, from, address), true, err
	}
	openAI := c.OpenAIURL != "" || c.OpenAIBaseURL != "" && c.OpenAIAPIKey != ""
	switch is := func(kind string, set bool) bool { return c.Engine == kind || c.Engine == "auto" && set }; {
	case is("openai", openAI):
		e, err := NewOpenAI(c)
		if c.OpenAIURL == "" {
			return named(e, "OpenAI-compatible", "OPENAI_BASE_URL", c.OpenAIBaseURL, err)
		}
		return named(e, "OpenAI-compatible", "STT_OPENAI_URL", c.OpenAIURL, err)
	case is("wyoming", c.WyomingURI != ""):
		e, err := NewWyoming(c)
		return named(e, "Wyoming", "STT_WYOMING_URI", c.WyomingURI, err)
	case is("command", c.Command != ""):
		e, err := NewCommand(c)
		return named(e, "command", "STT_COMMAND", "", err)
	case c.Engine == "none":
		return engineCandidate{Engine: noEngine{}, Key: "none", Name: "none", From: "STT_ENGINE", Better: "set STT_ENGINE=auto, and " + setupHint}, true, nil
	case c.Engine == "auto":
		return one, false, nil
	}
	return one, false, fmt.Errorf("STT_ENGINE is %q, want %s", c.Engine, kinds)
}

// found are the engines that answer, best first.
func (c Config) found(ctx context.Context, home kit.Home) (all []engineCandidate) {
	if all = failover.FindAll(ctx, c.Hosts, string(home), discovery.STT, c.at); len(all) == 0 {
		all = []engineCandidate{{Engine: noEngine{}, Key: "none", Name: "none", From: "nothing is set up", Better: setupHint}}
	}
	return all
}

// at is the engine that asks s. It gets no key: that is for the servers of
// variables.
func (c Config) at(s discovery.Server) (Engine, error) {
	if s.Protocol == "wyoming" {
		c.WyomingURI = s.URL
		return NewWyoming(c)
	}
	c.OpenAIURL, c.OpenAIKey = s.URL, ""
	if s.Model != "" {
		c.OpenAIModel = s.Model
	}
	return NewOpenAI(c)
}

// Describe says for people which engine the service takes with c, where that
// was found, and what would be better; empty when nothing is missing. It looks
// for servers, for at most a second.
func Describe(ctx context.Context, c Config, home kit.Home) (name, from, better string) {
	one, ok, err := c.set()
	return failover.Describe(one, ok, err, func() []engineCandidate { return c.found(ctx, home) })
}
