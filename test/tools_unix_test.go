//go:build unix

package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/engines/mcp/mcptest"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/llm"
	"github.com/gotars/tars/services/router"
)

func init() { mcptest.ServeIfChild() }

// callsTools is a model server that has the tool called that is asked for, as "use echo for
// milk", and then says what came of it.
func callsTools(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Messages []struct{ Role, Content string }
		Tools    []struct{ Function struct{ Name string } }
	}
	_ = json.NewDecoder(r.Body).Decode(&q)
	enginetest.StartChat(w)
	defer enginetest.EndChat(w)
	last := q.Messages[len(q.Messages)-1]
	_, wish, asked := strings.Cut(last.Content, "use ")
	name, about, _ := strings.Cut(wish, " for ")
	args := "{}"
	if about != "" {
		args = fmt.Sprintf(`{"text":%q}`, about)
	}
	for _, tool := range q.Tools {
		if last.Role == "user" && asked && strings.HasSuffix(tool.Function.Name, "__"+name) {
			b, _ := json.Marshal(map[string]any{"choices": []any{map[string]any{"delta": map[string]any{"tool_calls": []any{map[string]any{"index": 0, "id": "c1",
				"function": map[string]any{"name": tool.Function.Name, "arguments": args}}}}}}})
			fmt.Fprintf(w, "data: %s\n\n", b)
			return
		}
	}
	if strings.HasPrefix(last.Content, "Error") {
		enginetest.WriteChat(w, "That did not work.")
		return
	}
	enginetest.WriteChat(w, "It says "+last.Content+".")
}

// furtherFillers leaves out what is said after the first filler: how many there are depends on
// how busy the machine is.
var furtherFillers = strings.NewReplacer("Still working on it. ", "", "Just a second. ", "", "It takes a little longer. ", "")

// TestASpokenTurnCallsATool speaks to llm and router with a tool server as a program.
func TestASpokenTurnCallsATool(t *testing.T) {
	command, env := mcptest.Child()
	b, err := json.Marshal(map[string]any{"mcpServers": map[string]any{"bench": map[string]any{"command": command, "env": env}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "mcp.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LLM_MCP_CONFIG", path)
	t.Setenv("LLM_RAG", "false")
	t.Setenv("LLM_MODEL", "first")
	t.Setenv("LLM_BASE_URL", enginetest.ServeChat(t, callsTools))
	var speaker *kit.Bus
	h := kittest.Start(t, llm.Module, router.Module, voice(&speaker))
	kittest.Watch[contract.ToolsRegistry](h).Next(t)
	said, turns := kittest.Watch[contract.TtsSay](h), kittest.Watch[contract.TurnRecord](h)
	for _, step := range []struct{ hear, want string }{
		{"Please use echo for milk", "It says milk."},
		{"Please use hang", "One moment. That did not work."},
		{"Please use echo for bread", "It says bread."},
		{"Please use erase for notes", "Shall I really erase, with text notes? Please say yes or no."},
		{"No.", "All right, I leave it."},
		{"Please use erase for notes", "Shall I really erase, with text notes? Please say yes or no."},
		{"Yes, please.", "It says notes."},
		{"Yes, please.", "It says"}, // nothing is asked any more
	} {
		began := time.Now()
		hear(t, h, step.hear)
		if r, _ := turns.Next(t); r.Outcome != contract.TurnDone {
			t.Errorf("%s: the turn is %s", step.hear, r.Outcome)
		}
		var texts []string
		for _, s := range said.All() {
			texts = append(texts, s.Text)
		}
		got := furtherFillers.Replace(strings.Join(texts, " "))
		if !strings.HasPrefix(got, step.want) {
			t.Errorf("%s: spoken %q, want %q", step.hear, got, step.want)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("%s: it took %s", step.hear, took)
		}
		if strings.Contains(step.hear, "hang") {
			time.Sleep(1500 * time.Millisecond) // the server answers a ping meanwhile, or is started again
		}
	}
}
