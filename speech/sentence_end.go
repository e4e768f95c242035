package speech

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	quoteEntity   = regexp.MustCompile(`&(?:quot|[lr]dquo|[lr]aquo|[lrs]bquo|#34|#39|#x22|#x27|[lr]squo);`)
	greekQuestion = regexp.MustCompile(`(\p{Greek}[»”"')]?);`)
	// sentenceMarks are replaced by marks of the same length which Unicode takes for ends
	// of sentences. It does not know these, as they have other uses too.
	sentenceMarks = strings.NewReplacer("…", "...", "\u037e", "։", "།", "।", "។", "।")
)

// plainMarks is text, byte for byte as long, with marks in place of those which end a
// sentence in its script and not by the rules of Unicode.
func plainMarks(text string) string {
	text = quoteEntity.ReplaceAllStringFunc(text, func(e string) string { return strings.Repeat(`"`, len(e)) })
	return sentenceMarks.Replace(greekQuestion.ReplaceAllString(text, "$1?"))
}

// EndsSentence reports whether text may be said to its end: whether it ends with a mark
// that ends a sentence or announces what follows, in any script.
func EndsSentence(text string) bool {
	text = strings.TrimRightFunc(plainMarks(text), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(closingMarks, r) })
	last, _ := utf8.DecodeLastRuneInString(text)
	return strings.ContainsRune(":;：；", last) || unicode.Is(unicode.Sentence_Terminal, last)
}

// isSentenceEnd reports whether a sentence ends before byte n of text, where the
// rules of Unicode allow it. While the text goes on it is false until that is known.
func (s *Splitter) isSentenceEnd(text string, u inline, n int, more bool) bool {
	sentence := strings.TrimRightFunc(text[:n], unicode.IsSpace)
	if strings.ContainsRune(text[len(sentence):n], '\n') {
		return true
	}
	bare := strings.TrimRight(sentence, closingMarks+" \u00a0\u202f") // « Oui. »
	mark, _ := utf8.DecodeLastRuneInString(bare)
	spaced := len(sentence) < n
	switch {
	case n == len(text) && more && !spaced:
		return false // what follows is not written yet
	case mark < utf8.RuneSelf && !spaced && n < len(text) && !strings.HasSuffix(bare, ".."):
		return false // as in "a!=b"
	case !unicode.Is(unicode.Sentence_Terminal, mark) || !u.mayCut(len(bare)):
		return false // the mark may be a part of inline code
	}
	next := nextWord(text[n:], more)
	quoted := strings.ContainsAny(sentence[len(bare):], closingQuotes)
	if quoted || strings.HasSuffix(bare, "..") || strings.Count(text[:n], "«") > strings.Count(text[:n], "»") {
		if !next.known || next.lower() || next.quoting() { // "Really?" he asked.
			return false
		}
	}
	if mark != '.' {
		return true
	}
	word := bareWord(bare[strings.LastIndexFunc(bare, unicode.IsSpace)+1:])
	if next.lower() || !next.known && s.pieces > 0 {
		return false // a small letter tells an abbreviation; only what is heard first does not wait for it
	}
	return s.dotEnds(text[:n], word, next)
}

// bareWord is word without the marks around it, and without what is elided before it, as
// in "l'ex".
func bareWord(word string) string {
	word = strings.TrimRight(strings.Trim(word, closingMarks+`([„¿¡`), ".")
	return word[strings.LastIndexAny(word, "'’")+1:]
}

