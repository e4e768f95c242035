package stt

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gotars/tars/speech"
)

// echoes knows what the assistant says aloud, so that it does not answer
// itself. It is safe for concurrent use.
type echoes struct {
	window time.Duration // how long after its end speech may come back; 0: no echo is looked for

	mu    sync.Mutex
	said  []saying           // at most maxSayings, oldest first
	rooms map[string]hearing // whose microphones hear the assistant
}

// saying is one text that was spoken in a room, "" for any room.
type saying struct {
	room, utt  string
	text       string
	begun, end time.Time // end is in the future while it is being spoken
}

const (
	maxSayings      = 64
	minWordDuration = 120 * time.Millisecond // the fastest speech has eight words a second
	maxWordDuration = 800 * time.Millisecond // how long a word takes at most, should the end of speaking never be told
)

// start notes that text is being spoken.
func (e *echoes) start(room, utt, text string) {
	words, now := len(spokenWords(text)), time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.said) == maxSayings {
		e.said = append(e.said[:0], e.said[1:]...)
	}
	e.said = append(e.said, saying{room: room, utt: utt, text: text, begun: now,
		end: now.Add(time.Duration(words+3) * maxWordDuration)})
}

// end notes that nothing of utt is spoken any more.
func (e *echoes) end(utt string) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.said {
		if s := &e.said[i]; s.utt == utt && s.end.After(now) {
			s.end = now
		}
	}
}

// isSpoken reports whether something is being spoken in room.
func (e *echoes) isSpoken(room string) bool { return e.isSpokenSince(room, time.Now()) }

// isSpokenSince reports whether something was or is being spoken in room since a time.
func (e *echoes) isSpokenSince(room string, since time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.said, func(s saying) bool { return (s.room == "" || s.room == room) && s.end.After(since) })
}

// echoKnown is how long it is known that a microphone hears the assistant, since it last
// did.
const echoKnown = 10 * time.Minute

// hearing is what is known of a microphone that hears the assistant.
type hearing struct {
	until time.Time // it is known
	clean time.Time // since then its voice is taken out of what is heard; zero: it is not
}

// hears notes that the microphone of a room hears the assistant, and since when its voice
// is taken out of that; zero: it is not.
func (e *echoes) hears(room string, clean time.Time) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rooms == nil {
		e.rooms = map[string]hearing{}
	}
	for name, h := range e.rooms { // names may be made up
		if now.After(h.until) {
			delete(e.rooms, name)
		}
	}
	if _, known := e.rooms[room]; known || len(e.rooms) < maxSources {
		e.rooms[room] = hearing{now.Add(echoKnown), clean}
	}
}

// note notes what the microphone of a source hears of the assistant, while that speaks. The
// caller holds the lock of the source.
func (e *echoes) note(source *audioSource) {
	switch {
	case !source.own.audible(source.lastAudio):
	case source.own.residue > 0:
		e.hears(source.room, source.loudspeaker.clean)
	case source.loudspeaker.clean.IsZero():
		e.mayHear(source.room)
	}
}

// mayHear notes that it is not known any more whether the assistant's voice is taken out of
// what the microphone of a room hears, if that is known to hear it: the way from the
// loudspeaker may have changed.
func (e *echoes) mayHear(room string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if h, known := e.rooms[room]; known {
		h.clean = time.Time{}
		e.rooms[room] = h
	}
}

// isHeardIn reports whether the assistant may be heard in what a microphone has heard
// from begun on.
func (e *echoes) isHeardIn(room string, begun time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := e.rooms[room]
	return time.Now().Before(h.until) && (h.clean.IsZero() || begun.Before(h.clean))
}

