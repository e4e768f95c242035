package speech

import (
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

	rest   string
	pieces int    // cut so far
	fence  string // closes the block of code that is being left out; empty outside of one
	whole  bool   // the text is complete: what follows a sentence is known
}

// Add appends text and returns the pieces that are complete.
func (s *Splitter) Add(text string) (pieces []string) {
	s.rest += text
	for s.leaveOutCode(&pieces, false) {
	}
	if s.fence == "" && !opensFence(s.rest) {
		s.rest = s.cut(s.rest, !s.whole, &pieces)
	}
	return pieces
}

// Discard drops what was added and is not part of a piece yet.
func (s *Splitter) Discard() { s.rest, s.fence = "", "" }

// Flush returns what is left.
func (s *Splitter) Flush() (pieces []string) {
	for s.leaveOutCode(&pieces, true) {
	}
	s.emit(s.rest, &pieces)
	s.rest = ""
	return pieces
}

// emit adds text to pieces if there is something to say in it.
func (s *Splitter) emit(text string, pieces *[]string) {
	if text = strings.TrimSpace(text); HasWords(text) {
		*pieces = append(*pieces, text)
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
	rest, state, at := strings.ReplaceAll(text, "…", "..."), -1, 0 // of the same length; to Unicode "…" ends no sentence
	for rest != "" {
		var sentence string
		sentence, rest, state = uniseg.FirstSentenceInString(rest, state)
		at += len(sentence)
		n := at
		if !endsInSpace(text[:n]) { // marks of emphasis belong to the sentence before them
			n = passClosing(text, n)
		}
		if s.Max > 0 && utf8.RuneCountInString(text[:n]) > s.Max {
			break
		}
		if u.mayCut(n) && s.isSentenceEnd(text, n, more) && utf8.RuneCountInString(strings.TrimSpace(text[:n])) >= minChars {
			return n
		}
	}
	chars, start := utf8.RuneCountInString(text), text
	if s.Max > 0 {
		start = firstRunes(text, s.Max)
	}
	if s.pieces == 0 && more && !s.whole {
		n := 0
		if chars > earlyMark {
			n = lastPause(start, u, false)
		}
		if n == 0 && chars > earlyClause {
			n = s.beforeClause(start, u)
		}
		if n > 0 && utf8.RuneCountInString(text[:n]) >= minChars {
			return n
		}
	}
	if s.Max > 0 && chars > s.Max {
		return lastPause(start, u, true)
	}
	return 0
}

// isSentenceEnd reports whether a sentence ends before byte n of text, where the
// rules of Unicode allow it. While the text goes on it is false until that is known.
func (s *Splitter) isSentenceEnd(text string, n int, more bool) bool {
	sentence := strings.TrimRightFunc(text[:n], unicode.IsSpace)
	if strings.ContainsRune(text[len(sentence):n], '\n') {
		return true
	}
	spaced := len(sentence) < n
	mark, _ := utf8.DecodeLastRuneInString(strings.TrimRight(sentence, closingMarks))
	if n == len(text) && more && !spaced {
		return false // what follows is not written yet
	}
	if mark < utf8.RuneSelf && !spaced && n < len(text) {
		return false // as in "a!=b"
	}
	if mark != '.' {
		return mark == '…' || unicode.Is(unicode.Sentence_Terminal, mark)
	}
	word := sentence[strings.LastIndexFunc(strings.TrimRight(sentence, closingMarks+"."), unicode.IsSpace)+1:]
	return s.dotEnds(text[:n], strings.TrimRight(strings.Trim(word, closingMarks+`([`), "."), nextWord(text[n:], more))
}

// dotEnds reports whether the dot behind word, which is the end of text, ends a
// sentence that next follows.
func (s *Splitter) dotEnds(text, word string, next following) bool {
	l, lower := languageOf(s.Lang), strings.ToLower(word)
	first, size := utf8.DecodeRuneInString(word)
	switch {
	case s.whole && next.lower():
		return false // a text in the writing has nothing there yet, and would have to wait
	case l.never[lower] || size == len(word) && unicode.IsUpper(first) && first != 'I':
		return false
	case l.mayEnd[lower]:
		return next.known && next.capital()
	case beforeNumber[lower]:
		return next.known && !next.number()
	case size == len(word) && unicode.IsLower(first): // "z. B."
		return next.known && !next.initial()
	case isDigits(word):
		return !isListNumber(text, word) && s.numberEnds(text, word, next)
	case l.OrdinalDot && isRoman(word):
		return false // "II. Weltkrieg"
	}
	return true
}

// numberEnds reports whether "3." ends a sentence: it does not where it is an
// ordinal number, as in "am 3. Oktober".
func (s *Splitter) numberEnds(text, word string, next following) bool {
	if len(word) > 2 {
		return true
	}
	if !next.complete {
		return next.known && next.text == ""
	}
	if months[strings.ToLower(strings.TrimRight(next.text, ".,;:!?"))] {
		return false
	}
	before := strings.TrimSuffix(strings.TrimSpace(text), word+".")
	fields := strings.Fields(before)
	l := languageOf(s.Lang)
	return !l.OrdinalDot || len(fields) == 0 || !l.beforeOrdinal[strings.ToLower(fields[len(fields)-1])]
}

// following is the word behind a possible end.
type following struct {
	text            string
	known, complete bool // its first character is written, all of it is
}

// nextWord is the word that text begins with.
func nextWord(text string, more bool) following {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"'“„«(*_", r) })
	if n := strings.IndexFunc(text, unicode.IsSpace); n >= 0 {
		return following{text[:n], true, true}
	}
	return following{text, text != "" || !more, !more}
}

