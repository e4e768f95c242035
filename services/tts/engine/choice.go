package engine

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
)

// candidate is a Synthesizer that may be taken.
type candidate = failover.Candidate[Synthesizer]

// chosen is the Synthesizer that the settings name, or the best that is found.
type chosen struct {
	*failover.Switch[Synthesizer]
	kept *audioCache // nil: every line is made anew
}

// New returns the Synthesizer that c asks for. With "auto" that is the first one
// that is set up by a variable, else the best of those that answer at
// ENGINE_HOSTS or are installed, else the built-in voice. One that fails again
// and again is left alone for a while, and the next one that was found takes
// over. What close returns must be called when it is no longer needed.
func New(ctx context.Context, c Config, files Files) (e Synthesizer, close func(context.Context) error, err error) {
	close = func(context.Context) error { return nil }
	choice, err := c.choice(files)
	if err != nil {
		return nil, close, err
	}
	if c.Engine == "flite" {
		f, err := OpenFlite(ctx, c, files)
		if err != nil {
			return nil, close, err
		}
		choice.Set, close = []candidate{{Engine: f, Key: "flite", Name: flite, From: "TTS_ENGINE"}}, f.Close
	}
	for _, b := range choice.BuiltIn {
		if l, ok := b.Engine.(*lazyFlite); ok {
			close = l.Close
		}
	}
	return chosen{Switch: choice.Switch()}, close, nil
}

// WithCache is e, which makes short sentences once, if it is of [New].
func WithCache(e Synthesizer) Synthesizer {
	if one, ok := e.(chosen); ok {
		one.kept = new(audioCache)
		return one
	}
	return e
}

// Synthesize has the best one say l. Another one takes over while nothing was
// heard.
func (e chosen) Synthesize(ctx context.Context, l Line) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		if old := e.kept.get(e.Best(ctx).Key, l); old != nil {
			old.play(yield)
			return
		}
		err := e.Do(ctx, func(ctx context.Context, c candidate) (begun bool, err error) {
			var all audio
			for chunk, err := range c.Engine.Synthesize(ctx, l) {
				if err != nil {
					return begun, err
				}
				all = e.kept.appendChunk(all, l, chunk)
				if begun = true; !yield(chunk, nil) {
					return true, nil
				}
			}
			e.kept.put(c.Key, l, all)
			return begun, nil
		})
		if err != nil {
			yield(Chunk{}, err)
		}
	}
}

// Describe says for people which engine New takes with c, where that was found,
// and what would be better; empty when nothing is missing. It looks for servers,
// for at most a second.
func Describe(ctx context.Context, c Config, files Files) (name, from, better string) {
	if c.Engine == "flite" {
		return flite, "TTS_ENGINE", neural
	}
	choice, err := c.choice(files)
	return choice.Describe(ctx, err)
}

// choice is of what c and files have; it opens nothing.
func (c Config) choice(files Files) (choice failover.Choice[Synthesizer], err error) {
	if c.Engine == "flite" {
		return choice, nil
	}
	choice = failover.Choice[Synthesizer]{Kind: discovery.TTS, Hosts: c.Hosts, Home: files.Home, Connect: failover.Each(c.at)}
	if choice.Set, err = c.set(); len(choice.Set) == 0 && err == nil {
		choice.BuiltIn = []candidate{builtIn(c, files)}
	}
	return choice, err
}

// set is the engine that variables name, nothing when they name none.
func (c Config) set() ([]candidate, error) {
	named := func(e Synthesizer, name, from, address string, err error) ([]candidate, error) {
		return []candidate{failover.FromSettings(e, name, from, address)}, err
	}
	switch is := func(kind, set string) bool { return c.Engine == kind || c.Engine == "auto" && set != "" }; {
	case is("openai", c.OpenAIURL):
		e, err := NewOpenAI(c)
		return named(e, "OpenAI-compatible", "TTS_OPENAI_URL", c.OpenAIURL, err)
	case is("wyoming", c.WyomingURI):
		e, err := NewWyoming(c)
		return named(e, "Wyoming", "TTS_WYOMING_URI", c.WyomingURI, err)
	case is("piper", c.PiperURL):
		e, err := NewPiper(c)
		return named(e, "Piper", "TTS_PIPER_URL", c.PiperURL, err)
	case is("elevenlabs", c.elevenKey()):
		e, err := NewElevenLabs(c)
		return named(e, "ElevenLabs", "TTS_ELEVENLABS_KEY", c.ElevenURL, err)
	case c.Engine == "espeak":
		e, err := NewEspeak(c)
		one, err := named(e, espeakProgram, "TTS_ENGINE", "", err)
		one[0].Better = neural
		return one, err
	case c.Engine == "none":
		return []candidate{{Engine: none{ErrNone}, Key: "none", Name: "none", From: "TTS_ENGINE", Better: "set TTS_ENGINE=auto"}}, nil
	case c.Engine == "auto":
		return nil, nil
	}
	return nil, fmt.Errorf("TTS_ENGINE is %q, want %s", c.Engine, kinds)
}

const (
	flite  = "Flite, built in"
	neural = "a neural voice: run make engines, or set TTS_OPENAI_URL, TTS_WYOMING_URI or TTS_PIPER_URL"
)

// at is the engine that asks s. It gets no key: that is for the servers of
// variables.
func (c Config) at(s discovery.Server) (Synthesizer, error) {
	switch s.Protocol {
	case "wyoming":
		c.WyomingURI = s.URL
		return NewWyoming(c)
	case "piper":
		c.PiperURL = s.URL
		return NewPiper(c)
	}
	c.OpenAIURL, c.OpenAIKey = s.URL, ""
	if s.Model != "" {
		c.OpenAIModel = s.Model
	}
	return NewOpenAI(c)
}

// builtIn is the voice that needs no server. A name that it does not know is that
// of a better one, in whose place it speaks.
func builtIn(c Config, files Files) candidate {
	switch {
	case files.hasFlite():
		if !slices.Contains(fliteVoices, c.Voice) {
			c.Voice = ""
		}
		l := &lazyFlite{make: func(ctx context.Context) (*Flite, error) { return OpenFlite(ctx, c, files) }}
		return candidate{Engine: l, Key: "flite", Name: flite, From: files.Assets, Better: neural}
	case hasEspeak():
		if !espeakKnows(c.Voice) {
			c.Voice = ""
		}
		e, err := NewEspeak(c)
		if err == nil {
			return candidate{Engine: e, Key: "espeak", Name: espeakProgram, From: "PATH", Better: neural}
		}
	}
	return candidate{Engine: none{ErrNone}, Key: "none", Name: "none", From: "nothing is set up", Better: "run make assets for the built-in voice, or make engines for a neural one"}
}

// lazyFlite is the built-in voice, opened when it is needed.
type lazyFlite struct {
	make func(context.Context) (*Flite, error)

	mu sync.Mutex // held while opening, 0.2 s
	f  *Flite
}

// Ready opens the voice, if it is not open.
func (l *lazyFlite) Ready(ctx context.Context) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		l.f, err = l.make(context.WithoutCancel(ctx))
	}
	return err
}

// Synthesize opens the voice and has it say line.
func (l *lazyFlite) Synthesize(ctx context.Context, line Line) iter.Seq2[Chunk, error] {
	if err := l.Ready(ctx); err != nil {
		return none{err}.Synthesize(ctx, line)
	}
	return l.f.Synthesize(ctx, line)
}

// Close frees the voice, if it was opened.
func (l *lazyFlite) Close(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return nil
	}
	return l.f.Close(ctx)
}
