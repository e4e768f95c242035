package engine

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/apierror"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/openai"
)

// maxRetries is how often a request is repeated that failed before its first word:
// refused connections, 429 and 5xx, with growing waits.
const maxRetries = 2

// maxRetryWait is the longest wait before a request is repeated. A person waits for the
// answer: a server that wants a longer one is busy, and that is said at once.
const maxRetryWait = 3 * time.Second

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
	withoutTools      sync.Map               // models by name that know no tools
	thinks            sync.Map               // models by name that need more room than that of the answer
	learned           *learnedModels         // models whose thoughts have no marked begin
	asked             sync.Map               // models by name of which the template was asked for
}

// NewOpenAI returns the engine at LLM_BASE_URL, else that of OpenAI. What it learns of models
// it forgets at its end.
func NewOpenAI(c Config) *OpenAI { return newOpenAI(c, newLearnedModels("")) }

func newOpenAI(c Config, learned *learnedModels) *OpenAI {
	o := &OpenAI{cfg: c, base: cmp.Or(c.BaseURL, openAIBase), learned: learned}
	if u, err := url.Parse(o.base); err == nil {
		o.host = u.Host
	}
	o.client, o.clientErr = openai.New(openai.Options{BaseURL: o.base, Key: c.APIKey, Retries: maxRetries, MaxResponse: maxResponse, MaxWait: maxRetryWait, LoadingTime: c.Thinking})
	return o
}

// Generate implements Generator.
func (o *OpenAI) Generate(ctx context.Context, p Prompt, emit func(string) error) (Usage, error) {
	if o.clientErr != nil {
		return Usage{}, unavailableError("LLM_BASE_URL: %v, want one like http://127.0.0.1:11434/v1", o.clientErr)
	}
	w := o.watch(ctx, p.OnProgress)
	defer w.end()
	ctx = w.ctx
	var err error
	chosen := p.Model == ""
	if chosen {
		if p.Model, err = o.model(ctx); err != nil {
			return Usage{}, o.explain(ctx, p, err)
		}
	}
	use, err := o.adapt(ctx, p, w, emit)
	if err == nil {
		return use, nil
	}
	about := o.explain(ctx, p, err)
	if overflow := overflowOf(err); overflow != nil {
		overflow.Err = failover.RequestFault(about)
		return use, overflow
	}
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

// adapt sends the request, and again without what the server refuses: parameters that not
// all know, and tools; and with more room for a model that used all of it for thoughts. It
// remembers what was learned.
func (o *OpenAI) adapt(ctx context.Context, p Prompt, w *watch, emit func(string) error) (use Usage, err error) {
	strict := o.minimalParameters.Load()
	if o.refusesTools(p.Model) {
		p.Tools = nil
	}
	if _, thinks := o.thinks.Load(p.Model); thinks {
		p.MaxTokens, p.Spare = p.MaxTokens+p.Spare, 0
	}
	for range 4 {
		use, err = o.stream(ctx, p, strict, w, emit)
		switch {
		case err == nil && strict:
			o.minimalParameters.Store(true) // else it was not the parameter
			return use, nil
		case err != nil && use.Cut == contract.LLMCutLength && p.Spare > 0: // nothing but thoughts
			o.thinks.Store(p.Model, true)
			p.MaxTokens, p.Spare = p.MaxTokens+p.Spare, 0
		case len(p.Tools) > 0 && len(p.After) == 0 && refusesTools(err):
			o.withoutTools.Store(p.Model, true)
			p.Tools = nil
		case refusesParameter(err) && !strict:
			strict = true
		default:
			return use, err
		}
	}
	return use, err
}

// persistentRefusals are the statuses that say nothing about one request: the next one
// would be refused as well, so another server or model has to answer.
var persistentRefusals = map[int]bool{
	http.StatusUnauthorized: true, http.StatusPaymentRequired: true, http.StatusForbidden: true, http.StatusNotFound: true, http.StatusTooManyRequests: true,
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
