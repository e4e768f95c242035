package tts

import (
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

const (
	maxQueue   = 1024 // lines that may wait for all speakers
	maxStops   = 1024 // answers that are remembered because they were stopped; the oldest is forgotten
	maxInARow  = 6    // lines of one answer before another speaker has its turn
	maxServed  = 64   // speakers whose turn is remembered
	noneServed = -1
)

// lineQueue is the lines that wait. Speakers take turns, so that one for which
// much is said does not make another wait for all of it; lines for one speaker
// stay in order, and those of one answer together as far as that goes. Used by
// one goroutine.
type lineQueue struct {
	lines  []*line
	served []string // speakers, the one that had the last turn is at the end
	utt    string   // answer of the last line
	row    int      // its lines without a line for another speaker between
}

// push queues l. When too many wait, the newest of the speaker with most of them
// is dropped, which may be l.
func (q *lineQueue) push(l *line) (dropped *line) {
	q.lines = append(q.lines, l)
	if len(q.lines) <= maxQueue {
		return nil
	}
	waiting := map[string]int{}
	for _, x := range q.lines {
		waiting[x.sink]++
	}
	most := l.sink
	for sink, n := range waiting {
		if n > waiting[most] {
			most = sink
		}
	}
	for i, x := range slices.Backward(q.lines) {
		if x.sink == most {
			q.lines = slices.Delete(q.lines, i, i+1)
			return x
		}
	}
	return nil
}

// shift takes the next line. There must be one.
func (q *lineQueue) shift() *line {
	i := q.next()
	l := q.lines[i]
	q.lines = slices.Delete(q.lines, i, i+1)
	if last := len(q.served) - 1; last < 0 || q.served[last] != l.sink || l.utt() != q.utt {
		q.row = 0
	}
	q.row, q.utt = q.row+1, l.utt()
	q.served = slices.DeleteFunc(q.served, func(s string) bool { return s == l.sink })
	if len(q.served) >= maxServed {
		q.served = slices.Delete(q.served, 0, 1)
	}
	q.served = append(q.served, l.sink)
	return l
}

// next is the index of the line whose turn it is: the next one of the answer
// that is spoken, else the oldest for the speaker whose turn was longest ago.
func (q *lineQueue) next() int {
	first := map[string]bool{} // speakers whose oldest line was seen
	best, turn := 0, len(q.served)
	for i, l := range q.lines {
		if first[l.sink] {
			continue
		}
		first[l.sink] = true
		at := slices.Index(q.served, l.sink)
		if at == len(q.served)-1 && at >= 0 && l.utt() != "" && l.utt() == q.utt && q.row < maxInARow {
			return i
		}
		if at < turn {
			best, turn = i, at
		}
		if turn == noneServed && len(first) > maxServed {
			break // nobody waits longer than who never had a turn
		}
	}
	return best
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
	if v.queue.push(l) != nil {
		return kit.Drop("queue_full")
	}
	return nil
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