// saidIn returns what the assistant said in room while somebody was heard there from
// begun to ended.
func (e *echoes) saidIn(room string, begun, ended time.Time) (texts []string) {
	if e.window == 0 {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.said {
		if (s.room == "" || s.room == room) && !s.begun.After(ended) && !begun.After(s.end.Add(e.window)) {
			texts = append(texts, s.text)
		}
	}
	return texts
}

// withoutEcho is text, the speech in room from begun to ended, without what the
// assistant said there at that time: all of it when none of it was, and empty when all
// was.
func (e *echoes) withoutEcho(room, text, lang string, begun, ended time.Time) string {
	texts := e.saidIn(room, begun, ended)
	if len(texts) == 0 {
		return text
	}
	h := splitHeard(text, lang)
	best := text
	// What is read aloud of an address depends on the voice, so it is looked for as it
	// is said for it, and as it is written.
	for _, read := range []func(string) []string{
		func(s string) []string { return speech.ComparableWords(s, lang) },
		spokenWords,
	} {
		var said []string
		for _, s := range texts {
			words := read(s)
			if slices.Equal(words, h.words) {
				return "" // whole, however short
			}
			said = append(said, words...)
		}
		person := notEcho(h.words, said)
		if asks(h.text(person)) && !isPart(kept(h.words, person), said) {
			return h.text(person)
		}
		if e.isHeardIn(room, begun) && h.isUnclear(person, said, ended.Sub(begun)) {
			return ""
		}
		rest := h.text(person)
		if rest == "" {
			return ""
		}
		if len(rest) < len(best) {
			best = rest
		}
	}
	return best
}

// isUnclear reports whether words that were heard in a time, where the microphone hears us,
// are nothing to answer: more than anybody says in it, one or two that nobody says to
// interrupt, or a piece of what we said with its misheard words. Person tells which of them
// are a person's, as far as spans tell.
func (h heardText) isUnclear(person []bool, said []string, lasted time.Duration) bool {
	n, interrupts := len(h.written), isInterrupt(h.words, said)
	switch tooFast := lasted < time.Duration(n)*minWordDuration; {
	case tooFast && !(interrupts && n <= maxInterrupt): // the begin of a "stop that" may be lost in our voice
		return true
	case n <= maxUnclear && !interrupts:
		return true
	}
	return isFragment(h.words, said) || isFragment(kept(h.words, person), said)
}

// kept are the words that are to be kept.
func kept(words []string, keep []bool) (some []string) {
	for i, w := range words {
		if keep[i] {
			some = append(some, w)
		}
	}
	return some
}

// saysPhrase reports whether the assistant, between begun and ended, says the words of a
// wake phrase in room, be they written together or letter by letter. Servers call a phrase
// hey_jarvis, perhaps with a version, or by the file of its model.
func (e *echoes) saysPhrase(room, phrase string, begun, ended time.Time) bool {
	want := strings.Join(phraseWords(modelName.ReplaceAllString(phrase, "")), "")
	var said []string
	for _, text := range e.saidIn(room, begun, ended) {
		said = append(said, phraseWords(speech.Speakable(text, ""))...)
	}
	for i := range said {
		words := ""
		for _, w := range said[i:] {
			if len(words) >= len(want) {
				break
			}
			if words += w; similarWords(words, want) {
				return true
			}
		}
	}
	return false
}

// modelName is what may stand behind the phrase in the name of its model.
var modelName = regexp.MustCompile(`([_ -]v?\d[\d._]*)?(\.(onnx|tflite|ppn|umdl|pmdl))?$`)

// phraseWords are the words of text, with the two spellings of okay made one.
func phraseWords(text string) []string {
	all := spokenWords(strings.ReplaceAll(text, "_", " "))
	for i, w := range all {
		if w == "ok" {
			all[i] = "okay"
		}
	}
	return all
}

// heardText is a text in its written words and in those that are compared.
type heardText struct {
	words   []string // as [speech.ComparableWords]
	written []string // pieces of the text
	piece   []int    // of each word the piece that it comes from
}

// splitHeard splits text. Signs are read in their context, so the words of a piece are
// found again in those of the whole text.
func splitHeard(text, lang string) heardText {
	h := heardText{words: speech.ComparableWords(text, lang), written: pieces(text)}
	var alone []string
	var of []int
	for i, p := range h.written {
		for _, w := range speech.ComparableWords(p, lang) {
			alone, of = append(alone, w), append(of, i)
		}
	}
	h.piece = make([]int, len(h.words))
	for i := range h.piece {
		h.piece[i] = -1
	}
	for _, m := range align(h.words, alone) {
		h.piece[m.a] = of[m.b]
	}
	for i := 1; i < len(h.piece); i++ {
		if h.piece[i] < 0 {
			h.piece[i] = h.piece[i-1]
		}
	}
	for i := len(h.piece) - 2; i >= 0; i-- {
		if h.piece[i] < 0 {
			h.piece[i] = h.piece[i+1]
		}
	}
	return h
}

// text is what is written of the words that are kept.
func (h heardText) text(keep []bool) string {
	if !slices.Contains(keep, false) {
		return strings.Join(h.written, " ")
	}
	wanted := map[int]bool{}
	for i, k := range keep {
		if k && h.piece[i] >= 0 {
			wanted[h.piece[i]] = true
		}
	}
	var out strings.Builder
	for i, p := range h.written {
		if !wanted[i] {
			continue
		}
		if out.Len() > 0 && !speech.IsUnspaced([]rune(p)[0]) {
			out.WriteByte(' ')
		}
		out.WriteString(p)
	}
	return strings.TrimLeft(out.String(), " ,;:.!?-–—")
}

// pieces are the words of text as they are written, and the single characters of scripts
// without spaces.
func pieces(text string) (all []string) {
	for _, field := range strings.Fields(text) {
		word := ""
		for _, r := range field {
			if !speech.IsUnspaced(r) {
				word += string(r)
				continue
			}
			if word != "" {
				all = append(all, word)
			}
			all, word = append(all, string(r)), ""
		}
		if word != "" {
			all = append(all, word)
		}
	}
	return all
}
