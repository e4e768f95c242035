//go:build unix

package llm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/engines/mcp/mcptest"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/test/need"
)

func init() { mcptest.ServeIfChild() }

// callingModel is a model server that has the tool called that the question names, as
// "call echo {…}", and then says what that gave back.
func callingModel(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Messages []struct{ Role, Content string }
		Tools    []struct{ Function struct{ Name string } }
	}
	_ = json.NewDecoder(r.Body).Decode(&q)
	enginetest.StartChat(w)
	last := q.Messages[len(q.Messages)-1]
	_, call, asked := strings.Cut(last.Content, "call ")
	name, args, _ := strings.Cut(call, " ")
	for _, tool := range q.Tools {
		if asked && strings.HasSuffix(tool.Function.Name, "__"+name) {
			for i, piece := range []string{args[:len(args)/2], args[len(args)/2:]} {
				b, _ := json.Marshal(map[string]any{"choices": []any{map[string]any{"delta": map[string]any{"tool_calls": []any{map[string]any{"index": 0, "id": []string{"c1", ""}[i],
					"function": map[string]any{"name": []string{tool.Function.Name, ""}[i], "arguments": piece}}}}}}})
				fmt.Fprintf(w, "data: %s\n\n", b)
			}
			enginetest.EndChat(w)
			return
		}
	}
	text := last.Content
	if asked {
		text = "no such tool"
	}
	enginetest.WriteChat(w, "It is: "+text[:min(len(text), 200)])
	enginetest.EndChat(w)
}

// startWithServer starts the service with a tool server and the callingModel, in real time.
func startWithServer(t *testing.T, server map[string]any) *kittest.Harness {
	t.Helper()
	b, err := json.Marshal(map[string]any{"mcpServers": map[string]any{"bench": server}})
	if err != nil {
		t.Fatal(err)
	}
	c := bareOf(settings())
	c.MCPConfig = filepath.Join(t.TempDir(), "mcp.json")
	if err := os.WriteFile(c.MCPConfig, b, 0o600); err != nil {
		t.Fatal(err)
	}
	c.BaseURL, c.Model = enginetest.ServeChat(t, callingModel), "first"
	h := kittest.Start(t, Module.With(fx.Replace(c)))
	registry := kittest.Watch[contract.ToolsRegistry](h)
	registry.Next(t)
	return h
}

func TestAToolServerThatFailsCostsThreeSecondsAndIsTold(t *testing.T) {
	command, env := mcptest.Child()
	for name, want := range map[string]string{"die": "It is: Error: ", "hang": "It is: Error: context deadline exceeded", "stop": "It is: Error: context deadline exceeded", "big": "It is: Error: ", "garbage": "It is: Error: ", "fail": "It is: Error: the lamp is broken"} {
		t.Run(name, func(t *testing.T) {
			h := startWithServer(t, map[string]any{"command": command, "env": env})
			began := time.Now()
			r := kittest.Ask(t, h, contract.LLMRequest{ID: "r", Text: "call " + name + " {}"})
			if took := time.Since(began); !strings.HasPrefix(value(r.Reply), want) || took > 3000*time.Millisecond {
				t.Errorf("reply %q, error %q after %s", value(r.Reply), value(r.Error), took)
			}
			for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
				r := kittest.Ask(t, h, contract.LLMRequest{ID: fmt.Sprint(time.Now().UnixNano()), Text: `call echo {"text":"hi"}`})
				if value(r.Reply) == "It is: hi" {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("it does not come back: %q, %q", value(r.Reply), value(r.Error))
				}
			}
		})
	}
}

// TestRealToolServers has tools called of servers that others wrote: mcp-server-time from
// PyPI and @modelcontextprotocol/server-filesystem from npm. They are looked for in the path,
// or at the variable; see need.Engines.
func TestRealToolServers(t *testing.T) {
	need.Engines(t, "LLM_OPENAI_URL")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "list.txt"), []byte("milk and bread"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		variable   string
		args       []string
		call, want string
	}{
		"mcp-server-time":       {"TARS_MCP_TIME", []string{"--local-timezone=UTC"}, `call get_current_time {"timezone":"Asia/Tokyo"}`, "+09:00"},
		"mcp-server-filesystem": {"TARS_MCP_FILESYSTEM", []string{dir}, `call read_text_file {"path":"` + filepath.Join(dir, "list.txt") + `"}`, "milk and bread"},
	}
	for program, tt := range tests {
		t.Run(program, func(t *testing.T) {
			command := os.Getenv(tt.variable)
			if command == "" {
				found, err := exec.LookPath(program)
				if err != nil {
					t.Skipf("%s is not installed, and %s is not set", program, tt.variable)
				}
				command = found
			}
			h := startWithServer(t, map[string]any{"command": command, "args": tt.args})
			began := time.Now()
			r := kittest.Ask(t, h, contract.LLMRequest{ID: "r", Text: tt.call})
			if !strings.Contains(value(r.Reply), tt.want) {
				t.Errorf("reply %q, error %q", value(r.Reply), value(r.Error))
			}
			t.Logf("answered with the tool after %s", time.Since(began))
		})
	}
}
