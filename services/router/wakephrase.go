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
	paused     bool   // a sign such as a comma stands before it
}

// wordsOf returns the words of text in their places. Letters that are spelled, as in
// T.A.R.S., are one.
func wordsOf(text string) (words []spokenWord) {
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\'' || r == '’' }
	opens, paused := true, true
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !inWord(r) || r == '\'' || r == '’' {
			opens = opens || strings.ContainsRune(".!?…。！？\n", r)
			paused = paused || unicode.IsPunct(r)
			i += size
			continue
		}
		n := strings.IndexFunc(text[i:], func(r rune) bool { return !inWord(r) })
		if n < 0 {
			n = len(text) - i
		}
		w := spokenWord{strings.ToLower(text[i : i+n]), i, i + n, opens, paused}
		if last := len(words) - 1; last >= 0 && w.isSpelledBehind(words[last], text) {
			words[last].text, words[last].end = words[last].text+w.text, w.end
		} else {
			words = append(words, w)
		}
		i, opens, paused = i+n, false, false
	}
	return words
}

// isSpelledBehind reports whether w goes on with the letters that before ends with.
func (w spokenWord) isSpelledBehind(before spokenWord, text string) bool {
	between := text[before.end:w.start]
	lettersBefore := before.end-before.start == 1 || strings.ContainsAny(text[before.start:before.end], ".-")
	return w.end-w.start == 1 && lettersBefore && (between == "." || between == "-" || between == ". ")
}

// findWakePhrase takes a wake phrase off text, as it was written or as a recogniser
// may have understood it, and once more when it was said twice. Fillers may stand before it.
// With anywhere set it may begin any sentence of text, or what follows a comma, and rest is
// what follows it; else it must begin the first.
func findWakePhrase(text string, wakePhrases []string, book *phrases.Book, anywhere bool) (rest string, woken bool) {
	words := wordsOf(text)
	leads := false // only fillers stand between the beginning of the sentence and here
	for i, w := range words {
		opens := w.opens || anywhere && w.paused
		if leads = opens || leads && book.IsFiller(words[i-1].text); !leads {
			continue
		}
		if w.opens && i > 0 && !anywhere {
			break
		}
		n := longestWakePhrase(words[i:], wakePhrases, book)
		if n == 0 {
			continue
		}
		for last := 0; last < n; { // said twice, it calls once
			last, n = n, n+longestWakePhrase(words[i+n:], wakePhrases, book)
		}
		return strings.TrimLeftFunc(text[words[i+n-1].end:], endsPhrase), true
	}
	return text, false
}

// endsPhrase reports whether a sign is left over where a wake phrase is taken off a text.
func endsPhrase(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsPunct(r) && !strings.ContainsRune("¿¡([{#@&*/%", r)
}

// longestWakePhrase is how many words at the begin of words are a wake phrase; 0: none.
func longestWakePhrase(words []spokenWord, wakePhrases []string, book *phrases.Book) (longest int) {
	for _, phrase := range wakePhrases {
		longest = max(longest, wakePhraseLen(words, phrases.Words(phrase), book))
	}
	return longest
}

// wakePhraseLen is how many words at the begin of words sound like those that are wanted;
// 0: they do not. Recognisers write a phrase as one word, and people hesitate in it. One of
// its words may be doubtful, where another is none.
func wakePhraseLen(words []spokenWord, want []string, book *phrases.Book) int {
	if len(want) == 0 || len(words) == 0 {
		return 0
	}
	if len(want) > 1 && soundOf(words[0].text, strings.Join(want, "")) == alike {
		return 1
	}
	n, doubts := 0, 0
	for i, w := range want {
		if i > 0 && n+1 < len(words) && soundOf(words[n].text, w) == unlike && book.IsFiller(words[n].text) {
			n++
		}
		if n >= len(words) {
			return 0
		}
		switch soundOf(words[n].text, w) {
		case unlike:
			return 0
		case doubtful:
			doubts++
		}
		n++
	}
	if doubts > 1 || doubts == len(want) {
		return 0
	}
	return n
}

// likeness is how much a word that was heard sounds like one that is wanted.
type likeness int

