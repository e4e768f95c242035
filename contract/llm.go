package contract

import "github.com/gotars/tars/kit/msg"

// LLMRequest asks the model to write. It is answered by any number of
// LLMStreamDelta, then by one LLMResponse.
type LLMRequest struct {
	msg.Ident
	ID      string                `json:"id" msg:"required"`
	Text    string                `json:"text" msg:"required"`                 // blank is ignored
	Stream  *bool                 `json:"stream" default:"true"`               // false: no deltas; nil is true
	UseRAG  *bool                 `json:"use_rag"`                             // nil: as the model's service is set
	RAGK    *int                  `json:"rag_k"`                               // hits to recall; nil or below 1: as it is set
	System  *string               `json:"system"`                              // goes after the persona
	Params  map[string]any        `json:"params" msg:"nullable"`               // model max_tokens temperature top_p
	History []ConversationMessage `json:"conversation_history" msg:"nullable"` // oldest first
}

// The roles of ConversationMessage.
const (
	RoleUser      = "user"
	RoleAssistant = "assistant"
)

// ConversationMessage is one line of a conversation.
type ConversationMessage struct {
	Role      string   `json:"role" msg:"required,oneof=user assistant"`
	Content   string   `json:"content" msg:"required"`
	Timestamp *float64 `json:"timestamp"`
}

// Route is llm/request.
func (LLMRequest) Route() msg.Route {
	return msg.Route{Topic: "llm/request", QoS: msg.AtLeastOnce}
}

// Part ties the deltas to the request.
func (LLMRequest) Part() (d LLMStreamDelta) { return }

// Reply ties the response to the request.
func (LLMRequest) Reply() (r LLMResponse) { return }

// Cancel is what stops this request.
func (q LLMRequest) Cancel() msg.Message { return LLMCancel{ID: q.ID} }

// Failed is the response that carries an error.
func (q LLMRequest) Failed(_, text string) LLMResponse {
	return LLMResponse{ID: q.ID, Error: &text}
}

// LLMStreamDelta is one piece of generated text. The last one of an answer is
// Done, has no Delta, and comes before the response.
type LLMStreamDelta struct {
	msg.Ident
	ID       string  `json:"id" msg:"required"` // of the request
	Seq      *int    `json:"seq"`               // counts from 1 in each request
	Delta    *string `json:"delta"`
	Done     bool    `json:"done"`
	Provider *string `json:"provider"`
	Model    *string `json:"model"`
	Cut      *string `json:"cut,omitempty"` // with Done: why the answer ends before its end, as in LLMResponse; nil: it does not
}

// Route is llm/stream.
func (LLMStreamDelta) Route() msg.Route { return msg.Route{Topic: "llm/stream"} }

// LLMResponse ends every answer, with the whole text also after a stream.
type LLMResponse struct {
	msg.Ident
	ID       string         `json:"id" msg:"required"` // of the request
	Reply    *string        `json:"reply"`             // nil on an error, and when nothing was written
	Error    *string        `json:"error"`             // "cancelled" after an LLMCancel
	Provider *string        `json:"provider"`
	Model    *string        `json:"model"`
	Tokens   map[string]any `json:"tokens" msg:"nullable"` // the provider's own counts; nil on an error
	Cut      *string        `json:"cut,omitempty"`         // why Reply ends before its end: one of the LLMCut; nil: it does not
}

// Why the text of an LLMResponse ends before its end.
const (
	LLMCutLength = "length" // it reached the longest answer of the settings
	LLMCutFilter = "filter" // the provider did not let the model go on
	LLMCutBroken = "broken" // it broke off: the line went dead, or the server gave up
)

// Route is llm/response.
func (LLMResponse) Route() msg.Route {
	return msg.Route{Topic: "llm/response", QoS: msg.AtLeastOnce}
}

// What LLMProgress says that is done.
const (
	LLMLoading  = "loading"  // the model loads
	LLMThinking = "thinking" // the model thinks
	LLMWaiting  = "waiting"  // nothing was heard of the model yet
	LLMTool     = "tool"     // a tool runs
)

// LLMProgress says that an answer is worked on while there is nothing to say. It comes
// when there was no word for 1.2 seconds, every few seconds after that, and when a tool is
// called in such a silence.
type LLMProgress struct {
	msg.Ident
	ID       string  `json:"id" msg:"required"` // of the request
	State    string  `json:"state" msg:"required,oneof=loading thinking waiting tool"`
	Tool     *string `json:"tool"`      // the name of the tool that runs
	SilentMS int     `json:"silent_ms"` // milliseconds without a word
	Tools    int     `json:"tools"`     // how many tools were called for the answer so far
}

// Route is llm/progress.
func (LLMProgress) Route() msg.Route { return msg.Route{Topic: "llm/progress"} }

// LLMAhead asks the model for the answer to what somebody has probably said to its end,
// before that is known. Nothing of the answer is sent until an LLMRequest with the same ID,
// Text and History comes, which then has a head start; tools are not called before, and
// nothing is kept. A later LLMAhead with the same ID takes its place, one with a blank Text
// withdraws it, and one that no request has followed after 5 s is forgotten. It is not a
// field of the LLMRequest because the reference has no such request.
type LLMAhead struct {
	msg.Ident
	ID      string                `json:"id" msg:"required"` // of the LLMRequest that will follow
	Text    string                `json:"text"`
	History []ConversationMessage `json:"conversation_history" msg:"nullable"` // oldest first
}

// Route is llm/ahead.
func (LLMAhead) Route() msg.Route { return msg.Route{Topic: "llm/ahead"} }

// LLMCancel stops one answer.
type LLMCancel struct {
	msg.Ident
	ID string `json:"id" msg:"required"` // of the request
}

// Route is llm/cancel.
func (LLMCancel) Route() msg.Route {
	return msg.Route{Topic: "llm/cancel", QoS: msg.AtLeastOnce}
}
