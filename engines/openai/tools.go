package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Tool is something that a model may have done.
type Tool struct {
	Type     string       `json:"type"` // function
	Function ToolFunction `json:"function"`
}

// ToolFunction describes a tool to a model.
type ToolFunction struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Parameters  any    `json:"parameters,omitempty"` // a JSON schema
}

// ToolCall is a call of a tool that a model wants.
type ToolCall struct {
	ID       string           `json:"id"`
	Type     string           `json:"type"` // function
	Function ToolCallFunction `json:"function"`
}

// ToolCallFunction is the tool of a call, with its arguments as a JSON text.
type ToolCallFunction struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// ToolCallDelta is a piece of a [ToolCall].
type ToolCallDelta struct {
	Index     int // of the call in the answer; servers that send whole calls may tell 0 for all
	ID        string
	Name      string
	Arguments string
}

// toolCallDeltas are the pieces of calls in a chunk. A form that is not known is none.
type toolCallDeltas []ToolCallDelta

// functionDelta is a piece of a call.
type functionDelta struct {
	Name      String
	Arguments arguments
}

// UnmarshalJSON takes a list of pieces, or null.
func (d *toolCallDeltas) UnmarshalJSON(b []byte) error {
	var list []struct {
		Index    Number
		ID       String
		Function *functionDelta
	}
	if json.Unmarshal(b, &list) != nil {
		return nil
	}
	for _, x := range list {
		piece := ToolCallDelta{Index: int(x.Index), ID: string(x.ID)}
		if x.Function != nil {
			piece.Name, piece.Arguments = string(x.Function.Name), string(x.Function.Arguments)
		}
		*d = append(*d, piece)
	}
	return nil
}

// arguments are those of a call, which come as a text, and from some servers as the
// object that this should hold.
type arguments string

// UnmarshalJSON takes a text, or any other JSON as the text that it is.
func (a *arguments) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil { // null too
		*a = arguments(text)
		return nil
	}
	*a = arguments(bytes.TrimSpace(b))
	return nil
}

// ToolCalls joins the pieces of calls.
type ToolCalls struct {
	calls []ToolCall
	index []int // of each call in the stream
}

// Add takes a piece. It begins a new call when its index is new, or when the call of that
// index has another id or is complete and this one has a name of its own.
func (t *ToolCalls) Add(d ToolCallDelta) {
	at := -1
	for i, index := range t.index {
		if index == d.Index {
			at = i
		}
	}
	if at >= 0 {
		c := &t.calls[at]
		another := d.ID != "" && c.ID != "" && d.ID != c.ID
		whole := d.Name != "" && c.Function.Name != "" && json.Valid([]byte(c.Function.Arguments))
		if !another && !whole {
			c.ID += ifEmpty(c.ID, d.ID)
			c.Function.Name += d.Name
			c.Function.Arguments += d.Arguments
			return
		}
	}
	t.index = append(t.index, d.Index)
	t.calls = append(t.calls, ToolCall{ID: d.ID, Type: "function", Function: ToolCallFunction{Name: d.Name, Arguments: d.Arguments}})
}

// ifEmpty is text when have is empty.
func ifEmpty(have, text string) string {
	if have == "" {
		return text
	}
	return ""
}

// All returns the calls, each with an id: servers need not give one. Those without a name
// are left out.
func (t *ToolCalls) All() (all []ToolCall) {
	for i, c := range t.calls {
		if c.Function.Name == "" {
			continue
		}
		if c.ID == "" {
			c.ID = fmt.Sprintf("call_%d", i+1)
		}
		all = append(all, c)
	}
	return all
}
