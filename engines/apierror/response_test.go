package apierror_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/apierror"
)

func TestAnAnswerIsReadAsAnError(t *testing.T) {
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
			body := &closed{Reader: strings.NewReader(tt.body)}
			e := apierror.FromResponse(&http.Response{StatusCode: tt.status, Body: body}, "sk-token")
			if e.StatusCode != tt.status || e.Message != tt.message || e.Param != tt.param || strings.Contains(e.Error(), "sk-token") {
				t.Errorf("%+v, %v", e, e)
			}
			if !body.done {
				t.Error("the body is not closed")
			}
		})
	}
}

// closed is a body that knows whether it was closed.
type closed struct {
	io.Reader
	done bool
}

func (c *closed) Close() error { c.done = true; return nil }

func TestAnswersHaveABound(t *testing.T) {
	const maxBytes = 2 << 20
	tests := map[string]struct {
		body io.Reader
		want string // error
	}{
		"as much as may be": {bytes.NewReader(make([]byte, maxBytes)), ""},
		"one byte more":     {bytes.NewReader(make([]byte, maxBytes+1)), "it sent more than 2 MiB"},
		"without end":       {new(endless), "it sent more than 2 MiB"},
		"byte by byte":      {&slow{bytes.NewReader(make([]byte, maxBytes+1))}, "it sent more than 2 MiB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b, err := io.ReadAll(apierror.LimitBody(io.NopCloser(tt.body), maxBytes))
			if tt.want == "" && (err != nil || len(b) != maxBytes) || tt.want != "" && (err == nil || err.Error() != tt.want) {
				t.Errorf("%d bytes, error %v, want %q", len(b), err, tt.want)
			}
		})
	}
}

// slow reads little at once.
type slow struct{ io.Reader }

func (s *slow) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(len(p), 7)]) }
