package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gotars/tars/engines/apierror"
	"github.com/gotars/tars/engines/failover"
)

// keyHeader is the header with the key of ElevenLabs.
const keyHeader = "xi-api-key"

// keyedClient keeps the key from servers that a redirect leads to.
var keyedClient = http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
	if r.URL.Host != via[0].URL.Host {
		r.Header.Del(keyHeader)
	}
	if len(via) >= 10 {
		return errors.New("stopped after 10 redirects")
	}
	return nil
}}

// postJSON sends q as JSON. An answer with another status than 200 is a
// [apierror.Error].
func postJSON(ctx context.Context, address string, head map[string]string, q any) (*http.Response, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	for k, v := range head {
		r.Header.Set(k, v)
	}
	answer, err := keyedClient.Do(r)
	if err != nil {
		return nil, apierror.WithoutURL(err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, apierror.FromResponse(answer, head[keyHeader])
	}
	return answer, nil
}

// synthesisError is the error of a question to host that brought no audio, with how it
// is to be taken: connections that broke and servers that are busy may be asked
// again, and one that does not like the question is well.
func synthesisError(ctx context.Context, host string, err error) error {
	about := fmt.Errorf("speak at %s: %w", host, apierror.Explain(ctx, err, ""))
	var e *apierror.Error
	switch is := errors.As(err, &e); {
	case ctx.Err() != nil:
		return about
	case !is, e.StatusCode == http.StatusTooManyRequests, e.StatusCode == http.StatusServiceUnavailable:
		return failover.Retryable(about)
	case apierror.IsRequestFault(e.StatusCode):
		return failover.RequestFault(about)
	}
	return about
}
