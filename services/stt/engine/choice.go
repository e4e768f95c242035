package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/speech/pcm"
)

// candidate is one of the Transcribers to choose from.
type candidate = failover.Candidate[Transcriber]

// failoverTranscriber is the Transcriber that the settings name, or the best that is
// found; when that one fails again and again, the next one takes over.
type failoverTranscriber struct{ *failover.Switch[Transcriber] }

// New returns the Transcriber that c asks for. With "auto" that is the first one
// that is set up by a variable, else the best of those that answer at
// ENGINE_HOSTS or are installed in home; it looks for them when it is used. One
// that fails again and again is left alone for a while, and the next one that
// was found takes over.
func New(c Config, home string) (Transcriber, error) {
	choice, err := c.choice(home)
	if err != nil {
		return nil, err
	}
	return failoverTranscriber{choice.Switch()}, nil
}

// Recognisers read best what they hear begin and end (docs/decisions/040-room-around-the-words.md
// has figures).
const (
	roomBefore = 600 * time.Millisecond
	roomBehind = 700 * time.Millisecond
)

// Transcribe has the best candidate that works transcribe q, with some of the room around it.
func (e failoverTranscriber) Transcribe(ctx context.Context, q Request) (r Result, err error) {
	q.Audio = pcm.InRoomTone(q.Audio, roomBefore, roomBehind)
	err = e.Do(ctx, func(ctx context.Context, c candidate) (bool, error) {
		r, err = c.Engine.Transcribe(ctx, q)
		return false, err
	})
	return r, err
}

// Describe says for people which engine New takes with c, where that was found,
// and what would be better; empty when nothing is missing. It looks for servers,
// for at most a second.
func Describe(ctx context.Context, c Config, home string) (name, from, better string) {
	choice, err := c.choice(home)
	return choice.Describe(ctx, err)
}

// choice collects what New and Describe choose from: the engine that is set, where to
// look for others, and what stands in when there is none.
func (c Config) choice(home string) (failover.Choice[Transcriber], error) {
	set, err := c.configured()
	return failover.Choice[Transcriber]{
		Set: set, Kind: discovery.STT, Hosts: c.Hosts, Home: home, Connect: failover.Each(c.engineAt),
		None: []candidate{{Engine: noEngine{}, Key: "none", Name: "none", From: "nothing is set up", Better: setupHint}},
	}, err
}

// configured is the one engine that variables set up; no candidate when they leave it
// to the search for servers.
func (c Config) configured() ([]candidate, error) {
	named := func(e Transcriber, name, from, address string, err error) ([]candidate, error) {
		return []candidate{failover.FromSettings(e, name, from, address)}, err
	}
	openAI := c.OpenAIURL != "" || c.OpenAIBaseURL != "" && c.OpenAIAPIKey != "" && !c.meansLocal()
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
		return []candidate{{Engine: noEngine{}, Key: "none", Name: "none", From: "STT_ENGINE", Better: "set STT_ENGINE=auto, and " + setupHint}}, nil
	case c.Engine == "auto":
		return nil, nil
	}
	return nil, fmt.Errorf("STT_ENGINE is %q, want %s", c.Engine, kinds)
}

// engineAt returns the engine for a server that was found. It gets no key: keys are for
// the servers that variables name.
func (c Config) engineAt(s discovery.Server) (Transcriber, error) {
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
