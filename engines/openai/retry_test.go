package openai_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/engines/openai"
)

// transport answers in place of a network, so that a test can run in fake time.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

func TestRequestsAreAskedAgain(t *testing.T) {
	broken := errors.New("connection reset")
	tests := map[string]struct {
		status   int // of all answers; 0 breaks the connection
		header   http.Header
		calls    int
		min, max time.Duration // waited in all
	}{
		"when the connection breaks":       {0, nil, 3, 1125 * time.Millisecond, 1500 * time.Millisecond},
		"when the server is busy":          {429, nil, 3, 1125 * time.Millisecond, 1500 * time.Millisecond},
		"when it broke":                    {503, nil, 3, 1125 * time.Millisecond, 1500 * time.Millisecond},
		"when it did not get all":          {408, nil, 3, 1125 * time.Millisecond, 1500 * time.Millisecond},
		"when it was about to change":      {409, nil, 3, 1125 * time.Millisecond, 1500 * time.Millisecond},
		"not when it refuses":              {400, nil, 1, 0, 0},
		"not without a right":              {401, nil, 1, 0, 0},
		"not where it says so":             {500, http.Header{"X-Should-Retry": {"false"}}, 1, 0, 0},
		"where it says so":                 {400, http.Header{"X-Should-Retry": {"true"}}, 3, 1125 * time.Millisecond, 1500 * time.Millisecond},
		"after the seconds that it wants":  {429, http.Header{"Retry-After": {"7"}}, 3, 14 * time.Second, 14 * time.Second},
		"after its milliseconds":           {429, http.Header{"Retry-After-Ms": {"20"}, "Retry-After": {"7"}}, 3, 40 * time.Millisecond, 40 * time.Millisecond},
		"at once":                          {429, http.Header{"Retry-After": {"0"}}, 3, 0, 0},
		"at a time":                        {503, http.Header{"Retry-After": {"Sat, 01 Jan 2000 00:00:10 GMT"}}, 3, 10 * time.Second, 10 * time.Second},
		"at a time that is over":           {503, http.Header{"Retry-After": {"Sat, 01 Jan 1999 00:00:10 GMT"}}, 3, 0, 0},
		"not after an hour":                {429, http.Header{"Retry-After": {"3600"}}, 1, 0, 0},
		"not after all time":               {429, http.Header{"Retry-After": {"1e999"}}, 1, 0, 0},
		"as usual after what is no wait":   {429, http.Header{"Retry-After": {"-1"}}, 3, 1125 * time.Millisecond, 1500 * time.Millisecond},
		"as usual after what is no number": {429, http.Header{"Retry-After": {"soon"}}, 3, 1125 * time.Millisecond, 1500 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls, bodies := 0, map[string]int{}
				server := transport(func(q *http.Request) (*http.Response, error) {
					calls++
					b, _ := io.ReadAll(q.Body)
					bodies[string(b)]++
					if tt.status == 0 {
						return nil, broken
					}
					return &http.Response{StatusCode: tt.status, Header: tt.header, Body: io.NopCloser(strings.NewReader("no"))}, nil
				})
				c, err := openai.New(openai.Options{BaseURL: "http://x/v1", Retries: 2, Transport: server})
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				_, _, err = answer(t.Context(), c)
				took := time.Since(begin)
				if err == nil || calls != tt.calls || took < tt.min || took > tt.max || len(bodies) != 1 || tt.status == 0 && !errors.Is(err, broken) {
					t.Errorf("error %v after %d calls with %d bodies in %v, want %d calls in %v to %v", err, calls, len(bodies), took, tt.calls, tt.min, tt.max)
				}
			})
		})
	}
}

// The key and what was said are meant for one server.
func TestARedirectToAnotherServerIsNotFollowed(t *testing.T) {
	var calls atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer other.Close()
	c := serve(t, openai.Options{Key: "sk-token"}, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "models") {
			http.Redirect(w, r, "/v2", http.StatusTemporaryRedirect)
		} else if r.URL.Path == "/v2" {
			fmt.Fprintf(w, `{"data":[{"id":%q}]}`, r.Header.Get("Authorization"))
		} else {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		}
	})
	if _, _, err := answer(t.Context(), c); err == nil || !strings.Contains(err.Error(), "redirects to another") || calls.Load() != 0 {
		t.Errorf("error %v, %d calls", err, calls.Load())
	}
	if got, err := c.Models(t.Context()); err != nil || len(got) != 1 || got[0] != "Bearer sk-token" {
		t.Errorf("within the server: %q, %v", got, err)
	}
}

func TestErrorsHoldNoKeyAndNoAddress(t *testing.T) {
	for _, address := range []string{"http://sk-token:sk-token@127.0.0.1:1/v1?key=sk-token", "http://127.0.0.1:1/sk-token"} {
		c, err := openai.New(openai.Options{BaseURL: address, Key: "sk-token"})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := answer(t.Context(), c); err == nil || strings.Contains(err.Error(), "sk-token") {
			t.Errorf("error %v", err)
		}
	}
	for _, address := range []string{"", "sk-token", "ftp://sk-token", "http://sk-token%@host", "http:///v1"} {
		if _, err := openai.New(openai.Options{BaseURL: address}); err == nil || strings.Contains(err.Error(), "sk-token") {
			t.Errorf("%s: error %v", address, err)
		}
	}
}
