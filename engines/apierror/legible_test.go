package apierror_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/gotars/tars/engines/apierror"
)

// server answers without a network.
type server func(*http.Request) (*http.Response, error)

func (s server) RoundTrip(q *http.Request) (*http.Response, error) { return s(q) }

// answering is a server that answers with status and body.
func answering(status int, body io.Reader) server {
	return func(q *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(body), Request: q}, nil
	}
}

// ask asks s with the client of OpenAI.
func ask(t *testing.T, s server, with ...option.Middleware) (string, error) {
	t.Helper()
	models := openai.NewModelService(option.WithBaseURL("http://x/v1"), option.WithMaxRetries(0),
		option.WithHTTPClient(&http.Client{Transport: s}), option.WithMiddleware(with...))
	m, err := models.Get(t.Context(), "m")
	if err != nil {
		return "", err
	}
	return m.ID, nil
}

func TestTheClientReadsWhatServersSay(t *testing.T) {
	tests := map[string]struct {
		status               int
		body, message, param string
	}{
		"OpenAI":           {400, `{"error":{"message":"Unsupported value","param":"temperature"}}`, "Unsupported value", "temperature"},
		"a text":           {500, `{"error":"no memory"}`, "no memory", ""},
		"a form":           {422, `{"detail":[{"msg":"Field required"}]}`, "Field required", ""},
		"words":            {503, "busy", "busy", ""},
		"a page":           {502, "<html>", "", ""},
		"nothing":          {500, "", "", ""},
		"the key":          {402, `{"error":{"message":"sk-token is used up","param":"sk-token"}}`, "… is used up", "…"},
		"a key in escapes": {402, `{"error":{"message":"\u0073k-token is used up"}}`, "… is used up", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, answering(tt.status, strings.NewReader(tt.body)), apierror.NormalizeErrors("sk-token"))
			var e *openai.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v", err)
			}
			if e.StatusCode != tt.status || e.Message != tt.message || e.Param != tt.param || strings.Contains(e.RawJSON(), "sk-token") {
				t.Errorf("%d %q of %q, %s", e.StatusCode, e.Message, e.Param, e.RawJSON())
			}
		})
	}
}

func TestAnswersStayAsTheyAre(t *testing.T) {
	id, err := ask(t, answering(200, strings.NewReader(`{"id":"sk-token","error":"none"}`)), apierror.NormalizeErrors("sk-token"))
	if err != nil || id != "sk-token" {
		t.Errorf("%q, %v", id, err)
	}
	gone := errors.New("gone")
	if _, err := ask(t, func(*http.Request) (*http.Response, error) { return nil, gone }, apierror.LimitResponse(9), apierror.NormalizeErrors("k")); !errors.Is(err, gone) {
		t.Errorf("error %v, want %v", err, gone)
	}
}

func TestAnswersHaveABound(t *testing.T) {
	const most = 2 << 20
	tests := map[string]struct {
		body io.Reader
		want string // error
	}{
		"as much as may be": {strings.NewReader(`{"id":"m"}` + strings.Repeat(" ", most-10)), ""},
		"one byte more":     {strings.NewReader(`{"id":"m"}` + strings.Repeat(" ", most-9)), "it sent more than 2 MiB"},
		"without end":       {new(endless), "it sent more than 2 MiB"},
		"byte by byte":      {&slow{bytes.NewReader(make([]byte, most+1))}, "it sent more than 2 MiB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			id, err := ask(t, answering(200, tt.body), apierror.LimitResponse(most))
			if tt.want == "" && (err != nil || id != "m") || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%q, error %v, want %q", id, err, tt.want)
			}
		})
	}
}

// slow reads little at once.
type slow struct{ io.Reader }

func (s *slow) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(len(p), 7)]) }
