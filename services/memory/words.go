package memory

import (
	"regexp"
	"slices"
	"strings"

	"github.com/gotars/tars/speech/textsearch"
)

// maxWords is how many words of a query are searched for.
const maxWords = 64

// memoryWords are stems of how people speak about what was said, which is not what it was
// about: "what did I tell you about the boat". Without them "the boat" is left.
var memoryWords = stemSet("remember recall know knew say said saying tell told telling mention mentioned talk talked speak spoke think thing things anything something please remind note mind forget forgot hey hi hello ok okay tars jarvis")

func stemSet(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[textsearch.Stem(w)] = true
	}
	return m
}

// kindAsked matches what kind of answer is wanted, of which the answer says nothing: "what
// day is the meeting" is answered by "the meeting is on Friday".
var kindAsked = regexp.MustCompile(`(?i)\b(?:what|which|at what|on what|on which) (?:day|time|date|hour|year|month|kind of|sort of|place|person|weekday)\b`)

// questionStems are the stems to search for.
func questionStems(text string) []string {
	text = kindAsked.ReplaceAllString(text, " ")
	all := textsearch.Stems(text, maxWords)
	if core := coreStems(all); len(core) > 0 {
		return core
	}
	return all
}

// coreStems are the stems that say what a line is about.
func coreStems(stems []string) []string {
	return slices.DeleteFunc(slices.Clone(stems), func(s string) bool { return memoryWords[s] })
}

// sameStems reports whether two lists have the same stems.
func sameStems(a, b []string) bool {
	return len(a) == len(b) && len(a) > 0 && shared(a, b) == len(a)
}

// shared is how many stems of a are in b.
func shared(a, b []string) (n int) {
	for _, s := range a {
		if slices.Contains(b, s) {
			n++
		}
	}
	return n
}

// sameSaying reports whether two lines say the same: what they are about is the same, and
// neither denies it alone.
func sameSaying(a []string, aText string, b []string, bText string) bool {
	if a, b := coreStems(a), coreStems(b); len(a) > 0 || len(b) > 0 {
		return sameStems(a, b) && denies(aText) == denies(bText)
	}
	return slices.Equal(textsearch.Words(aText), textsearch.Words(bText))
}

// denies reports whether a line says that something is not so.
func denies(text string) bool {
	return slices.ContainsFunc(textsearch.Words(text), textsearch.IsNegation)
}

// countTokens estimates the tokens of text: a word is about 1.3.
func countTokens(text string) int { return int(float64(len(strings.Fields(text))) * 1.3) }
