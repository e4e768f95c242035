package llm

import (
	"fmt"
	"strings"
	"time"

	"github.com/gotars/tars/services/llm/engine"
)

// Config is read from LLM_* variables.
type Config struct {
	engine.Config

	MaxTokens   int     `split_words:"true" default:"256" desc:"longest answer in tokens"`
	Temperature float64 `default:"0.7" desc:"0 for the same answer each time, up to 2"`
	TopP        float64 `split_words:"true" default:"1" desc:"share of likely words to choose from, above 0, at most 1"`
	CtxWindow   int     `split_words:"true" default:"8192" desc:"tokens the model can read and write at once"`
	Place       string  `desc:"where the assistant is, as Berlin, for questions such as how far it is to the sea"`
	UserName    string  `split_words:"true" desc:"what the user is called"`

	MCPConfig   string        `envconfig:"MCP_CONFIG" desc:"file of tool servers, below TARS_HOME, in the form of other programs: {\"mcpServers\":{\"time\":{\"command\":\"uvx\",\"args\":[\"mcp-server-time\"]}}}; empty: no tools"`
	ToolTimeout time.Duration `split_words:"true" default:"2500ms" desc:"longest time for the tools that the model calls at once"`
	ToolRounds  int           `split_words:"true" default:"4" desc:"how often the model may call tools before it has to answer, 1 to 10"`

	EmbedURL   string `envconfig:"EMBED_URL" also:"MEMORY_EMBED_URL" desc:"server that helps to choose among more than eight tools by their meaning; by default that of the memory, else the best that is found"`
	EmbedModel string `envconfig:"EMBED_MODEL" also:"MEMORY_EMBED_MODEL" desc:"its model"`
	EmbedKey   string `envconfig:"EMBED_KEY" also:"MEMORY_EMBED_KEY" desc:"its key, if it wants one"`

	RAG          bool          `default:"true" was:"RAG_ENABLED" desc:"look up the memory before answering"`
	RAGTopK      int           `envconfig:"RAG_TOP_K" default:"5" was:"RAG_TOP_K" desc:"lines to recall, 1 to 50"`
	RAGMaxTokens int           `envconfig:"RAG_MAX_TOKENS" default:"2000" was:"RAG_MAX_TOKENS" desc:"longest recollection in tokens, 1 to 10000"`
	RAGContext   bool          `envconfig:"RAG_INCLUDE_CONTEXT" default:"true" was:"RAG_INCLUDE_CONTEXT" desc:"recall the neighbours of each line too"`
	RAGWindow    int           `envconfig:"RAG_CONTEXT_WINDOW" default:"1" was:"RAG_CONTEXT_WINDOW" desc:"neighbours on each side, 0 to 5"`
	RAGStrategy  string        `envconfig:"RAG_STRATEGY" default:"hybrid" was:"RAG_STRATEGY" desc:"hybrid, similarity or recent"`
	RAGTimeout   time.Duration `envconfig:"RAG_TIMEOUT" default:"500ms" desc:"longest wait for the memory"`
	RAGPatience  time.Duration `envconfig:"RAG_PATIENCE" default:"2s" desc:"longest wait for a memory that was late before, and until one that does not answer is left alone for 30 s"`
	RAGTemplate  string        `envconfig:"RAG_PROMPT_TEMPLATE" default:"From earlier conversations you remember:\\n{context}\\n\\nUse it only where it helps. The user says: {user}" was:"RAG_PROMPT_TEMPLATE" desc:"the user's turn when something was recalled: {context} and {user}; \\n is a new line"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	if _, err := engine.ProviderOf(c.Config); err != nil {
		return err
	}
	switch {
	case c.MaxTokens < 1:
		return fmt.Errorf("LLM_MAX_TOKENS is %d, want 1 or more", c.MaxTokens)
	case c.Temperature < 0 || c.Temperature > 2:
		return fmt.Errorf("LLM_TEMPERATURE is %v, want 0 to 2", c.Temperature)
	case c.TopP <= 0 || c.TopP > 1:
		return fmt.Errorf("LLM_TOP_P is %v, want more than 0, at most 1", c.TopP)
	case c.CtxWindow <= c.MaxTokens:
		return fmt.Errorf("LLM_CTX_WINDOW is %d, want more than LLM_MAX_TOKENS (%d)", c.CtxWindow, c.MaxTokens)
	case c.Timeout <= 0 || c.FirstToken <= 0 || c.Idle <= 0 || c.RAGTimeout <= 0 || c.RAGPatience < 0:
		return fmt.Errorf("LLM_TIMEOUT, LLM_FIRST_TOKEN, LLM_IDLE and LLM_RAG_TIMEOUT want more than 0")
	case c.Thinking < 0:
		return fmt.Errorf("LLM_THINKING is %s, want 0 or more", c.Thinking)
	case c.ToolTimeout <= 0:
		return fmt.Errorf("LLM_TOOL_TIMEOUT is %s, want more than 0", c.ToolTimeout)
	case c.ToolRounds < 1 || c.ToolRounds > 10:
		return fmt.Errorf("LLM_TOOL_ROUNDS is %d, want 1 to 10", c.ToolRounds)
	case c.RAGTopK < 1 || c.RAGTopK > 50:
		return fmt.Errorf("LLM_RAG_TOP_K is %d, want 1 to 50", c.RAGTopK)
	case c.RAGMaxTokens < 1 || c.RAGMaxTokens > 10_000:
		return fmt.Errorf("LLM_RAG_MAX_TOKENS is %d, want 1 to 10000", c.RAGMaxTokens)
	case c.RAGWindow < 0 || c.RAGWindow > 5:
		return fmt.Errorf("LLM_RAG_CONTEXT_WINDOW is %d, want 0 to 5", c.RAGWindow)
	case !strings.Contains(c.RAGTemplate, "{user}"):
		return fmt.Errorf("LLM_RAG_PROMPT_TEMPLATE has no {user}")
	}
	return nil
}

// Dropped names variables of the reference that have no effect.
func (Config) Dropped() map[string]string {
	const server, tools = "LLM_BASE_URL: the OpenAI-compatible address of that server", "LLM_MCP_CONFIG: a file of tool servers"
	const cut = "nothing here: the router cuts answers into sentences, see ROUTER_SAY_MAX"
	return map[string]string{
		"LLM_PROVIDER": "LLM_ENGINE", "LLM_LOG_LEVEL": "LOG_LEVEL", "LLM_TTS_STREAM": cut,
		"STREAM_MIN_CHARS": cut, "STREAM_MAX_CHARS": cut, "STREAM_BOUNDARY_CHARS": cut,
		"LLM_TOP_K": "LLM_TOP_P", "LLM_DEVICE": server, "LLM_SERVER_URL": server,
		"GEMINI_API_KEY": server + ", and LLM_API_KEY", "GEMINI_BASE_URL": server,
		"DASHSCOPE_API_KEY": server + ", and LLM_API_KEY", "DASHSCOPE_BASE_URL": server,
		"OPENAI_RESPONSES_MODELS": "nothing: all models are reached by chat completions",
		"RAG_DYNAMIC_PROMPTS":     "nothing: prompts always keep to LLM_CTX_WINDOW",
		"RAG_CACHE_TTL":           "nothing: the memory answers faster than a cache would pay for",
		"TOOL_CALLING_ENABLED":    tools,
		"MCP_CONFIG_FILE":         tools, "MCP_CONFIG_FILENAME": tools, "MCP_EXTENSIONS_PATH": tools, "MCP_FAIL_FAST": tools, "MCP_LOCAL_PACKAGES_PATH": tools,
		"MCP_MIN_SUCCESS_RATE": tools, "MCP_OUTPUT_DIR": tools, "MCP_SERVERS_YAML": tools, "MCP_SKIP_INSTALLED": tools,
	}
}
