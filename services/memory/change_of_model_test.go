package memory_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/memory"
)

// TestOldVectorsServeUntilAnotherModelIsDone has a server that makes one vector of the other
// model at a time, and is asked meanwhile.
func TestOldVectorsServeUntilAnotherModelIsDone_RealTime(t *testing.T) {
	e, url := serve(t)
	home := t.TempDir()
	at := func(model string) func(*memory.Config) {
		return func(c *memory.Config) {
			c.EmbedEngine, c.EmbedURL, c.EmbedModel, c.EmbedTimeout = "openai", url, model, 10*time.Second
		}
	}
	t.Run("the vectors of the first", func(t *testing.T) {
		b := kittest.Start(t, with(home, at("one")))
		b.Publish(t, contract.FinalTranscript{Text: "we bought a sail"})
		for i := range 30 {
			b.Publish(t, contract.FinalTranscript{Text: fmt.Sprintf("number%d is nothing", i)})
		}
		kept(t, home, 31)
		meant(t, home, "one")
	})
	t.Run("serve while the others are made", func(t *testing.T) {
		e.set(func() { e.slow = map[string]time.Duration{"two": 300 * time.Millisecond} })
		b := kittest.Start(t, with(home, at("two")))
		found := 0
		for begun := time.Now(); time.Since(begun) < 30*time.Second; time.Sleep(20 * time.Millisecond) {
			if slices.Equal(texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "the ship", TopK: 1})), []string{"target: we bought a sail"}) {
				found++
				if e.count("two we bought a sail") == 0 {
					break // by the old ones
				}
			}
		}
		if found == 0 || e.count("one the ship") == 0 {
			t.Errorf("found %d times, the old model was asked %d times", found, e.count("one the ship"))
		}
		e.set(func() { e.slow = nil })
		meant(t, home, "two")
		for end := time.Now().Add(time.Minute); e.count("two the ship") == 0; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the other model is never asked")
			}
			kittest.Ask(t, b, contract.MemoryQuery{Text: "the ship", TopK: 1})
		}
		recalls(t, b, "the ship", "target: we bought a sail")
	})
}

// TestQuestionsComeBeforeLines asks while a slow server embeds many lines. On an idle
// machine a question waits for at most one batch.
func TestQuestionsComeBeforeLines_RealTime(t *testing.T) {
	e, url := serve(t)
	e.set(func() { e.each = 4 * time.Millisecond; e.oneAtATime = true })
	home := t.TempDir()
	b := kittest.Start(t, with(home, func(c *memory.Config) {
		c.EmbedEngine, c.EmbedURL, c.EmbedModel, c.EmbedTimeout = "openai", url, "one", 200*time.Millisecond
	}))
	all := make([]contract.MemoryLine, 400)
	for i := range all {
		all[i] = contract.MemoryLine{Role: "user", Text: fmt.Sprintf("number%d is nothing", i), TS: float64(1_700_000_000 + i)}
	}
	kittest.Ask(t, b, contract.MemoryImport{Lines: all})
	e.told(t, "one number399 is nothing", 1)
	var took []time.Duration
	for i := range 40 {
		begun := time.Now()
		kittest.Ask(t, b, contract.MemoryQuery{Text: fmt.Sprintf("number%d", i), TopK: 3})
		took = append(took, time.Since(begun))
		time.Sleep(20 * time.Millisecond)
	}
	slices.Sort(took)
	t.Logf("a question takes %v, the slowest %v", took[20], took[39])
	if took[39] > 3*time.Second { // 200 ms and what the machine takes; it was seconds for lines in the way
		t.Errorf("the slowest question took %v", took[39])
	}
}