const (
	unlike likeness = iota
	doubtful
	alike
)

const (
	shortWord = 3 // letters; of such words the vowels are hardest to tell apart
	// tellingWord is up to how many letters another vowel makes another word: "tears" is not TARS.
	tellingWord = 4
	longWord    = 6 // letters; from these on, one letter of four may be another
	// maxVowelEdits is how many letters of a word between the two may be others, as long as
	// its consonants are the same: names such as Tara and Tess are one letter from TARS.
	maxVowelEdits = 2
)

// soundOf tells whether a recogniser may have written heard for the word want: with other
// letters of the same sound, with other vowels, or, where it is long, with a letter off.
func soundOf(heard, want string) likeness {
	heard, want = oneSpelling(heard), oneSpelling(want)
	x, y := soundKey(heard), soundKey(want)
	letters := utf8.RuneCountInString(want)
	switch distance := speech.EditDistance([]rune(x), []rune(y)); {
	case distance == 0:
		return alike
	case letters <= shortWord:
		return shortSoundOf(heard, x, y)
	case letters > tellingWord && syllables(x) == syllables(y) && distance == 1:
		return alike
	case []rune(x)[0] != []rune(y)[0]:
		return unlike
	case letters >= longWord && distance <= letters/4:
		return doubtful
	case distance <= maxVowelEdits && hasVowelsMore(syllables(x), syllables(y)) || x == silentR.Replace(y):
		return doubtful
	}
	return unlike
}

// shortSoundOf compares words such as "hey" and "hay", heard with the key x and wanted with y.
// An H before a vowel is often not heard: "a" and "ay".
func shortSoundOf(heard, x, y string) likeness {
	heardLetters := utf8.RuneCountInString(heard)
	x = strings.TrimRight(x, "hj")
	switch consonantsX, consonantsY := consonants(x), consonants(y); {
	case heardLetters > shortWord+1:
		return unlike
	case consonantsX == consonantsY && heardLetters >= shortWord:
		return alike
	case consonantsX == consonantsY, consonantsY == "h" && consonantsX == "" && strings.ContainsAny(heard, "aeä"):
		return doubtful
	}
	return unlike
}

// hasVowelsMore reports whether the syllables of x are those of y, or have one vowel more
// between two consonants: "Taurus" for "TARS".
func hasVowelsMore(x, y string) bool {
	return x == y || strings.ReplaceAll(x, vowel, "") == strings.ReplaceAll(y, vowel, "") && speech.EditDistance([]rune(x), []rune(y)) == 1 && len(x) > len(y)
}

// oneSpelling is the word that is written for what has several usual spellings.
func oneSpelling(word string) string {
	if word == "okay" || word == "okey" {
		return "ok"
	}
	return word
}

var (
	soundLetters = strings.NewReplacer("ph", "f", "ck", "k", "z", "s", "c", "k", "q", "k", "y", "i", "ä", "e", "é", "e", "è", "e", "ß", "s", "'", "", "’", "")
	// silentR leaves out an R behind a vowel, which is not heard in British English and German.
	silentR = strings.NewReplacer("ar", "a", "er", "e", "ir", "i", "or", "o", "ur", "u")
)

// soundKey writes a word as it sounds: without double letters, and without an E at its end.
func soundKey(word string) string {
	var key strings.Builder
	last := rune(0)
	for _, r := range soundLetters.Replace(word) {
		if r != last {
			key.WriteRune(r)
		}
		last = r
	}
	if utf8.RuneCountInString(key.String()) <= shortWord {
		return key.String()
	}
	return strings.TrimSuffix(key.String(), "e")
}

const vowel = "a"

// syllables writes a key with one sign for all vowels, and for several in a row.
func syllables(key string) string {
	var out strings.Builder
	last := rune(0)
	for _, r := range key {
		if strings.ContainsRune("aeiouöü", r) {
			r = 'a'
		}
		if r != last {
			out.WriteRune(r)
		}
		last = r
	}
	return out.String()
}

// consonants are the letters of a key that are no vowels.
func consonants(key string) string { return strings.ReplaceAll(syllables(key), vowel, "") }
