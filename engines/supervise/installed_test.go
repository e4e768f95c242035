//go:build unix

package supervise_test

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/install"
	"github.com/gotars/tars/engines/measure"
	"github.com/gotars/tars/engines/supervise"
	"github.com/gotars/tars/test/need"
)

// The engines that make engines installs start when they are needed, do their
// work, are back after a kill, and leave nothing. It takes the time that real
// engines need.
func TestInstalledEnginesAreRun(t *testing.T) {
	servers, err := install.Servers(need.Installed(t))
	if err != nil {
		t.Fatal(err)
	}
	home, outside := t.TempDir(), t.TempDir()
	t.Setenv("HOME", outside)
	t.Setenv("XDG_CACHE_HOME", outside)
	s, err := supervise.Start(t.Context(), servers, supervise.Options{Home: home, Config: supervise.Config{Nice: 10}, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for kind, try := range tries {
		for _, server := range discovery.Look(ctx, nil, home, kind) {
			begin := time.Now()
			if err := try(ctx, t, server); err != nil {
				t.Errorf("%s: %v", server.Name, err)
				continue
			}
			cold := time.Since(begin)
			begin = time.Now()
			if err := try(ctx, t, server); err != nil {
				t.Errorf("%s: %v", server.Name, err)
			}
			t.Logf("%s: %v from sleep, then %v", server.Name, cold.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond))
			if kind == discovery.LLM {
				killed(ctx, t, s, server)
			}
		}
	}
	all := s.Engines()
	s.Close()
	for _, e := range all {
		t.Logf("%s: %d MB, %d starts, %d deaths", e.Name, e.Memory/1e6, e.Starts, e.Deaths)
		if e.PID > 0 && syscall.Kill(e.PID, 0) == nil {
			t.Errorf("process %d of %s is left", e.PID, e.Name)
		}
	}
	err = filepath.WalkDir(outside, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			t.Errorf("an engine wrote %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tries are one request of each kind.
var tries = map[discovery.Kind]func(context.Context, *testing.T, discovery.Server) error{
	discovery.STT: func(ctx context.Context, t *testing.T, s discovery.Server) error {
		clip, err := os.ReadFile("../../services/stt/testdata/speech/cards-003.wav")
		if err != nil {
			return err
		}
		text, err := measure.Hear(ctx, s, clip[44:])
		if err == nil && !strings.Contains(strings.ToLower(text), "clubs") {
			t.Errorf("%s heard %q", s.Name, text)
		}
		return err
	},
	discovery.TTS: func(ctx context.Context, _ *testing.T, s discovery.Server) error {
		_, _, err := measure.Speak(ctx, s, "The kitchen light is on.")
		return err
	},
	discovery.LLM: func(ctx context.Context, _ *testing.T, s discovery.Server) error {
		_, _, _, err := measure.Chat(ctx, s, "Name a colour.", 16)
		return err
	},
	discovery.Embed: func(ctx context.Context, _ *testing.T, s discovery.Server) error {
		_, err := measure.Embed(ctx, s, "The kitchen light is on.")
		return err
	},
	discovery.Wake: func(ctx context.Context, t *testing.T, s discovery.Server) error {
		if !discovery.Ping(ctx, strings.TrimPrefix(s.URL, "tcp://")) {
			t.Errorf("%s does not describe itself", s.Name)
		}
		return nil
	},
}

// killed kills the model while it writes: that answer breaks, the next comes.
func killed(ctx context.Context, t *testing.T, s *supervise.Supervisor, server discovery.Server) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/chat/completions",
		strings.NewReader(`{"stream":true,"max_tokens":2000,"ignore_eos":true,"messages":[{"role":"user","content":"Tell a very long story."}]}`))
	if err != nil {
		t.Fatal(err)
	}
	story, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer story.Body.Close()
	if _, err := io.ReadFull(story.Body, make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	for _, e := range s.Engines() {
		if e.Name == "llm" {
			_ = syscall.Kill(e.PID, syscall.SIGKILL)
		}
	}
	begin := time.Now()
	if _, err := io.Copy(io.Discard, story.Body); err == nil {
		t.Error("a killed model finished its story")
	}
	for {
		_, _, _, err := measure.Chat(ctx, server, "Name a colour.", 8)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			t.Errorf("the model does not come back: %v", err)
			return
		}
	}
	t.Logf("back %v after it was killed", time.Since(begin).Round(time.Millisecond))
}
