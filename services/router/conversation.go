package router

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/speech"
	"github.com/gotars/tars/speech/phrases"
)

// effect is one message to publish: for a room, as an answer to cause.
type effect struct {
	room  string
	cause string // envelope id; empty is a fresh one
	m     msg.Message
}

// origin is where an event came from.
type origin struct {
	room  string
	typed bool
}

// conversation is the state machine of all rooms. It does no I/O and reads no
// clock: each method takes an event with the time at which it happened, changes the
// state, and returns what is to be published. It is used by one lane at a time and
// needs no lock.
type conversation struct {
	cfg             Config
	live            bool // answer everything, without a wake phrase
	phrases         []string
	phraseBook      *phrases.Book
	others          []otherUtterance // speech without a turn that is heard now
	acks            []string
	timings         []contract.SpeechTiming // of utterances whose final is to come, oldest first
	nextAck         int                     // index of the acknowledgement that is said next
	rooms           map[string]*room
	volumes         roomVolumes
	body            string           // client id of a body that is well; empty: there is none
	turns           map[string]*turn // by id, those that are not over
	seenTranscripts []string         // message ids that were handled lately: AtLeastOnce messages may come again
	recentTurns     []string         // ids of the last turns: what still comes for one of them must not touch a later one
	online          map[string]bool  // whether a service is ready, by client id; for the announcement
	announced       bool             // the services were announced
	timers          timers
	voiceSign       time.Time     // the voice last did something, for anybody
	newID           func() string // eight hex digits
}

// room is what is known of one place.
type room struct {
	windowEnd   time.Time // what is heard before this time is meant for us, without a wake phrase
	speechStart *float64  // of the last speech in the room, in seconds since 1970
	speechEnd   *float64
	began       []float64 // when speech began in the utterance that is not read yet, and after each pause of it
	running     *turn
	history     []exchange
	lastUsed    time.Time
	energy      float64    // of the last speech
	windowBegan time.Time  // when windowEnd was set by a wake word
	woken       bool       // windowEnd is that of a wake word, and not of an answer
	overVoice   bool       // the assistant spoke while the last speech in the room was heard
	voiceEnded  time.Time  // the assistant's voice in the room
	barge       bargeIn    // somebody speaks into the assistant's voice
	held        *time.Time // since when the answer waits for "go on"; nil: it does not
	unheard     []string   // pieces of the last answer that was interrupted
	toldUntil   time.Time  // that the recogniser failed need not be said again before
	lastHeard   heardText  // the last transcript that was understood here
	waiting     *pending   // a transcript that waits for those of other rooms
	ahead       string     // id of the request that the model answers ahead; empty: none
}

type exchange struct {
	at          time.Time
	user, reply string
	turn        *turn // of which the voice may still tell what was heard; nil: of none
}

const maxRemembered = 256

func newConversation(cfg Config, book *phrases.Book, newID func() string) *conversation {
	return &conversation{cfg: cfg, phraseBook: book, live: cfg.LiveModeDefault, phrases: splitChoices(cfg.WakePhrases), acks: splitChoices(cfg.WakeAckChoices),
		rooms: map[string]*room{}, volumes: roomVolumes{}, turns: map[string]*turn{}, online: map[string]bool{}, newID: newID}
}

// turnsByAge returns the turns that are not over, the one silent for longest first.
func (c *conversation) turnsByAge() []*turn {
	return slices.SortedFunc(maps.Values(c.turns), func(a, b *turn) int {
		return cmp.Or(a.lastSign.Compare(b.lastSign), cmp.Compare(a.id, b.id))
	})
}

// heard takes a transcript, spoken or typed. One that another microphone may have
// heard as well waits for that a moment.
func (c *conversation) heard(f contract.FinalTranscript, from origin, now time.Time) []effect {
	if strings.TrimSpace(f.Text) == "" || c.repeated(f.MessageID) {
		return nil
	}
	out, done := c.chooseMicrophone(f, from, now)
	if done {
		return out
	}
	out = append(out, c.understand(f, from, now)...)
	return append(out, c.release(from.room, now)...)
}

