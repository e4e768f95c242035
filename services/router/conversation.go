package router

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/msg"
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

// conversation is the state machine of all rooms. It is pure: each event, with
// the time it happened at, changes the state and returns what to publish. One
// lane feeds it, hence no lock.
type conversation struct {
	cfg     Config
	live    bool
	phrases []string
	acks    []string
	ack     int // the next one
	rooms   map[string]*room
	turns   map[string]*turn // by id, those that are not over
	seen    []string         // transcripts handled lately: they may come again
	used    []string         // ids of the last turns: a cancel of one may still be under way
	online  map[string]bool  // services that must be ready for the announcement
	said    bool             // the announcement
	newID   func() string    // eight hex digits
}

// room is what is known of one place.
type room struct {
	until   time.Time // a window: what is heard before is for us
	start   *float64  // of the speech that is or was last heard
	end     *float64
	running *turn
	history []exchange
	used    time.Time
}

type exchange struct {
	at          time.Time
	user, reply string
}

const keepSeen = 256

func newConversation(cfg Config, newID func() string) *conversation {
	return &conversation{cfg: cfg, live: cfg.LiveModeDefault, phrases: choices(cfg.WakePhrases), acks: choices(cfg.WakeAckChoices),
		rooms: map[string]*room{}, turns: map[string]*turn{}, online: map[string]bool{}, newID: newID}
}

// inOrder are the turns that are not over, the oldest first.
func (c *conversation) inOrder() []*turn {
	return slices.SortedFunc(maps.Values(c.turns), func(a, b *turn) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.id, b.id))
	})
}

// heard takes a transcript, spoken or typed.
func (c *conversation) heard(f contract.FinalTranscript, from origin, now time.Time) []effect {
	text := strings.TrimSpace(f.Text)
	if text == "" || c.again(f.MessageID) {
		return nil
	}
	r := c.at(from.room, now)
	rest, woken := strip(text, c.phrases)
	t := &turn{cause: f.MessageID, room: from.room, text: rest, heard: f, since: now, id: *orElse(f.UttID, "rt-"+c.newID()),
		cut: sentences{min: c.cfg.SayMin, max: c.cfg.SayMax}}
	t.times = contract.TurnRecord{TurnID: f.MessageID, TextLen: len([]rune(text)), SpeechStart: r.start, SpeechEnd: r.end, Final: &f.TS}
	if from.room != "" {
		t.times.Room = &from.room
	}
	r.start, r.end = nil, nil
	if !from.typed && !c.live && !woken && !now.Before(r.until) {
		return []effect{t.record(contract.TurnIgnored, "no wake phrase", now)}
	}
	if rest == "" { // the wake phrase alone
		if from.typed || !woken {
			return nil
		}
		return c.woken(r, t.id, from.room, now)
	}
	r.until = time.Time{}
	if slices.Contains(c.used, t.id) { // what is left of that turn is not about this one
		t.id += "-" + c.newID()
	}
	if c.used = append(c.used, t.id); len(c.used) > keepSeen {
		c.used = c.used[1:]
	}
	out := c.supersede(r, now)
	if stops[plain(rest)] {
		return append(out, t.record(contract.TurnDone, "stop", now))
	}
	if c.crowded(r) {
		return append(out, t.record(contract.TurnFailed, "too much is said at once", now))
	}
	c.turns[t.id], r.running = t, t
	if a, ok := c.rule(rest, now); ok {
		t.told = true
		return append(out, c.speak(t, a.style, f.MessageID, now, a.text)...)
	}
	t.asked = true
	t.times.Request = unix(now)
	return append(out, effect{t.room, f.MessageID, contract.LLMRequest{ID: t.id, Text: rest, History: c.history(r, now)}})
}

// rule answers without the model: live mode, then the rest.
func (c *conversation) rule(text string, now time.Time) (reply, bool) {
	pick := func(already bool, ack, hint string) reply {
		if already {
			return reply{text: hint}
		}
		return reply{text: ack}
	}
	switch p := plain(text); p {
	case plain(c.cfg.LiveModeEnterPhrase):
		was := c.live
		c.live = true
		return pick(was, c.cfg.LiveModeEnterAck, c.cfg.LiveModeActiveHint), true
	case plain(c.cfg.LiveModeExitPhrase):
		was := c.live
		c.live = false
		return pick(!was, c.cfg.LiveModeExitAck, c.cfg.LiveModeInactiveHint), true
	}
	return answer(text, now)
}

// again reports whether the transcript was handled before: AtLeastOnce repeats.
func (c *conversation) again(id string) bool {
	if slices.Contains(c.seen, id) {
		return true
	}
	if c.seen = append(c.seen, id); len(c.seen) > keepSeen {
		c.seen = c.seen[1:]
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
		out = append(out, contract.ConversationMessage{Role: contract.RoleUser, Content: e.user, Timestamp: unix(e.at)})
		if e.reply != "" {
			out = append(out, contract.ConversationMessage{Role: contract.RoleAssistant, Content: e.reply, Timestamp: unix(e.at)})
		}
	}
	return out
}

// over closes a turn and remembers what was really spoken.
func (c *conversation) over(t *turn, outcome, reason string, now time.Time) []effect {
	delete(c.turns, t.id)
	r := c.at(t.room, now)
	if r.running == t {
		r.running = nil
	}
	if outcome != contract.TurnFailed {
		r.history = append(r.history, exchange{now, t.text, t.said()})
		if extra := len(r.history) - c.cfg.History; extra > 0 {
			r.history = r.history[extra:]
		}
	}
	return []effect{t.record(outcome, reason, now)}
}

func (t *turn) record(outcome, reason string, now time.Time) effect {
	t.times.Outcome, t.times.Reason, t.times.End = outcome, optional(reason), unix(now)
	return effect{t.room, t.cause, t.times}
}

func unix(t time.Time) *float64 {
	s := float64(t.UnixMicro()) / 1e6
	return &s
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orElse(s *string, other string) *string {
	if s != nil && *s != "" {
		return s
	}
	return &other
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