// dotEnds reports whether the dot behind word, which is the end of text, ends a
// sentence that next follows.
func (s *Splitter) dotEnds(text, word string, next following) bool {
	l, lower := languageOf(s.Lang), strings.ToLower(word)
	switch {
	case l.never[lower] || l.never[lastPart(lower)]:
		return false
	case beforeNumber[lower] && (len(word) > 1 || next.number()) || l.endsCompound(lower, l.BeforeNumber):
		return next.known && !next.number()
	case next.number() && !next.numbersStepAfter(text) && utf8.RuneCountInString(word) <= 5 && !isDigits(word) && !followsNumber(text, word):
		return false // "ext. 8", and rather "Wait. 3 are left." in one piece
	case isDigits(word):
		return !isListNumber(text, word) && s.numberEnds(text, word, next)
	case l.Units[word] != [2]string{} && followsNumber(text, word) && !(l.mayEnd[lower] && l.CapitalNouns):
		return next.known && !next.lower() && !next.number()
	case l.mayEnd[lower] && !l.CapitalNouns:
		return next.known && next.capital() && !next.acronym() // "3 p.m. EST"
	case l.mayEnd[lower] || l.mayGoOn(word):
		return next.complete && (next.text == "" || l.beginsSentence(next.text))
	}
	return true
}

// lastPart is what stands behind the last dash of a word: "fr" of "mo.–fr".
func lastPart(word string) string {
	if i := strings.LastIndexAny(word, "-–/"); i >= 0 {
		_, size := utf8.DecodeRuneInString(word[i:])
		return word[i+size:]
	}
	return word
}

// mayGoOn reports whether a sentence may go on behind the dot of word with a name, or in a
// language that writes them so any noun, so that a capital letter tells nothing.
func (l *language) mayGoOn(word string) bool {
	lower := strings.ToLower(word)
	switch {
	case l.OrdinalDot && (isRoman(word) || ordinalRange.MatchString(word)):
		return true
	case l.beforeName[lower] || l.endsCompound(lower, l.CompoundEnds):
		return true
	}
	return isInitials(word) || isVowelless(word)
}

// ordinalRange is "1.-3" of "1.-3. Klasse", and a date without its year: "15.3".
var ordinalRange = regexp.MustCompile(`^\d{1,2}\.[-–/]?\d{1,2}$`)

// numberEnds reports whether "3." ends a sentence: it does not where it is an
// ordinal number, as in "am 3. Oktober".
func (s *Splitter) numberEnds(text, word string, next following) bool {
	if len(word) > 2 {
		return true
	}
	if !next.complete {
		return next.known && next.text == ""
	}
	if months[strings.ToLower(strings.TrimRight(next.text, ".,;:!?"))] || next.lower() {
		return false
	}
	l := languageOf(s.Lang)
	if !l.OrdinalDot || l.beginsSentence(next.text) {
		return true
	}
	before := strings.Fields(strings.ReplaceAll(strings.TrimSuffix(strings.TrimSpace(text), word+"."), "(", " ( "))
	if len(before) == 0 {
		return true
	}
	last := before[len(before)-1]
	return !strings.HasSuffix(last, ",") && last != "(" && !l.beforeOrdinal[strings.ToLower(strings.TrimRight(last, "."))]
}

// followsNumber reports whether a number stands before word at the end of text, as in
// "5 kg".
func followsNumber(text, word string) bool {
	before := strings.Fields(text[:strings.LastIndex(text, word)])
	return len(before) > 0 && strings.ContainsFunc(before[len(before)-1], unicode.IsDigit)
}

// isInitials reports whether a word before a dot is made of single letters, as "J", "J.K",
// "J.-C", "z" and the end of "Jean-P" are. "I" is a word in English.
func isInitials(word string) bool {
	if word == "I" {
		return false
	}
	for part := range strings.SplitSeq(word, ".") {
		if part = part[strings.LastIndexByte(part, '-')+1:]; utf8.RuneCountInString(part) != 1 || strings.ContainsFunc(part, isNoLetter) {
			return false
		}
	}
	return true
}

func isNoLetter(r rune) bool { return !unicode.IsLetter(r) }

// isVowelless reports whether a word can only be an abbreviation, as "Blvd" and "tbsp"
// are: it has no vowel. "TV" is none, and "Hmm" is a sound.
func isVowelless(word string) bool {
	if len(word) < 2 || strings.ToUpper(word) == word {
		return false
	}
	var before rune
	for _, r := range strings.ToLower(word) {
		if r < 'a' || r > 'z' || strings.ContainsRune("aeiouy", r) || r == before {
			return false
		}
		before = r
	}
	return true
}

