// Package adapters asks a server of speech or language in the way the services ask
// it: through the adapters of the services, one server alone and without those that
// take over when it fails.
package adapters

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/chosen"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm"
	llmengine "github.com/gotars/tars/services/llm/engine"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/stt"
	sttengine "github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/services/tts"
	ttsengine "github.com/gotars/tars/services/tts/engine"
)

// Servers are the servers of kind that the settings name and those that are
// found, each once. Clouds are left out: they cost money.
func Servers(ctx context.Context, home kit.Home, kind discovery.Kind) (all []discovery.Server, err error) {
	named, err := namedServers(kind)
	if err != nil {
		return nil, err
	}
	w, err := kit.FromEnv[chosen.HostsConfig]("engine")
	if err != nil {
		return nil, err
	}
	for _, s := range slices.Concat(named, failover.Look(ctx, w.Hosts, string(home), kind)) {
		if s.URL != "" && !slices.ContainsFunc(all, func(o discovery.Server) bool { return o.URL == s.URL }) {
			all = append(all, s)
		}
	}
	return all, nil
}

// namedServers are those of variables; the URL of one that is not set is empty.
func namedServers(kind discovery.Kind) (all []discovery.Server, err error) {
	add := func(protocol, url, model string) {
		all = append(all, discovery.Server{Kind: kind, Protocol: protocol, URL: url, Model: model})
	}
	switch kind {
	case discovery.STT:
		c, err := kit.FromEnv[stt.Config]("stt")
		add("openai", c.OpenAIURL, c.OpenAIModel)
		add("wyoming", c.WyomingURI, "")
		return all, err
	case discovery.TTS:
		c, err := kit.FromEnv[tts.Config]("tts")
		add("openai", c.OpenAIURL, c.OpenAIModel)
		add("wyoming", c.WyomingURI, "")
		add("piper", c.PiperURL, "")
		return all, err
	case discovery.LLM:
		c, err := kit.FromEnv[llm.Config]("llm")
		add("openai", c.BaseURL, c.Model)
		return all, err
	case discovery.Embed:
		c, err := kit.FromEnv[memory.Config]("memory")
		add("openai", c.EmbedURL, c.EmbedModel)
		return all, err
	case discovery.Wake:
		c, err := kit.FromEnv[stt.Config]("stt")
		add("wyoming", c.WakeURI, "")
		return all, err
	}
	return nil, nil
}

// Title is what s is called in the output of a command.
func Title(s discovery.Server) string {
	if s.Installed {
		return s.Name
	}
	name := cmp.Or(s.Name, map[string]string{"openai": "OpenAI HTTP", "wyoming": "Wyoming", "piper": "Piper HTTP"}[s.Protocol])
	if s.Model != "" {
		name += ", " + s.Model
	}
	if u, err := url.Parse(s.URL); err == nil {
		name += " (" + u.Host + ")"
	}
	return name
}

// RecogniserAt returns the adapter of the stt service for s.
func RecogniserAt(s discovery.Server, home kit.Home) (func(context.Context, []byte) (string, error), error) {
	c, err := kit.FromEnv[stt.Config]("stt")
	if err != nil {
		return nil, err
	}
	if c.OpenAIURL != s.URL {
		c.OpenAIKey = "" // it is for the server of the variable
	}
	c.Engine, c.OpenAIURL, c.WyomingURI, c.OpenAIModel = s.Protocol, s.URL, s.URL, cmp.Or(s.Model, c.OpenAIModel)
	e, err := sttengine.New(c.Config, string(home))
	if err != nil {
		return nil, err
	}
	return TranscribeWith(e), nil
}

// TranscribeWith transcribes samples with e.
func TranscribeWith(e sttengine.Transcriber) func(context.Context, []byte) (string, error) {
	return func(ctx context.Context, pcm []byte) (string, error) {
		r, err := e.Transcribe(ctx, sttengine.Request{Audio: pcm})
		return r.Text, err
	}
}

