package speech

import (
	"strings"
	"unicode/utf8"
)

// Sentences splits a whole text into sentences of at most maxBytes, so that the
// first can be heard while the others are made. A longer one is cut where a voice
// pauses. The words are those of text; marks that stand alone are left out, as
// engines fail at them.
func Sentences(text, lang string, maxBytes int) []string {
	s := Splitter{whole: true, Lang: lang}
	var all []string
	for _, sentence := range append(s.Add(text), s.Flush()...) {
		for sentence != "" {
			n := len(sentence)
			if n > maxBytes {
				n = pauseBefore(sentence, maxBytes)
			}
			if part := strings.TrimSpace(sentence[:n]); HasWords(part) {
				all = append(all, part)
			}
			sentence = strings.TrimSpace(sentence[n:])
		}
	}
	return all
}

// pauseBefore is where to cut text when it has no end within maxBytes: where a voice
// pauses, else at a space, else between two letters.
func pauseBefore(text string, maxBytes int) int {
	for maxBytes > 0 && !utf8.RuneStart(text[maxBytes]) {
		maxBytes--
	}
	if n := lastPause(text, maxBytes, scanInline(text, false), true); n > 0 {
		return n
	}
	return maxBytes
}
