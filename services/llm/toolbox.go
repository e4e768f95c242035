package llm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/mcp"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm/engine"
)

// Toolbox is where the tools are. It is safe for concurrent use.
type Toolbox interface {
	Tools() []mcp.Tool
	Call(ctx context.Context, t mcp.Tool, args map[string]any) (string, error)
	Changed() <-chan struct{} // receives when there may be other tools; nil: never
}

// OpenTools returns the tools of the servers in LLM_MCP_CONFIG. They run as long as the service.
func OpenTools(lc fx.Lifecycle, cfg Config, home kit.Home, log *slog.Logger) (Toolbox, error) {
	if cfg.MCPConfig == "" {
		return mcp.New(nil, log), nil
	}
	path := cfg.MCPConfig
	if !filepath.IsAbs(path) {
		path = filepath.Join(string(home), path)
	}
	servers, err := mcp.ReadConfig(path, os.LookupEnv)
	if err != nil {
		return nil, fmt.Errorf("LLM_MCP_CONFIG, %s: %w", path, err)
	}
	pool := mcp.New(servers, log)
	lc.Append(fx.StartStopHook(pool.Start, pool.Stop))
	return pool, nil
}

// publishTools says which tools there are. Without servers nothing is said: another service
// may have tools of its own there.
func (s *Service) publishTools(ctx context.Context) error {
	on, off := s.switched.split(s.tools.Tools())
	if len(on)+len(off) == 0 {
		return nil
	}
	return s.bus.Publish(ctx, contract.ToolsRegistry{Tools: specsOf(on), Off: specsOf(off)})
}

func specsOf(tools []mcp.Tool) []contract.ToolSpec {
	specs := []contract.ToolSpec{}
	for _, t := range tools {
		specs = append(specs, contract.ToolSpec{Type: "function", Function: map[string]any{"name": t.Name, "description": t.Description, "parameters": t.Schema}})
	}
	return specs
}

// toolsChanged says which tools there are, and makes ready to choose among them.
func (s *Service) toolsChanged(ctx context.Context, _ struct{}) error {
	err := s.publishTools(ctx)
	return errors.Join(err, s.learnTools(ctx))
}

// learnTools makes ready to choose among the tools by their meaning. The embedder may have
// come later than they.
func (s *Service) learnTools(ctx context.Context) error {
	s.chooser.learn(ctx, s.tools.Tools())
	return nil
}

// toolSpec is a tool as providers take it.
func toolSpec(t mcp.Tool) engine.Tool {
	schema := t.Schema
	if schema == nil {
		schema = map[string]any{"type": "object", "properties": map[string]any{}}
	}
	return engine.Tool{Type: "function", Function: engine.ToolFunction{Name: t.Name, Description: t.Description, Parameters: schema}}
}
