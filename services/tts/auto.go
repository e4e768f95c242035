package tts

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
)

// engineCandidate is an engine that the service may take.
type engineCandidate = failover.Candidate[Engine]

// auto is the engine that the settings name, or the best that is found.
type auto struct {
	*failover.Switch[Engine]
	kept *audioCache // nil: every line is made anew
}

// NewEngine returns the engine that c asks for. With "auto" that is the first
// one that is set up by a variable, else the best of those that answer at
// ENGINE_HOSTS or are installed, else the built-in voice. An engine that fails
// again and again is left alone for a while, and the next one that was found
// takes over. What close returns must be called when the engine is no longer
// needed.
func NewEngine(ctx context.Context, c Config, files Files) (e Engine, close func(context.Context) error, err error) {
	nothing := func(context.Context) error { return nil }
	if c.Engine == "flite" {
		f, err := OpenFlite(ctx, c, files)
		if err != nil {
			return nil, nothing, err
		}
		one := engineCandidate{Engine: f, Key: "flite", Name: flite, From: "TTS_ENGINE"}
		return auto{Switch: failover.NewSwitch(func(context.Context) []engineCandidate { return []engineCandidate{one} })}, f.Close, nil
	}
	one, ok, err := c.set()
	if err != nil {
		return nil, nothing, err
	}
	if ok {
		return auto{Switch: failover.NewSwitch(func(context.Context) []engineCandidate { return []engineCandidate{one} })}, nothing, nil
	}
	b := builtIn(c, files)
	return auto{Switch: failover.NewSwitch(func(ctx context.Context) []engineCandidate { return append(c.found(ctx, files.Home), b) })}, closeEngine(b.Engine), nil
}

// closeEngine is what closes e.
func closeEngine(e Engine) func(context.Context) error {
	if l, ok := e.(*lazyFlite); ok {
		return l.Close
	}
	return func(context.Context) error { return nil }
}

// Synthesize has the best engine say l. Another one takes over while nothing
// was heard.
func (e auto) Synthesize(ctx context.Context, l Line) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		if old := e.kept.get(e.Best(ctx).Key, l); old != nil {
			old.play(yield)
			return
		}
		err := e.Do(ctx, func(ctx context.Context, c engineCandidate) (begun bool, err error) {
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

// Silent reports why there is no voice.
func (e auto) Silent(ctx context.Context) error {
	switch best := e.Best(ctx).Engine.(type) {
	case noEngine:
		return best.why
	case *lazyFlite:
		return best.open(ctx)
	}
	return nil
}

// set is the engine that variables name; ok tells whether they name one.
func (c Config) set() (one engineCandidate, ok bool, err error) {
	named := func(e Engine, name, from, address string, err error) (engineCandidate, bool, error) {
		return failover.FromSettings(e, name, from, address), true, err
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
	case is("elevenlabs", c.ElevenKey):
		e, err := NewElevenLabs(c)
		return named(e, "ElevenLabs", "TTS_ELEVENLABS_KEY", c.ElevenURL, err)
	case c.Engine == "espeak":
		e, err := NewEspeak(c)
		one, ok, err := named(e, espeakProgram, "TTS_ENGINE", "", err)
		one.Better = neural
		return one, ok, err
	case c.Engine == "none":
		return engineCandidate{Engine: noEngine{ErrNoEngine}, Key: "none", Name: "none", From: "TTS_ENGINE", Better: "set TTS_ENGINE=auto"}, true, nil
	case c.Engine == "auto":
		return one, false, nil
	}
	return one, false, fmt.Errorf("TTS_ENGINE is %q, want %s", c.Engine, kinds)
}

const (
	flite  = "Flite, built in"
	neural = "a neural voice: run make engines, or set TTS_OPENAI_URL, TTS_WYOMING_URI or TTS_PIPER_URL"
)

// found are the servers that answer, best first.
func (c Config) found(ctx context.Context, home string) []engineCandidate {
	return failover.FindAll(ctx, c.Hosts, home, discovery.TTS, c.at)
}

// at is the engine that asks s. It gets no key: that is for the servers of
// variables.
func (c Config) at(s discovery.Server) (Engine, error) {
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
func builtIn(c Config, files Files) engineCandidate {
	switch {
	case files.hasFlite():
		if !slices.Contains(fliteVoices, c.Voice) {
			c.Voice = ""
		}
		l := &lazyFlite{make: func(ctx context.Context) (*Flite, error) { return OpenFlite(ctx, c, files) }}
		return engineCandidate{Engine: l, Key: "flite", Name: flite, From: files.Assets, Better: neural}
	case hasEspeak():
		if !espeakKnows(c.Voice) {
			c.Voice = ""
		}
		e, err := NewEspeak(c)
		if err == nil {
			return engineCandidate{Engine: e, Key: "espeak", Name: espeakProgram, From: "PATH", Better: neural}
		}
	}
	return engineCandidate{Engine: noEngine{ErrNoEngine}, Key: "none", Name: "none", From: "nothing is set up", Better: "run make assets for the built-in voice, or make engines for a neural one"}
}

// lazyFlite is the built-in voice, opened when it is needed.
type lazyFlite struct {
	make func(context.Context) (*Flite, error)

	mu sync.Mutex // held while opening, 0.2 s
	f  *Flite
}

func (l *lazyFlite) open(ctx context.Context) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		l.f, err = l.make(context.WithoutCancel(ctx))
	}
	return err
}

// Synthesize opens the voice and has it say line.
func (l *lazyFlite) Synthesize(ctx context.Context, line Line) iter.Seq2[Chunk, error] {
	if err := l.open(ctx); err != nil {
		return noEngine{err}.Synthesize(ctx, line)
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
