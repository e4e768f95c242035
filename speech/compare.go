package speech

import (
	"cmp"
	"regexp"
	"strings"
	"unicode"
)

// ComparableWords are the words of text in the form in which a recogniser's text can be
// compared with what a voice was given to say: in lower case, without punctuation, with
// signs and units in words, and with numbers digit by digit, because one number is
// written and read in many ways: "3:05", "three oh five" and "3.05" are all 3, 0, 5.
// Number words are known of English and German.
func ComparableWords(text, lang string) []string {
	l := languageOf(lang)
	text = strings.ToLower(Speakable(text, lang))
	text = strings.ReplaceAll(text, "’", "'")
	if l == languages["en"] {
		text = contractions.Replace(text)
	}
	text = apostrophes.Replace(text)
	text = l.clockTimes(text)
	text = dotNet.ReplaceAllString(text, "$1 dot net")
	text = digitsTimes.ReplaceAllString(text, "$1 "+cmp.Or(l.Signs["×"], "x")+" $2")
	text = ordinalSuffix.ReplaceAllString(text, "$1")
	return joinLetters(l.digits(splitComparable(text)))
}

var (
	apostrophes = strings.NewReplacer("o'clock", " ", "'", "", "per cent", "percent", "oclock", " ", "metre", "meter", "litre", "liter")
	// contractions are read alike with and without an apostrophe, as a recogniser likes.
	contractions  = strings.NewReplacer("won't", "will not", "can't", "can not", "cannot", "can not", "n't", " not", "'s", " is", "'re", " are", "'ll", " will", "'ve", " have", "'m", " am", "'d", " would")
	fullHour      = regexp.MustCompile(`\b(\d{1,2}):00\b`)
	fullHourDot   = regexp.MustCompile(`\b(\d{1,2})\.00( ?[ap]\.? ?m\b)`)
	dotNet        = regexp.MustCompile(`(^|\s)\.net\b`)
	digitsTimes   = regexp.MustCompile(`(\d) ?x ?(\d)`)
	clockAndUhr   = regexp.MustCompile(`\b(\d{1,2})[:.]0?(\d{1,2}) uhr\b`)
	ordinalSuffix = regexp.MustCompile(`(\d)(?:st|nd|rd|th)\b`)
)

// clockTimes writes times of the clock as they are read: nobody says the zeros of a
// full hour, and German has its "Uhr" in the middle.
func (l *language) clockTimes(text string) string {
	text = strings.ReplaceAll(text, " o clock", " ")
	text = fullHour.ReplaceAllString(text, "$1")
	text = fullHourDot.ReplaceAllString(text, "$1$2")
	return clockAndUhr.ReplaceAllString(text, "$1 uhr $2")
}

// splitComparable splits text at all that is neither letter nor digit, between letters
// and digits, and between the characters of scripts without spaces.
func splitComparable(text string) (words []string) {
	start, kind := -1, 0
	const letter, digit = 1, 2
	flush := func(end int) {
		if start >= 0 {
			words = append(words, text[start:end])
		}
		start, kind = -1, 0
	}
	for i, r := range text {
		of := 0
		switch {
		case IsUnspaced(r):
			flush(i)
			words = append(words, string(r))
			continue
		case unicode.IsDigit(r):
			of = digit
		case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r):
			of = letter
		}
		if of != kind {
			flush(i)
			if of != 0 {
				start, kind = i, of
			}
		}
	}
	flush(len(text))
	return words
}

// IsUnspaced reports whether r is of a script that writes no spaces between words.
func IsUnspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// joinLetters joins what is spelled, so that "p m" is "pm" as in "PM".
func joinLetters(words []string) (out []string) {
	single := func(w string) bool { return len(w) == 1 && w[0] >= 'a' && w[0] <= 'z' }
	for i := 0; i < len(words); i++ {
		if j := i + 1; single(words[i]) && j < len(words) && single(words[j]) && words[j] != "a" && words[j] != "i" {
			spelled := words[i]
			for ; j < len(words) && single(words[j]); j++ {
				spelled += words[j]
			}
			out = append(out, spelled)
			i = j - 1
			continue
		}
		out = append(out, words[i])
	}
	return out
}
