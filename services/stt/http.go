package stt

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/openai/openai-go/v3/option"
)

// The most that is read of an answer and of an error, in bytes.
const (
	answerMost = 4 << 20
	errorMost  = 64 << 10
)

// legible bounds the answers of a server, and gives its errors the form that the
// client of OpenAI reads, without the key: servers that speak like OpenAI
// otherwise say what is wrong in forms of their own.
func legible(key string) option.Middleware {
	return func(q *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		answer, err := next(q)
		if err != nil {
			return nil, err
		}
		if answer.StatusCode < http.StatusBadRequest {
			answer.Body = &bounded{answer.Body, answerMost}
			if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind == "text/html" {
				_ = answer.Body.Close()
				return nil, errors.New("the server sent a page: correct STT_OPENAI_URL, it may lack its /v1")
			}
			return answer, nil
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

// bounded is the body of an answer that may have so many bytes.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, fmt.Errorf("the server sent more than %d MiB of text", answerMost>>20)
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
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

// shown is an address as it may be logged: without what may be a password.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an unreadable address"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
