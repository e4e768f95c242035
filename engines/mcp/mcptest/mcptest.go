//go:build unix

// Package mcptest is a server of tools for tests, which can do all that servers should not.
package mcptest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// childVariable is set for the process that is to be the server.
const childVariable = "TARS_MCPTEST_CHILD"

// Child is how a test program is started as the server.
func Child() (command string, env map[string]string) {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return self, map[string]string{childVariable: "1"}
}

// ServeIfChild makes this process the server, when it was started as [Child] says. TestMain
// calls it first.
func ServeIfChild() {
	if os.Getenv(childVariable) == "" {
		return
	}
	fmt.Println("mcptest is ready") // as some servers do, which should not
	_ = Server().Run(context.Background(), &mcp.StdioTransport{})
	os.Exit(0)
}

// Text is the argument of echo and erase.
type Text struct {
	Text string `json:"text" jsonschema:"what to say"`
}

// Server has these tools: echo gives its text back, and for "$PID" the id of the process;
// fail fails; erase is marked as destructive, and gives its text back; env tells its variables; die kills the
// process; hang answers after a minute, or when it is cancelled; stop stops the process, which
// then answers nothing; big sends 10 MB; garbage writes what is no message.
func Server() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "mcptest", Version: "1"}, nil)
	type none struct{}
	add := func(name, about string, do func(ctx context.Context) (string, error)) {
		mcp.AddTool(s, &mcp.Tool{Name: name, Description: about}, func(ctx context.Context, _ *mcp.CallToolRequest, _ none) (*mcp.CallToolResult, any, error) {
			text, err := do(ctx)
			return result(text), nil, err
		})
	}
	echo := func(_ context.Context, _ *mcp.CallToolRequest, in Text) (*mcp.CallToolResult, any, error) {
		if in.Text == "$PID" {
			in.Text = fmt.Sprint(os.Getpid())
		}
		return result(in.Text), nil, nil
	}
	mcp.AddTool(s, &mcp.Tool{Name: "echo", Description: "Gives a text back."}, echo)
	mcp.AddTool(s, &mcp.Tool{Name: "erase", Description: "Erases a text.", Annotations: &mcp.ToolAnnotations{DestructiveHint: new(true)}}, echo)
	add("fail", "Fails.", func(context.Context) (string, error) { return "", errors.New("the lamp is broken") })
	add("env", "Tells its variables.", func(context.Context) (string, error) { return strings.Join(os.Environ(), "\n"), nil })
	add("die", "Dies.", func(context.Context) (string, error) { return "", syscall.Kill(os.Getpid(), syscall.SIGKILL) })
	add("stop", "Stops.", func(context.Context) (string, error) {
		err := syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(time.Minute) // the other threads stop a moment later
		return "", err
	})
	add("big", "Sends much.", func(context.Context) (string, error) { return strings.Repeat("0123456789", 1<<20), nil })
	add("garbage", "Sends nonsense.", func(context.Context) (string, error) {
		_, err := fmt.Fprintln(os.Stdout, `{"this is no": message}`)
		return "done", err
	})
	add("hang", "Hangs.", func(ctx context.Context) (string, error) {
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
		}
		return "late", nil
	})
	return s
}

func result(text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}
}
