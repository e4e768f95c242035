package llm

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
)

// unset removes what the machine may have set.
func unset(t *testing.T) {
	t.Helper()
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		for _, prefix := range []string{"LLM_", "RAG_", "OPENAI_"} {
			if strings.HasPrefix(name, prefix) {
				t.Setenv(name, "")
			}
		}
	}
}

func TestConfig(t *testing.T) {
	tests := map[string]struct {
		env   map[string]string
		want  func(c Config) bool
		fails string
	}{
		"defaults": {nil, func(c Config) bool {
			return c.Engine == "auto" && c.BaseURL == "" && c.MaxTokens == 256 && c.Temperature == 0.7 && c.CtxWindow == 8192 && c.RAG && c.RAGTimeout == 500*time.Millisecond
		}, ""},
		"the short name of the address": {map[string]string{"LLM_OPENAI_URL": "http://a/v1", "OPENAI_BASE_URL": "http://b/v1"}, func(c Config) bool { return c.BaseURL == "http://a/v1" }, ""},
		"the names all programs share":  {map[string]string{"OPENAI_BASE_URL": "http://b/v1", "OPENAI_API_KEY": "k"}, func(c Config) bool { return c.BaseURL == "http://b/v1" && c.APIKey == "k" }, ""},
		"names of the reference": {map[string]string{"RAG_ENABLED": "0", "RAG_TOP_K": "3", "RAG_MAX_TOKENS": "900", "RAG_INCLUDE_CONTEXT": "0", "RAG_CONTEXT_WINDOW": "2", "RAG_STRATEGY": "recent", "LLM_PROVIDER": "openai", "LLM_TOP_K": "40"},
			func(c Config) bool {
				return !c.RAG && c.RAGTopK == 3 && c.RAGMaxTokens == 900 && !c.RAGContext && c.RAGWindow == 2 && c.RAGStrategy == "recent" && c.TopP == 1
			}, ""},
		"too warm":                  {map[string]string{"LLM_TEMPERATURE": "3"}, nil, "LLM_TEMPERATURE is 3, want 0 to 2"},
		"no room for a question":    {map[string]string{"LLM_CTX_WINDOW": "256"}, nil, "want more than LLM_MAX_TOKENS"},
		"no such engine":            {map[string]string{"LLM_ENGINE": "gpt"}, nil, "want auto, openai or builtin"},
		"a template for no user":    {map[string]string{"LLM_RAG_PROMPT_TEMPLATE": "{context}"}, nil, "has no {user}"},
		"more hits than there are":  {map[string]string{"LLM_RAG_TOP_K": "51"}, nil, "want 1 to 50"},
		"a misspelt one":            {map[string]string{"LLM_MODELL": "x"}, nil, "did you mean LLM_MODEL?"},
		"an address without scheme": {map[string]string{"LLM_BASE_URL": "localhost:11434/v1"}, nil, "LLM_BASE_URL is no web address"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			unset(t)
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			c, err := kit.FromEnv[Config]("llm")
			switch {
			case tt.fails != "":
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("error %v, want %q", err, tt.fails)
				}
			case err != nil || !tt.want(c):
				t.Errorf("got %+v, %v", c, err)
			}
		})
	}
}

func TestAFileOfToolServersThatCannotBeReadIsNamed(t *testing.T) {
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "bad.json"), []byte(`{"mcpServers":{"time":{}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"none.json": "LLM_MCP_CONFIG, " + filepath.Join(home, "none.json") + ": no such file or directory",
		"bad.json":  "LLM_MCP_CONFIG, " + filepath.Join(home, "bad.json") + `: server "time": it has neither a command nor a url`,
	} {
		if _, err := OpenTools(nil, Config{MCPConfig: file}, kit.Home(home), slog.New(slog.DiscardHandler)); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", file, err, want)
		}
	}
}
