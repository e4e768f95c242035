// Package apierror reads what HTTP servers of engines say when they do not answer,
// and keeps secrets out of what people see of it.
//
// Servers that speak like OpenAI otherwise say what is wrong in forms of their
// own: OpenAI in an object, Ollama in a text, FastAPI in a text or in a list of
// fields, proxies in a page. All is read up to a bound, and shown in one line.
package apierror

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
)

// Bounds of an error in bytes: what is read of it, and what is shown.
const (
	maxRead  = 64 << 10
	maxShown = 300
)

// Error is an answer with a status of 400 or above.
type Error struct {
	StatusCode int
	Message    string // what the server says, as [Text] reads it; may be empty
	Param      string // the parameter that it does not accept, where it tells
}

func (e *Error) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.StatusCode, cmp.Or(e.Message, http.StatusText(e.StatusCode))))
}

// FromResponse reads the error that answer is, without key, and closes its body.
func FromResponse(answer *http.Response, key string) *Error {
	defer answer.Body.Close()
	e := &Error{StatusCode: answer.StatusCode}
	e.Message, e.Param = readMessage(answer.Body, key)
	return e
}

// Text is what the body of an error says, in one line without key: its JSON
// message, else all of it unless it is a page. It is empty when nothing is said.
func Text(body io.Reader, key string) string {
	text, _ := readMessage(body, key)
	return text
}

// readMessage is Text with the parameter that the server did not like, empty when it
// does not tell.
func readMessage(body io.Reader, key string) (text, param string) {
	all, _ := io.ReadAll(io.LimitReader(body, maxRead)) // what can be read of it
	var v struct{ Error, Detail, Message any }
	switch {
	case json.Unmarshal(all, &v) == nil:
		text = cmp.Or(wordsOf(v.Error), wordsOf(v.Detail), wordsOf(v.Message))
		if e, ok := v.Error.(map[string]any); ok {
			param, _ = e["param"].(string)
		}
	case !bytes.Contains(all, []byte("<")):
		text = string(all)
	}
	return Line(text, key), Line(param, key)
}

// wordsOf is what a part of an error says in words. Servers use texts, objects, and
// lists of what is wrong with each field.
func wordsOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		return cmp.Or(wordsOf(v["message"]), wordsOf(v["msg"]))
	case []any:
		if len(v) > 0 {
			return wordsOf(v[0])
		}
	}
	return ""
}

// Line is the begin of text in one line without key. The key is looked for in what
// would be shown, before that is cut: half of it would not be found.
func Line(text, key string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if key != "" {
		text = strings.ReplaceAll(text, key, "…")
	}
	return strings.ToValidUTF8(text[:min(len(text), maxShown)], "")
}

// IsRequestFault tells whether a server that answers with status is well and did not
// like this question: another one may do.
func IsRequestFault(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status == http.StatusUnprocessableEntity
}

// Explain is the error of a request in one line that a person can act on: the
// status and what the server says, else what ended ctx, else err without the
// address. Name is the variable that holds the key; empty: there is none.
func Explain(ctx context.Context, err error, name string) error {
	var e *Error
	switch {
	case errors.As(err, &e):
		if name != "" && (e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden) { // its text may quote a part of the key
			return fmt.Errorf("%d the key is not accepted: set %s", e.StatusCode, name)
		}
		return errors.New(e.Error())
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return WithoutURL(err)
}

// WithoutURL is err without the address that was asked, which may hold a password.
func WithoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// RedactURL is an address as people may see it: without what may be a password.
func RedactURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an unreadable address"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
