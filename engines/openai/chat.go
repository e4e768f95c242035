package openai

import (
	"bufio"
	"bytes"
	"cmp"
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
	Tools               []Tool         `json:"tools,omitempty"`
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
	Role       string     `json:"role"` // system, user, assistant or tool
	Content    string     `json:"content"`
	ToolCalls  []ToolCall `json:"tool_calls,omitempty"`   // of the assistant
	ToolCallID string     `json:"tool_call_id,omitempty"` // of the call that a tool answers
}

// ChatChunk is a piece of an answer. Servers send pieces without text as well: each of
// them says that the server still works on the answer.
type ChatChunk struct {
	Model     string
	Text      string
	Thought   string          // what the model thinks, which is not for the listener
	ToolCalls []ToolCallDelta // pieces of the calls that the model wants
	Usage     map[string]any  // counts of tokens by name, nil when not told
	Server    string          // [Ollama] or [LlamaCpp], which tell the template of a model; empty: another one

	Finish  string // why the answer ends, as stop, length or content_filter; empty: it goes on, or that is not told
	Loading bool   // the server has not begun: its model loads
	Cut     bool   // the stream has ended without a reason and without the mark of its end
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
		a := chatAnswer{client: c, yield: yield}
		answer, err := c.do(ctx, r, func() bool { return a.send(ChatChunk{Loading: true}) })
		if err != nil {
			a.fail(err)
			return
		}
		defer answer.Body.Close()
		body := bufio.NewReader(answer.Body)
		if isStream(answer, body) {
			err = a.readStream(body)
		} else {
			err = a.readWhole(body)
		}
		switch {
		case err == nil && ctx.Err() != nil: // a stream that is cut by ctx can end without an error
			a.fail(ctx.Err())
		case err != nil:
			a.fail(err)
		case !a.answered:
			a.fail(&NoAnswerError{Said: a.said})
		case !a.ended:
			a.send(ChatChunk{Cut: true})
		}
	}
}

// chatAnswer reads the answer to one request.
type chatAnswer struct {
	client *Client
	yield  func(ChatChunk, error) bool

	stopped  bool   // the reader wants no more
	answered bool   // there was a piece of an answer
	ended    bool   // the server said that this is all
	said     string // what came in place of an answer
}

// send hands a chunk to the reader, and reports whether that wants more.
func (a *chatAnswer) send(chunk ChatChunk) bool {
	a.stopped = a.stopped || !a.yield(chunk, nil)
	return !a.stopped
}

// fail hands the error that ends the answer to the reader.
func (a *chatAnswer) fail(err error) {
	if !a.stopped {
		a.stopped = true
		a.yield(ChatChunk{}, err)
	}
}

// piece hands a chunk of the answer to the reader.
func (a *chatAnswer) piece(chunk ChatChunk) bool {
	a.answered = true
	a.ended = a.ended || chunk.Finish != ""
	return a.send(chunk)
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
		return first != '{' && first != '[' && first != '<'
	}
}

// readWhole reads an answer that is JSON without events, from servers that do not stream:
// one document, several of them in a row, or a list.
func (a *chatAnswer) readWhole(body *bufio.Reader) error {
	var all bytes.Buffer
	values := json.NewDecoder(io.TeeReader(body, &all))
	for {
		var raw json.RawMessage
		err := values.Decode(&raw)
		if err != nil && !a.answered {
			_, err := io.Copy(&all, body) // it is no JSON, or none that answers: it may say what is wrong in words
			a.said = apierror.Text(&all, a.client.options.Key)
			return err
		}
		if err == io.EOF {
			a.ended = true
			return nil
		}
		if err != nil {
			return err
		}
		if done, err := a.readDocument(raw); done || err != nil {
			return err
		}
	}
}

// readDocument reads a document of an answer that comes without events.
func (a *chatAnswer) readDocument(raw json.RawMessage) (done bool, err error) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	for _, raw := range list {
		if a.answered && reportsError(raw) {
			return true, a.client.saying("the server reports an error", raw)
		}
		if chunk, answered, err := parseChunk(raw); err == nil && answered && !a.piece(chunk) {
			return true, nil
		}
	}
	return false, nil
}

// readStream reads an answer that comes in events, up to [DONE] or its end.
func (a *chatAnswer) readStream(body *bufio.Reader) error {
	for {
		event, err := readEvent(body)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if event.beat {
			if !a.send(ChatChunk{}) {
				return nil
			}
			continue
		}
		done, err := a.readData(event)
		if done || err != nil {
			return err
		}
	}
}

