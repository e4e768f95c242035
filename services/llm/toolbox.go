package llm

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/mcp"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/kit"
)

// maxOffered is how many tools a model gets to choose from. Small models choose badly among
// more, and each costs some hundred tokens of every prompt.
const maxOffered = 8

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
	tools := s.tools.Tools()
	if len(tools) == 0 {
		return nil
	}
	m := contract.ToolsRegistry{}
	for _, t := range tools {
		m.Tools = append(m.Tools, contract.ToolSpec{Type: "function", Function: map[string]any{"name": t.Name, "description": t.Description, "parameters": t.Schema}})
	}
	return s.bus.Publish(ctx, m)
}

// toolSpec is a tool as providers take it.
func toolSpec(t mcp.Tool) openai.Tool {
	schema := t.Schema
	if schema == nil {
		schema = map[string]any{"type": "object", "properties": map[string]any{}}
	}
	return openai.Tool{Type: "function", Function: openai.ToolFunction{Name: t.Name, Description: t.Description, Parameters: schema}}
}

// chooseTools returns the tools that the words of text fit best, at most maxOffered. A word
// counts the more, the fewer tools have it, and twice in a name.
func chooseTools(all []mcp.Tool, text string) []mcp.Tool {
	if len(all) <= maxOffered {
		return all
	}
	words := make([]map[string]float64, len(all))
	having := map[string]int{}
	for i, t := range all {
		words[i] = map[string]float64{}
		for _, w := range toolWords(t.Description) {
			words[i][w] = 1
		}
		for _, w := range toolWords(strings.TrimPrefix(t.Name, "mcp__") + " " + t.Title) {
			words[i][w] = 2
		}
		for w := range words[i] {
			having[w]++
		}
	}
	scores := make([]float64, len(all))
	order := make([]int, len(all))
	for i := range all {
		order[i] = i
		for _, w := range toolWords(text) {
			if weight := words[i][w]; weight > 0 {
				scores[i] += weight * math.Log(float64(len(all)+1)/float64(having[w]))
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	chosen := make([]mcp.Tool, maxOffered)
	for i := range chosen {
		chosen[i] = all[order[i]]
	}
	return chosen
}

// toolWords are the words of text, without the ends that grammar gives them.
func toolWords(text string) (words []string) {
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		for _, end := range []string{"ing", "ed", "es", "s", "e"} {
			if stem, ok := strings.CutSuffix(w, end); ok && len(stem) >= 3 {
				w = stem
				break
			}
		}
		if len(w) > 1 {
			words = append(words, w)
		}
	}
	return words
}
