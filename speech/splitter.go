package speech

import (
	"cmp"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

const (
	// A first sentence that is longer is spoken before it is complete: up to a mark, or up
	// to a word that begins a clause. In characters: about three seconds of speech, and two.
	earlyMark   = 48
	earlyClause = 28
	// minEarlyClause is the shortest clause that is spoken then, where no mark ends it:
	// about four words.
	minEarlyClause = 16
	// maxWindow bounds how far a cut is looked for, in bytes.
	maxWindow = 2048
	// maxUncut bounds what is kept because it has no place to cut, in bytes. A picture that
	// is written into its link may be as long.
	maxUncut = 16 << 10
)

// Splitter cuts a Markdown text that is still being written into pieces to
// speak. A piece ends where a sentence does: by the rules of Unicode (UAX #29), and
// not after an abbreviation, an initial or an ordinal number. Links, addresses and
// inline code are never cut; blocks of code are left out. It is not safe for
// concurrent use.
type Splitter struct {
	Min  int    // characters of the first piece, or more; an early "Yes." waits for the next sentence
	Max  int    // characters of any piece that has a place to cut; 0: no bound
	Lang string // language of the text, such as "de"; it decides whether "3." may be an ordinal number

	unread string // added, and not looked at yet
	rest   string // looked at, and not part of a piece yet
	pieces int    // cut so far
	fence  string // closes the block of code that is being left out; empty outside of one
	inList bool   // the last line belongs to a list
	inCode bool   // it is code that is marked by its indent
	whole  bool   // the text is complete: what follows a sentence is known
}

// Add appends text and returns the pieces that are complete. The pieces of a text do
// not depend on how it was parted for Add: it is looked at word by word.
func (s *Splitter) Add(text string) (pieces []string) {
	s.unread += text
	for n := s.nextStep(); n > 0; n = s.nextStep() {
		s.rest, s.unread = s.rest+s.unread[:n], s.unread[n:]
		for s.leaveOutCode(&pieces, false) {
		}
		if s.fence == "" && !opensFence(s.rest) {
			s.rest = s.cut(s.rest, !s.whole, &pieces)
			if len(s.rest) > maxUncut {
				s.emit(s.rest, &pieces)
				s.rest = ""
			}
		}
	}
	return pieces
}

// nextStep is the length of the first word of what is unread with the marks behind it,
// up to a space or to another mark. It is 0 while that is not written.
func (s *Splitter) nextStep() int {
	if s.whole {
		return len(s.unread)
	}
	var before rune
	for i, r := range s.unread {
		switch {
		case !utf8.FullRuneInString(s.unread[i:]):
			return 0
		case before != 0 && r != before:
			return i
		case unicode.IsSpace(r):
			return i + utf8.RuneLen(r)
		}
		if isSpacedLetter := unicode.IsLetter(r) && !IsUnspaced(r); !isSpacedLetter && !unicode.IsDigit(r) {
			before = r
		}
	}
	return 0
}

// Release returns the pieces that are complete if the text does not go on for now, as when
// its writer is busy with something else.
func (s *Splitter) Release() (pieces []string) {
	if s.unread == "" && s.fence == "" && !opensFence(s.rest) {
		s.rest = s.cut(s.rest, false, &pieces)
	}
	return pieces
}

// Discard drops what was added and is not part of a piece yet.
func (s *Splitter) Discard() { s.unread, s.rest, s.fence = "", "", "" }

// Flush returns what is left.
func (s *Splitter) Flush() (pieces []string) {
	s.rest, s.unread = s.rest+s.unread, ""
	for s.leaveOutCode(&pieces, true) {
	}
	open := scanInline(s.rest, true).open // what a mark opens that is never closed stays whole
	s.emit(s.cut(s.rest[:open], false, &pieces)+s.rest[open:], &pieces)
	s.rest = ""
	return pieces
}

// emit adds text to pieces if there is something to say in it.
func (s *Splitter) emit(text string, pieces *[]string) {
	if HasWords(text) && !s.isIndentedCode(text) {
		*pieces = append(*pieces, strings.TrimSpace(text))
		s.pieces++
	}
}

// cut takes complete pieces off text and returns what is left. more says that the
// text may go on behind its end.
func (s *Splitter) cut(text string, more bool, pieces *[]string) (rest string) {
	for {
		n := s.end(text, more)
		if n == 0 {
			return text
		}
		s.emit(text[:n], pieces)
		text = text[n:]
	}
}

// end is the length in bytes of the first piece of text, or 0 while it is not
// complete.
func (s *Splitter) end(text string, more bool) int {
	if len(text) > maxWindow {
		n := maxWindow
		for !utf8.RuneStart(text[n]) {
			n--
		}
		text, more = text[:n], true
	}
	u := scanInline(text, more)
	minChars := 1
	if s.pieces == 0 {
		minChars = s.Min
	}
	if n := s.sentenceEnd(text, u, minChars, more); n > 0 {
		return n
	}
	chars, limit := utf8.RuneCountInString(text), len(text)
	if s.Max > 0 {
		limit = len(firstRunes(text, s.Max))
	}
	if s.pieces == 0 && more && !s.whole {
		if n := s.earlyEnd(text, limit, u); n > 0 && utf8.RuneCountInString(text[:n]) >= minChars {
			return n
		}
	}
	if s.Max > 0 && chars > s.Max {
		return lastPause(text, limit, u, true)
	}
	return 0
}

// sentenceEnd is the end of the first sentence of text, with as many before it as make
// minChars characters. It is 0 where there is none before the longest piece.
func (s *Splitter) sentenceEnd(text string, u inline, minChars int, more bool) int {
	plain := plainMarks(text)
	rest, state, at := plain, -1, 0
	for rest != "" {
		var sentence string
		sentence, rest, state = uniseg.FirstSentenceInString(rest, state)
		at += len(sentence)
		n := passClosing(plain, len(strings.TrimRight(plain[:at], openingBrackets)))
		if s.Max > 0 && utf8.RuneCountInString(text[:n]) > s.Max {
			break
		}
		if u.mayCut(n) && s.isSentenceEnd(plain, u, n, more) && utf8.RuneCountInString(strings.TrimSpace(text[:n])) >= minChars {
			return n
		}
	}
	return 0
}

// earlyEnd is where a long sentence is cut that is the first and still in the writing: at a
// mark, or where a clause begins. It is 0 where there is no such place yet.
func (s *Splitter) earlyEnd(text string, limit int, u inline) (n int) {
	chars := utf8.RuneCountInString(text)
	if chars > earlyMark {
		n = lastPause(text, limit, u, false)
	}
	if n == 0 && chars > earlyClause {
		n = s.beforeClause(text[:limit], u)
	}
	return n
}

// lastPause is the end of the last clause within limit bytes of text, for at least a third
// of it. If anywhere is set and there is none, it is the last space between two words, else
// one within no number, else the last one. It is 0 when there is no place to cut.
func lastPause(text string, limit int, u inline, anywhere bool) int {
	clause, free, space, anySpace := 0, 0, 0, 0
	var before rune
	for i, r := range text[:limit] {
		at := i + utf8.RuneLen(r)
		behind, _ := utf8.DecodeRuneInString(text[min(at, len(text)):])
		withinNumber := unicode.IsDigit(before) && (unicode.IsDigit(behind) || at == len(text)) // or it is not known yet
		switch {
		case r == utf8.RuneError || !u.mayCut(at):
		case unicode.IsSpace(r):
			anySpace = at
			if !withinNumber {
				space = at
			}
			if endsWord(before) && beginsWord(behind) {
				free = at
			}
			if strings.ContainsRune(",;:", before) && !endsInEntity(text[:i]) || strings.ContainsRune("—–", before) && beginsWord(behind) {
				clause = at
			}
		case strings.ContainsRune("，、；：،؛", r) && !withinNumber:
			clause = at
		}
		before = r
	}
	switch {
	case clause > limit/3 || clause > 0 && !anywhere:
		return clause
	case !anywhere:
		return 0
	}
	return cmp.Or(free, space, anySpace)
}

// endsWord and beginsWord report whether words part at a space beside r: not at a number, at
// a sign such as "=", and behind the dot of an abbreviation.
func endsWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || strings.ContainsRune("!?)\"'”’»", r)
}

