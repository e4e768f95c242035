package llm

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/mcp"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/kit"
)

const (
	// maxOffered is how many tools a model gets to choose from. Small models choose badly among
	// more, and each costs some hundred tokens of every prompt.
	maxOffered = 8
	// embedBatch is how many descriptions are embedded in one request.
	embedBatch = 16
	// learnTimeout is how long a server has for one of them: it may load its model.
	learnTimeout = 30 * time.Second
	// questionTimeout is how long the embedding of a question is waited for.
	questionTimeout = 400 * time.Millisecond
	// embedCooldown is how long a server is left alone that failed.
	embedCooldown = 30 * time.Second
	// meaningWeight is what a cosine of 1 counts beside the best match by words. With MiniLM the
	// right tool is among eight for 97 of the 100 requests of testdata/tools.jsonl with 0.5, and
	// for 98 from 1 on; by words alone for 51.
	meaningWeight = 2.0
)

var errNoEmbedder = errors.New("no embedder")

// toolChooser chooses the tools that fit a question, by words and, where there is an
// embedder, by meaning. It is safe for concurrent use.
type toolChooser struct {
	find     func(context.Context) (embedder, error) // looks for the embedder; nil: there is none
	patience time.Duration                           // for the embedding of a question
	log      *slog.Logger

	mu        sync.Mutex
	embedder  embedder
	vectors   map[string][]float64 // of descriptions
	skipUntil time.Time
}

// embedder turns texts into vectors.
type embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float64, error)
}

// serverEmbedder is an embedder behind a server.
type serverEmbedder struct {
	client *openai.Client
	model  string
}

func (e serverEmbedder) Embed(ctx context.Context, texts []string) ([][]float64, error) {
	return e.client.Embed(ctx, e.model, texts)
}

// newToolChooser returns a chooser that asks the embedder of the settings, else the best that
// is found.
func newToolChooser(cfg Config, home kit.Home, log *slog.Logger) *toolChooser {
	find := func(ctx context.Context) (embedder, error) {
		at, key, model := cfg.EmbedURL, cfg.EmbedKey, cfg.EmbedModel
		if at == "" {
			servers := failover.Look(ctx, cfg.Hosts, string(home), discovery.Embed)
			if len(servers) == 0 {
				return nil, errNoEmbedder
			}
			at, key, model = servers[0].URL, "", servers[0].Model
		}
		client, err := openai.New(openai.Options{BaseURL: at, Key: key, MaxResponse: 8 << 20})
		return serverEmbedder{client, model}, err
	}
	return &toolChooser{find: find, patience: questionTimeout, log: log}
}

// describe is what is compared of a tool.
func describe(t mcp.Tool) string {
	name := strings.NewReplacer("mcp__", "", "__", " ", "_", " ").Replace(t.Name)
	return name + ": " + t.Description
}

// learn embeds the descriptions of tools that it does not know yet.
func (c *toolChooser) learn(ctx context.Context, tools []mcp.Tool) {
	if len(tools) <= maxOffered || c.find == nil {
		return
	}
	var missing []string
	c.mu.Lock()
	for _, t := range tools {
		if text := describe(t); c.vectors[text] == nil {
			missing = append(missing, text)
		}
	}
	c.mu.Unlock()
	if len(missing) == 0 {
		return
	}
	e, err := c.find(ctx)
	if err != nil {
		c.log.DebugContext(ctx, "tools are chosen by words alone", "err", err)
		return
	}
	for batch := range slices.Chunk(missing, embedBatch) {
		ctx, stop := context.WithTimeout(ctx, learnTimeout)
		vectors, err := e.Embed(ctx, batch)
		stop()
		if err != nil {
			c.log.DebugContext(ctx, "tools are chosen by words alone", "err", err)
			return
		}
		c.mu.Lock()
		if c.vectors == nil {
			c.vectors = map[string][]float64{}
		}
		for i, text := range batch {
			c.vectors[text] = vectors[i]
		}
		c.mu.Unlock()
	}
	c.mu.Lock()
	c.embedder = e
	c.mu.Unlock()
}

// choose returns the tools that fit text best, at most maxOffered, the best one first.
func (c *toolChooser) choose(ctx context.Context, all []mcp.Tool, text string) []mcp.Tool {
	if len(all) <= maxOffered {
		return all
	}
	question := c.question(ctx, text)
	scores := wordScores(all, text)
	if question != nil {
		c.mu.Lock()
		for i, t := range all {
			scores[i] += meaningWeight * cosine(question, c.vectors[describe(t)])
		}
		c.mu.Unlock()
	}
	order := make([]int, len(all))
	for i := range all {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	chosen := make([]mcp.Tool, maxOffered)
	for i := range chosen {
		chosen[i] = all[order[i]]
	}
	return chosen
}

// question embeds a question; nil when that is not to be had in time.
func (c *toolChooser) question(ctx context.Context, text string) []float64 {
	c.mu.Lock()
	e, skip := c.embedder, time.Now().Before(c.skipUntil)
	c.mu.Unlock()
	if e == nil || skip {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, c.patience)
	defer stop()
	vectors, err := e.Embed(ctx, []string{text[:min(len(text), 1000)]})
	if err != nil {
		c.mu.Lock()
		c.skipUntil = time.Now().Add(embedCooldown)
		c.mu.Unlock()
		return nil
	}
	return vectors[0]
}

// wordScores are how well the words of text fit each tool, 1 for the best. A word counts the
// more, the fewer tools have it, and twice in a name.
func wordScores(all []mcp.Tool, text string) []float64 {
	words := make([]map[string]float64, len(all))
	having := map[string]int{}
	for i, t := range all {
		words[i] = map[string]float64{}
		for _, w := range toolWords(t.Description) {
			words[i][w] = 1
		}
		for _, w := range toolWords(strings.TrimPrefix(t.Name, "mcp__") + " " + t.Title) {
			words[i][w] = 2
		}
		for w := range words[i] {
			having[w]++
		}
	}
	scores, best := make([]float64, len(all)), 0.0
	for i := range all {
		for _, w := range toolWords(text) {
			if weight := words[i][w]; weight > 0 {
				scores[i] += weight * math.Log(float64(len(all)+1)/float64(having[w]))
			}
		}
		best = max(best, scores[i])
	}
	for i := range scores {
		if best > 0 {
			scores[i] /= max(best, 2*math.Log(float64(len(all)+1))) // a common word alone is no good match
		}
	}
	return scores
}

// cosine is how near two vectors are; 0 when one is missing.
func cosine(a, b []float64) float64 {
	if len(a) != len(b) || len(a) == 0 {
		return 0
	}
	dot, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		dot, aa, bb = dot+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return dot / math.Sqrt(aa*bb)
}

// emptyWords say nothing about which tool is meant.
var emptyWords = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq("a an and any are at be by can could do does for from get give have how i if in into is it its let me my of on one or our please put set so some than that the their them then there these this those to up us was we were what when which who will with would you your") {
		m[w] = true
	}
	return m
}()

// toolWords are the words of text that say something, without the ends that grammar gives
// them.
func toolWords(text string) (words []string) {
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if emptyWords[w] {
			continue
		}
		for _, end := range []string{"ing", "ed", "es", "s", "e"} {
			if stem, ok := strings.CutSuffix(w, end); ok && len(stem) >= 3 {
				w = stem
				break
			}
		}
		if len(w) > 1 {
			words = append(words, w)
		}
	}
	return words
}
