package contract

import "github.com/gotars/tars/kit/msg"

// ToolsRegistry lists the tools the model may call.
type ToolsRegistry struct {
	msg.Ident
	Tools []ToolSpec `json:"tools" msg:"required"`
	Off   []ToolSpec `json:"off,omitempty"` // those that a person switched off; none is left out, as receivers of the reference do not know the field
}

// ToolSpec is one tool, in the form model providers take it.
type ToolSpec struct {
	Type     string         `json:"type" default:"function"`
	Function map[string]any `json:"function" msg:"required"` // name, description, parameters (a JSON Schema)
}

// Route is llm/tools/registry.
func (ToolsRegistry) Route() msg.Route {
	return msg.Route{Topic: "llm/tools/registry", QoS: msg.AtLeastOnce, Retain: true}
}

// ToolSwitch switches tools on or off. A tool that is off is not offered to the model, not
// after a restart either, until it is switched on.
type ToolSwitch struct {
	msg.Ident
	Names []string `json:"names" msg:"required"` // mcp__<server>__<tool>
	On    bool     `json:"on" msg:"required"`
}

// Route is llm/tools/switch.
func (ToolSwitch) Route() msg.Route {
	return msg.Route{Topic: "llm/tools/switch", QoS: msg.AtLeastOnce}
}

// Reply ties the result to the request.
func (ToolSwitch) Reply() (r ToolSwitched) { return }

// ToolSwitched is the answer to ToolSwitch.
type ToolSwitched struct {
	msg.Ident
	Off []string `json:"off" msg:"required"` // all tools that are off
}

// Route is llm/tools/switched.
func (ToolSwitched) Route() msg.Route {
	return msg.Route{Topic: "llm/tools/switched", QoS: msg.AtLeastOnce}
}

// ToolCallRequest says which tool the model calls. Tools run in llm itself, so
// this is for those who watch.
type ToolCallRequest struct {
	msg.Ident
	CallID    string         `json:"call_id" msg:"required"`
	Name      string         `json:"name" msg:"required"` // mcp__<server>__<tool>
	Arguments map[string]any `json:"arguments" msg:"required"`
}

// Route is llm/tool.call.request.
func (ToolCallRequest) Route() msg.Route { return msg.Route{Topic: "llm/tool.call.request"} }

// ToolCallResult says what the tool gave back.
type ToolCallResult struct {
	msg.Ident
	CallID  string         `json:"call_id" msg:"required"` // of the ToolCallRequest
	Result  map[string]any `json:"result" msg:"nullable"`
	Error   *string        `json:"error"`
	Content *string        `json:"content" msg:"foreign"` // the result as text, in place of Result, from senders that use no envelope
}

// Route is llm/tool.call.result.
func (ToolCallResult) Route() msg.Route { return msg.Route{Topic: "llm/tool.call.result"} }
