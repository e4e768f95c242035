package memory

import (
	"fmt"
	"strings"
	"time"
)

// Config is read from MEMORY_* variables.
type Config struct {
	Path         string        `default:"memory.db" desc:"file the memory lives in, below TARS_HOME"`
	MaxAge       time.Duration `split_words:"true" default:"0" desc:"older lines are forgotten, 720h for 30 days; 0 keeps all"`
	Character    string        `default:"TARS" was:"CHARACTER_NAME" desc:"who the assistant is: a folder of MEMORY_CHARACTER_DIR, or one that is built in"`
	CharacterDir string        `split_words:"true" default:"characters" was:"CHARACTER_DIR" desc:"folder of characters, each NAME/character.toml, below TARS_HOME"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	switch {
	case c.MaxAge < 0:
		return fmt.Errorf("MEMORY_MAX_AGE is %s, want 0 or more", c.MaxAge)
	case c.Character == "." || c.Character == ".." || strings.ContainsAny(c.Character, `/\`):
		return fmt.Errorf("MEMORY_CHARACTER is %q, want the name of a folder in MEMORY_CHARACTER_DIR", c.Character)
	}
	return nil
}

// Dropped names variables of the reference that have no effect.
func (Config) Dropped() map[string]string {
	const words = "nothing: words are matched, there is no model to load"
	return map[string]string{
		"MEMORY_FILE":          "MEMORY_PATH: the file has another format",
		"MEMORY_DIR":           "TARS_HOME, or an absolute MEMORY_PATH",
		"MEMORY_TOP_K":         "nothing: each query says its top_k; LLM_RAG_TOP_K sets that of the model",
		"CHARACTER_STORE_FILE": "nothing: changed traits are kept in MEMORY_PATH",
		"EMBED_MODEL":          words, "RERANK_MODEL": words,
		"NPU_EMBEDDER_ENABLED": words, "RKNN_EMBEDDER_PATH": words, "NPU_CORE_MASK": words, "NPU_FALLBACK_CPU": words,
	}
}
