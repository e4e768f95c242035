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

// foundEmbedder is an embedder with where it was found.
type foundEmbedder struct {
	Embedder
	model      string // whose vectors can be compared
	name, from string // for people
}

const setupHint = "to recall by meaning too, run make engines, or set MEMORY_EMBED_URL and MEMORY_EMBED_MODEL"

// embedders returns those that c allows, best first: the one of variables, else
// all that are found.
func (c Config) embedders(ctx context.Context, home kit.Home) (all []foundEmbedder, err error) {
	if c.EmbedEngine == "openai" || c.EmbedEngine == "auto" && c.EmbedURL != "" {
		e, err := NewOpenAI(c)
		if err != nil {
			return nil, err
		}
		return []foundEmbedder{{e, c.EmbedModel, "OpenAI-compatible", "MEMORY_EMBED_URL, " + e.host}}, nil
	}
	if c.EmbedEngine != "auto" {
		return nil, nil
	}
	found := failover.FindAll(ctx, c.Hosts, string(home), discovery.Embed, func(s discovery.Server) (*OpenAI, error) {
		at := c
		at.EmbedURL, at.EmbedKey, at.EmbedModel = s.URL, "", s.Model // the key is for the server of the settings
		return NewOpenAI(at)
	})
	for _, f := range found {
		all = append(all, foundEmbedder{f.Engine, f.Engine.model, f.Name, f.From})
	}
	return all, nil
}

// NewEmbedder returns the embedder that c asks for, or the best that is found
// within a second; nil when there is none.
func NewEmbedder(ctx context.Context, c Config, home kit.Home) (Embedder, error) {
	all, err := c.embedders(ctx, home)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0].Embedder, nil
}

// Describe says for people what the memory recalls by, where that was found, and
// what would be better; empty when nothing is missing. It looks for servers, for
// at most a second.
func Describe(ctx context.Context, c Config, home kit.Home) (name, from, better string) {
	all, err := c.embedders(ctx, home)
	switch {
	case err != nil:
		return "misconfigured", "", err.Error()
	case len(all) > 0:
		return "words and meaning", all[0].name + ", " + all[0].from, ""
	case c.EmbedEngine == "none":
		return "words", "MEMORY_EMBED_ENGINE", "set MEMORY_EMBED_ENGINE=auto, and " + setupHint
	}
	return "words", "built in", setupHint
}
