package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/gotars/tars/engines/apierror"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/kit"
)

// explain turns err into one line for a person, with the host and what to do, and never
// with a key. When the caller's context has ended, its cause is returned unchanged.
func (o *OpenAI) explain(ctx context.Context, p Prompt, err error) error {
	var ours *kit.Error
	var e *apierror.Error
	var silent *openai.NoAnswerError
	var dns *net.DNSError
	var dial *net.OpError
	cause := context.Cause(ctx)
	gaveUp := cause == errNoStart || cause == errStalled || cause == errNoAnswer || cause == context.DeadlineExceeded
	switch {
	case errors.As(err, &ours):
		return ours
	case ctx.Err() != nil && !gaveUp:
		return cause
	case errors.As(err, &e): // also when it was waited for until there was no time: that is why there is no answer
		return o.refusal(e, p)
	case cause == errNoStart:
		return unavailableError("the model at %s wrote nothing within %s: take a smaller model, or raise LLM_FIRST_TOKEN", o.host, o.cfg.FirstToken)
	case cause == errNoAnswer:
		return unavailableError("the model at %s was at work and wrote no word for %s: take a smaller model, or raise LLM_THINKING", o.host, o.cfg.Thinking)
	case cause == errStalled:
		return unavailableError("the model at %s stopped writing for %s: try again, or raise LLM_IDLE", o.host, o.cfg.Idle)
	case cause == context.DeadlineExceeded:
		return unavailableError("the model at %s was not done after %s: ask for less, or raise LLM_TIMEOUT", o.host, o.cfg.Timeout)
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

// refusesParameter tells whether the server refused a parameter that not all know. Newer
// models of OpenAI want another limit and no temperature.
func refusesParameter(err error) bool {
	return refuses(err, "max_tokens", "temperature", "top_p", "stream_options")
}

// refusesTools tells whether the server refused a request because it knows no tools, or its
// model does not.
func refusesTools(err error) bool {
	var e *apierror.Error
	if errors.As(err, &e) && e.StatusCode >= http.StatusInternalServerError && strings.Contains(e.Message, "tool") {
		return true // a template that fails on them
	}
	return refuses(err, "tool", "function call", "function_call", "--jinja")
}

// refuses tells whether the server did not like the request, and names one of words as why.
func refuses(err error, words ...string) bool {
	var e *apierror.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.StatusCode {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusNotImplemented:
	default:
		return false
	}
	text := strings.ToLower(e.Message + " " + e.Param)
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// refusesTools tells whether a model is known to know no tools.
func (o *OpenAI) refusesTools(model string) bool {
	_, known := o.withoutTools.Load(model)
	return known
}

var (
	overflowWords   = regexp.MustCompile(`(?i)context[ _](length|size|window)|maximum context|exceed_context|context_length_exceeded|too many tokens|prompt is too long|input is too long|reduce the length|exceeds? the (model|maximum|available)[^.]*tokens|token limit`)
	overflowNumbers = regexp.MustCompile(`\d{3,7}`)
	// windowNumbers find the window among the numbers: behind what names it, else before.
	windowNumbers = []*regexp.Regexp{
		regexp.MustCompile(`(?i)(?:context[ _](?:length|size|window)|n_ctx)[^0-9.]{0,30}?(\d{3,7})`),
		regexp.MustCompile(`(?i)(\d{3,7})[^0-9.]{0,20}maximum`),
	}
)

// overflowOf is err as an OverflowError when the server says that the prompt is too long,
// in one of the ways of OpenAI, vLLM, llama.cpp, LM Studio and others; else nil.
func overflowOf(err error) *OverflowError {
	var e *apierror.Error
	if errors.As(err, &e) && e.StatusCode == http.StatusTooManyRequests || !overflowWords.MatchString(err.Error()) {
		return nil
	}
	o := &OverflowError{}
	for _, p := range windowNumbers {
		if m := p.FindStringSubmatch(err.Error()); m != nil && o.Window == 0 {
			o.Window, _ = strconv.Atoi(m[1])
		}
	}
	for _, text := range overflowNumbers.FindAllString(err.Error(), -1) {
		n, _ := strconv.Atoi(text)
		o.Prompt = max(o.Prompt, n)
	}
	if o.Prompt <= o.Window {
		o.Prompt = 0
	}
	return o
}
