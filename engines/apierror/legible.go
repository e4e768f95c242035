package apierror

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/openai/openai-go/v3/option"
)

// NormalizeErrors gives the errors of a server the form that the client of OpenAI reads,
// without key: the Message of an *openai.Error is Text, and its Param is kept.
func NormalizeErrors(key string) option.Middleware {
	return func(q *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		answer, err := next(q)
		if err != nil || answer.StatusCode < http.StatusBadRequest {
			return answer, err
		}
		said := map[string]string{}
		said["message"], said["param"] = read(answer.Body, key)
		_ = answer.Body.Close()
		body, _ := json.Marshal(map[string]any{"error": said})
		answer.Body = io.NopCloser(bytes.NewReader(body))
		return answer, nil
	}
}

// LimitResponse ends answers that have more than most bytes with an error that says so.
func LimitResponse(most int) option.Middleware {
	return func(q *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		answer, err := next(q)
		if err == nil {
			answer.Body = &bounded{answer.Body, most, most}
		}
		return answer, err
	}
}

// bounded is the body of an answer that may have most bytes.
type bounded struct {
	io.ReadCloser
	most, left int // left is -1 after one more
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if b.left -= n; b.left < 0 {
		return 0, fmt.Errorf("it sent more than %d MiB", b.most>>20)
	}
	return n, err
}
