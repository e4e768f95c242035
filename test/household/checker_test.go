package household

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
)

// checker knows what was said, asked and played, and what should not have happened.
type checker struct {
	mu         sync.Mutex
	violations []string
	more       int // violations beyond those that are kept

	lines    map[string]*spokenLine   // by message_id of the TtsSay
	answers  map[string][]*spokenLine // by utt_id, in their order
	byWord   map[string][]*spokenLine // by the made-up words in them
	speakers map[string]*loudspeaker  // by sink
	muted    []span                   // when the voice was mute
	stopped  map[string]time.Time     // answers that were stopped, by utt_id
	repeats  map[string]time.Time     // when somebody asked to hear more, or again, by room

	finals    map[string]*final      // by message_id
	asked     map[string]*final      // by utt_id
	early     map[string]earlyRecord // by message_id of a transcript that did not come yet
	cancelled map[string]time.Time
	said      map[string]time.Time // made-up words in finals, by room and word
	private   map[string]time.Time // made-up words that are not for the assistant
	expected  []*utterance
	later     []func()             // checks that have to wait until all of one moment has come
	ducked    map[string]time.Time // since when, by room
	requests  map[string]int       // by id
	outages   map[string][]span    // by service
	stops     map[string][]span    // those that were stopped on purpose, and started again

	stillThere map[string]time.Time // what was typed at the end of the day, by utt_id

	counts map[string]int
}

// final is a transcript, spoken or typed.
type final struct {
	id, utt, room, text string
	at                  time.Time
	typed               bool
	missed              bool // the router was stopped on purpose when it came
	records             int
}

// utterance is something that was said into an open microphone.
type utterance struct {
	room, text   string
	noise        bool // it has no words
	begun, ended time.Time
}

// spokenLine is one TtsSay.
type spokenLine struct {
	say, utt, room, text string
	quiet                bool // an acknowledgement or an announcement: no part of a conversation
	at                   time.Time
	played               time.Duration
	next                 int // number of the piece that is due
	started, ended       time.Time
}

// earlyRecord is a record that came before its transcript: they come on two connections.
type earlyRecord struct {
	contract.TurnRecord
	at time.Time
}

// span is a time in which something was away. A zero end has not come.
type span struct{ from, to time.Time }

func newChecker() *checker {
	return &checker{
		lines: map[string]*spokenLine{}, answers: map[string][]*spokenLine{}, byWord: map[string][]*spokenLine{}, speakers: map[string]*loudspeaker{},
		stopped: map[string]time.Time{}, repeats: map[string]time.Time{}, finals: map[string]*final{}, asked: map[string]*final{}, cancelled: map[string]time.Time{},
		said: map[string]time.Time{}, early: map[string]earlyRecord{}, stillThere: map[string]time.Time{}, private: map[string]time.Time{}, ducked: map[string]time.Time{}, requests: map[string]int{}, outages: map[string][]span{}, stops: map[string][]span{}, counts: map[string]int{},
	}
}

// maxOfOneKind is how many violations of one kind are told.
const maxOfOneKind = 12

// violate notes that something happened that should not.
func (c *checker) violate(now time.Time, kind, format string, args ...any) {
	c.counts["violation: "+kind]++
	if c.counts["violation: "+kind] > maxOfOneKind {
		c.more++
		return
	}
	c.violations = append(c.violations, now.UTC().Format("02 15:04:05.000 ")+kind+": "+fmt.Sprintf(format, args...))
}

const (
	// margin is how long before and after an outage messages are late or lost.
	margin = 5 * time.Second
	// maxLate is how much later than its cause something may be seen on the bus.
	maxLate = 300 * time.Millisecond
)

func overlaps(all []span, from, to time.Time) bool {
	return slices.ContainsFunc(all, func(s span) bool {
		return !s.from.After(to.Add(margin)) && (s.to.IsZero() || !s.to.Add(margin).Before(from))
	})
}

// isExcused reports whether a service was away at some time from one moment to another.
func (c *checker) isExcused(from, to time.Time, services ...string) bool {
	return slices.ContainsFunc(services, func(s string) bool { return overlaps(c.outages[s], from, to) })
}

// away notes that a service is cut off or stopped, and back that it is ready again.
func (c *checker) away(service string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outages[service] = append(c.outages[service], span{from: now})
}

func (c *checker) back(service string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range []map[string][]span{c.outages, c.stops} {
		if all := of[service]; len(all) > 0 && all[len(all)-1].to.IsZero() {
			all[len(all)-1].to = now
		}
	}
}

// stop notes that a service is stopped on purpose. What is sent to it meanwhile is for
// nobody: it has said that it leaves.
func (c *checker) stop(service string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stops[service] = append(c.stops[service], span{from: now})
}

// expect notes that something was said into an open microphone, of which the bus has to
// tell what became.
func (c *checker) expect(u *utterance) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts["utterances"]++
	c.expected = append(c.expected, u)
}

// keepPrivate notes that words are not for the assistant.
func (c *checker) keepPrivate(words []string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range words {
		if isMadeUp(w, consonantsOfPeople) {
			c.private[w] = now
		}
	}
}

// isMadeUp reports whether word is one of newWord.
func isMadeUp(word, consonants string) bool {
	word = strings.Trim(strings.ToLower(word), ".,?!")
	if len(word) != 8 {
		return false
	}
	for i := range word {
		if set := []string{consonants, "aeiou"}[i%2]; !strings.Contains(set, word[i:i+1]) {
			return false
		}
	}
	return true
}

// madeUp are the words of text that were made up.
func madeUp(text, consonants string) (all []string) {
	for _, w := range strings.Fields(text) {
		if isMadeUp(w, consonants) {
			all = append(all, strings.Trim(strings.ToLower(w), ".,?!"))
		}
	}
	return all
}

// seen counts something for the report.
func (c *checker) seen(what string) {
	c.counts[what]++
}

// duck takes that a voice is lowered, or comes back.
func (c *checker) duck(d contract.SpeechDuck, room string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen("ducks")
	if delete(c.ducked, room); d.On {
		c.ducked[room] = now
	}
}

// baseOf is the utt_id that an id was made of: the router appends "-" and eight digits to
// one that comes again.
func baseOf(id string) string {
	if n := len(id) - 9; n > 0 && id[n] == '-' {
		return id[:n]
	}
	return id
}
