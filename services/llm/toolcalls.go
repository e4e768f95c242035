package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/mcp"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/services/llm/engine"
)

const (
	// maxCalls is how many calls of one round are made, at once.
	maxCalls = 8
	// maxSpokenResult is the longest result in bytes that is spoken as it is, when the model
	// has no words for it.
	maxSpokenResult = 300
)

// outcome is what came of a call.
type outcome struct {
	call  engine.ToolCall
	title string // of the tool, for people
	text  string
	err   error // why there is no text
	wrong bool  // the model called it wrongly, and may correct that
}

// message is the outcome as the model reads it.
func (o outcome) message(fit func(string) string) engine.Message {
	text := fit(o.text)
	switch {
	case o.wrong:
		text = "Error: " + o.err.Error() + ". Correct the arguments and call again."
	case o.err != nil:
		text = "Error: " + o.err.Error() + ". Tell the user that it did not work."
	case text != o.text:
		text += "\n(The rest is left out.)"
	case strings.TrimSpace(text) == "":
		text = "(done)"
	}
	return engine.Message{Role: "tool", ToolCallID: o.call.ID, Content: text}
}

// spoken is the outcome for a person, when no model words it.
func (o outcome) spoken() string {
	text := strings.TrimSpace(o.text)
	switch {
	case errors.Is(o.err, context.DeadlineExceeded):
		return fmt.Sprintf("%s did not answer in time.", o.title)
	case o.err != nil:
		return fmt.Sprintf("%s did not work.", o.title)
	case text == "":
		return "Done."
	case len(text) <= maxSpokenResult && !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "["):
		return text
	}
	return fmt.Sprintf("%s is done.", o.title)
}

// findTool finds the tool that a model means. Some leave out the name of the server.
func (t *turn) findTool(name string) (mcp.Tool, bool) {
	var short []mcp.Tool
	for _, x := range t.tools {
		if x.Name == name {
			return x, true
		}
		if strings.HasSuffix(x.Name, "__"+name) {
			short = append(short, x)
		}
	}
	if len(short) == 1 {
		return short[0], true
	}
	return mcp.Tool{}, false
}

// prepare reads a call. The error is for the model.
func (t *turn) prepare(call engine.ToolCall) (mcp.Tool, map[string]any, error) {
	tool, ok := t.findTool(call.Function.Name)
	if !ok {
		return tool, nil, fmt.Errorf("there is no tool %q", call.Function.Name)
	}
	args := map[string]any{}
	if text := strings.TrimSpace(call.Function.Arguments); text != "" && text != "null" {
		if err := json.Unmarshal([]byte(text), &args); err != nil {
			return tool, nil, errors.New("the arguments are no JSON object")
		}
	}
	if err := tool.Validate(args); err != nil {
		return tool, nil, fmt.Errorf("the arguments do not fit: %w", err)
	}
	return tool, args, nil
}

// run makes the calls of a round at once, and returns what came of each, in order.
func (t *turn) run(ctx context.Context, calls []engine.ToolCall) []outcome {
	ctx, stop := context.WithTimeout(ctx, t.s.cfg.ToolTimeout)
	defer stop()
	all := make([]outcome, len(calls))
	var running sync.WaitGroup
	for i, call := range calls {
		tool, args, err := t.prepare(call)
		all[i] = outcome{call: call, title: tool.Title, err: err, wrong: err != nil}
		if err == nil && i >= maxCalls {
			all[i].err = fmt.Errorf("only %d calls are made at once", maxCalls)
		}
		if all[i].err == nil {
			running.Go(func() { all[i].text, all[i].err = t.call(ctx, tool, call.ID, args) })
		}
	}
	running.Wait()
	t.out.work.runs("")
	return all
}

// call makes a call, and tells those who watch.
func (t *turn) call(ctx context.Context, tool mcp.Tool, id string, args map[string]any) (string, error) {
	t.out.work.runs(tool.Name)
	callID := t.q.ID + "-" + strings.ReplaceAll(id, "-", "_") // those who watch find the request in it
	t.tell(ctx, contract.ToolCallRequest{CallID: callID, Name: tool.Name, Arguments: args})
	text, err := t.s.tools.Call(ctx, tool, args)
	result := contract.ToolCallResult{CallID: callID}
	if err != nil {
		result.Error = new(err.Error())
		t.s.log.WarnContext(ctx, "a tool failed", "tool", tool.Name, "err", err)
	} else {
		result.Result = map[string]any{"text": strings.ToValidUTF8(text[:min(len(text), maxToldResult)], "")}
	}
	t.tell(context.WithoutCancel(ctx), result)
	return text, err
}

// maxToldResult is how much of a result those who watch are told, in bytes.
const maxToldResult = 4096

// tell publishes a message that nobody waits for.
func (t *turn) tell(ctx context.Context, m msg.Message) {
	_ = t.s.bus.Publish(ctx, m, kit.ID(kit.From(ctx).ID)) // a lost link shows elsewhere
}
