package memory

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/openai/openai-go/v3/option"
)

// The most that is read of an answer and of an error, in bytes. A batch of large
// vectors has some 3 MiB.
const (
	answerMost = 32 << 20
	errorMost  = 64 << 10
)

// legible bounds the answers of a server, and gives its errors the form that the
// client of OpenAI reads: some servers say what is wrong in a text.
func legible(q *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	answer, err := next(q)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode < http.StatusBadRequest {
		answer.Body = &bounded{answer.Body, answerMost}
		return answer, nil
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, errorMost)) // what can be read of it
	_ = answer.Body.Close()
	var said struct{ Error, Detail any }
	if json.Unmarshal(text, &said) == nil {
		if why, ok := cmp.Or(said.Error, said.Detail).(string); ok {
			text, _ = json.Marshal(map[string]any{"error": map[string]string{"message": why}})
		}
	}
	answer.Body = io.NopCloser(bytes.NewReader(text))
	return answer, nil
}

// bounded is the body of an answer that may have so many bytes.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, fmt.Errorf("it sent more than %d MiB", answerMost>>20)
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
