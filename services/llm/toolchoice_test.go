package llm

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/gotars/tars/engines/mcp"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/test/need"
)

// wish is a tool with a request that is for it.
type wish struct{ Tool, Description, Request string }

func wishes(t testing.TB) (all []wish, tools []mcp.Tool) {
	t.Helper()
	f, err := os.Open("testdata/tools.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var w wish
		if err := json.Unmarshal(lines.Bytes(), &w); err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
		tools = append(tools, mcp.Tool{Name: w.Tool, Description: w.Description})
	}
	if len(all) != 100 {
		t.Fatalf("%d tools", len(all))
	}
	return all, tools
}

// found counts the requests whose tool is among those that c chooses.
func found(t testing.TB, c *toolChooser) (n int) {
	t.Helper()
	all, tools := wishes(t)
	for _, w := range all {
		if slices.ContainsFunc(c.choose(t.Context(), tools, w.Request), func(x mcp.Tool) bool { return x.Name == w.Tool }) {
			n++
		} else {
			t.Logf("%s: not among those for %q", w.Tool, w.Request)
		}
	}
	return n
}

func TestToolsAreChosenByWords(t *testing.T) {
	if n := found(t, &toolChooser{}); n < 50 {
		t.Errorf("the tool is among eight for %d of 100 requests", n)
	}
}

// TestRealToolsAreChosenByMeaning embeds with a real server; see need.Engines.
func TestRealToolsAreChosenByMeaning(t *testing.T) {
	need.Engines(t, "EMBED_OPENAI_URL")
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	client, err := openai.New(openai.Options{BaseURL: os.Getenv("EMBED_OPENAI_URL")})
	if err != nil {
		t.Fatal(err)
	}
	e := &timedEmbedder{serverEmbedder{client, os.Getenv("EMBED_OPENAI_MODEL")}, 0}
	c := &toolChooser{find: func(context.Context) (embedder, error) { return e, nil }, patience: time.Minute, log: slog.New(slog.DiscardHandler)} // a busy machine changes nothing
	_, tools := wishes(t)
	c.learn(t.Context(), tools)
	e.took = 0
	began := time.Now()
	n := found(t, c)
	t.Logf("the tool is among eight for %d of 100 requests; a choice takes %s beside the embedding", n, (time.Since(began)-e.took)/100)
	if n < 95 {
		t.Errorf("the tool is among eight for %d of 100 requests, want 95", n)
	}
}

// timedEmbedder measures how long it took.
type timedEmbedder struct {
	embedder
	took time.Duration
}

func (e *timedEmbedder) Embed(ctx context.Context, texts []string) ([][]float64, error) {
	began := time.Now()
	defer func() { e.took += time.Since(began) }()
	return e.embedder.Embed(ctx, texts)
}
