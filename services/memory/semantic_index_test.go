package memory_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/test/need"
)

// topics are what the scripted embedder understands: a text about one of them
// has its direction.
var topics = []string{"boat ship sail", "milk cheese", "rain umbrella"}

// embedder is a server that knows topics.
type embedder struct {
	mu      sync.Mutex
	texts   map[string]int // how often each was embedded
	hang    bool
	refuses string // a word
	chokes  string // a word, of which comes no number
	nothing string // a word, of which comes a vector of zeros
	down    bool

	slow       map[string]time.Duration // by model: for each request
	each       time.Duration            // for each text
	oneAtATime bool                     // as servers with one worker do
	working    sync.Mutex
}

func (e *embedder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Input []string `json:"input"`
		Model string   `json:"model"`
	}
	_ = json.NewDecoder(r.Body).Decode(&q)
	e.mu.Lock()
	hang, down := e.hang, e.down
	nothing, wait, alone := e.nothing, e.slow[q.Model]+time.Duration(len(q.Input))*e.each, e.oneAtATime
	refused, choked := false, false
	for _, t := range q.Input {
		e.texts[q.Model+" "+t]++
		refused = refused || e.refuses != "" && strings.Contains(t, e.refuses)
		choked = choked || e.chokes != "" && strings.Contains(t, e.chokes)
	}
	e.mu.Unlock()
	if alone {
		e.working.Lock()
		defer e.working.Unlock()
	}
	time.Sleep(wait)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case hang:
		<-r.Context().Done()
		return
	case choked: // as Ollama does
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"error":{"message":"failed to encode response: json: unsupported value: NaN"}}`)
		return
	case down:
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"error":{"message":"out of memory"}}`)
		return
	case refused:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":{"message":"too long"}}`)
		return
	}
	type datum struct {
		Index     int       `json:"index"`
		Embedding []float64 `json:"embedding"`
	}
	var data []datum
	for i, t := range q.Input {
		v := []float64{0, 0, 0, 0.1}
		if nothing != "" && strings.Contains(t, nothing) {
			v[3] = 0
		}
		for k, words := range topics {
			if slices.ContainsFunc(strings.Fields(words), func(w string) bool { return strings.Contains(t, w) }) {
				v[k] = 3 // not of length 1
			}
		}
		data = append(data, datum{i, v})
	}
	slices.Reverse(data) // the index says whose they are
	_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": data})
}

func (e *embedder) set(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
}

func (e *embedder) count(text string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.texts[text]
}

func serve(t *testing.T) (*embedder, string) {
	t.Helper()
	e := &embedder{texts: map[string]int{}}
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return e, s.URL + "/v1"
}

// with is the memory with settings; home is kept between two of them.
func with(home string, change func(*memory.Config)) kit.Module {
	return memory.Module.With(fx.Decorate(func(c memory.Config) memory.Config {
		c.Path = filepath.Join(home, "memory.db")
		change(&c)
		return c
	}))
}

// told waits until text was embedded n times and what came of it is kept.
func (e *embedder) told(t *testing.T, text string, n int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); e.count(text) < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%q was embedded %d times, want %d", text, e.count(text), n)
		}
	}
}

// kept waits until home has n lines.
func kept(t *testing.T, home string, n int) {
	t.Helper()
	s := open(t, home)
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		lines, err := s.Recent(t.Context(), n)
		if err != nil || time.Now().After(end) {
			t.Fatalf("%d lines, want %d, %v", len(lines), n, err)
		}
		if len(lines) == n {
			return
		}
	}
}

// meant waits until every line in home has a vector of model.
func meant(t *testing.T, home, model string) {
	t.Helper()
	s := open(t, home)
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		bare, err := s.Unembedded(t.Context(), model, 1<<62, 1)
		if err != nil || time.Now().After(end) {
			t.Fatalf("lines without a vector: %v, %v", bare, err)
		}
		if len(bare) == 0 {
			return
		}
	}
}

