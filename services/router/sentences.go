package router

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentences cuts a text that is still being written into pieces to speak. A
// piece ends where a sentence does: at . ! ? or a line break, followed by white
// space, and not inside "3.5", after "Dr." or after an initial.
type sentences struct {
	min, max int // characters of the first early piece, and of any piece
	rest     string
	cut      int // pieces so far
}

// add appends text and returns the pieces that are complete.
func (s *sentences) add(text string) (pieces []string) {
	s.rest += text
	for {
		n := s.end()
		if n == 0 {
			return pieces
		}
		piece := strings.TrimSpace(s.rest[:n])
		s.rest = s.rest[n:]
		if speakable(piece) {
			pieces = append(pieces, piece)
			s.cut++
		}
	}
}

// flush returns what is left.
func (s *sentences) flush() (pieces []string) {
	piece := strings.TrimSpace(s.rest)
	s.rest = ""
	if speakable(piece) {
		pieces = append(pieces, piece)
		s.cut++
	}
	return pieces
}

// speakable reports whether there is a letter or a digit in s.
func speakable(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// end is the length in bytes of the first piece, or 0 while it is not complete.
func (s *sentences) end() int {
	least := s.min
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
		if chars < s.max {
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
func (s *sentences) ends(r rune, i, next int) bool {
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
	word := s.rest[strings.LastIndexFunc(s.rest[:i], unicode.IsSpace)+1 : i]
	return !abbreviation(strings.TrimLeft(word, `"'([`)) && !listNumber(s.rest[:i], word)
}

// closing passes quotes and brackets that belong to the sentence before them.
func (s *sentences) closing(i int) int {
	for i < len(s.rest) {
		r, size := utf8.DecodeRuneInString(s.rest[i:])
		if !strings.ContainsRune(`"')]”’*_.!?`, r) {
			break
		}
		i += size
	}
	return i
}

// abbreviations are written with a dot that ends no sentence.
var abbreviations = map[string]bool{
	"dr": true, "mr": true, "mrs": true, "ms": true, "prof": true, "st": true, "sr": true, "jr": true, "rev": true, "gen": true, "capt": true,
	"vs": true, "etc": true, "e.g": true, "i.e": true, "cf": true, "ca": true, "approx": true, "fig": true, "vol": true, "inc": true,
	"ltd": true, "co": true, "corp": true, "dept": true, "est": true, "mt": true, "a.m": true, "p.m": true, "u.s": true, "u.k": true, "ph.d": true,
	"jan": true, "feb": true, "aug": true, "sept": true, "oct": true, "nov": true, "dec": true, "z.b": true, "d.h": true, "bzw": true,
}

func abbreviation(word string) bool {
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
