package memory_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/memory"
)

// TestMain keeps the tests from the servers of this machine.
func TestMain(m *testing.M) {
	os.Setenv("ENGINE_HOSTS", "none")
	os.Exit(m.Run())
}

func TestConfig(t *testing.T) {
	with := func(c memory.Config) memory.Config {
		c.EmbedEngine, c.EmbedTimeout, c.Hosts = "auto", 200*time.Millisecond, []string{"none"}
		return c
	}
	tests := map[string]struct {
		env   map[string]string
		want  memory.Config
		fails string
	}{
		"defaults":               {nil, with(memory.Config{Path: "memory.db", Character: "TARS", CharacterDir: "characters"}), ""},
		"names of the reference": {map[string]string{"CHARACTER_NAME": "CASE", "CHARACTER_DIR": "/c", "MEMORY_FILE": "memory.pickle.gz", "MEMORY_TOP_K": "7"}, with(memory.Config{Path: "memory.db", Character: "CASE", CharacterDir: "/c"}), ""},
		"an age":                 {map[string]string{"MEMORY_MAX_AGE": "720h"}, with(memory.Config{Path: "memory.db", MaxAge: 720 * time.Hour, Character: "TARS", CharacterDir: "characters"}), ""},
		"an age below 0":         {map[string]string{"MEMORY_MAX_AGE": "-1h"}, memory.Config{}, "MEMORY_MAX_AGE is -1h0m0s"},
		"an embedder":            {map[string]string{"MEMORY_EMBED_URL": "http://a/v1", "MEMORY_EMBED_MODEL": "m"}, with(memory.Config{Path: "memory.db", Character: "TARS", CharacterDir: "characters", EmbedURL: "http://a/v1", EmbedModel: "m"}), ""},
		"one without a model":    {map[string]string{"MEMORY_EMBED_URL": "http://a/v1"}, memory.Config{}, "MEMORY_EMBED_MODEL is empty"},
		"one nobody knows":       {map[string]string{"MEMORY_EMBED_ENGINE": "magic"}, memory.Config{}, `MEMORY_EMBED_ENGINE is "magic", want auto, openai or none`},
		"one without an address": {map[string]string{"MEMORY_EMBED_ENGINE": "openai"}, memory.Config{}, "MEMORY_EMBED_URL is no web address"},
		"a path as a character":  {map[string]string{"MEMORY_CHARACTER": "../x"}, memory.Config{}, "want the name of a folder"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			c, err := kit.FromEnv[memory.Config]("memory")
			switch {
			case tt.fails != "":
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("error %v, want %q", err, tt.fails)
				}
			case err != nil || !reflect.DeepEqual(c, tt.want):
				t.Errorf("got %+v, %v", c, err)
			}
		})
	}
}
