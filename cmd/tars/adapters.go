package main

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

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

// hostsConfig is read from ENGINE_HOSTS, as each service does.
type hostsConfig struct {
	Hosts []string `default:"127.0.0.1"`
}

// serversOf are the servers of kind that the settings name and those that are
// found, each once. Clouds are left out: they cost money.
func serversOf(ctx context.Context, home kit.Home, kind discovery.Kind) (all []discovery.Server, err error) {
	named, err := namedServers(kind)
	if err != nil {
		return nil, err
	}
	w, err := kit.FromEnv[hostsConfig]("engine")
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

// serverTitle is what s is called in a table.
func serverTitle(s discovery.Server) string {
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

// recogniserOf is the adapter of the stt service for s.
func recogniserOf(s discovery.Server, home kit.Home) (func(context.Context, []byte) (string, error), error) {
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
	return transcribeWith(e), nil
}

func transcribeWith(e sttengine.Transcriber) func(context.Context, []byte) (string, error) {
	return func(ctx context.Context, pcm []byte) (string, error) {
		r, err := e.Transcribe(ctx, pcm)
		return r.Text, err
	}
}

// sayer says text and tells when the first and the last sound of it came.
type sayer func(ctx context.Context, text string) (first, all time.Duration, err error)

// voiceAt is the adapter of the tts service for s.
func voiceAt(ctx context.Context, s discovery.Server, home kit.Home) (say sayer, done func(), err error) {
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
	return sayWith(e), func() { _ = stop(context.WithoutCancel(ctx)) }, nil
}

func sayWith(e ttsengine.Synthesizer) sayer {
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

// answerer answers a question and tells when the first and the last of so many
// pieces came.
type answerer func(ctx context.Context, question string, limit int) (first, all time.Duration, pieces int, err error)

// writerOf is the adapter of the llm service for s.
func writerOf(s discovery.Server, home kit.Home) (answerer, error) {
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
	return answerWith(e), nil
}

func answerWith(e llmengine.Generator) answerer {
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

// embedderOf is the adapter of the memory service for s.
func embedderOf(s discovery.Server) (func(context.Context, string) ([]float32, error), error) {
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
	return vectorOf(e), nil
}

func vectorOf(e memory.Embedder) func(context.Context, string) ([]float32, error) {
	return func(ctx context.Context, text string) ([]float32, error) {
		all, err := e.Embed(ctx, []string{text})
		if err != nil {
			return nil, err
		}
		return all[0], nil
	}
}
