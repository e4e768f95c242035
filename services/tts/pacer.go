package tts

import (
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/services/tts/engine"
)

const (
	maxLead       = 300 * time.Millisecond // audio that may be sent before it is heard
	maxPiece      = 100 * time.Millisecond // of a piece, which has at most contract.AudioMaxBytes as well
	minPiece      = 20 * time.Millisecond  // of a piece, unless it is the last
	underrunGuard = 60 * time.Millisecond  // before it would be missed, less than a piece will do
)

// Piece is audio that goes out in one message.
type Piece struct {
	engine.Chunk
	Seq  int  // counts from 0
	Last bool // no other follows; such a piece may be empty
}

// Pacer cuts one stretch of speech into pieces and says when each is due: as
// soon as it may be, but at most 300 ms before it is heard. Its zero value is
// ready. It has no clock and no goroutine, and is not safe for concurrent use.
type Pacer struct {
	queue []engine.Chunk // not sent
	ended bool           // no more will be added
	seq   int            // pieces sent

	after  time.Time      // when what was said before is over
	origin time.Time      // when the first sample was heard, had there been no pause
	sent   time.Duration  // audio sent
	last   bool           // the last piece was sent
	until  time.Time      // its end by the contract: when it was sent, and its length
	held   time.Time      // since when nothing is sent; zero: not held
	recent []engine.Chunk // sent, and perhaps not heard
}

// After tells until when something else is heard. The first sample follows it
// without a gap; the time of the past means nothing.
func (p *Pacer) After(t time.Time) { p.after = t }

// Over is when all that was sent will have been heard.
func (p *Pacer) Over() time.Time { return p.origin.Add(p.sent) }

// Heard is how much was heard of what was sent.
func (p *Pacer) Heard(now time.Time) time.Duration {
	if p.Held() {
		now = p.held
	}
	return min(max(0, now.Sub(p.origin)), p.sent)
}

// Add takes the next audio.
func (p *Pacer) Add(c engine.Chunk) {
	if len(c.PCM) == 0 {
		return
	}
	if n := len(p.queue); n > 0 && p.queue[n-1].Rate == c.Rate {
		p.queue[n-1].PCM = append(p.queue[n-1].PCM, c.PCM...)
		return
	}
	p.queue = append(p.queue, c)
}

// End tells that all was added.
func (p *Pacer) End() { p.ended = true }

// Waiting is how much was added and not sent.
func (p *Pacer) Waiting() (d time.Duration) {
	for _, c := range p.queue {
		d += c.Duration()
	}
	return d
}

// Started tells whether a piece was sent.
func (p *Pacer) Started() bool { return p.seq > 0 }

// Done tells whether all was sent and time has passed to its end. Speech of
// which nothing was added is done when it ends.
func (p *Pacer) Done(now time.Time) bool {
	if !p.ended || !p.held.IsZero() {
		return false
	}
	return p.last && !now.Before(p.until) || p.seq == 0 && len(p.queue) == 0
}

// Hold stops the pacing, and what was sent is assumed to be held as well.
func (p *Pacer) Hold(now time.Time) {
	if p.held.IsZero() {
		p.held = now
	}
}

// Held tells whether Hold was called last.
func (p *Pacer) Held() bool { return !p.held.IsZero() }

// Release goes on where Hold stopped.
func (p *Pacer) Release(now time.Time) {
	if p.held.IsZero() {
		return
	}
	pause := now.Sub(p.held)
	p.after, p.origin, p.until = p.after.Add(pause), p.origin.Add(pause), p.until.Add(pause)
	p.held = time.Time{}
}

// Rewind takes back what was sent and not heard when Hold was called, for a
// sink that forgot it.
func (p *Pacer) Rewind() {
	left := p.Over().Sub(p.held)
	for i := len(p.recent) - 1; i >= 0 && left > 0; i-- {
		c := p.recent[i]
		n := min(bytesOf(left, c.Rate), len(c.PCM))
		c.PCM = slices.Clone(c.PCM[len(c.PCM)-n:])
		p.queue = slices.Insert(p.queue, 0, c)
		p.sent, left, p.last = p.sent-c.Duration(), left-c.Duration(), false
	}
	p.recent = nil
}

// Wait is how long it takes until something is due, or until Done. It is false
// when that depends on Add, End or Release.
func (p *Pacer) Wait(now time.Time) (time.Duration, bool) {
	switch {
	case p.Held():
		return 0, false
	case p.last:
		return max(0, p.until.Sub(now)), true
	case len(p.queue) == 0:
		return 0, p.ended
	}
	size := engine.Chunk{Rate: p.queue[0].Rate, PCM: p.queue[0].PCM[:p.next()]}.Duration()
	due := p.Over().Add(size - maxLead)
	if p.seq == 0 {
		due = p.after.Add(size - maxLead)
	} else if p.keepsBack(size) {
		due = p.Over().Add(-underrunGuard)
	}
	return max(0, due.Sub(now)), true
}

// keepsBack tells whether a piece of this size should wait for more audio: it
// could turn out to be the last one, or be too small.
func (p *Pacer) keepsBack(size time.Duration) bool {
	return !p.ended && len(p.queue) == 1 && (size < minPiece || p.next() == len(p.queue[0].PCM))
}

// next is the size of the next piece in bytes.
func (p *Pacer) next() int {
	c := p.queue[0]
	return min(len(c.PCM), bytesOf(maxPiece, c.Rate), contract.AudioMaxBytes)
}

// Next returns the piece that is due, if one is.
func (p *Pacer) Next(now time.Time) (Piece, bool) {
	if wait, ok := p.Wait(now); !ok || wait > 0 || p.last || p.seq == 0 && len(p.queue) == 0 {
		return Piece{}, false
	}
	piece := Piece{Seq: p.seq}
	if len(p.queue) > 0 {
		c, n := &p.queue[0], p.next()
		piece.Chunk = engine.Chunk{Rate: c.Rate, PCM: c.PCM[:n:n]}
		if c.PCM = c.PCM[n:]; len(c.PCM) == 0 {
			p.queue = p.queue[1:]
		}
	} else if n := len(p.recent); n > 0 {
		piece.Rate = p.recent[n-1].Rate
	}
	piece.Last = p.ended && len(p.queue) == 0
	p.note(piece, now)
	return piece, true
}

// note counts a piece that is being sent.
func (p *Pacer) note(piece Piece, now time.Time) {
	heard := p.Over()
	if p.seq == 0 {
		heard = p.after
	}
	if heard.Before(now) {
		heard = now // nothing else sounds, or audio came too late
	}
	p.origin = heard.Add(-p.sent)
	p.seq++
	p.sent += piece.Duration()
	p.last, p.until = piece.Last, now.Add(piece.Duration())
	p.recent = append(p.recent, piece.Chunk)
	if most := int(maxLead/minPiece) + 1; len(p.recent) > most {
		p.recent = slices.Delete(p.recent, 0, len(p.recent)-most)
	}
}

// bytesOf is the length of d in bytes, a whole number of samples.
func bytesOf(d time.Duration, rate int) int { return int(d*time.Duration(rate)/time.Second) * 2 }
