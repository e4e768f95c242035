// Package textsearch finds short texts by their words, in memory: which of many lines,
// tools or phrases say what a question says. It counts words by their stems and ranks by
// BM25.
package textsearch

import (
	"strings"
	"unicode"

	"github.com/kljensen/snowball/english"
	"golang.org/x/text/unicode/norm"

	"github.com/gotars/tars/speech"
)

// stopWords lists words that say nothing about what a sentence is about, and the
// ends of short forms such as "what's".
var stopWords = speech.WordSet(`a about above after again all am an and any are as at be because been before being below between both
but by can could did do does doing don down during each few for from further had has have having he her here hers him his
how i if in into is it its just ll m me might more most my myself no nor not now of off on once only or other our ours out
over own please re s same shall she should so some such t than that the their theirs them then there these they this those
through to too under until up ve very was we were what when where which while who whom whose why will with would you your yours d
us also let im ive dont doesnt didnt isnt wasnt doesn isn wasn didn aren weren won hasn haven hadn never
der die das den dem des ein eine einen einem einer eines und oder aber ist sind war waren bin bist sein hat haben habe hatte
ich du er sie es wir ihr mich dich mir dir uns euch mein meine meinen meinem meiner dein deine deinen deinem deiner unser unsere
nicht auch noch nur schon so zu zum zur im am an auf aus bei mit nach von vom vor was wer wie wo wann warum welche welcher welches wird`)

// Words returns the words of text in lower case, without punctuation.
func Words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
}

// IsStopWord reports whether a word in lower case says nothing about the subject of its
// sentence.
func IsStopWord(word string) bool { return stopWords[word] }

// negations lists words that turn a sentence into its contrary.
var negations = speech.WordSet("not no never nothing nobody don doesn isn wasn didn aren weren won hasn haven hadn can't cannot without nicht nie niemals kein keine keinen")

// IsNegation reports whether a word in lower case denies.
func IsNegation(word string) bool { return negations[word] }

// maxStemmed is the longest word that is stemmed, in bytes: what is longer is none.
const maxStemmed = 40

// Stem is the part that the forms of a word in lower case share: "boat" of "boats". Accents
// are left out, as keyboards and recognisers do.
func Stem(word string) string {
	if len(word) > maxStemmed {
		return word
	}
	return english.Stem(withoutAccents(word), true)
}

// withoutAccents is word with "e" for "é" and so on.
func withoutAccents(word string) string {
	ascii := true
	for i := range len(word) {
		ascii = ascii && word[i] < 0x80
	}
	if ascii {
		return word
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsMark(r) {
			return -1
		}
		return r
	}, norm.NFD.String(word))
}

// Stems returns the stems of the words of text that say something about its subject, in
// their order, each once, at most n.
func Stems(text string, n int) (out []string) {
	seen := map[string]bool{}
	for _, w := range Words(text) {
		if stopWords[w] {
			continue
		}
		if s := Stem(w); !seen[s] && len(out) < n {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
