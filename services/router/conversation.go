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
	acks            []string
	nextAck         int // index of the acknowledgement that is said next
	rooms           map[string]*room
	turns           map[string]*turn // by id, those that are not over
	seenTranscripts []string         // message ids that were handled lately: AtLeastOnce messages may come again
	recentTurns     []string         // ids of the last turns: what still comes for one of them must not touch a later one
	online          map[string]bool  // whether a service is ready, by client id; for the announcement
	announced       bool             // the services were announced
	newID           func() string    // eight hex digits
}

// room is what is known of one place.
type room struct {
	windowEnd   time.Time // what is heard before this time is meant for us, without a wake phrase
	speechStart *float64  // of the last speech in the room, in seconds since 1970
	speechEnd   *float64
	running     *turn
	history     []exchange
	lastUsed    time.Time
}

type exchange struct {
	at          time.Time
	user, reply string
}

const maxRemembered = 256

func newConversation(cfg Config, newID func() string) *conversation {
	return &conversation{cfg: cfg, live: cfg.LiveModeDefault, phrases: splitChoices(cfg.WakePhrases), acks: splitChoices(cfg.WakeAckChoices),
		rooms: map[string]*room{}, turns: map[string]*turn{}, online: map[string]bool{}, newID: newID}
}

// turnsByAge returns the turns that are not over, the one silent for longest first.
func (c *conversation) turnsByAge() []*turn {
	return slices.SortedFunc(maps.Values(c.turns), func(a, b *turn) int {
		return cmp.Or(a.lastSign.Compare(b.lastSign), cmp.Compare(a.id, b.id))
	})
}

// heard takes a transcript, spoken or typed.
func (c *conversation) heard(f contract.FinalTranscript, from origin, now time.Time) []effect {
	text := strings.TrimSpace(f.Text)
	if text == "" || c.repeated(f.MessageID) {
		return nil
	}
	r := c.roomAt(from.room, now)
	rest, woken := stripWakePhrase(text, c.phrases)
	t := &turn{cause: f.MessageID, room: from.room, text: rest, heard: f, lastSign: now, id: *orDefault(f.UttID, "rt-"+c.newID()),
		splitter: speech.Splitter{Min: c.cfg.SayMin, Max: c.cfg.SayMax, Lang: f.Lang}}
	t.times = contract.TurnRecord{TurnID: f.MessageID, TextLen: len([]rune(text)), SpeechStart: r.speechStart, SpeechEnd: r.speechEnd, Final: &f.TS}
	if from.room != "" {
		t.times.Room = &from.room
	}
	r.speechStart, r.speechEnd = nil, nil
	if !from.typed && !c.live && !woken && !now.Before(r.windowEnd) {
		return []effect{t.record(contract.TurnIgnored, "no wake phrase", now)}
	}
	if rest == "" { // the wake phrase alone
		if from.typed || !woken {
			return nil
		}
		return c.woken(r, t.id, from.room, now)
	}
	r.windowEnd = time.Time{}
	if slices.Contains(c.recentTurns, t.id) { // deltas and statuses of the earlier turn may still come
		t.id += "-" + c.newID()
	}
	if c.recentTurns = append(c.recentTurns, t.id); len(c.recentTurns) > maxRemembered {
		c.recentTurns = c.recentTurns[1:]
	}
	out := c.supersede(r, now)
	if stopCommands[normalize(rest)] {
		return append(out, t.record(contract.TurnDone, "stop", now))
	}
	if c.tooManyTurns(r) {
		return append(out, t.record(contract.TurnFailed, "too much is said at once", now))
	}
	c.turns[t.id], r.running = t, t
	if a, ok := c.rule(rest, now); ok {
		t.responded = true
		return append(out, c.speak(t, a.style, f.MessageID, now, a.text)...)
	}
	t.asked = true
	t.times.Request = unixSeconds(now)
	return append(out, effect{t.room, f.MessageID, contract.LLMRequest{ID: t.id, Text: rest, History: c.history(r, now)}})
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
	if r.running == t {
		r.running = nil
	}
	if outcome != contract.TurnFailed {
		r.history = append(r.history, exchange{now, t.text, t.heardText()})
		if extra := len(r.history) - c.cfg.History; extra > 0 {
			r.history = r.history[extra:]
		}
	}
	return []effect{t.record(outcome, reason, now)}
}

func (t *turn) record(outcome, reason string, now time.Time) effect {
	t.times.Outcome, t.times.Reason, t.times.End = outcome, nilIfEmpty(reason), unixSeconds(now)
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
