package turns

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
)

// The bounds of what is collected. More is left out, or makes the oldest turn leave.
const (
	MaxTurns      = 200     // that are kept
	maxIgnored    = 60      // of them, in which nothing was understood
	maxBytes      = 8 << 20 // of all turns, as files, without sound
	maxSoundBytes = 8 << 20 // of the sound of all turns: five minutes
	maxRooms      = 64      // in which something goes on
	maxPartials   = 64      // of a turn
	maxEvents     = 64      // of a turn
	maxTools      = 32      // of a turn
	maxSpoken     = 100     // lines of an answer
	maxText       = 2000    // characters of a line, the arguments or the result of a tool
	maxReply      = 20000   // characters of an answer
	maxID         = 256     // bytes of an id; what has a longer one is left out
	maxAliases    = 8       // ids by which a turn is found
)

// Collector keeps the last turns. It is safe for concurrent use.
type Collector struct {
	sound bool // keep what was said, too

	mu      sync.Mutex
	turns   []*kept                // the oldest first
	byID    map[string]*kept       // by all ids of a turn
	rooms   map[string]*roomNow    // by name
	engines map[string]engineInUse // by the name of the service
}

type engineInUse = contract.EngineInUse

// kept is one turn, and what is needed to complete it.
type kept struct {
	Turn
	ids   []string
	calls []string // ids of Tools
	bytes int      // as a file, without sound
}

// roomNow is what goes on in a room.
type roomNow struct {
	events   []Event              // since the last turn began
	partials map[string][]Partial // by utt_id, of what is being said
	timings  map[string]contract.SpeechTiming
	into     string  // what the assistant was saying when somebody began to speak
	speaking string  // what it says now
	words    Partial // heard last
	wordsOf  string  // utt_id of words
	began    float64 // somebody began to speak; 0: nobody did
	used     time.Time
	mic      micBuffer
}

// Option changes a [Collector].
type Option func(*Collector)

// KeepSound has the sound of what was said kept, too.
func KeepSound() Option { return func(c *Collector) { c.sound = true } }

// NewCollector returns a collector that has seen nothing.
func NewCollector(opts ...Option) *Collector {
	c := &Collector{byID: map[string]*kept{}, rooms: map[string]*roomNow{}, engines: map[string]engineInUse{}}
	for _, o := range opts {
		o(c)
	}
	return c
}

// Summary is a turn in a list.
type Summary struct {
	ID       string  `json:"id"`
	AnswerID string  `json:"answer_id,omitempty"`
	UttID    string  `json:"utt_id,omitempty"`
	Room     string  `json:"room,omitempty"`
	Begun    float64 `json:"begun"`
	Text     string  `json:"text,omitempty"`
	Outcome  string  `json:"outcome,omitempty"`
	Reason   string  `json:"reason,omitempty"`
}

// List returns the turns that are kept, the newest first.
func (c *Collector) List() []Summary {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Summary, 0, len(c.turns))
	for _, k := range slices.Backward(c.turns) {
		all = append(all, Summary{k.ID, k.AnswerID, k.UttID, k.Room, k.Begun, k.heardText(), k.Outcome, k.Reason})
	}
	return all
}

// heardText is what was understood, also of a turn that was dropped.
func (k *kept) heardText() string {
	if k.Text == "" && k.Speech != nil {
		return text(k.Speech.Text)
	}
	return k.Text
}

// Get returns a turn by its id, the id of its answer, or that of its speech.
func (c *Collector) Get(id string) (Turn, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.byID[id]
	if k == nil {
		return Turn{}, false
	}
	t := k.whole()
	t.AnsweredIn = c.answeredIn(k)
	return t, true
}

// whole is the turn with what follows from its parts. It shares nothing with k.
func (k *kept) whole() (t Turn) {
	data, err := json.Marshal(k.Turn)
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	if err != nil { // numbers of foreign messages may be none
		return Turn{Format: Format, Version: Version, ID: k.ID}
	}
	t.Stages = t.stages()
	t.Wait = t.wait(t.Stages)
	return t
}

// open begins a turn.
func (c *Collector) open(t Turn, ids ...string) *kept {
	t.Format, t.Version = Format, Version
	k := &kept{Turn: t}
	c.turns = append(c.turns, k)
	for _, id := range append(ids, t.ID, t.UttID) {
		c.alias(k, id)
	}
	c.shrink()
	return k
}

// alias lets k be found by one more id.
func (c *Collector) alias(k *kept, id string) {
	if id == "" || len(id) > maxID || c.byID[id] == k || len(k.ids) >= maxAliases {
		return
	}
	c.byID[id] = k
	k.ids = append(k.ids, id)
}

// shrink forgets the oldest turns and sounds that are too many.
func (c *Collector) shrink() {
	ignored, bytes, sound := 0, 0, 0
	for i, k := range slices.Backward(c.turns) {
		if k.Text == "" {
			ignored++
		}
		if k.Sound != nil {
			if sound += len(k.Sound.PCM); sound > maxSoundBytes {
				k.Sound = nil
			}
		}
		bytes += k.bytes
		if len(c.turns)-i > MaxTurns || bytes > maxBytes || k.Text == "" && ignored > maxIgnored {
			c.forget(i)
		}
	}
}

// Forget forgets all turns that are over, as somebody has lines of the memory forgotten: what
// was said in them may be in any.
func (c *Collector) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgetOver()
}

func (c *Collector) forgetOver() {
	for i, k := range slices.Backward(c.turns) {
		if k.Outcome != "" {
			c.forget(i)
		}
	}
	for _, r := range c.rooms {
		r.mic = micBuffer{}
	}
}

func (c *Collector) forget(i int) {
	k := c.turns[i]
	for _, id := range k.ids {
		if c.byID[id] == k {
			delete(c.byID, id)
		}
	}
	c.turns = slices.Delete(c.turns, i, i+1)
}

// weigh notes how much a turn takes.
func (c *Collector) weigh(k *kept) {
	sound := k.Sound
	k.Sound = nil
	data, _ := json.Marshal(k.Turn)
	k.Sound, k.bytes = sound, len(data)
	c.shrink()
}

// roomAt is what goes on in a room.
func (c *Collector) roomAt(name string, now time.Time) *roomNow {
	r := c.rooms[name]
	if r == nil {
		if len(c.rooms) >= maxRooms {
			c.forgetRoom()
		}
		r = &roomNow{partials: map[string][]Partial{}, timings: map[string]contract.SpeechTiming{}}
		c.rooms[name] = r
	}
	r.used = now
	return r
}

func (c *Collector) forgetRoom() {
	oldest := ""
	for name, r := range c.rooms {
		if oldest == "" || r.used.Before(c.rooms[oldest].used) {
			oldest = name
		}
	}
	delete(c.rooms, oldest)
}