func (f following) lower() bool {
	r, _ := utf8.DecodeRuneInString(f.text)
	return unicode.IsLower(r)
}

// capital reports whether the word begins with a capital letter, or is none.
func (f following) capital() bool {
	r, _ := utf8.DecodeRuneInString(f.text)
	return f.text == "" || unicode.IsUpper(r)
}

func (f following) number() bool {
	r, _ := utf8.DecodeRuneInString(f.text)
	return unicode.IsDigit(r)
}

// initial reports whether the word is one letter and a dot.
func (f following) initial() bool {
	r, size := utf8.DecodeRuneInString(f.text)
	return unicode.IsLetter(r) && (f.text[size:] == "." || f.text[size:] == "" && !f.complete)
}

// closingMarks may stand between the end of a sentence and the space behind it.
const closingMarks = `"')]”’»*_` + "`~"

// passClosing passes quotes and brackets that belong to the sentence before i.
func passClosing(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !strings.ContainsRune(closingMarks+".!?…", r) {
			break
		}
		i += size
	}
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	return i
}

func endsInSpace(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsSpace(r)
}

func isDigits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsDigit(r) })
}

// isListNumber reports whether word, before the dot at the end of text, numbers a
// line, as in "2. Stir."
func isListNumber(text, word string) bool {
	line := strings.TrimSpace(text)
	line = line[strings.LastIndexByte(line, '\n')+1:]
	return strings.TrimSpace(line) == word+"."
}

// lastPause is the end of the last clause in text, for at least a third of it. If
// anywhere is set and there is none, it is the last space that parts no number, else
// the last one. It is 0 when there is no place to cut.
func lastPause(text string, u inline, anywhere bool) int {
	clause, space, anySpace := 0, 0, 0
	var before rune
	for i, r := range text {
		if unicode.IsSpace(r) && u.mayCut(i+utf8.RuneLen(r)) {
			at := i + utf8.RuneLen(r)
			anySpace = at
			if !unicode.IsDigit(before) {
				space = at
			}
			if strings.ContainsRune(",;:—–", before) {
				clause = at
			}
		} else if strings.ContainsRune("，、；：،؛", r) && u.mayCut(i+utf8.RuneLen(r)) {
			clause = i + utf8.RuneLen(r)
		}
		before = r
	}
	switch {
	case clause > len(text)/3 || clause > 0 && !anywhere:
		return clause
	case !anywhere:
		return 0
	case space > 0:
		return space
	}
	return anySpace
}

// beforeClause is where the last clause of text begins that no mark parts from what is
// before it: at "because", or at "and the". It is 0 when there is none, and while the word
// behind it is not known.
func (s *Splitter) beforeClause(text string, u inline) (n int) {
	l := languageOf(s.Lang)
	words := strings.FieldsFunc(text, unicode.IsSpace)
	at := 0
	for i, word := range words[:max(0, len(words)-1)] { // the last one may still be in the writing
		at += strings.Index(text[at:], word)
		join := strings.ToLower(word)
		if (l.clause[join] || l.and[join] && i+2 < len(words) && l.subject[strings.ToLower(words[i+1])]) &&
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
