package openai

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"

	"github.com/gotars/tars/engines/apierror"
)

// ChatRequest is a conversation that a model goes on with. Pointers that are nil
// are not sent: not every server knows every parameter.
type ChatRequest struct {
	Model               string         `json:"model"`
	Messages            []Message      `json:"messages"`
	MaxTokens           *int           `json:"max_tokens,omitempty"`
	MaxCompletionTokens *int           `json:"max_completion_tokens,omitempty"`
	Temperature         *float64       `json:"temperature,omitempty"`
	TopP                *float64       `json:"top_p,omitempty"`
	StreamOptions       *StreamOptions `json:"stream_options,omitempty"`
	Stream              bool           `json:"stream"` // set by [Client.Chat]
}

// StreamOptions asks for extras of a stream.
type StreamOptions struct {
	IncludeUsage bool `json:"include_usage"` // the last chunk counts the tokens
}

// Message is what one side said.
type Message struct {
	Role    string `json:"role"` // system, user or assistant
	Content string `json:"content"`
}

// ChatChunk is a piece of an answer. Servers send pieces without text as well.
type ChatChunk struct {
	Model string
	Text  string
	Usage map[string]any // counts of tokens by name, nil when not told

	Finish string // why the answer ends, as stop, length or content_filter; empty: it goes on, or that is not told
}

// NoAnswerError is returned when the server took a conversation and sent nothing
// that is an answer.
type NoAnswerError struct {
	Said string // what it sent instead, in one line; may be empty
}

func (e *NoAnswerError) Error() string {
	if e.Said == "" {
		return "the server sent no answer"
	}
	return "the server sent no answer: " + e.Said
}

// Chat asks for an answer, and yields its pieces as they come. An error ends it,
// and may come after the first pieces.
func (c *Client) Chat(ctx context.Context, q ChatRequest) iter.Seq2[ChatChunk, error] {
	return func(yield func(ChatChunk, error) bool) {
		q.Stream = true
		r, err := jsonRequest("chat/completions", q)
		if err != nil {
			yield(ChatChunk{}, err)
			return
		}
		r.accept = "text/event-stream"
		answer, err := c.do(ctx, r)
		if err != nil {
			yield(ChatChunk{}, err)
			return
		}
		defer answer.Body.Close()
		stopped, answered := false, false
		each := func(chunk ChatChunk) bool {
			answered = true
			stopped = !yield(chunk, nil)
			return !stopped
		}
		body := bufio.NewReader(answer.Body)
		var said string
		if isStream(answer, body) {
			err = c.readStream(body, each)
		} else {
			said, err = c.readWhole(body, each)
		}
		switch {
		case stopped:
		case err == nil && ctx.Err() != nil: // a stream that is cut by ctx can end without an error
			yield(ChatChunk{}, ctx.Err())
		case err != nil:
			yield(ChatChunk{}, err)
		case !answered:
			yield(ChatChunk{}, &NoAnswerError{Said: said})
		}
	}
}

// isStream tells whether an answer comes as events. Content types are not to be
// relied on: only one that is clear decides, else the first character does.
func isStream(answer *http.Response, body *bufio.Reader) bool {
	switch kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind {
	case "text/event-stream":
		return true
	case "text/html":
		return false
	}
	for {
		first, err := body.ReadByte()
		switch {
		case err != nil:
			return true // which says what went wrong
		case first == ' ' || first == '\r' || first == '\n':
			continue
		}
		_ = body.UnreadByte()
		return first != '{' && first != '<'
	}
}

// readWhole reads an answer that is one JSON document, from servers that do not
// stream. Said is what it says when it is no answer.
func (c *Client) readWhole(body io.Reader, each func(ChatChunk) bool) (said string, err error) {
	b, err := io.ReadAll(body)
	if err != nil {
		return "", err
	}
	chunk, answered, err := parseChunk(b)
	if err != nil || !answered {
		return apierror.Text(bytes.NewReader(b), c.options.Key), nil
	}
	each(chunk)
	return "", nil
}

// readStream reads an answer that comes in events, up to [DONE] or its end.
func (c *Client) readStream(body *bufio.Reader, each func(ChatChunk) bool) error {
	for {
		event, err := readEvent(body)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		done, err := c.readData(event, each)
		if done || err != nil {
			return err
		}
	}
}

// readData reads the chunks of one event. It is one in most streams, and several
// where a server ends its events with one line break instead of two.
func (c *Client) readData(event event, each func(ChatChunk) bool) (done bool, err error) {
	for rest := bytes.TrimSpace(event.data); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		if bytes.HasPrefix(rest, []byte("[DONE]")) {
			return true, nil
		}
		var raw json.RawMessage
		values := json.NewDecoder(bytes.NewReader(rest))
		switch err := values.Decode(&raw); {
		case event.isError:
			return true, c.saying("the server reports an error", rest)
		case errors.Is(err, io.ErrUnexpectedEOF):
			return true, err
		case err != nil:
			return true, fmt.Errorf("an event is no JSON: %w", err)
		}
		rest = rest[values.InputOffset():]
		if reportsError(raw) {
			return true, c.saying("the server reports an error", raw)
		}
		chunk, _, err := parseChunk(raw)
		if err != nil {
			return true, err
		}
		if !each(chunk) {
			return true, nil
		}
	}
	return false, nil
}

// reportsError tells whether a chunk is an error: null and false are none.
func reportsError(b []byte) bool {
	var v struct{ Error any }
	return json.Unmarshal(b, &v) == nil && v.Error != nil && v.Error != false && v.Error != ""
}

// parseChunk reads a piece of an answer, or a whole one; answered tells whether
// it has a place for text. A field of an unknown type is as if it were not there.
func parseChunk(b []byte) (chunk ChatChunk, answered bool, err error) {
	var v struct {
		Model   String
		Choices []struct {
			Delta, Message *struct{ Content, Refusal String } // a whole answer has a message; a refusal stands in place of the content
			Text           String                             // the older completions
			FinishReason   String                             `json:"finish_reason"`
		}
		Usage any
	}
	if err := decodeJSON(b, &v); err != nil {
		return ChatChunk{}, false, err
	}
	chunk.Model = string(v.Model)
	chunk.Usage, _ = v.Usage.(map[string]any) // counts in another form are unknown
	if len(v.Choices) == 0 {
		return chunk, false, nil
	}
	first := v.Choices[0]
	chunk.Finish = string(first.FinishReason)
	switch {
	case first.Delta != nil && first.Delta.Content != "":
		chunk.Text = string(first.Delta.Content)
	case first.Message != nil && first.Message.Content != "":
		chunk.Text = string(first.Message.Content)
	case first.Delta != nil && first.Delta.Refusal != "":
		chunk.Text = string(first.Delta.Refusal)
	case first.Message != nil && first.Message.Refusal != "":
		chunk.Text = string(first.Message.Refusal)
	default:
		chunk.Text = string(first.Text)
	}
	return chunk, true, nil
}
