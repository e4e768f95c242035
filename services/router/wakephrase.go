package router

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gotars/tars/speech"
	"github.com/gotars/tars/speech/phrases"
)

// spokenWord is a word of a text, and where it stands there.
type spokenWord struct {
	text       string // in lower case
	start, end int    // bytes
	opens      bool   // it is the first of a sentence
}

// wordsOf returns the words of text in their places.
func wordsOf(text string) (words []spokenWord) {
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\'' || r == '’' }
	opens := true
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !inWord(r) || r == '\'' || r == '’' {
			opens = opens || strings.ContainsRune(".!?…。！？\n", r)
			i += size
			continue
		}
		n := strings.IndexFunc(text[i:], func(r rune) bool { return !inWord(r) })
		if n < 0 {
			n = len(text) - i
		}
		words = append(words, spokenWord{strings.ToLower(text[i : i+n]), i, i + n, opens})
		i, opens = i+n, false
	}
	return words
}

// findWakePhrase takes a wake phrase off text, as it was written or as a recogniser
// may have understood it. Fillers may stand before it. With anywhere set it may begin
// any sentence of text, and rest is what follows it; else it must begin the first.
func findWakePhrase(text string, wakePhrases []string, book *phrases.Book, anywhere bool) (rest string, woken bool) {
	words := wordsOf(text)
	for _, phrase := range wakePhrases {
		want := phrases.Words(phrase)
		leads := false // only fillers stand between the beginning of the sentence and here
		for i, w := range words {
			if leads = w.opens || leads && book.IsFiller(words[i-1].text); !leads {
				continue
			}
			if w.opens && i > 0 && !anywhere {
				break
			}
			if soundsLike(words[i:], want) {
				return strings.TrimLeft(text[words[i+len(want)-1].end:], " ,.!?;:-–—…"), true
			}
		}
	}
	return text, false
}

// soundsLike reports whether words begin with those that are wanted.
func soundsLike(words []spokenWord, want []string) bool {
	if len(want) == 0 || len(words) < len(want) {
		return false
	}
	for i, w := range want {
		if !sameSound(words[i].text, w) {
			return false
		}
	}
	return true
}

// sameSound reports whether a recogniser may have written heard for the word want:
// with other letters of the same sound, or one letter off in a word of four.
func sameSound(heard, want string) bool {
	if heard == want {
		return true
	}
	x, y := soundKey(heard), soundKey(want)
	if x == y {
		return true
	}
	a, _ := utf8.DecodeRuneInString(x)
	b, _ := utf8.DecodeRuneInString(y)
	return a == b && utf8.RuneCountInString(want) >= 4 && speech.EditDistance([]rune(x), []rune(y)) <= utf8.RuneCountInString(want)/4
}

var soundLetters = strings.NewReplacer("ph", "f", "ck", "k", "z", "s", "c", "k", "q", "k", "y", "i", "ä", "e", "ß", "s", "'", "", "’", "")

// soundKey writes a word as it sounds: without double letters and without the
// vowels of a word of up to three letters, which recognisers confuse most.
func soundKey(word string) string {
	var key strings.Builder
	last := rune(0)
	for _, r := range soundLetters.Replace(word) {
		if r != last && (utf8.RuneCountInString(word) > 3 || !strings.ContainsRune("aeiou", r)) {
			key.WriteRune(r)
		}
		last = r
	}
	if key.Len() == 0 {
		return word
	}
	return strings.TrimSuffix(key.String(), "e")
}
