// Package household lets people live with the assistant for a day of simulated time, and
// checks all along that it behaves: nothing is said twice or after it was cancelled,
// nothing is remembered that nobody heard, nobody is left without an answer or a reason,
// and nothing hangs or grows.
//
// The services, the broker and the kit are the real ones; the clock is that of
// testing/synctest; recogniser, model and voice are scripted, and fail, hang and dawdle.
package household

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotars/tars/kit/kittest"
)

// rooms are where people live. Pages play what is said to web-… themselves; tts lowers
// its voice in the bedroom, which is a sink of its own (TTS_SINKS).
var rooms = []string{"web-hall", "web-kitchen", "web-study", "bedroom"}

// house is one household: its people, its engines, and what is known of both.
type house struct {
	b      *kittest.Harness
	seed   uint64
	start  time.Time
	quiet  time.Time // from when on nobody says a word, and nothing fails
	checks *checker
	clips  clipTable

	mu      sync.Mutex
	words   int       // made up so far
	live    bool      // the assistant answers everything, as far as people know
	liveAt  time.Time // that changed
	lastUse map[string]time.Time
}

func newHouse(seed uint64) *house {
	return &house{seed: seed, checks: newChecker(), live: true, lastUse: map[string]time.Time{}}
}

// begin begins the day, of which people are up for some time.
func (h *house) begin(b *kittest.Harness, active time.Duration) {
	now := time.Now()
	h.b, h.start, h.liveAt, h.quiet = b, now, now, now.Add(active)
}

// people are those who live there, one in each room.
func (h *house) people(t *testing.T) (all []*person) {
	for i, room := range rooms {
		all = append(all, &person{h: h, t: t, room: room, r: h.random(uint64(i)), mic: make(chan struct{}, 1)})
	}
	for i, p := range all {
		p.next = all[(i+1)%len(all)]
	}
	return all
}

// random is a source of random numbers for one part of the household, so that one part
// does not change what another does.
func (h *house) random(part uint64) *rand.Rand { return rand.New(rand.NewPCG(h.seed, part)) }

// calm reports whether the household is quiet for the rest of the day.
func (h *house) calm() bool { return !time.Now().Before(h.quiet) }

// newWord makes up a word that was never said before. People and the assistant use
// different consonants, so that neither is taken for the echo of the other.
func (h *house) newWord(consonants string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.words++
	var w strings.Builder
	for i, n := 0, h.words*7919; i < 4; i++ {
		syllable := n % (len(consonants) * 5)
		n /= len(consonants) * 5
		w.WriteByte(consonants[syllable/5])
		w.WriteByte("aeiou"[syllable%5])
	}
	return w.String()
}

const (
	consonantsOfPeople    = "bdfgvwz"
	consonantsOfAssistant = "klmnprs"
)

// setLive notes that the assistant was told to answer everything, or only after its name.
func (h *house) setLive(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.live, h.liveAt = on, time.Now()
}

// use notes that a room is spoken to, or spoken in.
func (h *house) use(room string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastUse[room] = time.Now()
}

// isLive reports whether everything is answered.
func (h *house) isLive() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.live
}

// isPrivate reports whether what is said in a room without the wake phrase is certainly
// not for the assistant: it wants its name for a while, and nothing went on there.
func (h *house) isPrivate(room string) bool {
	const certain = time.Minute
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.live && time.Since(h.liveAt) > certain && time.Since(h.lastUse[room]) > certain
}

func (h *house) clockTime() string {
	return fmt.Sprint(time.Since(h.start).Round(time.Millisecond))
}

// sleep waits for a random time around d, and reports false when the day is over.
func (h *house) sleep(r *rand.Rand, d time.Duration) bool {
	time.Sleep(time.Duration(r.ExpFloat64() * float64(d)))
	return !h.calm()
}

// chance is true with a probability.
func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

// between is a random time from least to most.
func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)+1))
}