// understand takes a transcript that is this room's own. An answer that was begun ahead of
// it is withdrawn, unless its turn has taken it.
func (c *conversation) understand(f contract.FinalTranscript, from origin, now time.Time) []effect {
	out := c.answerOrSteer(f, from, now)
	return append(out, c.withdrawAhead(from.room)...)
}

// answerOrSteer has a transcript steer what goes on in its room, or begin a turn.
func (c *conversation) answerOrSteer(f contract.FinalTranscript, from origin, now time.Time) []effect {
	r := c.roomAt(from.room, now)
	t := c.newTurn(f, from, r, now)
	rest, woken := c.wakePhrase(strings.TrimSpace(f.Text))
	t.text = rest
	meant := woken || c.isMeant(t, r, now)
	if !from.typed { // what is said aloud may still be read
		r.lastHeard = heardText{text: f.Text, began: r.began}
		r.endUtterance()
	}
	if out, done := c.steerRinging(t, from, meant, now); done {
		return out
	}
	if out, done := c.steer(t, r, from, meant, now); done {
		return out
	}
	if !meant {
		return append(c.giveBack(from.room, r, "not_meant", now), t.record(contract.TurnIgnored, "no wake phrase", now))
	}
	if rest == "" { // the wake phrase alone
		if from.typed || !woken {
			return append(c.giveBack(from.room, r, "no_words", now), t.record(contract.TurnIgnored, "no words", now))
		}
		out := append(c.silenceRoom(from.room, r, "wake", now), c.woken(r, t.id, from.room, now)...)
		return append(out, t.record(contract.TurnDone, "wake", now))
	}
	r.windowEnd = time.Time{}
	return c.begin(t, r, from, now)
}

// isMeant reports whether a transcript without a wake phrase is for the assistant.
func (c *conversation) isMeant(t *turn, r *room, now time.Time) bool {
	if t.typed {
		return true
	}
	goesOn := r.running != nil && t.continues(r.running, now)
	return (goesOn || c.meant(r, t.times.SpeechStart, t.times.SpeechEnd, now)) && !c.mayBeOwnVoice(t.room, r, now)
}

// newTurn returns a turn for a transcript. It is not begun.
func (c *conversation) newTurn(f contract.FinalTranscript, from origin, r *room, now time.Time) *turn {
	t := &turn{cause: f.MessageID, room: from.room, heard: f, typed: from.typed, lastSign: now, id: *orDefault(f.UttID, "rt-"+c.newID()),
		splitter: speech.Splitter{Min: c.cfg.SayMin, Max: c.cfg.SayMax, Lang: f.Lang}}
	t.times = contract.TurnRecord{TurnID: f.MessageID, TextLen: len([]rune(strings.TrimSpace(f.Text))), Final: &f.TS}
	if !from.typed {
		t.times.SpeechStart, t.times.SpeechEnd = r.speechStart, r.speechEnd
	}
	if from.room != "" {
		t.times.Room = &from.room
	}
	if s, ok := c.takeTiming(f); ok {
		t.addTiming(s)
	}
	return t
}

// begin replaces what goes on in the room by a turn.
func (c *conversation) begin(t *turn, r *room, from origin, now time.Time) []effect {
	if slices.Contains(c.recentTurns, t.id) { // deltas and statuses of the earlier turn may still come
		t.id += "-" + c.newID()
	}
	if c.recentTurns = append(c.recentTurns, t.id); len(c.recentTurns) > maxRemembered {
		c.recentTurns = c.recentTurns[1:]
	}
	var out []effect
	if first := r.running; first != nil && t.continues(first, now) {
		t.text = joinHalves(first.text, t.text)
		first.replaced = true
		out = c.interrupt(first, "joined", now)
	} else {
		out = c.silenceRoom(from.room, r, "superseded", now)
	}
	if c.tooManyTurns(r) {
		return append(out, t.record(contract.TurnFailed, "too much is said at once", now))
	}
	r.unheard = nil
	c.run(t, r, now)
	if moved, ok := c.moves(t, now); ok {
		t.responded = true
		return append(out, moved...)
	}
	a, ok := c.volumeRule(t)
	if !ok {
		a, ok = c.rule(t.text, now)
	}
	if ok {
		t.responded = true
		return append(out, c.speak(t, a.style, t.cause, now, a.text)...)
	}
	c.takeAhead(t, r)
	if offered, ok := c.offerToTimers(t, now); ok {
		return append(out, offered...)
	}
	return append(out, c.askModel(t, now)...)
}

