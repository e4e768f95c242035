// Package wer counts how many words a recogniser got wrong.
package wer

import (
	"strings"
	"unicode"

	"github.com/gotars/tars/speech"
)

// Errors is a count of wrong words against the number of words that were said.
// Counts of several texts add up: the rate of a set is that of the sum.
type Errors struct {
	Wrong int // words replaced, left out and put in
	Words int // words of the reference
}

// Of compares what was heard with what was said. Case, punctuation, and the
// spelling of numbers and titles do not count.
func Of(said, heard string) Errors {
	want, got := Words(said), Words(heard)
	return Errors{Wrong: speech.EditDistance(want, got), Words: len(want)}
}

// Add returns the sum of both counts.
func (e Errors) Add(o Errors) Errors {
	return Errors{Wrong: e.Wrong + o.Wrong, Words: e.Words + o.Words}
}

// Rate is the word error rate: 0 is perfect, and it exceeds 1 when more was put
// in than said. A reference without words has the rate of its additions.
func (e Errors) Rate() float64 { return float64(e.Wrong) / float64(max(e.Words, 1)) }

// Words splits text into lower-case words in one spelling: "Mr. Ten-Speed" and
// "mister 10 speed" are the same words.
func Words(text string) []string {
	fields := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '\'' && r != '’'
	})
	words := fields[:0]
	for _, f := range fields {
		f = strings.Map(dropApostrophe, f)
		if same, ok := spelling[f]; ok {
			f = same
		}
		if f != "" {
			words = append(words, f)
		}
	}
	return words
}

func dropApostrophe(r rune) rune {
	if r == '\'' || r == '’' {
		return -1
	}
	return r
}

// spelling maps one way of writing a word to the other.
var spelling = map[string]string{
	"0": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six",
	"7": "seven", "8": "eight", "9": "nine", "10": "ten", "11": "eleven", "12": "twelve",
	"13": "thirteen", "14": "fourteen", "15": "fifteen", "16": "sixteen", "17": "seventeen",
	"18": "eighteen", "19": "nineteen", "20": "twenty", "30": "thirty", "40": "forty",
	"50": "fifty", "60": "sixty", "70": "seventy", "80": "eighty", "90": "ninety",
	"mr": "mister", "mrs": "missus", "dr": "doctor", "ok": "okay", "metre": "meter", "metres": "meters",
	"realise": "realize", "colour": "color", "favourite": "favorite", "grey": "gray",
}