// readData reads the chunks of one event. It is one in most streams, and several
// where a server ends its events with one line break instead of two.
func (a *chatAnswer) readData(event event) (done bool, err error) {
	for rest := bytes.TrimSpace(event.data); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		if bytes.HasPrefix(rest, []byte("[DONE]")) {
			a.ended = true
			return true, nil
		}
		if rest[0] == ':' { // a comment behind a field name
			_, rest, _ = bytes.Cut(rest, []byte("\n"))
			continue
		}
		var raw json.RawMessage
		values := json.NewDecoder(bytes.NewReader(rest))
		switch err := values.Decode(&raw); {
		case event.isError:
			return true, a.client.saying("the server reports an error", rest)
		case errors.Is(err, io.ErrUnexpectedEOF):
			return true, err
		case err != nil:
			return true, fmt.Errorf("an event is no JSON: %w", err)
		}
		rest = rest[values.InputOffset():]
		if reportsError(raw) {
			return true, a.client.saying("the server reports an error", raw)
		}
		chunk, _, err := parseChunk(raw)
		if err != nil {
			return true, err
		}
		if !a.piece(chunk) {
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

// choice is a part of a chunk.
type choice struct {
	Delta, Message *content // a whole answer has a message
	Text           String   // the older completions
	FinishReason   String   `json:"finish_reason"`
}

// content is what the model wrote. A refusal stands in place of the content. Thoughts
// have three names: the first is that of DeepSeek, llama.cpp and vLLM, the second that of
// OpenRouter, Groq and Ollama, the third that of servers that follow Anthropic.
type content struct {
	Content          parts
	Refusal          String
	ReasoningContent String `json:"reasoning_content"`
	Reasoning        String
	Thinking         String
	ToolCalls        toolCallDeltas `json:"tool_calls"`
	FunctionCall     *functionDelta `json:"function_call"` // of servers from before there were tools
}

// parts are the texts of a content, which is a text or a list of parts: Mistral has the
// thoughts of a model among them.
type parts struct{ text, thought String }

// UnmarshalJSON takes what a [String] takes.
func (p *parts) UnmarshalJSON(b []byte) error {
	if err := p.text.UnmarshalJSON(b); err != nil || len(b) == 0 || b[0] != '[' {
		return err
	}
	var list []struct {
		Type     String
		Thinking String
	}
	_ = decodeJSON(b, &list) // another form has no thoughts
	for _, part := range list {
		if part.Type == "thinking" || part.Type == "reasoning" {
			p.thought += cmp.Or(part.Thinking, " ") // a sign of them, also where their text is not found
		}
	}
	return nil
}

// parseChunk reads a piece of an answer, or a whole one; answered tells whether
// it has a place for text. A field of an unknown type is as if it were not there.
func parseChunk(b []byte) (chunk ChatChunk, answered bool, err error) {
	var v struct {
		Model   String
		Choices []choice
		Usage   any

		SystemFingerprint String `json:"system_fingerprint"`
	}
	if err := decodeJSON(b, &v); err != nil {
		return ChatChunk{}, false, err
	}
	chunk.Model, chunk.Server = string(v.Model), serverOf(string(v.SystemFingerprint))
	chunk.Usage, _ = v.Usage.(map[string]any) // counts in another form are unknown
	if len(v.Choices) == 0 {
		return chunk, false, nil
	}
	first := v.Choices[0]
	chunk.Finish = string(first.FinishReason)
	for _, c := range []*content{first.Delta, first.Message} {
		if c == nil {
			continue
		}
		chunk.Text = string(cmp.Or(String(chunk.Text), c.Content.text, c.Refusal))
		chunk.Thought = string(cmp.Or(String(chunk.Thought), c.ReasoningContent, c.Reasoning, c.Thinking, c.Content.thought))
		chunk.ToolCalls = append(chunk.ToolCalls, c.ToolCalls...)
		if c.FunctionCall != nil {
			chunk.ToolCalls = append(chunk.ToolCalls, ToolCallDelta{Name: string(c.FunctionCall.Name), Arguments: string(c.FunctionCall.Arguments)})
		}
	}
	chunk.Text = cmp.Or(chunk.Text, string(first.Text))
	return chunk, true, nil
}