// run makes t what goes on in its room.
func (c *conversation) run(t *turn, r *room, now time.Time) {
	t.began = now
	c.turns[t.id], r.running = t, t
}

// rule answers without the model, where a rule applies: the phrases of live mode
// first, then [answerByRule].
func (c *conversation) rule(text string, now time.Time) (ruleReply, bool) {
	pick := func(already bool, ack, hint string) ruleReply {
		if already {
			return ruleReply{text: hint}
		}
		return ruleReply{text: ack}
	}
	switch p := normalize(text); p {
	case normalize(c.cfg.LiveModeEnterPhrase):
		was := c.live
		c.live = true
		return pick(was, c.cfg.LiveModeEnterAck, c.cfg.LiveModeActiveHint), true
	case normalize(c.cfg.LiveModeExitPhrase):
		was := c.live
		c.live = false
		return pick(!was, c.cfg.LiveModeExitAck, c.cfg.LiveModeInactiveHint), true
	}
	return answerByRule(text, now)
}

// repeated reports whether the transcript with this message id was handled before:
// AtLeastOnce messages may come more than once.
func (c *conversation) repeated(id string) bool {
	if slices.Contains(c.seenTranscripts, id) {
		return true
	}
	if c.seenTranscripts = append(c.seenTranscripts, id); len(c.seenTranscripts) > maxRemembered {
		c.seenTranscripts = c.seenTranscripts[1:]
	}
	return false
}

// history is what the model is reminded of: what was said and heard before,
// without this turn.
func (c *conversation) history(r *room, now time.Time) (out []contract.ConversationMessage) {
	for _, e := range r.history {
		if now.Sub(e.at) > c.cfg.HistoryAge {
			continue
		}
		out = append(out, contract.ConversationMessage{Role: contract.RoleUser, Content: e.user, Timestamp: unixSeconds(e.at)})
		if e.reply != "" {
			out = append(out, contract.ConversationMessage{Role: contract.RoleAssistant, Content: e.reply, Timestamp: unixSeconds(e.at)})
		}
	}
	return out
}

// closeTurn ends a turn, and adds what was really heard of it to the history.
func (c *conversation) closeTurn(t *turn, outcome, reason string, now time.Time) []effect {
	delete(c.turns, t.id)
	r := c.roomAt(t.room, now)
	out := t.endAhead()
	if t.unfinished > 0 && t.audible() {
		c.noteVoiceEnded(t.room, now)
	}
	if r.running == t {
		r.running = nil
		out = append(out, c.endDuck(t.room, r)...)
		if outcome != contract.TurnDone && t.responded {
			r.unheard = t.unheardPieces()
		}
	}
	if heard := t.heardText(outcome != contract.TurnDone); !t.replaced && (outcome != contract.TurnFailed || heard != "") {
		r.remember(exchange{now, t.text, heard, t}, c.cfg.History, c.cfg.HistoryAge)
	}
	return append(out, t.record(outcome, reason, now))
}

// remember adds to the history. What is too much or too old leaves it in blocks of
// half of it, so that the beginning of what the model reads stays the same for many
// turns, and with it what its server keeps of that.
func (r *room) remember(e exchange, most int, age time.Duration) {
	r.history = append(r.history, e)
	if len(r.history) > most {
		r.history = r.history[len(r.history)-(most+1)/2:]
	}
	if e.at.Sub(r.history[0].at) > age {
		r.history = slices.DeleteFunc(r.history, func(x exchange) bool { return e.at.Sub(x.at) > age/2 })
	}
}

func (t *turn) record(outcome, reason string, now time.Time) effect {
	t.times.Outcome, t.times.Reason, t.times.End, t.times.AnswerID = outcome, nilIfEmpty(reason), unixSeconds(now), &t.id
	return effect{t.room, t.cause, t.times}
}

func unixSeconds(t time.Time) *float64 {
	s := float64(t.UnixMicro()) / 1e6
	return &s
}

func nilIfEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orDefault(s *string, other string) *string {
	if s != nil && *s != "" {
		return s
	}
	return &other
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
