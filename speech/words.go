// Package speech has what several services need of spoken text: sentences, whole
// or as they are written, and Markdown made fit to be said. Its folders read and
// write audio, and count what a recogniser misheard.
package speech

import (
	"strings"
	"unicode"
)

// HasWords reports whether there is anything in s to say: a letter or a number.
func HasWords(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}

// FirstWords are the words of text that end within its first chars characters.
func FirstWords(text string, chars int) string {
	runes := []rune(text)
	if chars >= len(runes) {
		return strings.TrimSpace(text)
	}
	for chars > 0 && !unicode.IsSpace(runes[chars]) {
		chars--
	}
	return strings.TrimSpace(string(runes[:max(0, chars)]))
}
