package contract

import "github.com/gotars/tars/kit/msg"

// The strategies of MemoryQuery; any other works like hybrid and is echoed.
const (
	RecallHybrid     = "hybrid"
	RecallRecent     = "recent"
	RecallSimilarity = "similarity"
)

// MemoryQuery asks the memory for what it knows.
type MemoryQuery struct {
	msg.Ident
	Text              string  `json:"text" msg:"required,alias=query"` // blank is ignored, without a reply
	TopK              int     `json:"top_k" default:"5" msg:"min=1,max=50"`
	MaxTokens         *int    `json:"max_tokens" msg:"min=1,max=10000"` // of all hits; a word is about 1.3 tokens
	IncludeContext    bool    `json:"include_context"`
	ContextWindow     *int    `json:"context_window" default:"1" msg:"min=0,max=5"` // neighbours on each side; nil is 1
	RetrievalStrategy string  `json:"retrieval_strategy" default:"hybrid"`
	OldID             *string `json:"id" msg:"foreign"` // hand-typed queries have one; nobody reads it
}

// Route is memory/query.
func (MemoryQuery) Route() msg.Route {
	return msg.Route{Topic: "memory/query", QoS: msg.AtLeastOnce}
}

// Reply ties the results to the query.
func (MemoryQuery) Reply() (r MemoryResults) { return }

// MemoryResults is the answer to MemoryQuery: context first, then the targets,
// best first.
type MemoryResults struct {
	msg.Ident
	Query        string         `json:"query" msg:"required"`
	K            int            `json:"k" msg:"required"` // number of targets among Results
	Results      []MemoryResult `json:"results"`
	TotalTokens  *int           `json:"total_tokens"`
	StrategyUsed string         `json:"strategy_used" default:"hybrid"`
	Truncated    bool           `json:"truncated"` // MaxTokens left some out
}

// The context types of MemoryResult.
const (
	ContextTarget   = "target"
	ContextPrevious = "previous"
	ContextNext     = "next"
)

// MemoryResult is one hit.
type MemoryResult struct {
	Document    any      `json:"document" msg:"required,kind=object|string"` // map[string]any or string
	Score       *float64 `json:"score"`
	Timestamp   *string  `json:"timestamp"` // Unix seconds as text
	ContextType string   `json:"context_type" default:"target"`
	TokenCount  *int     `json:"token_count"`
}

// Route is memory/results.
func (MemoryResults) Route() msg.Route {
	return msg.Route{Topic: "memory/results", QoS: msg.AtLeastOnce}
}
