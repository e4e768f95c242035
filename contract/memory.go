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

// MemoryResult is one hit. The document of our memory has id, text, role, utt_id, ts, and
// where known room, speaker, superseded_by (the id of a later line that says otherwise)
// and sure (false: it may be about something like it).
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

// MemoryLine is what one side said at a time, as the memory keeps it.
type MemoryLine struct {
	ID      int64   `json:"id"`                                       // in order of arrival; the memory gives it
	Role    string  `json:"role" msg:"required,oneof=user assistant"` //
	Text    string  `json:"text" msg:"required"`                      //
	TS      float64 `json:"ts" msg:"required"`                        // when it was said
	Room    string  `json:"room"`                                     // where it was said; empty: unknown
	Speaker string  `json:"speaker"`                                  // name of who said it; empty: unknown
	UttID   string  `json:"utt_id"`                                   // empty: none
}

// MemoryList asks for the lines that are kept, in their order.
type MemoryList struct {
	After int64 `json:"after" msg:"min=0"`                       // the id after which to begin; 0: with the oldest
	Limit int   `json:"limit" default:"100" msg:"min=1,max=500"` // most lines of the answer
	Last  bool  `json:"last"`                                    // the last Limit lines, whatever After is
}

// Route is memory/list.
func (MemoryList) Route() msg.Route { return msg.Route{Topic: "memory/list", QoS: msg.AtLeastOnce} }

// Reply ties the lines to the request.
func (MemoryList) Reply() (r MemoryLines) { return }

// MemoryLines is the answer to MemoryList, the oldest first.
type MemoryLines struct {
	Lines []MemoryLine `json:"lines"`
	Total int          `json:"total"` // lines that are kept
}

// Route is memory/lines.
func (MemoryLines) Route() msg.Route { return msg.Route{Topic: "memory/lines", QoS: msg.AtLeastOnce} }

// MemoryForget has lines forgotten for good, with what the assistant said that repeats
// them: those with one of IDs, else what About tells of, else the last statement when Last
// is set, else all when All is.
type MemoryForget struct {
	IDs   []int64 `json:"ids"`
	About string  `json:"about"` // lines that have all of its words but the common ones
	Last  bool    `json:"last"`  // what the user told last, in the room of the message where that is known
	All   bool    `json:"all"`
}

// Route is memory/forget.
func (MemoryForget) Route() msg.Route { return msg.Route{Topic: "memory/forget", QoS: msg.AtLeastOnce} }

// Reply ties the answer to the request.
func (MemoryForget) Reply() (r MemoryForgotten) { return }

// MemoryForgotten is the answer to MemoryForget, after the lines are gone from the disk.
type MemoryForgotten struct {
	Count int `json:"count"` // lines that are gone
}

// Route is memory/forgotten.
func (MemoryForgotten) Route() msg.Route {
	return msg.Route{Topic: "memory/forgotten", QoS: msg.AtLeastOnce}
}

// MemoryImport gives the memory lines to keep. Their ids do not count; a line that is there,
// with the same time, role and text, is not kept again.
type MemoryImport struct {
	Lines []MemoryLine `json:"lines" msg:"required"` // 500 at most
}

// Route is memory/import.
func (MemoryImport) Route() msg.Route { return msg.Route{Topic: "memory/import", QoS: msg.AtLeastOnce} }

// Reply ties the answer to the request.
func (MemoryImport) Reply() (r MemoryImported) { return }

// MemoryImported is the answer to MemoryImport, after the lines are on the disk.
type MemoryImported struct {
	Added int `json:"added"` // lines that were not there
}

// Route is memory/imported.
func (MemoryImported) Route() msg.Route {
	return msg.Route{Topic: "memory/imported", QoS: msg.AtLeastOnce}
}
