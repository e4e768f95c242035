package memory

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Config is read from MEMORY_* variables.
type Config struct {
	Path         string        `default:"memory.db" desc:"file the memory lives in, below TARS_HOME"`
	MaxAge       time.Duration `split_words:"true" default:"0" desc:"older lines are forgotten, 720h for 30 days; 0 keeps all"`
	Character    string        `default:"TARS" was:"CHARACTER_NAME" desc:"who the assistant is: a folder of MEMORY_CHARACTER_DIR, or one that is built in"`
	CharacterDir string        `split_words:"true" default:"characters" was:"CHARACTER_DIR" desc:"folder of characters, each NAME/character.toml, below TARS_HOME"`

	EmbedEngine  string        `split_words:"true" default:"auto" desc:"who tells what lines mean, to recall them by it: openai, none, or auto for the server that is set, else the best that is found"`
	EmbedURL     string        `envconfig:"EMBED_URL" desc:"base URL of an OpenAI-compatible server with embeddings, for example http://127.0.0.1:11434/v1"`
	EmbedModel   string        `split_words:"true" desc:"its model; another one embeds all lines anew"`
	EmbedKey     string        `split_words:"true" desc:"its key, if it wants one"`
	EmbedTimeout time.Duration `split_words:"true" default:"200ms" desc:"longest wait of a query for it; then words are enough"`
	Hosts        []string      `envconfig:"ENGINE_HOSTS" default:"127.0.0.1" also:"ENGINE_HOSTS" desc:"where auto looks for servers, separated by commas; none: nowhere"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	switch {
	case c.MaxAge < 0:
		return fmt.Errorf("MEMORY_MAX_AGE is %s, want 0 or more", c.MaxAge)
	case c.Character == "." || c.Character == ".." || strings.ContainsAny(c.Character, `/\`):
		return fmt.Errorf("MEMORY_CHARACTER is %q, want the name of a folder in MEMORY_CHARACTER_DIR", c.Character)
	case !slices.Contains([]string{"auto", "openai", "none", ""}, c.EmbedEngine):
		return fmt.Errorf("MEMORY_EMBED_ENGINE is %q, want auto, openai or none", c.EmbedEngine)
	case c.EmbedTimeout < 0:
		return fmt.Errorf("MEMORY_EMBED_TIMEOUT is %s, want 0 or more", c.EmbedTimeout)
	}
	if c.EmbedEngine == "openai" || c.EmbedEngine == "auto" && c.EmbedURL != "" {
		_, err := NewOpenAI(*c)
		return err
	}
	return nil
}

// Dropped names variables of the reference that have no effect.
func (Config) Dropped() map[string]string {
	const words = "nothing: the server of MEMORY_EMBED_URL says where its model runs"
	return map[string]string{
		"MEMORY_FILE":          "MEMORY_PATH: the file has another format",
		"MEMORY_DIR":           "TARS_HOME, or an absolute MEMORY_PATH",
		"MEMORY_TOP_K":         "nothing: each query says its top_k; LLM_RAG_TOP_K sets that of the model",
		"CHARACTER_STORE_FILE": "nothing: changed traits are kept in MEMORY_PATH",
		"EMBED_MODEL":          "MEMORY_EMBED_MODEL, as the server of MEMORY_EMBED_URL calls it",
		"RERANK_MODEL":         "nothing: words, meaning and age rank together",
		"NPU_EMBEDDER_ENABLED": words, "RKNN_EMBEDDER_PATH": words, "NPU_CORE_MASK": words, "NPU_FALLBACK_CPU": words,
	}
}
