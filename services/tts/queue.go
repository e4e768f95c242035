package tts

import (
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

const (
	maxQueue = 1024 // lines that may wait for all speakers
	maxStops = 1024 // answers that are remembered because they were stopped; the oldest is forgotten
)

// push queues l. When too many wait, the newest of the speaker with most of them
// is dropped, which may be l.
func (v *voice) push(l *line) (dropped *line) {
	m := v.mouthOf(l.sink)
	m.queue = append(m.queue, l)
	v.waiting++
	if v.waiting <= maxQueue {
		return nil
	}
	most := m
	for _, x := range v.mouths {
		if len(x.queue) > len(most.queue) {
			most = x
		}
	}
	dropped = most.queue[len(most.queue)-1]
	most.queue = most.queue[:len(most.queue)-1]
	v.waiting--
	return dropped
}

// say queues l, unless its answer was just stopped.
func (v *voice) say(l *line) error {
	for utt, s := range v.stops {
		if !s.recent() {
			delete(v.stops, utt)
		}
	}
	if _, stopped := v.stops[l.utt()]; stopped {
		return kit.Drop("stopped")
	}
	if v.push(l) != nil {
		return kit.Drop("queue_full")
	}
	if l.utt() != "" && !l.isAnnouncement() {
		v.replaceFillers(l)
	}
	return nil
}

// replacedReason ends a filler in the place of which the answer is said.
const replacedReason = "replaced"

// replaceFillers leaves out what was to be said until the answer comes of which answer is a
// line, and was not begun: it would delay the answer. What sounds is said to its end, for it
// is short.
func (v *voice) replaceFillers(answer *line) {
	isFiller := func(l *line) bool { return l != nil && l.utt() == answer.utt() && l.isAnnouncement() }
	m := v.mouthOf(answer.sink)
	for _, l := range m.queue {
		if isFiller(l) { // it ends when its turn comes, so that the voice tells of one line after the other
			l.replaced, l.sentences = true, nil
		}
	}
	if l := m.next; isFiller(l) {
		l.replaced = true
		l.cancel()
	}
	if l := m.now; isFiller(l) && !l.pacer.Started() && !l.pacer.Held() {
		v.end(m, new(replacedReason))
	}
}

// stop is a control that stopped an answer.
type stop struct {
	at     time.Time
	reason *string
	told   bool // a status said so
}

// recent reports whether what its answer is still sending is not wanted.
func (s *stop) recent() bool { return time.Since(s.at) <= stopsFor }

// sayCancelled takes a line that a stop ended before it came to the loop. A status
// tells of it all the same: here, if the control overtook the line, and else when
// the control comes.
func (v *voice) sayCancelled(l *line) error {
	s := v.stops[l.utt()]
	if s == nil && v.stopAll.recent() {
		s = v.remember(l.utt(), v.stopAll.reason)
	}
	switch {
	case s == nil:
		v.cancelled = slices.DeleteFunc(v.cancelled, func(x *line) bool { return time.Since(x.at) > stopsFor })
		v.cancelled = append(v.cancelled[max(0, len(v.cancelled)-maxStops+1):], l)
	case !s.told:
		s.told = true
		v.status(l, contract.TtsStopped, s.reason)
	}
	return kit.Drop("stopped")
}

// remember notes that the rest of an answer is not wanted.
func (v *voice) remember(utt string, reason *string) *stop {
	if _, known := v.stops[utt]; !known && len(v.stops) >= maxStops {
		oldest, found := "", time.Time{}
		for u, s := range v.stops {
			if found.IsZero() || s.at.Before(found) {
				oldest, found = u, s.at
			}
		}
		delete(v.stops, oldest)
	}
	v.stops[utt] = &stop{at: time.Now(), reason: reason}
	return v.stops[utt]
}
