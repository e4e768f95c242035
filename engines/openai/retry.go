package openai

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gotars/tars/engines/apierror"
)

// The waits between two requests. They are those of OpenAI's own clients, which
// servers are used to.
const (
	firstBackoff  = 500 * time.Millisecond
	maxBackoff    = 8 * time.Second
	maxRetryAfter = 2 * time.Minute // a server that wants a longer wait gets no second request, unless Options say otherwise

	loadingBackoff = time.Second // longest wait between two requests to a server whose model loads
)

// do asks q, again when that may help, and returns an answer with a status below
// 400. Its body is for the caller to close. Before each wait for a model that loads
// it calls loading, when that is not nil, and gives up when the answer is false.
func (c *Client) do(ctx context.Context, q request, loading func() bool) (*http.Response, error) {
	began := time.Now()
	for retry := 0; ; {
		answer, err := c.once(ctx, q)
		if ctx.Err() != nil {
			if err == nil {
				_ = answer.Body.Close()
			}
			return nil, ctx.Err()
		}
		if err == nil && answer.StatusCode < http.StatusBadRequest {
			if c.options.MaxResponse > 0 {
				answer.Body = apierror.LimitBody(answer.Body, c.options.MaxResponse)
			}
			return answer, nil
		}
		wait, ok := retryDelay(answer, retry, cmp.Or(c.options.MaxWait, maxRetryAfter))
		if err == nil {
			err = apierror.FromResponse(answer, c.options.Key)
		}
		switch {
		case isLoading(err) && time.Since(began) < c.options.LoadingTime:
			if loading != nil && !loading() {
				return nil, err
			}
			wait = min(wait, loadingBackoff)
		case retry >= c.options.Retries || !isRetryable(answer) || !ok:
			return nil, err
		default:
			retry++
		}
		if !sleep(ctx, wait) {
			if refused := new(apierror.Error); errors.As(err, &refused) {
				return nil, err // why there is no answer, and not that nobody waits any more
			}
			return nil, ctx.Err()
		}
	}
}

// sleep waits, and reports whether ctx lasted as long.
func sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// isLoading tells whether err is the answer of a server whose model is not in memory yet,
// as llama.cpp and the servers of Hugging Face say it.
func isLoading(err error) bool {
	var refused *apierror.Error
	return errors.As(err, &refused) && refused.StatusCode == http.StatusServiceUnavailable && strings.Contains(strings.ToLower(refused.Message), "loading")
}

// once asks q once.
func (c *Client) once(ctx context.Context, q request) (*http.Response, error) {
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	r, err := http.NewRequestWithContext(ctx, q.method, c.base.JoinPath(q.path).String(), body)
	if err != nil {
		return nil, apierror.WithoutURL(err)
	}
	r.Header.Set("Accept", "application/json")
	if q.accept != "" {
		r.Header.Set("Accept", q.accept)
	}
	if q.kind != "" {
		r.Header.Set("Content-Type", q.kind)
	}
	if c.options.Key != "" {
		r.Header.Set("Authorization", "Bearer "+c.options.Key)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, apierror.WithoutURL(err)
	}
	return answer, nil
}

// isRetryable tells whether the request may succeed the next time; answer is nil
// when the connection broke. X-Should-Retry is how OpenAI's servers say so.
func isRetryable(answer *http.Response) bool {
	if answer == nil {
		return true
	}
	switch answer.Header.Get("X-Should-Retry") {
	case "true":
		return true
	case "false":
		return false
	}
	switch answer.StatusCode {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return answer.StatusCode >= http.StatusInternalServerError
}

// retryDelay is how long to wait after retry repetitions, and whether to ask
// again at all, which a wait above longest forbids.
func retryDelay(answer *http.Response, retry int, longest time.Duration) (wait time.Duration, ok bool) {
	if answer != nil {
		if wait, ok := retryAfter(answer.Header); ok {
			return wait, wait <= longest
		}
	}
	wait = time.Duration(min(float64(firstBackoff)*math.Pow(2, float64(retry)), float64(maxBackoff)))
	return wait - rand.N(wait/4), true // not all clients at once
}

// retryAfter is the wait that a server asks for, in milliseconds, in seconds, or
// until a time.
func retryAfter(h http.Header) (wait time.Duration, ok bool) {
	for _, form := range []struct {
		name string
		unit time.Duration
	}{{"Retry-After-Ms", time.Millisecond}, {"Retry-After", time.Second}} {
		text := h.Get(form.name)
		if n, err := strconv.ParseFloat(text, 64); err == nil || n > 0 { // too large a number is an infinite one
			if n >= 0 {
				return time.Duration(min(n*float64(form.unit), float64(math.MaxInt64/2))), true
			}
			continue
		}
		if at, err := http.ParseTime(text); err == nil {
			return max(time.Until(at), 0), true
		}
	}
	return 0, false
}
