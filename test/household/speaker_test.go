package household

import (
	"strings"
	"time"

	"github.com/gotars/tars/speech"
)

// loudspeaker plays what is sent to one room as the page does: one piece after the other,
// until it is told to stop or to pause. It is the truth about what was heard.
type loudspeaker struct {
	pieces []playedPiece // that may still be playing, oldest first
	free   time.Time     // when all of them were played
	paused time.Time     // since when it waits; zero: it does not
}

type playedPiece struct {
	line       *spokenLine
	start, end time.Time
}

// add takes a piece.
func (s *loudspeaker) add(l *spokenLine, d time.Duration, now time.Time) {
	s.settle(now)
	start := now
	if !s.paused.IsZero() {
		start = s.paused
	}
	if s.free.After(start) {
		start = s.free
	}
	s.free = start.Add(d)
	s.pieces = append(s.pieces, playedPiece{l, start, s.free})
}

// settle counts what was played.
func (s *loudspeaker) settle(now time.Time) {
	if !s.paused.IsZero() {
		now = s.paused
	}
	kept := s.pieces[:0]
	for _, p := range s.pieces {
		if p.start.Before(now) {
			end := p.end
			if end.After(now) {
				end = now
			}
			p.line.played += end.Sub(p.start)
			p.start = end
		}
		if p.start.Before(p.end) {
			kept = append(kept, p)
		}
	}
	clear(s.pieces[len(kept):])
	s.pieces = kept
}

// drop forgets what is not played of an answer; of all when utt is empty.
func (s *loudspeaker) drop(utt string, now time.Time) {
	s.settle(now)
	if !s.paused.IsZero() {
		now = s.paused
	}
	kept := s.pieces[:0]
	s.free = now
	for _, p := range s.pieces {
		if utt == "" || p.line.utt == utt {
			continue
		}
		d := p.end.Sub(p.start)
		p.start, p.end = s.free, s.free.Add(d)
		s.free = p.end
		kept = append(kept, p)
	}
	clear(s.pieces[len(kept):])
	s.pieces = kept
}

func (s *loudspeaker) pause(now time.Time) {
	s.settle(now)
	if s.paused.IsZero() {
		s.paused = now
	}
}

func (s *loudspeaker) resume(now time.Time) {
	if s.paused.IsZero() {
		return
	}
	late := now.Sub(s.paused)
	for i := range s.pieces {
		s.pieces[i].start, s.pieces[i].end = s.pieces[i].start.Add(late), s.pieces[i].end.Add(late)
	}
	if s.free.After(s.paused) {
		s.free = s.free.Add(late)
	}
	s.paused = time.Time{}
}

// wordsWithin are how many words of text are heard as a whole, and how many at least in
// part, in the first d of it. The scripted voice gives each character the same time.
func wordsWithin(text string, d time.Duration) (whole, begun int) {
	for _, s := range speech.Sentences(speech.Speakable(text, "en"), "en", 300) {
		all, length := strings.Fields(s), lengthOf(s)
		if d >= length-time.Millisecond { // a piece has whole samples
			whole, begun, d = whole+len(all), begun+len(all), max(0, d-length)
			continue
		}
		characters := d.Seconds() * charactersPerSecond(s)
		at := 0.0
		for _, w := range all {
			if at < characters {
				begun++
			}
			if at += float64(len([]rune(w))); at <= characters {
				whole++
			}
			at++
		}
		break
	}
	return whole, begun
}
