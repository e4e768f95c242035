package apierror_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/apierror"
)

func TestTextIsWhatAServerSays(t *testing.T) {
	long := strings.Repeat("é", 200)
	tests := map[string]struct{ body, want string }{
		"OpenAI":                      {`{"error":{"message":"no such model","type":"x","code":null}}`, "no such model"},
		"an error that is a text":     {`{"error":"no such model"}`, "no such model"},
		"a detail of FastAPI":         {`{"detail":"Model 'm' is not installed."}`, "Model 'm' is not installed."},
		"a form of FastAPI":           {`{"detail":[{"loc":["body","file"],"msg":"Field required"},{"msg":"other"}]}`, "Field required"},
		"ElevenLabs":                  {`{"detail":{"status":"quota_exceeded","message":"Too many characters."}}`, "Too many characters."},
		"an older vLLM":               {`{"object":"error","message":"too long","code":400}`, "too long"},
		"an error that is a number":   {`{"error":7,"detail":"too long"}`, "too long"},
		"words":                       {"out of memory\n", "out of memory"},
		"several lines":               {`{"error":"Traceback:\n\n  File \"x\"\r\n"}`, `Traceback: File "x"`},
		"a page":                      {"<html>\n<h1>404</h1>", ""},
		"nothing":                     {"", ""},
		"an object that tells naught": {`{"ok":false}`, ""},
		"a list of nothing":           {`{"detail":[]}`, ""},
		"the key":                     {`{"error":"sk-token is used up"}`, "… is used up"},
		"the key where it is cut":     {strings.Repeat("x", 295) + "sk-token", strings.Repeat("x", 295) + "…"},
		"more than is shown":          {"x" + long, "x" + long[:298]},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := apierror.Text(strings.NewReader(tt.body), "sk-token"); got != tt.want {
				t.Errorf("it says %q, want %q", got, tt.want)
			}
		})
	}
	if got := apierror.Text(strings.NewReader("no"), ""); got != "no" {
		t.Errorf("without a key it says %q, want no", got)
	}
}

func TestALineIsShortAndHoldsNoKey(t *testing.T) {
	long := strings.Repeat("<x>\n", 100)
	for text, want := range map[string]string{"": "", " a \n<b> sk-token": "a <b> …", long: strings.Repeat("<x> ", 75)} {
		if got := apierror.Line(text, "sk-token"); got != want {
			t.Errorf("%q in a line is %q, want %q", text, got, want)
		}
	}
}

// endless never ends.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

func TestAnErrorWithoutEndIsReadInPart(t *testing.T) {
	e := new(endless)
	if got := apierror.Text(e, ""); got != strings.Repeat("x", 300) || e.read > 1<<20 {
		t.Errorf("%d bytes of %d, want 300 of few", len(got), e.read)
	}
}

func FuzzTextIsOneShortLineWithoutTheKey(f *testing.F) {
	f.Add([]byte(`{"error":{"message":"sk-token is used up"}}`))
	f.Add([]byte("a\xffb\n<"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got := apierror.Text(strings.NewReader(string(body)), "sk-token")
		if len(got) > 300 || strings.ContainsAny(got, "\r\n") || strings.Contains(got, "sk-token") {
			t.Errorf("it says %q", got)
		}
	})
}

func TestUnlikedQuestions(t *testing.T) {
	for status, want := range map[int]bool{400: true, 413: true, 422: true, 401: false, 403: false, 404: false, 429: false, 500: false, 503: false, 200: false} {
		if got := apierror.IsRequestFault(status); got != want {
			t.Errorf("%d is unliked: %v, want %v", status, got, want)
		}
	}
}

func TestPlainErrors(t *testing.T) {
	why := errors.New("no answer within 1s")
	over, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	answer := func(status int, text string) error { return &apierror.Error{StatusCode: status, Message: text} }
	tests := map[string]struct {
		ctx  context.Context
		err  error
		name string
		want string
	}{
		"what the server says":   {t.Context(), answer(500, "no memory"), "X_KEY", "500 no memory"},
		"a server that is mute":  {t.Context(), answer(404, ""), "X_KEY", "404 Not Found"},
		"a key that is refused":  {t.Context(), answer(401, "invalid key sk-to*en"), "X_KEY", "401 the key is not accepted: set X_KEY"},
		"one that may not":       {t.Context(), answer(403, "sk-to*en"), "X_KEY", "403 the key is not accepted: set X_KEY"},
		"a server without a key": {t.Context(), answer(403, "not from here"), "", "403 not from here"},
		"an end of the request":  {over, &url.Error{Op: "Post", URL: "http://sk-token@x", Err: context.Canceled}, "X_KEY", "no answer within 1s"},
		"a connection":           {t.Context(), &url.Error{Op: "Post", URL: "http://sk-token@x", Err: io.ErrUnexpectedEOF}, "X_KEY", "unexpected EOF"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := apierror.Explain(tt.ctx, tt.err, tt.name).Error(); got != tt.want {
				t.Errorf("the error is %q, want %q", got, tt.want)
			}
		})
	}
	if got := apierror.Explain(over, io.EOF, ""); got != why {
		t.Errorf("the error is %v, not what ended the request", got)
	}
}

func TestABareErrorIsWhatWentWrong(t *testing.T) {
	_, err := http.Get("http://sk-token@127.0.0.1:1/v1?key=sk-token")
	if got := apierror.WithoutURL(err).Error(); got != "dial tcp 127.0.0.1:1: connect: connection refused" {
		t.Errorf("the error is %q", got)
	}
	if got := apierror.WithoutURL(io.EOF); got != io.EOF {
		t.Errorf("the error is %v, want %v", got, io.EOF)
	}
}

func TestAddressesAreShownWithoutSecrets(t *testing.T) {
	for address, want := range map[string]string{
		"http://127.0.0.1:8000/v1":                   "http://127.0.0.1:8000/v1",
		"http://u:sk-token@host/v1?key=sk-token#sk-": "http://host/v1",
		"http://sk-token%@host":                      "an unreadable address",
	} {
		if got := apierror.RedactURL(address); got != want {
			t.Errorf("%s is shown as %s, want %s", address, got, want)
		}
	}
}
