// Package engine writes text, with models behind servers and without any.
package engine

import (
	"context"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/openai"
)

// Generator writes text. It is safe for concurrent use.
type Generator interface {
	// Generate hands the answer to emit piece by piece, and stops with emit's
	// error. It ends soon after ctx does, with an error.
	Generate(ctx context.Context, p Prompt, emit func(delta string) error) (Usage, error)
}

// Prompt is what a Generator answers.
type Prompt struct {
	System   string                         // who the assistant is; empty: nobody in particular
	History  []contract.ConversationMessage // oldest first, without the question
	User     string                         // the question, with what was recalled around it
	Question string                         // the question as it was asked

	Model       string  // empty: the engine's own choice
	MaxTokens   int     // of the answer
	Spare       int     // tokens of the window that the thoughts of a model may take beside them
	Temperature float64 // 0 to 2
	TopP        float64 // above 0, at most 1

	Tools []openai.Tool    // that the model may call; a server that knows no tools gets none
	After []openai.Message // what came of earlier rounds: the calls of the model, and what the tools gave back

	// OnProgress is told what the server does while there is nothing to say. Nil: nobody
	// wants to know. It is called while Generate runs, never twice at once.
	OnProgress func(Progress)

	// OnAttempt is told who writes, before each try: the model when it is not the one that
	// was asked for, else empty. Nil: nobody wants to know.
	OnAttempt func(provider, model string)
}

// Usage says what an answer took.
type Usage struct {
	Model  string         // that wrote it; empty when unknown
	Tokens map[string]any // the server's own counts; nil when it does not tell
	Cut    string         // why it ends before its end, as in [contract.LLMResponse]; empty: it does not

	Calls   []openai.ToolCall // that the model wants before it goes on
	Spoiled int               // bytes at the begin of the answer that turned out to be thoughts
}

// Progress is what a server does while there is nothing to say.
type Progress string

// What a server does.
const (
	Loading  Progress = "loading"  // its model loads
	Thinking Progress = "thinking" // the model thinks
	Waiting  Progress = "waiting"  // it sends heartbeats
)

// OverflowError says that a prompt is more than its server reads.
type OverflowError struct {
	Window int // tokens that it reads; 0: it does not tell
	Prompt int // tokens that the prompt has; 0: it does not tell
	Err    error
}

func (e *OverflowError) Error() string { return e.Err.Error() }

// Unwrap is what the server said.
func (e *OverflowError) Unwrap() error { return e.Err }

// Messages and calls of tools, as OpenAI's interface has them.
type (
	Message      = openai.Message
	Tool         = openai.Tool
	ToolFunction = openai.ToolFunction
	ToolCall     = openai.ToolCall
)
