package household

import (
	"slices"
	"time"
)

// What only time tells: what should have come, and what should have ended.

// sweep looks for what should have come by now, and forgets what is long over.
func (c *checker) sweep(now time.Time) {
	const (
		maxDucked   = 45 * time.Second // the router gives a voice back after 30 s
		maxSpeaking = 15 * time.Minute // a paused answer is given up after 10 min
		maxTurn     = 20 * time.Minute // and then it is some time until all is over
		maxReading  = 4 * time.Minute  // a recogniser that hangs, with others waiting
		forgotten   = 2 * time.Hour
	)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, check := range c.later {
		check()
	}
	c.later = nil
	for room, since := range c.ducked {
		if now.Sub(since) > maxDucked {
			c.violate(now, "stuck", "%s: the voice is low since %s", room, since.UTC().Format("15:04:05"))
			delete(c.ducked, room)
		}
	}
	for id, l := range c.lines {
		if !l.started.IsZero() && l.ended.IsZero() && now.Sub(l.started) > maxSpeaking {
			if !c.isExcused(l.started, now, "tts") {
				c.violate(now, "stuck", "%s: %q has begun at %s and did not end", l.room, l.text, l.started.UTC().Format("15:04:05"))
			}
			l.ended = now
		}
		if now.Sub(l.at) > forgotten {
			c.forget(id, l)
		}
	}
	for id, f := range c.finals {
		if f.records == 0 && now.Sub(f.at) > maxTurn && !f.missed {
			c.violate(now, "turn without a record", "%s: %q at %s", f.room, f.text, f.at.UTC().Format("15:04:05"))
			f.records = 1
		}
		if now.Sub(f.at) > forgotten {
			delete(c.finals, id)
			delete(c.asked, f.utt)
		}
	}
	c.expected = slices.DeleteFunc(c.expected, func(u *utterance) bool {
		late := now.Sub(u.ended) > maxReading
		if late && !c.isExcused(u.begun, u.ended.Add(maxReading), "stt") {
			c.violate(now, "no answer and no reason", "%s: %q, said at %s", u.room, u.text, u.begun.UTC().Format("15:04:05"))
		}
		return late
	})
	for id, e := range c.early {
		if now.Sub(e.at) > time.Second {
			c.violate(now, "record without a turn", "%s: %s", id, e.Outcome)
			delete(c.early, id)
		}
	}
	for _, times := range []map[string]time.Time{c.said, c.private, c.stopped, c.cancelled} {
		for k, at := range times {
			if now.Sub(at) > forgotten {
				delete(times, k)
			}
		}
	}
	for id := range c.requests {
		if c.asked[baseOf(id)] == nil {
			delete(c.requests, id)
		}
	}
	old := func(s span) bool { return !s.to.IsZero() && now.Sub(s.to) > forgotten }
	for service := range c.outages {
		c.outages[service] = slices.DeleteFunc(c.outages[service], old)
		c.stops[service] = slices.DeleteFunc(c.stops[service], old)
	}
	c.muted = slices.DeleteFunc(c.muted, old)
}

// forget forgets a line.
func (c *checker) forget(id string, l *spokenLine) {
	delete(c.lines, id)
	delete(c.answers, l.utt)
	for _, w := range madeUp(l.text, consonantsOfAssistant) {
		delete(c.byWord, w)
	}
}

// atEnd looks at what is still open when everybody has been quiet for long.
func (c *checker) atEnd(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for room, since := range c.ducked {
		c.violate(now, "stuck", "%s: the voice is low since %s", room, since)
	}
	for _, l := range c.lines {
		if !l.started.IsZero() && l.ended.IsZero() && !c.isExcused(l.started, now, "tts") {
			c.violate(now, "stuck", "%s: %q did not end", l.room, l.text)
		}
	}
	for _, f := range c.finals {
		if f.records == 0 && !f.missed {
			c.violate(now, "stuck", "%s: %q has no record", f.room, f.text)
		}
	}
	for utt, at := range c.stillThere {
		answered := false
		for _, l := range c.answers[utt] {
			whole, _ := wordsWithin(l.text, l.played)
			answered = answered || whole > 0
		}
		if !answered {
			c.violate(now, "stuck", "nothing was heard in answer to what was typed at %s", at.UTC().Format("15:04:05"))
		}
	}
	for sink, s := range c.speakers {
		s.settle(now)
		if !s.paused.IsZero() {
			c.violate(now, "stuck", "%s is paused since %s", sink, s.paused)
		}
	}
}

// checkGrowth compares what the household took early in the day with late.
func (c *checker) checkGrowth(early, late memoryUse, now time.Time) {
	const (
		spareHeap       = 3 << 20 // bytes: buffers and caches that are not full early in the day
		spareGoroutines = 16      // of links that are being made just then
	)
	c.mu.Lock()
	defer c.mu.Unlock()
	if late.heap > early.heap+spareHeap {
		c.violate(now, "memory grows", "from %d to %d KiB", early.heap>>10, late.heap>>10)
	}
	if late.goroutines > early.goroutines+spareGoroutines {
		c.violate(now, "memory grows", "from %d to %d goroutines", early.goroutines, late.goroutines)
	}
}
