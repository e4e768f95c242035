package tts

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/openai/openai-go/v3/option"

	"github.com/gotars/tars/ops/engines/guard"
)

// statusError is an answer that is no audio.
type statusError struct {
	code int
	text string // one line; may be empty
}

func (e *statusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.code, cmp.Or(e.text, http.StatusText(e.code))))
}

// keyHead is the header with the key of ElevenLabs.
const keyHead = "xi-api-key"

// web keeps the key from servers that a redirect leads to.
var web = http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
	if r.URL.Host != via[0].URL.Host {
		r.Header.Del(keyHead)
	}
	if len(via) >= 10 {
		return errors.New("stopped after 10 redirects")
	}
	return nil
}}

// post sends q as JSON. An answer with another status than 200 is a
// *statusError.
func post(ctx context.Context, address string, head map[string]string, q any) (*http.Response, error) {
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
	answer, err := web.Do(r)
	if err != nil {
		return nil, bare(err)
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(answer.Body, errorMost)) // what can be read of it
		return nil, &statusError{answer.StatusCode, reason(text)}
	}
	return answer, nil
}

// errorMost is the most that is read of an error, in bytes.
const errorMost = 64 << 10

// legible gives the errors of a server the form that the client of OpenAI reads,
// and keeps the key out of them: servers that speak like OpenAI otherwise say
// what is wrong in forms of their own.
func legible(key string) option.Middleware {
	return func(q *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		answer, err := next(q)
		if err != nil || answer.StatusCode < http.StatusBadRequest {
			return answer, err
		}
		text, _ := io.ReadAll(io.LimitReader(answer.Body, errorMost)) // what can be read of it
		_ = answer.Body.Close()
		said := reason(text)
		if key != "" {
			said = strings.ReplaceAll(said, key, "…")
		}
		text, _ = json.Marshal(map[string]any{"error": map[string]string{"message": said}})
		answer.Body = io.NopCloser(bytes.NewReader(text))
		return answer, nil
	}
}

// reason is what the body of an error says, in one line: its JSON message, else
// all of it unless it is a page.
func reason(body []byte) string {
	const most = 300 // bytes of what is shown
	var v struct{ Error, Detail, Message any }
	said := ""
	switch {
	case json.Unmarshal(body, &v) == nil:
		said = cmp.Or(told(v.Error), told(v.Detail), told(v.Message))
	case !bytes.Contains(body, []byte("<")):
		said = string(body)
	}
	said = strings.Join(strings.Fields(said), " ")
	return strings.ToValidUTF8(said[:min(len(said), most)], "")
}

// told is what a part of an error says in words. Servers use texts, objects, and
// lists of what is wrong with each field.
func told(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		return cmp.Or(told(v["message"]), told(v["msg"]))
	case []any:
		if len(v) > 0 {
			return told(v[0])
		}
	}
	return ""
}

// bare is err without the address that was asked, which may hold a password.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// spoken is the error of a question to host that brought no audio, with how it
// is to be taken: connections that broke and servers that are busy may be asked
// again, and one that does not like the question is well.
func spoken(ctx context.Context, host string, err error) error {
	about := fmt.Errorf("speak at %s: %w", host, plainly(ctx, err))
	var e *statusError
	switch is := errors.As(err, &e); {
	case ctx.Err() != nil:
		return about
	case !is, e.code == http.StatusTooManyRequests, e.code == http.StatusServiceUnavailable:
		return guard.Again(about)
	case unliked(e.code):
		return guard.Alive(about)
	}
	return about
}

// unliked tells whether a server that answers so is well and did not like this
// question.
func unliked(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status == http.StatusUnprocessableEntity
}