// recalls asks until the answer is want: vectors are kept a moment after they
// are made.
func recalls(t *testing.T, b *kittest.Harness, ask string, want ...string) {
	t.Helper()
	var got []string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = texts(kittest.Ask(t, b, contract.MemoryQuery{Text: ask, TopK: 3})); slices.Equal(got, want) {
			return
		}
	}
	t.Errorf("%q recalled %q, want %q", ask, got, want)
}

// TestMeaning takes a few seconds: what is kept settles before it is embedded.
func TestMeaningIsRecalled_RealTime(t *testing.T) {
	e, url := serve(t)
	home := t.TempDir()
	at := func(model string) func(*memory.Config) {
		return func(c *memory.Config) {
			c.EmbedEngine, c.EmbedURL, c.EmbedModel, c.EmbedTimeout = "openai", url, model, 10*time.Second
		}
	}
	t.Run("of what was said", func(t *testing.T) {
		b := kittest.Start(t, with(home, at("one")))
		b.Publish(t, contract.FinalTranscript{Text: "we bought a sail"})
		b.Publish(t, contract.FinalTranscript{Text: "and cheese"})
		b.Publish(t, contract.FinalTranscript{Text: "good morning"})
		e.told(t, "one we bought a sail", 1)
		recalls(t, b, "the ship", "target: we bought a sail")
		recalls(t, b, "is there milk", "target: and cheese")
		recalls(t, b, "quantum physics", "target: good morning") // neither knows anything of it
		e.set(func() { e.hang = true })
		if got := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "*", TopK: 1})); len(got) != 1 {
			t.Errorf("the last lines are %q", got)
		}
		e.set(func() { e.hang = false })
	})
	t.Run("of what was said without an embedder", func(t *testing.T) {
		b := kittest.Start(t, with(home, func(c *memory.Config) { c.EmbedEngine = "none" }))
		b.Publish(t, contract.FinalTranscript{Text: "take an umbrella"})
		recalls(t, b, "rain") // nothing
		recalls(t, b, "umbrella", "target: take an umbrella")
	})
	t.Run("once, when it is back", func(t *testing.T) {
		b := kittest.Start(t, with(home, at("one")))
		e.told(t, "one take an umbrella", 1)
		recalls(t, b, "rain", "target: take an umbrella")
		recalls(t, b, "the ship", "target: we bought a sail")
		if n := e.count("one we bought a sail"); n != 1 {
			t.Errorf("a line was embedded %d times", n)
		}
	})
	t.Run("anew by another model", func(t *testing.T) {
		b := kittest.Start(t, with(home, at("two")))
		e.told(t, "two we bought a sail", 1)
		recalls(t, b, "the ship", "target: we bought a sail")
	})
	t.Run("of an answer that grew", func(t *testing.T) {
		b := kittest.Start(t, with(t.TempDir(), at("one")))
		b.Publish(t, contract.TtsSay{Text: "Yes.", UttID: new("u")})
		e.told(t, "one Yes.", 1)
		b.Publish(t, contract.TtsSay{Text: "The cheese is gone.", UttID: new("u")})
		e.told(t, "one Yes. The cheese is gone.", 1)
		recalls(t, b, "milk", "target: Yes. The cheese is gone.")
	})
	t.Run("although some lines cannot be embedded", func(t *testing.T) {
		e.set(func() { e.refuses, e.chokes, e.nothing = "endless", "hmm", "umm" })
		b := kittest.Start(t, with(t.TempDir(), at("one")))
		for _, text := range []string{"an endless story", "more milk", "hmm", "umm", "take an umbrella"} {
			b.Publish(t, contract.FinalTranscript{Text: text})
		}
		recalls(t, b, "cheese", "target: more milk")
		recalls(t, b, "rain", "target: take an umbrella")
	})
	t.Run("although the only line cannot be embedded", func(t *testing.T) {
		e.set(func() { e.chokes = "brrr" })
		b := kittest.Start(t, with(t.TempDir(), at("one")))
		b.Publish(t, contract.FinalTranscript{Text: "brrr"})
		e.told(t, "one brrr", 1)
		b.Publish(t, contract.FinalTranscript{Text: "take an umbrella"})
		recalls(t, b, "rain", "target: take an umbrella")
		if n := e.count("one brrr"); n != 2 { // more when the server was taken for ill, and asked again later
			t.Errorf("what it does not take was embedded %d times", n)
		}
	})
}

