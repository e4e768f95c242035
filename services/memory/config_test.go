package memory_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/memory"
)

func TestConfig(t *testing.T) {
	tests := map[string]struct {
		env   map[string]string
		want  memory.Config
		fails string
	}{
		"defaults":               {nil, memory.Config{Path: "memory.db", Character: "TARS", CharacterDir: "characters"}, ""},
		"names of the reference": {map[string]string{"CHARACTER_NAME": "CASE", "CHARACTER_DIR": "/c", "MEMORY_FILE": "memory.pickle.gz", "MEMORY_TOP_K": "7"}, memory.Config{Path: "memory.db", Character: "CASE", CharacterDir: "/c"}, ""},
		"an age":                 {map[string]string{"MEMORY_MAX_AGE": "720h"}, memory.Config{Path: "memory.db", MaxAge: 720 * time.Hour, Character: "TARS", CharacterDir: "characters"}, ""},
		"an age below 0":         {map[string]string{"MEMORY_MAX_AGE": "-1h"}, memory.Config{}, "MEMORY_MAX_AGE is -1h0m0s"},
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
			case err != nil || c != tt.want:
				t.Errorf("got %+v, %v", c, err)
			}
		})
	}
}
