package stt

import (
	"bytes"
	"compress/zlib"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/gotars/tars/speech"
)

var (
	// Recognisers describe what is not speech: [BLANK_AUDIO], (music), （音乐）, *coughs*,
	// <noise>, and song between notes. A number or a letter in brackets is said: (555), (a).
	annotations = regexp.MustCompile(`\[[^\]]*\]|\([^)]*(?:\pL\pL|[^\P{L}\p{Latin}])[^)]*\)|\([^)\pL\pN]*\)|（[^）]*）|【[^】]*】|〔[^〕]*〕|［[^］]*］|\{[^}]*\}|<[^<>\s][^<>]*>|\*+[^*]*\pL\pL[^*]*\*+|\*{2,}|[♪♫♬🎵🎶][^♪♫♬🎵🎶]*[♪♫♬🎵🎶]?`)
	// quoted is a description too when there is nothing else: 「音楽」, -Music-, _music_.
	quoted = regexp.MustCompile(`^[\s\pP]*[「『〈《‹][^」』〉》›]*[」』〉》›][\s\pP]*$|^\s*(?:-[^-]+-|_[^_]+_|~[^~]+~|/[^/]+/)\s*$`)
)

// removeNonSpeech returns what of text was said by a person, empty when nothing was.
// Voiced is how long somebody spoke; 0 is unknown.
func removeNonSpeech(text string, voiced time.Duration) string {
	read := text // a year in brackets tells a credit
	text = strings.Join(strings.Fields(annotations.ReplaceAllString(text, " ")), " ")
	switch {
	case !speech.HasWords(text), quoted.MatchString(text):
		return ""
	case invented.holds(text), credits.matches(read), isLoop(text), isTooFast(text, voiced):
		return ""
	}
	return saidOnce(text)
}

// saidOnce is text, or its first half where the second one repeats it word by word, as
// recognisers do where others talk behind the person. Two words twice are force: "come on,
// come on".
func saidOnce(text string) string {
	const fewest = 3 // words
	all := strings.Fields(text)
	half := len(all) / 2
	first, second := strings.Join(all[:half], " "), strings.Join(all[half:], " ")
	if half < fewest || !slices.Equal(spokenWords(first), spokenWords(second)) {
		return text
	}
	return first
}

// isTooFast reports whether text has more words than anybody says in a time: it was not
// read from speech. Fast speakers say 5 or 6 words a second, auctioneers 8.
func isTooFast(text string, voiced time.Duration) bool {
	const (
		wordsPerSecond      = 8
		spare               = 2 // words: the detector may miss their begin
		charactersOfOneWord = 2 // in scripts without spaces
	)
	if voiced == 0 {
		return false
	}
	words, characters := 0, 0
	for _, p := range pieces(text) {
		switch {
		case !speech.HasWords(p):
		case speech.IsUnspaced([]rune(p)[0]):
			characters++
		default:
			words++
		}
	}
	return float64(words+characters/charactersOfOneWord) > spare+wordsPerSecond*voiced.Seconds()
}

// isLoop reports whether text is a word or a phrase over and over, into which a
// recogniser falls when it hears nothing. People say a word three times for force, such as
// "hello, hello, hello", some of them more often ("no" and "stop"), and rows of numbers.
func isLoop(text string) bool {
	const (
		fewest          = 3   // times, of nothing else
		fewestWithin    = 5   // times, in a text that holds other words
		loopShare       = 0.7 // of the words of such a text
		mostForForce    = 5   // times that a person says "no"
		maxRatio        = 2.4 // of compression: the bound of Whisper's own decoder
		minBytesOfRatio = 120 // shorter texts are compressed badly
	)
	words := splitWords(text)
	for n := 1; n <= len(words)/fewest; n++ {
		same := 0 // longest row of words that are those n before
		for i, row := n, 0; i < len(words); i++ {
			if row++; words[i] != words[i-n] {
				row = 0
			}
			same = max(same, row)
		}
		times := 1 + same/n
		whole := same == len(words)-n && times >= fewest
		most := times >= fewestWithin && float64(same+n) >= loopShare*float64(len(words))
		if !whole && !most {
			continue
		}
		if n == 1 && whole && times <= fewest && !invented.isWhole(words[0]) {
			continue
		}
		if !slices.ContainsFunc(words[:n], func(w string) bool { return !isSaidOften(w) }) && times <= mostForForce {
			continue
		}
		return true
	}
	if len(words) == 1 && isDrawl([]rune(words[0])) {
		return true
	}
	return len(text) >= minBytesOfRatio && compressionRatio(text) > maxRatio
}

// isSaidOften reports whether people say a word many times in a row: to interrupt, or as a
// number.
func isSaidOften(word string) bool {
	isNumber := func(w string) bool { return strings.ContainsFunc(w, unicode.IsNumber) }
	return interruptWords[word] || slices.ContainsFunc(slices.Concat(speech.ComparableWords(word, "en"), speech.ComparableWords(word, "de")), isNumber)
}

// isDrawl reports whether a word is one or a few letters over and over, such as "hahaha" to
// the end of a line.
func isDrawl(word []rune) bool {
	const (
		longestUnit = 3  // letters
		fewest      = 6  // times
		minLetters  = 14 // of a word in Latin letters, so that "hmmm" and a phone number of one digit are none
	)
	if len(word) < minLetters && unicode.In(word[0], unicode.Latin, unicode.Nd) {
		return false
	}
	for n := 1; n <= longestUnit && n*fewest <= len(word); n++ {
		if slices.Equal(word[n:], word[:len(word)-n]) {
			return true
		}
	}
	return false
}

func compressionRatio(text string) float64 {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a buffer takes all
	_ = w.Close()
	return float64(len(text)) / float64(b.Len())
}

// splitWords are the words of text, and the characters of scripts without spaces.
func splitWords(text string) (all []string) {
	for _, p := range pieces(text) {
		all = append(all, spokenWords(p)...)
	}
	return all
}

// unspoken leaves out apostrophes, and the dot that the small letter of a Turkish İ has of its own.
var unspoken = strings.NewReplacer("'", "", "’", "", "\u0307", "")

// spokenWords are the words of text in lower case, without punctuation.
func spokenWords(text string) []string {
	text = unspoken.Replace(strings.ToLower(text))
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
}
