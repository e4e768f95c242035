package test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/test/need"
)

// TestAgentsStartTarsMCP starts the binary as an agent's program does, and speaks to it over
// its standard input and output: nothing else may be written there.
func TestAgentsStartTarsMCP(t *testing.T) {
	need.Time(t, "builds and runs the binary")
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	addr := "127.0.0.1:" + freePort(t)
	srv, err := broker.New(broker.Options{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	k := &killedTimers{bin: bin, url: "mqtt://" + addr, home: t.TempDir()}
	k.start(t)
	defer k.kill(t)

	cmd := exec.Command(bin, "mcp")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + k.home, "TARS_HOME=" + k.home, "MQTT_URL=" + k.url, "LOG_LEVEL=debug"}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := mcp.NewClient(&mcp.Implementation{Name: "agent", Version: "1"}, nil).Connect(ctx, &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		t.Fatal(err)
	}
	call := func(tool string, args map[string]any) string {
		t.Helper()
		r, err := s.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
		if err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal([]any{r.IsError, r.StructuredContent, r.Content})
		return string(text)
	}
	for !strings.Contains(call("health", nil), `{"service":"timer","state":"ready"}`) {
		if ctx.Err() != nil {
			t.Fatal("the timers are not ready")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if got := call("timer_set", map[string]any{"when": "every weekday at 7", "name": "work"}); !strings.Contains(got, `"repeat":"mon,tue,wed,thu,fri"`) {
		t.Errorf("set: %s", got)
	}
	if got := call("timer_list", nil); !strings.Contains(got, `"name":"work"`) {
		t.Errorf("list: %s", got)
	}
	if got := call("recall", map[string]any{"text": "door"}); !strings.Contains(got, "is the memory running?") {
		t.Errorf("without a memory: %s", got)
	}
	if err := s.Close(); err != nil {
		t.Errorf("the program does not end when the agent leaves: %v", err)
	}
}