func beginsWord(r rune) bool { return unicode.IsLetter(r) || strings.ContainsRune("(\"'“‘«", r) }

var entity = regexp.MustCompile(`&#?\w{1,31};$`)

// endsInEntity reports whether text ends in a character of HTML, such as &amp;.
func endsInEntity(text string) bool { return entity.MatchString(text[max(0, len(text)-34):]) }

// beforeClause is where the last clause of text begins that no mark parts from what is
// before it: at "because", or at "and the". It is 0 when there is none.
func (s *Splitter) beforeClause(text string, u inline) (n int) {
	l := languageOf(s.Lang)
	words := strings.FieldsFunc(text, unicode.IsSpace)
	if last, _ := utf8.DecodeLastRuneInString(text); len(words) > 0 && !unicode.IsSpace(last) {
		words = words[:len(words)-1] // it may still be in the writing
	}
	at := 0
	for i, word := range words {
		at += strings.Index(text[at:], word)
		join := strings.ToLower(word)
		if (l.clause[join] || l.and[join] && i+1 < len(words) && l.subject[strings.ToLower(words[i+1])]) &&
			utf8.RuneCountInString(text[:at]) >= minEarlyClause && u.mayCut(at) {
			n = at
		}
		at += len(word)
	}
	return n
}

func firstRunes(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}
