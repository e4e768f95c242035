package kit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
)

func TestLogLines(t *testing.T) {
	var out bytes.Buffer
	t.Setenv("LOG_LEVEL", "info")
	log, err := kit.NewLogger(&out)
	if err != nil {
		t.Fatal(err)
	}
	kittest.Run(t, "carry the trace of their message", func(t *testing.T, b *kittest.Harness) {
		b.Add(t, kittest.ServiceOf("s", kit.On(func(ctx context.Context, n Note) error {
			log.With("service", "s").WithGroup("g").InfoContext(ctx, "heard", "text_len", len(n.Text))
			return nil
		})))
		if err := b.Bus.Publish(t.Context(), Note{Text: "x"}, kit.ID("chain")); err != nil {
			t.Fatal(err)
		}
		b.Settle()
		var line struct {
			Msg, Service string
			G            struct {
				TextLen          int `json:"text_len"`
				Trace, ID, Topic string
			}
		}
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Msg != "heard" || line.Service != "s" || line.G.Trace != "chain" || line.G.ID != "chain" || line.G.Topic != "box/note" {
			t.Errorf("%v: %s", err, out.Bytes())
		}
	})
	for variable, want := range map[string]string{"LOG_LEVEL=loud": "LOG_LEVEL is", "LOG_FORMAT=xml": "LOG_FORMAT is"} {
		key, value, _ := strings.Cut(variable, "=")
		t.Run(variable, func(t *testing.T) {
			t.Setenv(key, value)
			if _, err := kit.NewLogger(&out); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error is %v", err)
			}
		})
	}
	t.Setenv("LOG_FORMAT", "text")
	out.Reset()
	if log, err = kit.NewLogger(&out); err != nil {
		t.Fatal(err)
	}
	log.Log(t.Context(), slog.LevelWarn, "hello", "a", 1)
	if !strings.Contains(out.String(), "WRN hello a=1") {
		t.Errorf("text: %s", out.String())
	}
}

// The program chooses the level, and who runs it has the last word.
func TestLogLevel(t *testing.T) {
	tests := map[string]struct {
		variable string // LOG_LEVEL
		program  slog.Level
		want     slog.Level
	}{
		"info when nobody chose one":                   {"", slog.LevelInfo, slog.LevelInfo},
		"the program's when the variable is not set":   {"", slog.LevelWarn, slog.LevelWarn},
		"the variable's when it tells more":            {"debug", slog.LevelWarn, slog.LevelDebug},
		"the variable's when it tells less":            {"error", slog.LevelWarn, slog.LevelError},
		"the variable's also when it is the usual one": {"info", slog.LevelWarn, slog.LevelInfo},
		"warnings as Python calls them":                {"WARNING", slog.LevelInfo, slog.LevelWarn},
		"in any case":                                  {"Warning", slog.LevelInfo, slog.LevelWarn},
		"errors as Python calls the worst of them":     {"CRITICAL", slog.LevelInfo, slog.LevelError},
		"and with spaces around it":                    {" critical ", slog.LevelInfo, slog.LevelError},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("LOG_LEVEL", tt.variable)
			var service *slog.Logger
			if _, err := kittest.ServiceOf("s").With(kit.LogLevel(tt.program), fx.Populate(&service)).Describe(); err != nil {
				t.Fatal(err)
			}
			program, err := kit.NewLoggerAt(new(bytes.Buffer), tt.program)
			if err != nil {
				t.Fatal(err)
			}
			for what, log := range map[string]*slog.Logger{"service": service, "program": program} {
				if !log.Enabled(t.Context(), tt.want) || log.Enabled(t.Context(), tt.want-1) {
					t.Errorf("the log of the %s does not begin at %s", what, tt.want)
				}
			}
		})
	}
}

// A bus that is opened tells at info that it is connected, unless its program
// wants to hear of warnings only.
func TestLogLevelOfATool(t *testing.T) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	t.Setenv("LOG_LEVEL", "")
	for level, want := range map[slog.Level]bool{slog.LevelInfo: true, slog.LevelWarn: false} {
		t.Run(level.String(), func(t *testing.T) {
			file, err := os.Create(filepath.Join(t.TempDir(), "log"))
			if err != nil {
				t.Fatal(err)
			}
			defer func(usual *os.File) { os.Stderr = usual; _ = file.Close() }(os.Stderr)
			os.Stderr = file
			s := settings(t, srv.Addr())
			s.LogLevel = level
			bus, err := kit.Open(t.Context(), "tool", s)
			if err != nil {
				t.Fatal(err)
			}
			if err := bus.Close(t.Context()); err != nil {
				t.Error(err)
			}
			text, err := os.ReadFile(file.Name())
			if err != nil {
				t.Fatal(err)
			}
			if told := strings.Contains(string(text), `"msg":"connected"`); told != want || len(text) > 0 != want {
				t.Errorf("log: %s", text)
			}
		})
	}
}
