package household

import (
	"strings"
	"time"

	"github.com/gotars/tars/contract"
)

// say takes what is to be spoken: in answer to something, and no sentence twice.
func (c *checker) say(m contract.TtsSay, room string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	is := func(b *bool) bool { return b != nil && *b }
	l := &spokenLine{say: m.MessageID, room: room, text: m.Text, at: now, quiet: is(m.WakeAck) || is(m.SystemAnnounce)}
	if m.UttID != nil {
		l.utt = *m.UttID
	}
	if c.lines[l.say] != nil {
		c.violate(now, "said twice", "%s: %q", room, m.Text)
		return
	}
	c.seen("lines")
	if !l.quiet {
		c.later = append(c.later, func() { c.checkAsked(l.utt, m.Text, room, now) })
	}
	for _, w := range madeUp(m.Text, consonantsOfAssistant) {
		for _, other := range c.byWord[w] {
			again := c.repeats[room]
			if other.utt == l.utt || again.IsZero() || now.Sub(again) > time.Minute {
				c.violate(now, "said twice", "%s: %q, and at %s", room, m.Text, other.at.UTC().Format("15:04:05"))
				break
			}
		}
		c.byWord[w] = append(c.byWord[w], l)
	}
	c.lines[l.say] = l
	c.answers[l.utt] = append(c.answers[l.utt], l)
}

// control takes an order to the voice.
func (c *checker) control(m contract.TtsControl, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch m.Action {
	case contract.TtsStop:
		for utt := range c.answers {
			if (m.ID == nil || *m.ID == utt) && c.stopped[utt].IsZero() {
				c.stopped[utt] = now
			}
		}
	case contract.TtsMute:
		c.muted = append(c.muted, span{from: now})
	case contract.TtsUnmute:
		if n := len(c.muted); n > 0 {
			c.muted[n-1].to = now
		}
	}
}

// audio takes a piece of speech: in its order, once, and not after it was stopped.
func (c *checker) audio(a contract.SpeakerAudio, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lines[a.Say]
	if l == nil {
		c.violate(now, "spoken without a line", "%s of %s", a.Say, a.UttID)
		return
	}
	s := c.speakers[a.Sink]
	if s == nil {
		s = &loudspeaker{}
		c.speakers[a.Sink] = s
	}
	c.seen("pieces of speech")
	switch {
	case a.Seq < l.next:
		c.violate(now, "said twice", "%s: piece %d of %q", l.room, a.Seq, l.text)
	case a.Seq > l.next && !c.isExcused(l.at, now, "tts") && !overlaps(c.muted, l.at, now):
		c.violate(now, "lost speech", "%s: piece %d of %q comes after %d", l.room, a.Seq, l.text, l.next-1)
	}
	l.next = a.Seq + 1
	if at := c.stopped[l.utt]; !at.IsZero() && now.Sub(at) > maxLate && !c.isExcused(at, now, "tts", "router") {
		c.violate(now, "spoken after its cancel", "%s: %q, %s later", l.room, l.text, now.Sub(at).Round(time.Millisecond))
		c.stopped[l.utt] = now
	}
	rate := max(a.Rate, 1)
	if a.Seq == 0 || a.Last {
		note(l.room, "piece", a.Seq, a.Last, l.text, s.free, s.paused, len(s.pieces))
	}
	s.add(l, time.Duration(len(a.PCM)/2)*time.Second/time.Duration(rate), now)
}

// status takes what the voice is doing, as the page does.
func (c *checker) status(m contract.TtsStatus, room string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	utt := ""
	if m.UttID != nil {
		utt = *m.UttID
	}
	var s *loudspeaker
	if s = c.speakers[room]; s == nil {
		s = &loudspeaker{}
		c.speakers[room] = s
	}
	switch m.Event {
	case contract.TtsStopped:
		s.drop(utt, now)
	case contract.TtsPaused:
		s.pause(now)
		return
	case contract.TtsSpeakingStart:
		if l := c.lineOf(utt, m.Text, func(l *spokenLine) bool { return l.started.IsZero() }); l != nil {
			l.started = now
		}
	case contract.TtsSpeakingEnd:
		l := c.lineOf(utt, m.Text, func(l *spokenLine) bool { return l.ended.IsZero() })
		switch {
		case l != nil:
			l.ended = now
		case len(c.answers[utt]) > 0:
			c.violate(now, "ended twice", "%s: %q", room, m.Text)
		}
	}
	s.resume(now)
}

// lineOf returns the first line of an answer with this text that is as asked for.
func (c *checker) lineOf(utt, text string, is func(*spokenLine) bool) *spokenLine {
	for _, l := range c.answers[utt] {
		if l.text == text && is(l) {
			return l
		}
	}
	return nil
}

// checkRemembered checks that nothing of text, which is remembered of an answer, was not
// heard. utt is the answer; empty: it is found by its words.
func (c *checker) checkRemembered(where, text, utt string, now time.Time) {
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "—"))
	tags := madeUp(text, consonantsOfAssistant)
	if len(tags) == 0 {
		return // a rule, or an apology
	}
	var candidates []string
	if utt != "" {
		candidates = []string{utt}
	} else {
		for _, l := range c.byWord[tags[0]] {
			candidates = append(candidates, l.utt)
		}
	}
	best := ""
	for _, u := range candidates {
		rest, excused := c.unheardOf(where, u, strings.Fields(text), now)
		if len(rest) == 0 || excused {
			c.seen("remembered answers in " + where)
			return
		}
		best = strings.Join(rest, " ")
	}
	if len(candidates) > 0 {
		c.violate(now, "unheard and remembered", "in %s: %q of %q", where, best, text)
	}
}

// unheardOf returns those words of an answer that were not heard, and whether it cannot
// be known, as the voice was cut off or mute, or who remembers it was away.
func (c *checker) unheardOf(where, utt string, words []string, now time.Time) (rest []string, excused bool) {
	const (
		lately = 2 * time.Second // what was heard is not told yet, and is guessed by time
		spare  = 4               // words by which the guess may be wrong
	)
	var heard [][]string
	for _, l := range c.answers[utt] {
		_, begun := wordsWithin(l.text, l.played)
		if c.isExcused(l.at, now, "tts") && (l.ended.IsZero() || c.isExcused(l.at, l.ended, "tts")) || overlaps(c.muted, l.at, l.at.Add(5*time.Minute)) {
			excused = true
		}
		if where == "memory" && !l.ended.IsZero() && overlaps(c.stops["memory"], l.ended, l.ended) {
			excused = true // it was told while the memory was stopped on purpose
		}
		if l.ended.IsZero() || now.Sub(l.ended) < lately {
			begun += spare
		}
		all := strings.Fields(l.text)
		heard = append(heard, all[:min(begun, len(all))])
	}
	return restOf(words, heard), excused
}

// restOf returns the words that remain when those before them are a beginning of each of
// some lines that were heard, in their order: as few as possible.
func restOf(words []string, heard [][]string) []string {
	if len(words) == 0 || len(heard) == 0 {
		return words
	}
	best := words
	for n := 0; ; n++ { // of the first line
		if rest := restOf(words[n:], heard[1:]); len(rest) < len(best) {
			best = rest
		}
		if n == len(words) || n == len(heard[0]) || words[n] != heard[0][n] || len(best) == 0 {
			return best
		}
	}
}
