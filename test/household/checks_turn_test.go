package household

import (
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
)

// heard takes a transcript.
func (c *checker) heard(m contract.FinalTranscript, room string, typed bool, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &final{id: m.MessageID, room: room, text: m.Text, at: now, typed: typed}
	if m.UttID != nil {
		f.utt = *m.UttID
	}
	f.missed = slices.ContainsFunc(c.stops["router"], func(s span) bool { return !s.from.After(now) && (s.to.IsZero() || now.Before(s.to)) })
	if c.finals[f.id] != nil {
		c.violate(now, "heard twice", "%s: %q", room, m.Text)
	}
	c.finals[f.id], c.asked[f.utt] = f, f
	c.seen("finals")
	for _, w := range madeUp(m.Text, consonantsOfPeople) {
		c.said[room+" "+w] = now
	}
	if !typed {
		c.expected = slices.DeleteFunc(c.expected, func(u *utterance) bool {
			return u.room == room && (u.noise || slices.ContainsFunc(strings.Fields(u.text), func(w string) bool { return slices.Contains(strings.Fields(m.Text), w) }))
		})
	}
	if e, came := c.early[f.id]; came {
		delete(c.early, f.id)
		c.takeRecord(e.TurnRecord, now)
	}
	for _, again := range []string{"go on", "what did you say", "say that again", "continue"} {
		if strings.Contains(strings.ToLower(m.Text), again) {
			c.repeats[room] = now
		}
	}
}

// dropped takes that something was heard and is nothing to answer: that is the reason of
// the oldest utterance of the room that has none. A cough may have been heard as one with
// what was said before it.
func (c *checker) dropped(m contract.SpeechDropped, room string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen("dropped: " + m.Reason)
	if m.Reason == "" {
		c.violate(now, "no answer and no reason", "%s: dropped", room)
	}
	wanted := 1
	c.expected = slices.DeleteFunc(c.expected, func(u *utterance) bool {
		if u.room != room || u.begun.After(now) || wanted == 0 && !u.noise {
			return false
		}
		wanted = 0
		return true
	})
}

// request takes a question to the model: somebody asked it, and what is told of the
// conversation before was heard.
func (c *checker) request(q contract.LLMRequest, room string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen("requests")
	if c.requests[q.ID]++; c.requests[q.ID] > 1 {
		c.violate(now, "asked twice", "%s: %q", room, q.Text)
	}
	c.later = append(c.later, func() { c.checkAsked(q.ID, q.Text, room, now) })
	for _, s := range c.speakers {
		s.settle(now)
	}
	for _, m := range q.History {
		if m.Role == contract.RoleAssistant {
			c.checkRemembered("history", m.Content, "", now)
		}
	}
}

// checkAsked checks that somebody asked what is answered. The transcript may come a
// moment later than what it brings about: they come on several connections.
func (c *checker) checkAsked(id, text, room string, now time.Time) {
	if c.asked[id] == nil && c.asked[baseOf(id)] == nil && !strings.HasPrefix(id, "rt-") {
		c.violate(now, "an answer without a question", "%s: %q", room, text)
	}
	for _, w := range madeUp(text, consonantsOfPeople) {
		if c.said[room+" "+w].IsZero() {
			c.violate(now, "an answer without a question", "%s: nobody said %q of %q", room, w, text)
		}
		if !c.private[w].IsZero() {
			c.violate(now, "an answer without a question", "%s: %q was not for the assistant", room, text)
			break
		}
	}
}

// cancel takes that an answer is not wanted any more.
func (c *checker) cancel(m contract.LLMCancel, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancelled[m.ID].IsZero() {
		c.cancelled[m.ID] = now
	}
}

// delta takes a piece of an answer.
func (c *checker) delta(d contract.LLMStreamDelta, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.cancelled[d.ID]; !at.IsZero() && now.Sub(at) > maxLate && !c.isExcused(at, now, "llm") {
		c.violate(now, "written after its cancel", "%s, %s later", d.ID, now.Sub(at))
		c.cancelled[d.ID] = now.Add(time.Hour) // once is enough
	}
}

// record takes how a turn went: each has one, with a reason when it was not answered.
func (c *checker) record(r contract.TurnRecord, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.takeRecord(r, now)
}

func (c *checker) takeRecord(r contract.TurnRecord, now time.Time) {
	reason := ""
	if r.Reason != nil {
		reason = *r.Reason
	}
	f := c.finals[r.TurnID]
	if f == nil { // it overtook the transcript, or there is none
		c.early[r.TurnID] = earlyRecord{r, now}
		return
	}
	c.seen("turns: " + r.Outcome)
	if f.records++; f.records > 1 {
		c.violate(now, "two records of a turn", "%s: %q: %s %s", f.room, f.text, r.Outcome, reason)
	}
	switch {
	case reason != "":
	case r.Outcome == contract.TurnDone && c.isExcused(f.at, now, "tts"): // the start of the speech may be lost
	case r.Outcome != contract.TurnDone || r.FirstAudio == nil:
		c.violate(now, "no answer and no reason", "%s: %q: %s", f.room, f.text, r.Outcome)
	default:
		c.checkAnswered(f, now)
	}
}

// checkAnswered checks that something was heard of an answer that is said to be done.
func (c *checker) checkAnswered(f *final, now time.Time) {
	for _, s := range c.speakers {
		s.settle(now)
	}
	for utt, lines := range c.answers {
		if utt != f.utt && baseOf(utt) != f.utt {
			continue
		}
		for _, l := range lines {
			if l.played > 0 {
				return
			}
		}
	}
	if !c.isExcused(f.at, now, "tts") && !overlaps(c.muted, f.at, now) {
		c.violate(now, "no answer and no reason", "%s: nothing was heard in answer to %q", f.room, f.text)
	}
}