// Sayer says text and tells when the first and the last sound of it came.
type Sayer func(ctx context.Context, text string) (first, all time.Duration, err error)

// VoiceAt returns the adapter of the tts service for s. Call done after its last use.
func VoiceAt(ctx context.Context, s discovery.Server, home kit.Home) (say Sayer, done func(), err error) {
	c, err := kit.FromEnv[tts.Config]("tts")
	if err != nil {
		return nil, nil, err
	}
	if c.OpenAIURL != s.URL {
		c.OpenAIKey = ""
	}
	c.Engine, c.OpenAIURL, c.WyomingURI, c.PiperURL, c.OpenAIModel = s.Protocol, s.URL, s.URL, s.URL, cmp.Or(s.Model, c.OpenAIModel)
	e, stop, err := ttsengine.New(ctx, c.Config, tts.FilesOf(c, home))
	if err != nil {
		return nil, nil, err
	}
	return SayWith(e), func() { _ = stop(context.WithoutCancel(ctx)) }, nil
}

// SayWith says text with e.
func SayWith(e ttsengine.Synthesizer) Sayer {
	return func(ctx context.Context, text string) (first, all time.Duration, err error) {
		begin := time.Now()
		for chunk, err := range e.Synthesize(ctx, ttsengine.Line{Text: text, Lang: "en"}) {
			if err != nil {
				return 0, 0, err
			}
			if first == 0 && len(chunk.PCM) > 0 {
				first = time.Since(begin)
			}
		}
		if first == 0 {
			return 0, 0, errors.New("no audio")
		}
		return first, time.Since(begin), nil
	}
}

// Answerer answers a question with limit tokens at most, and tells how many pieces
// the answer came in, and when the first and the last of them came.
type Answerer func(ctx context.Context, question string, limit int) (first, all time.Duration, pieces int, err error)

// WriterAt returns the adapter of the llm service for s.
func WriterAt(s discovery.Server, home kit.Home) (Answerer, error) {
	c, err := kit.FromEnv[llm.Config]("llm")
	if err != nil {
		return nil, err
	}
	if c.BaseURL != s.URL {
		c.APIKey = ""
	}
	c.Engine, c.BaseURL, c.Model = "openai", s.URL, cmp.Or(s.Model, c.Model)
	e, err := llmengine.New(c.Config, nil, string(home))
	if err != nil {
		return nil, err
	}
	return AnswerWith(e), nil
}

// AnswerWith answers with e.
func AnswerWith(e llmengine.Generator) Answerer {
	return func(ctx context.Context, question string, limit int) (first, all time.Duration, pieces int, err error) {
		begin := time.Now()
		_, err = e.Generate(ctx, llmengine.Prompt{User: question, Question: question, MaxTokens: limit, TopP: 1}, func(delta string) error {
			if delta != "" {
				if pieces++; pieces == 1 {
					first = time.Since(begin)
				}
			}
			return nil
		})
		if err == nil && pieces == 0 {
			err = errors.New("no text")
		}
		return first, time.Since(begin), pieces, err
	}
}

// EmbedderAt returns the adapter of the memory service for s.
func EmbedderAt(s discovery.Server) (func(context.Context, string) ([]float32, error), error) {
	c, err := kit.FromEnv[memory.Config]("memory")
	if err != nil {
		return nil, err
	}
	if c.EmbedURL != s.URL {
		c.EmbedKey = ""
	}
	c.EmbedEngine, c.EmbedURL, c.EmbedModel = "openai", s.URL, cmp.Or(s.Model, c.EmbedModel)
	e, err := memory.NewOpenAI(c)
	if err != nil {
		return nil, err
	}
	return EmbedWith(e), nil
}

// EmbedWith returns the vector of a text by e.
func EmbedWith(e memory.Embedder) func(context.Context, string) ([]float32, error) {
	return func(ctx context.Context, text string) ([]float32, error) {
		all, err := e.Embed(ctx, []string{text})
		if err != nil {
			return nil, err
		}
		return all[0], nil
	}
}
