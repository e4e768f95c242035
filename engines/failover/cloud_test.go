package failover_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/failover"
)

func TestCloudHost(t *testing.T) {
	tests := map[string]struct{ address, want string }{
		"a cloud":                             {"https://api.openai.com/v1", "api.openai.com"},
		"a cloud in capitals, with a port":    {"https://API.Example.COM.:8443/v1", "api.example.com"},
		"a public address":                    {"http://8.8.8.8:11434/v1", "8.8.8.8"},
		"a public address of six":             {"http://[2001:4860:4860::8888]/v1", "2001:4860:4860::8888"},
		"a Wyoming server of somebody else":   {"tcp://speech.example.com:10300", "speech.example.com"},
		"this machine by address":             {"http://127.0.0.1:8000", ""},
		"this machine by name":                {"http://localhost:8000", ""},
		"this machine in six":                 {"http://[::1]:8000", ""},
		"this machine, mapped":                {"http://[::ffff:127.0.0.1]:8000", ""},
		"a private address":                   {"http://192.168.1.7:11434/v1", ""},
		"a private address of six":            {"http://[fd00::7]:11434/v1", ""},
		"a container":                         {"http://ollama:11434/v1", ""},
		"the host of containers":              {"http://host.docker.internal:11434/v1", ""},
		"a machine of the network":            {"http://gpu.local:8000/v1", ""},
		"a machine behind Tailscale":          {"http://100.101.102.103:8000/v1", ""},
		"a host and port":                     {"api.openai.com:443", "api.openai.com"},
		"no address at all":                   {"", ""},
		"a name that only begins like a home": {"https://local.example.com/v1", "local.example.com"},
	}
	for name, tt := range tests {
		if got := failover.CloudHost(tt.address); got != tt.want {
			t.Errorf("%s: %q is of %q, want %q", name, tt.address, got, tt.want)
		}
	}
}

func TestCloudIsNamedOnce(t *testing.T) {
	for address, want := range map[string]int{"https://api.openai.com/v1": 1, "http://127.0.0.1:1/v1": 0} {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, nil))
		s := failover.NewSwitch(func(context.Context) []failover.Candidate[int] {
			return []failover.Candidate[int]{failover.FromSettings(1, "OpenAI-compatible", "LLM_BASE_URL", address)}
		})
		for range 3 {
			failover.LookAgain(t.Context(), s, log, "model")
		}
		if got := strings.Count(out.String(), "level=WARN"); got != want || want > 0 && !strings.Contains(out.String(), "host=api.openai.com") {
			t.Errorf("%s: %d warnings, want %d:\n%s", address, got, want, out.String())
		}
	}
}
