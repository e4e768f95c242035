package router

import (
	"maps"
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/phrases"
)

const (
	// maxHearingGap is by how much the beginnings of one utterance differ in two
	// microphones: sound takes 30 ms for 10 m, and detectors notice a quiet voice late.
	maxHearingGap = 300 * time.Millisecond
	// maxVerdictWait is how long a transcript waits for that of another microphone, from its
	// end there on, and maxSpeakingWait how long while that still hears somebody.
	maxVerdictWait  = 1500 * time.Millisecond
	maxSpeakingWait = 4 * time.Second
	// minSameWords is the share of the words of the shorter one that two transcripts of one
	// utterance share: where a voice is quiet a pause in it may be taken for its end.
	minSameWords = 0.7
	// maxBeginnings is how many beginnings of speech are kept of an utterance.
	maxBeginnings = 16
)

// heardText is what was heard in a room, and when speech began in it, in seconds since 1970:
// once, and after each pause of it, of which other microphones may have noticed none.
type heardText struct {
	text  string
	began []float64
}

// pending is a transcript that another microphone may have heard better.
type pending struct {
	heardText
	f      contract.FinalTranscript
	from   origin
	since  time.Time
	energy float64
}

// isSame reports whether two microphones heard the same words at the same time.
func (h heardText) isSame(other heardText) bool {
	return beganTogether(h.began, other.began) && sameWords(h.text, other.text)
}

// beganTogether reports whether speech began at the same time in two rooms.
func beganTogether(a, b []float64) bool {
	return slices.ContainsFunc(a, func(x float64) bool {
		return slices.ContainsFunc(b, func(y float64) bool { return gap(x, y) <= maxHearingGap })
	})
}

// beginSpeech notes that somebody begins to speak, or goes on.
func (r *room) beginSpeech(now time.Time) {
	r.speechStart, r.speechEnd = unixSeconds(now), nil
	r.began = append(r.began[max(0, len(r.began)-maxBeginnings+1):], *r.speechStart)
}

// endUtterance forgets when what was understood began. Somebody who speaks on has begun
// the next utterance.
func (r *room) endUtterance() {
	if r.began = nil; r.speechStart != nil && r.speechEnd == nil {
		r.began = []float64{*r.speechStart}
	}
	r.speechStart, r.speechEnd, r.overVoice = nil, nil, false
}

// chooseMicrophone decides which room answers words that several microphones heard:
// the one in which they steer what goes on, such as "stop", then the one that heard them
// loudest, then the first. done reports that f is not answered in its room, or not yet.
func (c *conversation) chooseMicrophone(f contract.FinalTranscript, from origin, now time.Time) (out []effect, done bool) {
	r := c.rooms[from.room]
	if from.typed || r == nil || r.speechStart == nil || r.waiting != nil {
		return nil, false
	}
	own := heardText{f.Text, r.began}
	steers := c.steers(f.Text, from.room)
	for _, name := range c.roomNames() {
		other := c.rooms[name]
		switch p := other.waiting; {
		case name == from.room:
		case p != nil && p.isSame(own):
			other.waiting = nil
			if steers || r.energy > p.energy {
				return c.heardBetter(p.f, p.from, from.room, now), false
			}
			return append(c.heardBetter(f, from, name, now), c.understand(p.f, p.from, now)...), true
		case !steers && other.lastHeard.isSame(own):
			return c.heardBetter(f, from, name, now), true
		}
	}
	if steers || !c.speaksElsewhere(own, from.room) {
		return nil, false
	}
	r.waiting = &pending{heardText: own, f: f, from: from, since: now, energy: r.energy}
	return nil, true
}

// steers reports whether text steers what goes on in a room.
func (c *conversation) steers(text, room string) bool {
	rest, _ := c.wakePhrase(text)
	return c.busy(room) && c.phraseBook.IntentOf(rest) != phrases.NoIntent
}

// dropWaiting has a transcript that waits for those of other rooms answered by nobody.
func (c *conversation) dropWaiting(r *room, outcome, reason string, now time.Time) []effect {
	p := r.waiting
	if p == nil {
		return nil
	}
	r.waiting = nil
	return []effect{c.newTurn(p.f, p.from, r, now).record(outcome, reason, now)}
}

// heardBetter ignores a transcript, as another room answers it.
func (c *conversation) heardBetter(f contract.FinalTranscript, from origin, other string, now time.Time) []effect {
	r := c.roomAt(from.room, now)
	t := c.newTurn(f, from, r, now)
	r.endUtterance()
	out := append(c.withdrawAhead(from.room), c.giveBack(from.room, r, "heard_elsewhere", now)...)
	return append(out, t.record(contract.TurnIgnored, "heard better in "+other, now))
}

// speaksElsewhere reports whether somebody began to speak in another room at the
// same time, and was not read yet.
func (c *conversation) speaksElsewhere(h heardText, room string) bool {
	for name, r := range c.rooms {
		if name != room && r.waiting == nil && r.speechStart != nil && beganTogether(r.began, h.began) {
			return true
		}
	}
	return false
}

// release lets transcripts go on that waited for what was heard in a room: it was
// something else, or nothing.
func (c *conversation) release(room string, now time.Time) (out []effect) {
	for _, name := range c.roomNames() {
		r := c.rooms[name]
		if p := r.waiting; p != nil && name != room && !c.speaksElsewhere(p.heardText, name) { // else a third room may still have it
			r.waiting = nil
			out = append(out, c.understand(p.f, p.from, now)...)
		}
	}
	return out
}

// releaseOverdue lets transcripts go on that waited for long enough.
func (c *conversation) releaseOverdue(now time.Time) (out []effect) {
	for _, name := range c.roomNames() {
		if p := c.rooms[name].waiting; p != nil && !now.Before(c.verdictDue(name, p)) {
			c.rooms[name].waiting = nil
			out = append(out, c.understand(p.f, p.from, now)...)
		}
	}
	return out
}

// verdictDue is until when the transcript p of a room waits: for what another microphone
// hears, which may take longer to hear the end of it.
func (c *conversation) verdictDue(name string, p *pending) time.Time {
	due := p.since.Add(maxVerdictWait)
	for other, r := range c.rooms {
		switch {
		case other == name || r.speechStart == nil || !beganTogether(r.began, p.began):
		case r.speechEnd == nil:
			return p.since.Add(maxSpeakingWait)
		default:
			due = latest(due, timeOf(*r.speechEnd).Add(maxVerdictWait))
		}
	}
	return due
}

func gap(a, b float64) time.Duration {
	return time.Duration(max(a-b, b-a) * float64(time.Second))
}

// sameWords reports whether two transcripts are of one utterance.
func sameWords(a, b string) bool {
	x, y := phrases.Words(a), phrases.Words(b)
	if len(x) < len(y) {
		x, y = y, x
	}
	count := map[string]int{}
	for _, w := range x {
		count[w]++
	}
	shared := 0
	for _, w := range y {
		if count[w] > 0 {
			count[w]--
			shared++
		}
	}
	return len(y) > 0 && float64(shared)/float64(len(y)) >= minSameWords
}

// noteEnergy keeps how loud the last speech in a room was.
func (r *room) noteEnergy(w contract.WakeEvent) {
	if w.Energy != nil {
		r.energy = *w.Energy
	}
}

// roomNames are the names of all rooms, sorted.
func (c *conversation) roomNames() []string { return slices.Sorted(maps.Keys(c.rooms)) }
