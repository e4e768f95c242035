package memory

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/gotars/tars/engines/apierror"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/kit"
)

// Embedder turns texts into vectors that are close to each other when the texts
// mean the same. It is safe for concurrent use.
type Embedder interface {
	// Embed returns a vector of length 1 for each text, all of one size. It ends
	// soon after ctx does.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

// maxText is how much of a text is embedded, in bytes: models read little, and
// some servers refuse more than they read.
const maxText = 1000

// maxResponse bounds what is read of an answer, in bytes. A batch of large
// vectors has some 3 MiB.
const maxResponse = 32 << 20

// RefusedError is a text that the embedder does not take; others it may.
type RefusedError struct {
	Err              error
	MaybeServerFault bool // the server broke at it: it may be ill, or cannot say what this text means
}

func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns what the server said.
func (e *RefusedError) Unwrap() error { return e.Err }

// OpenAI is an embedder behind POST {base}/embeddings: Ollama, llama.cpp, LM
// Studio, vLLM, and the clouds that speak the same.
type OpenAI struct {
	client *openai.Client
	host   string
	model  string
}

// NewOpenAI returns the embedder at c.EmbedURL with c.EmbedModel.
func NewOpenAI(c Config) (*OpenAI, error) {
	// No repetition: a query does not wait, and the rest is tried again later.
	client, err := openai.New(openai.Options{BaseURL: c.EmbedURL, Key: c.EmbedKey, MaxResponse: maxResponse})
	if err != nil {
		return nil, errors.New("MEMORY_EMBED_URL is no web address, want one like http://127.0.0.1:11434/v1")
	}
	if c.EmbedModel == "" {
		return nil, errors.New("MEMORY_EMBED_MODEL is empty: set it to a model of MEMORY_EMBED_URL, for example nomic-embed-text")
	}
	return &OpenAI{client: client, host: client.Host(), model: c.EmbedModel}, nil
}

// Embed implements Embedder.
func (o *OpenAI) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	short := make([]string, len(texts))
	for i, t := range texts {
		short[i] = strings.ToValidUTF8(t[:min(len(t), maxText)], "")
	}
	vectors, err := o.client.Embed(ctx, o.model, short)
	if err != nil {
		return nil, o.explain(ctx, err)
	}
	out := make([][]float32, len(texts))
	for i, vector := range vectors {
		if vector == nil { // another one came twice
			continue
		}
		if out[i] = unitVector(vector); out[i] == nil {
			return nil, &RefusedError{Err: fmt.Errorf("embed at %s: the server sent a vector of nothing", o.host)}
		}
	}
	for _, v := range out {
		if len(v) == 0 || len(v) != len(out[0]) {
			return nil, fmt.Errorf("embed at %s: the server sent vectors of several sizes", o.host)
		}
	}
	return out, nil
}

// within embeds texts, for which it waits as long as a server may load its model.
func (o *OpenAI) within(ctx context.Context, texts ...string) ([][]float32, error) {
	ctx, cancel := context.WithTimeout(ctx, maxEmbedTime)
	defer cancel()
	return o.Embed(ctx, texts)
}

// withModel is the same server with another model.
func (o *OpenAI) withModel(model string) *OpenAI {
	return &OpenAI{client: o.client, host: o.host, model: model}
}

// again embeds the texts of a line at which the embedder broke. When it takes another one and
// breaks again, it has refused this one; else it is ill.
func (o *OpenAI) again(ctx context.Context, texts ...string) ([][]float32, error) {
	if _, err := o.within(ctx, "hello"); err != nil {
		return nil, err
	}
	xs, err := o.within(ctx, texts...)
	var refused *RefusedError
	if errors.As(err, &refused) {
		return nil, nil
	}
	return xs, err
}

func (o *OpenAI) explain(ctx context.Context, err error) error {
	about := fmt.Errorf("embed at %s: %w", o.host, apierror.Explain(ctx, err, "MEMORY_EMBED_KEY"))
	var e *apierror.Error
	switch is := errors.As(err, &e); {
	case errors.Is(err, openai.ErrPage):
		return fmt.Errorf("embed at %s: %w: correct MEMORY_EMBED_URL, it may lack its /v1", o.host, err)
	case !is:
		return about
	case e.StatusCode == http.StatusNotFound:
		return fmt.Errorf("embed at %s: 404 there is no model %q: set MEMORY_EMBED_MODEL", o.host, o.model)
	case apierror.IsRequestFault(e.StatusCode):
		return &RefusedError{Err: about}
	case e.StatusCode == http.StatusInternalServerError: // of Ollama also when a number is none
		return &RefusedError{Err: about, MaybeServerFault: true}
	}
	return about
}

// unitVector is v with length 1, or nil when it has none.
func unitVector(v []float64) []float32 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	length := math.Sqrt(sum)
	if length == 0 || math.IsNaN(length) || math.IsInf(length, 0) {
		return nil
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x / length)
	}
	return out
}

const setupHint = "to recall by meaning too, run make engines, or set MEMORY_EMBED_URL and MEMORY_EMBED_MODEL"

// choice is the embedder of variables, else all that are found; nothing for none.
func (c Config) choice(home kit.Home) (choice failover.Choice[*OpenAI], err error) {
	if c.EmbedEngine == "openai" || c.EmbedEngine == "auto" && c.EmbedURL != "" {
		e, err := NewOpenAI(c)
		choice.Set = []failover.Candidate[*OpenAI]{failover.FromSettings(e, "OpenAI-compatible", "MEMORY_EMBED_URL", c.EmbedURL)}
		return choice, err
	}
	if c.EmbedEngine != "auto" {
		return choice, nil
	}
	return failover.Choice[*OpenAI]{Kind: discovery.Embed, Hosts: c.Hosts, Home: string(home), Connect: failover.Each(c.at)}, nil
}

// at is the embedder that asks s. It gets no key: that is for the server of the
// settings.
func (c Config) at(s discovery.Server) (*OpenAI, error) {
	c.EmbedURL, c.EmbedKey, c.EmbedModel = s.URL, "", s.Model
	return NewOpenAI(c)
}

// NewEmbedder returns the embedder that c asks for, or the best that is found
// within a second; nil when there is none.
func NewEmbedder(ctx context.Context, c Config, home kit.Home) (Embedder, error) {
	choice, err := c.choice(home)
	if err != nil {
		return nil, err
	}
	if all := choice.Candidates(ctx); len(all) > 0 {
		return all[0].Engine, nil
	}
	return nil, nil
}

// Describe says for people what the memory recalls by, where that was found, and
// what would be better; empty when nothing is missing. It looks for servers, for
// at most a second.
func Describe(ctx context.Context, c Config, home kit.Home) (name, from, better string) {
	choice, err := c.choice(home)
	if err != nil {
		return choice.Describe(ctx, err)
	}
	all := choice.Candidates(ctx)
	switch {
	case len(all) > 0:
		return "words and meaning", all[0].Name + ", " + all[0].From, ""
	case c.EmbedEngine == "none":
		return "words", "MEMORY_EMBED_ENGINE", "set MEMORY_EMBED_ENGINE=auto, and " + setupHint
	}
	return "words", "built in", setupHint
}
