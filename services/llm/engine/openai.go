package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/apierror"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/kit"
)

// maxRetries is how often a request is repeated that failed before its first word:
// refused connections, 429 and 5xx, with growing waits.
const maxRetries = 2

// maxResponse bounds what is read of an answer, in bytes. A token comes in
// some 200, and an answer has 4096 of them at the very most.
const maxResponse = 8 << 20

// OpenAI writes with a server that speaks OpenAI's chat completions: Ollama,
// llama.cpp, vLLM, LM Studio, and the clouds that offer the same.
type OpenAI struct {
	cfg               Config
	base              string
	host              string // shown to people, because the URL may hold a password
	client            *openai.Client
	clientErr         error                  // why there is no client: LLM_BASE_URL is no address
	discoveredModel   atomic.Pointer[string] // the model of a server that was asked for one
	minimalParameters atomic.Bool            // the server refuses some parameters
}

// NewOpenAI returns the engine at LLM_BASE_URL, else that of OpenAI.
func NewOpenAI(c Config) *OpenAI {
	o := &OpenAI{cfg: c, base: cmp.Or(c.BaseURL, openAIBase)}
	if u, err := url.Parse(o.base); err == nil {
		o.host = u.Host
	}
	o.client, o.clientErr = openai.New(openai.Options{BaseURL: o.base, Key: c.APIKey, Retries: maxRetries, MaxResponse: maxResponse})
	return o
}

var (
	errNoStart = errors.New("no first word")
	errStalled = errors.New("stalled")
)

// Generate implements Generator.
func (o *OpenAI) Generate(ctx context.Context, p Prompt, emit func(string) error) (Usage, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var begun atomic.Bool
	watch := time.AfterFunc(o.cfg.FirstToken, func() {
		if begun.Load() {
			stop(errStalled) // the first cause stays
		}
		stop(errNoStart)
	})
	defer watch.Stop()
	heard := func(delta string) error {
		begun.Store(begun.Load() || delta != "") // servers send an empty one before they read the prompt
		if begun.Load() {
			watch.Reset(o.cfg.Idle)
		}
		return emit(delta)
	}
	if o.clientErr != nil {
		return Usage{}, unavailableError("LLM_BASE_URL: %v, want one like http://127.0.0.1:11434/v1", o.clientErr)
	}
	var err error
	chosen := p.Model == ""
	if chosen {
		if p.Model, err = o.model(ctx); err != nil {
			return Usage{}, o.explain(ctx, p, err)
		}
	}
	strict := o.minimalParameters.Load()
	use, err := o.stream(ctx, p, strict, stripThinking(heard))
	if refusesParameter(err) && !strict {
		if use, err = o.stream(ctx, p, true, stripThinking(heard)); err == nil { // else it was not the parameter
			o.minimalParameters.Store(true)
		}
	}
	if err == nil {
		return use, nil
	}
	about := o.explain(ctx, p, err)
	var e *apierror.Error
	if errors.As(err, &e) && e.StatusCode == http.StatusNotFound && chosen && o.cfg.Model == "" {
		o.discoveredModel.Store(nil)
		return use, failover.Retryable(about) // the server may have another model by now
	}
	if errors.As(err, &e) && e.StatusCode < http.StatusInternalServerError && !persistentRefusals[e.StatusCode] {
		return use, failover.RequestFault(about)
	}
	return use, about
}

// persistentRefusals are the statuses that say nothing about one request: the next one
// would be refused as well, so another server or model has to answer.
var persistentRefusals = map[int]bool{
	http.StatusUnauthorized: true, http.StatusForbidden: true, http.StatusNotFound: true, http.StatusTooManyRequests: true,
}

// model is the one to use when none was asked for.
func (o *OpenAI) model(ctx context.Context) (string, error) {
	if m := o.discoveredModel.Load(); m != nil {
		return *m, nil
	}
	if o.cfg.Model != "" {
		return o.cfg.Model, nil
	}
	name := defaultModel
	if o.base != openAIBase {
		models, err := o.client.Models(ctx)
		var refused *apierror.Error
		switch {
		case errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound:
			return "", unavailableError("the server at %s does not list its models: set LLM_MODEL, or add /v1 to LLM_BASE_URL", o.host)
		case err != nil:
			return "", err
		case len(models) == 0:
			return "", unavailableError("the server at %s has no model: load one into it, or set LLM_MODEL", o.host)
		}
		name = models[0]
	}
	o.discoveredModel.Store(&name)
	return name, nil
}

// cuts are the reasons with which a server ends an answer that is not complete.
var cuts = map[string]string{"length": contract.LLMCutLength, "content_filter": contract.LLMCutFilter}

