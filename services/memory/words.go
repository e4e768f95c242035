package memory

import (
	"strings"
	"unicode"
)

// stopWords lists words that say nothing about what a sentence is about, and the
// ends of short forms such as "what's".
var stopWords = wordSet(`a about above after again all am an and any are as at be because been before being below between both
but by can could did do does doing don down during each few for from further had has have having he her here hers him his
how i if in into is it its just ll m me might more most my myself no nor not now of off on once only or other our ours out
over own please re s same shall she should so some such t than that the their theirs them then there these they this those
through to too under until up ve very was we were what when where which while who whom why will with would you your yours d`)

func wordSet(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// splitWords returns the words of text in lower case, without punctuation.
func splitWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
}

// maxWords is how many words of a query are searched for.
const maxWords = 64

// contentWords returns the words of text to search for, each once.
func contentWords(words []string) (out []string) {
	seen := map[string]bool{}
	for _, w := range words {
		if !stopWords[w] && !seen[w] && len(out) < maxWords {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// sameWords reports whether two lines say nearly the same: nine of ten of their
// different words are in both.
func sameWords(a, b []string) bool {
	in := map[string]bool{}
	for _, w := range a {
		in[w] = true
	}
	both, all, counted := 0, len(in), map[string]bool{}
	for _, w := range b {
		switch {
		case counted[w]:
			continue
		case in[w]:
			both++
		default:
			all++
		}
		counted[w] = true
	}
	return both*10 >= all*9
}

// countTokens estimates the tokens of text: a word is about 1.3.
func countTokens(text string) int { return int(float64(len(strings.Fields(text))) * 1.3) }
