package engine

import (
	"strings"
	"testing"
)

func TestTheProviderIsWhatIsSet(t *testing.T) {
	tests := map[string]struct {
		cfg        Config
		name, from string
		better     bool
		fails      string
	}{
		"nothing is set":        {Config{Engine: "auto"}, "builtin", "nothing is set", true, ""},
		"a server":              {Config{Engine: "auto", BaseURL: "http://u:secret@localhost:11434/v1"}, "openai", "the server at localhost:11434", false, ""},
		"a key":                 {Config{Engine: "auto", APIKey: "sk-secret"}, "openai", "OpenAI, by LLM_API_KEY", false, ""},
		"built-in all the same": {Config{Engine: "builtin", APIKey: "sk-secret"}, "builtin", "LLM_ENGINE", true, ""},
		"a model and no server": {Config{Engine: "openai"}, "", "", false, "neither LLM_BASE_URL nor LLM_API_KEY"},
		"no such engine":        {Config{Engine: "gpt"}, "", "", false, `LLM_ENGINE is "gpt"`},
		"no web address":        {Config{Engine: "auto", BaseURL: "localhost:11434"}, "", "", false, "LLM_BASE_URL is no web address"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ProviderOf(tt.cfg)
			if got.Name != tt.name || got.From != tt.from || (got.Better != "") != tt.better || (err != nil) != (tt.fails != "") {
				t.Errorf("got %+v, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("error %v, want %q", err, tt.fails)
			}
		})
	}
}
