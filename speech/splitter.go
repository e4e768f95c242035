package speech

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Splitter cuts a text that is still being written into pieces to speak. A
// piece ends where a sentence does: at . ! ? or a line break, followed by white
// space, and not inside "3.5", after "Dr." or after an initial. It is not safe for
// concurrent use.
type Splitter struct {
	Min int // characters of the first piece, or more; an early "Yes." waits for the next sentence
	Max int // characters of any piece that has a place to cut; 0: no bound

	rest  string
	cut   int  // pieces so far
	whole bool // the text is complete: what follows a sentence is known
}

// Add appends text and returns the pieces that are complete.
func (s *Splitter) Add(text string) (pieces []string) {
	s.rest += text
	for {
		n := s.end()
		if n == 0 {
			return pieces
		}
		piece := strings.TrimSpace(s.rest[:n])
		s.rest = s.rest[n:]
		if HasWords(piece) {
			pieces = append(pieces, piece)
			s.cut++
		}
	}
}

// Discard drops what was added and is not part of a piece yet.
func (s *Splitter) Discard() { s.rest = "" }

// Flush returns what is left.
func (s *Splitter) Flush() (pieces []string) {
	piece := strings.TrimSpace(s.rest)
	s.rest = ""
	if HasWords(piece) {
		pieces = append(pieces, piece)
		s.cut++
	}
	return pieces
}

// end is the length in bytes of the first piece, or 0 while it is not complete.
func (s *Splitter) end() int {
	least := s.Min
	if s.cut > 0 {
		least = 1
	}
	chars, clause, space := 0, 0, 0
	for i, r := range s.rest {
		chars++
		after := i + utf8.RuneLen(r)
		switch {
		case r == '\n' && chars > least:
			return after
		case strings.ContainsRune(".!?…。！？", r) && chars >= least && s.ends(r, i, after):
			return s.closing(after)
		case strings.ContainsRune(",;:", r):
			clause = after
		case unicode.IsSpace(r):
			space = after
		}
		if s.Max == 0 || chars < s.Max {
			continue
		}
		if clause > len(s.rest[:after])/2 {
			return clause
		}
		if space > 0 {
			return space
		}
	}
	return 0
}

// ends reports whether the mark r at i ends a sentence; next is the byte behind it.
func (s *Splitter) ends(r rune, i, next int) bool {
	if strings.ContainsRune("。！？", r) {
		return true
	}
	next = s.closing(next)
	if next >= len(s.rest) {
		return false // what follows is not written yet
	}
	if follows, _ := utf8.DecodeRuneInString(s.rest[next:]); !unicode.IsSpace(follows) {
		return false
	}
	if r != '.' {
		return true
	}
	if after, _ := utf8.DecodeRuneInString(strings.TrimSpace(s.rest[next:])); s.whole && unicode.IsLower(after) {
		return false // a text in the writing has nothing there yet, and would have to wait
	}
	word := s.rest[strings.LastIndexFunc(s.rest[:i], unicode.IsSpace)+1 : i]
	return !isAbbreviation(strings.TrimLeft(word, `"'([`)) && !listNumber(s.rest[:i], word)
}

// closing passes quotes and brackets that belong to the sentence before them.
func (s *Splitter) closing(i int) int {
	for i < len(s.rest) {
		r, size := utf8.DecodeRuneInString(s.rest[i:])
		if !strings.ContainsRune(`"')]”’»*_.!?…`, r) {
			break
		}
		i += size
	}
	return i
}

// abbreviations are written with a dot that ends no sentence.
var abbreviations = map[string]bool{
	"dr": true, "mr": true, "mrs": true, "ms": true, "prof": true, "st": true, "sr": true, "jr": true, "rev": true, "gen": true, "capt": true, "lt": true,
	"vs": true, "etc": true, "e.g": true, "i.e": true, "cf": true, "ca": true, "approx": true, "fig": true, "vol": true, "inc": true,
	"ltd": true, "co": true, "corp": true, "dept": true, "est": true, "mt": true, "a.m": true, "p.m": true, "u.s": true, "u.k": true, "ph.d": true,
	"jan": true, "feb": true, "aug": true, "sept": true, "oct": true, "nov": true, "dec": true, "z.b": true, "d.h": true, "bzw": true,
}

func isAbbreviation(word string) bool {
	if r, size := utf8.DecodeRuneInString(word); size == len(word) && unicode.IsUpper(r) && r != 'I' {
		return true // an initial
	}
	return abbreviations[strings.ToLower(word)]
}

// listNumber reports whether word numbers a line, as in "2. Stir."
func listNumber(before, word string) bool {
	if word == "" || strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsDigit(r) }) {
		return false
	}
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return strings.TrimSpace(line) == word
}