func TestADeadEmbedderCostsAQueryLittle_RealTime(t *testing.T) {
	for name, spoil := range map[string]func(*embedder){"hangs": func(e *embedder) { e.hang = true }, "fails": func(e *embedder) { e.down = true }} {
		t.Run(name, func(t *testing.T) {
			e, url := serve(t)
			b := kittest.Start(t, with(t.TempDir(), func(c *memory.Config) {
				c.EmbedEngine, c.EmbedURL, c.EmbedModel, c.EmbedTimeout = "openai", url, "one", 200*time.Millisecond
			}))
			b.Publish(t, contract.FinalTranscript{Text: "we bought a boat"})
			e.told(t, "one we bought a boat", 1)
			e.set(func() { spoil(e) })
			asked := 0
			for range 6 {
				begun := time.Now()
				recalls(t, b, "the boat", "target: we bought a boat")
				if took := time.Since(begun); took > 10*time.Second {
					t.Errorf("a query took %v", took)
				}
				asked = e.count("one the boat")
			}
			if asked > 3 {
				t.Errorf("an embedder that does not answer was asked %d times", asked)
			}
			e.set(func() { e.hang, e.down = false, false })
		})
	}
}

// TestParaphrasesAreRecalled takes the time of a real model.
func TestParaphrasesAreRecalled_RealEngines(t *testing.T) {
	need.Engines(t, "EMBED_OPENAI_URL")
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	said := []string{
		"My daughter's birthday is on the ninth of May.", "The car has to go to the garage for new brakes.", "I am allergic to peanuts.",
		"We are flying to Lisbon in October.", "The wifi password is on the fridge.", "Anna prefers tea without sugar.",
		"The dentist moved my appointment to Thursday.", "I parked on the third level.", "The neighbours feed our cat when we are away.",
		"My favourite film is about a lighthouse.", "The heating makes a strange noise at night.", "We ran out of washing powder.",
	}
	asks := map[string]string{
		"When was my little girl born?":            said[0],
		"What is wrong with the vehicle?":          said[1],
		"Which food makes me ill?":                 said[2],
		"Where do we travel on holiday?":           said[3],
		"How do I get on the internet?":            said[4],
		"How does she drink her hot beverage?":     said[5],
		"When do I have to see the tooth doctor?":  said[6],
		"Where did I leave my automobile?":         said[7],
		"Who looks after the kitten on vacation?":  said[8],
		"What movie do I like most?":               said[9],
		"Is the radiator broken?":                  said[10],
		"What do I need to buy to do the laundry?": said[11],
	}
	found := func(change func(*memory.Config)) (n int) {
		home := t.TempDir()
		b := kittest.Start(t, with(home, change))
		for _, s := range said {
			b.Publish(t, contract.FinalTranscript{Text: s})
		}
		kept(t, home, len(said))
		var c memory.Config
		if change(&c); c.EmbedModel != "" {
			meant(t, home, c.EmbedModel)
		}
		for ask, want := range asks {
			if got := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: ask, TopK: 3})); slices.Contains(got, "target: "+want) {
				n++
			} else if c.EmbedModel != "" {
				t.Logf("%q recalled %q", ask, got)
			}
		}
		return n
	}
	words := found(func(c *memory.Config) { c.EmbedEngine = "none" })
	both := found(func(c *memory.Config) {
		c.EmbedEngine, c.EmbedURL, c.EmbedModel, c.EmbedTimeout = "openai", os.Getenv("EMBED_OPENAI_URL"), os.Getenv("EMBED_OPENAI_MODEL"), 10*time.Second
	})
	t.Logf("of %d questions in other words, words answer %d, words and meaning %d", len(asks), words, both)
	if both < 9 || both <= words {
		t.Errorf("%d of %d paraphrases recalled, %d by words alone", both, len(asks), words)
	}
}
