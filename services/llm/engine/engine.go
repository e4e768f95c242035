// Package engine writes text, with models behind servers and without any.
package engine

import (
	"context"

	"github.com/gotars/tars/contract"
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
	Temperature float64 // 0 to 2
	TopP        float64 // above 0, at most 1

	// OnAttempt is told who writes, before each try: the model when it is not the one that
	// was asked for, else empty. Nil: nobody wants to know.
	OnAttempt func(provider, model string)
}

// Usage says what an answer took.
type Usage struct {
	Model  string         // that wrote it; empty when unknown
	Tokens map[string]any // the server's own counts; nil when it does not tell
	Cut    string         // why it ends before its end, as in [contract.LLMResponse]; empty: it does not
}