// stream sends one request and passes on its answer. An error may come after the first
// deltas.
func (o *OpenAI) stream(ctx context.Context, p Prompt, strict bool, emit func(string) error) (Usage, error) {
	use := Usage{Model: p.Model}
	for chunk, err := range o.client.Chat(ctx, chatRequest(p, strict)) {
		if err != nil {
			return use, err
		}
		use.Model = cmp.Or(chunk.Model, use.Model)
		use.Cut = cmp.Or(cuts[chunk.Finish], use.Cut)
		if chunk.Usage != nil {
			use.Tokens = chunk.Usage
		}
		if err := emit(chunk.Text); err != nil {
			return use, err
		}
	}
	return use, nil
}

// chatRequest is the request for p. With minimal parameters it has only those that newer
// models of OpenAI take, which refuse the others.
func chatRequest(p Prompt, strict bool) openai.ChatRequest {
	q := openai.ChatRequest{Model: p.Model}
	if p.System != "" {
		q.Messages = append(q.Messages, openai.Message{Role: "system", Content: p.System})
	}
	for _, m := range p.History {
		role := contract.RoleUser
		if m.Role == contract.RoleAssistant {
			role = contract.RoleAssistant
		}
		q.Messages = append(q.Messages, openai.Message{Role: role, Content: m.Content})
	}
	q.Messages = append(q.Messages, openai.Message{Role: contract.RoleUser, Content: p.User})
	if strict {
		q.MaxCompletionTokens = &p.MaxTokens
		return q
	}
	q.MaxTokens, q.Temperature, q.TopP = &p.MaxTokens, &p.Temperature, &p.TopP
	q.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	return q
}

// refusesParameter tells whether the server refused a parameter that not all know. Newer
// models of OpenAI want another limit and no temperature.
func refusesParameter(err error) bool {
	var e *apierror.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusBadRequest && e.StatusCode != http.StatusUnprocessableEntity {
		return false
	}
	text := e.Message + " " + e.Param
	for _, word := range []string{"max_tokens", "temperature", "top_p", "stream_options"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// explain turns err into one line for a person, with the host and what to do, and never
// with a key. When the caller's context has ended, its cause is returned unchanged.
func (o *OpenAI) explain(ctx context.Context, p Prompt, err error) error {
	var ours *kit.Error
	var e *apierror.Error
	var silent *openai.NoAnswerError
	var dns *net.DNSError
	var dial *net.OpError
	switch cause := context.Cause(ctx); {
	case errors.As(err, &ours):
		return ours
	case cause == errNoStart:
		return unavailableError("the model at %s wrote nothing within %s: take a smaller model, or raise LLM_FIRST_TOKEN", o.host, o.cfg.FirstToken)
	case cause == errStalled:
		return unavailableError("the model at %s stopped writing for %s: try again, or raise LLM_IDLE", o.host, o.cfg.Idle)
	case cause == context.DeadlineExceeded:
		return unavailableError("the model at %s was not done after %s: ask for less, or raise LLM_TIMEOUT", o.host, o.cfg.Timeout)
	case ctx.Err() != nil:
		return cause
	case errors.As(err, &e):
		return o.refusal(e, p)
	case errors.As(err, &silent):
		return unavailableError("%s: if %s is a model server, LLM_BASE_URL may lack its /v1", strings.Replace(silent.Error(), "the server", o.host, 1), o.host)
	case errors.Is(err, openai.ErrPage):
		return unavailableError("%s sent a page: if it is a model server, LLM_BASE_URL may lack its /v1", o.host)
	case errors.As(err, &dns):
		return unavailableError("there is no host %s: correct LLM_BASE_URL", dns.Name)
	case errors.As(err, &dial) && dial.Op == "dial":
		return unavailableError("no model server answers at %s: start it, or correct LLM_BASE_URL", o.host)
	}
	return unavailableError("the answer of the model at %s broke off: %s", o.host, apierror.Line(apierror.WithoutURL(err).Error(), o.cfg.APIKey))
}

// unavailableError is the error that the asker gets when no answer can be written.
func unavailableError(format string, args ...any) error {
	return &kit.Error{Code: kit.CodeUnavailable, Message: fmt.Sprintf(format, args...)}
}

// refusal explains an error status of the server to a person.
func (o *OpenAI) refusal(e *apierror.Error, p Prompt) error {
	text := cmp.Or(e.Message, http.StatusText(e.StatusCode))
	switch e.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden: // its text quotes the key
		return unavailableError("%s does not accept the key: set LLM_API_KEY", o.host)
	case http.StatusNotFound:
		return unavailableError("%s has no model %q, or LLM_BASE_URL lacks its /v1: set LLM_MODEL (%s)", o.host, p.Model, text)
	case http.StatusTooManyRequests:
		return unavailableError("%s has had too many requests: wait, or look at the plan of the key (%s)", o.host, text)
	}
	return unavailableError("the model at %s failed with %d: %s", o.host, e.StatusCode, text)
}