// endsCompound reports whether a word is written together with one of those that ends
// has, as in "Goethestr" and "Hausnr", in a language that does so.
func (l *language) endsCompound(word, ends string) bool {
	if l.CompoundEnds == "" {
		return false
	}
	for end := range strings.FieldsSeq(ends) {
		if len(end) > 1 && len(word) > len(end)+2 && strings.HasSuffix(word, end) {
			return true
		}
	}
	return false
}

// beginsSentence reports whether word begins a sentence, and is no name: "It" does,
// "It's" does, and "J." does not.
func (l *language) beginsSentence(word string) bool {
	if first, _ := utf8.DecodeRuneInString(word); !unicode.IsUpper(first) {
		return false
	}
	word = strings.ReplaceAll(strings.ToLower(strings.TrimRight(word, ",;:!?")), "’", "'")
	elided, _, _ := strings.Cut(word, "'")
	return l.starters[word] || elided != word && (l.starters[elided] || l.starters[elided+"'"])
}

// following is the word behind a possible end.
type following struct {
	text            string
	known, complete bool // its first character is written, all of it is
}

// nextWord is the word that text begins with.
func nextWord(text string, more bool) following {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"'“„«‹(*_¡¿", r) })
	if n := strings.IndexFunc(text, unicode.IsSpace); n >= 0 {
		return following{text[:n], true, true}
	}
	return following{text, text != "" || !more, !more}
}

// lower reports whether the word begins with a small letter, in a script that has others.
func (f following) lower() bool {
	r, _ := utf8.DecodeRuneInString(f.text)
	return unicode.IsLower(r) && !unicode.Is(unicode.Georgian, r)
}

// capital reports whether the word begins with a capital letter, or is none.
func (f following) capital() bool {
	r, _ := utf8.DecodeRuneInString(f.text)
	return f.text == "" || unicode.IsUpper(r)
}

// number reports whether the word is a number, in digits or as in "s. XV".
func (f following) number() bool {
	r, _ := utf8.DecodeRuneInString(f.text)
	return unicode.IsDigit(r) || isRoman(strings.TrimRight(f.text, ".,;:!?"))
}

// numbersStepAfter reports whether the word numbers what follows, and text the step before
// it: "1. Mix it. 2. Bake it."
func (f following) numbersStepAfter(text string) bool {
	before, _, _ := strings.Cut(strings.TrimSpace(text), ". ")
	number, dotted := strings.CutSuffix(f.text, ".")
	last, err := strconv.Atoi(before)
	return dotted && err == nil && number == strconv.Itoa(last+1)
}

// acronym reports whether the word is written in capitals alone, as an acronym is wherever
// it stands.
func (f following) acronym() bool {
	word := strings.TrimRight(f.text, ".,;:!?")
	return len(word) > 2 && strings.ToUpper(word) == word
}

// quoting reports whether the word goes on with the sentence that a Japanese quotation
// stands in: 「行くよ。」と言った。
func (f following) quoting() bool {
	return strings.HasPrefix(f.text, "と") || strings.HasPrefix(f.text, "って")
}

const (
	openingBrackets = "「『（【《" // before a sentence, without a space
	// closingQuotes end a quotation. Some open one in other languages.
	closingQuotes = `"”’»“«›‹」』`
	// closingMarks may stand between the end of a sentence and the space behind it.
	closingMarks = closingQuotes + `')]）】*_` + "`~"
)

// passClosing passes quotes and brackets behind byte i of text that belong to the
// sentence before it. Behind a space these are only the quotes that close one which has
// another space within: « Oui. »
func passClosing(text string, i int) int {
	if endsInSpace(text[:i]) {
		if !strings.HasPrefix(text[i:], "»") || strings.Count(text[:i], "«") <= strings.Count(text[:i], "»") {
			return i
		}
	}
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
