package stt

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gotars/tars/speech"
	"github.com/gotars/tars/speech/phrases"
)

const (
	minEchoWords = 3 // fewer are an echo only as the whole of what was said, so that "stop" gets through
	// minMixedWords is how many words in a row must be ours in an utterance that holds
	// others too. Three or four are often the same by chance: "the weather in".
	minMixedWords = 5
	// minEchoShare is the share of the words of an utterance, and of a span in it, that
	// must have been said in this order for it to be nothing but echo. It leaves room for
	// a recogniser that mishears one word of four. Chosen by ear, with the examples of
	// echo_internal_test.go; it was not measured in a room.
	minEchoShare = 0.75
	minSpanShare = 0.6
	// skipped is what a word that differs costs, in words that agree. With less a span
	// collects words from all over a long answer, with more it ends at a misheard one.
	skipped = 0.7
	// Two misheard words sound like what was said in their place, more or less.
	minSimilarity = 0.45
)

// interruptWords stand alone in the middle of our speech when a person says them, and
// are what they must not lose there: stop phrases and answers of one word, and names by which
// an assistant is called.
var interruptWords = wordSet(append(phrases.Interrupts(), "jarvis", "tars"))

func wordSet(words []string) map[string]bool {
	set := map[string]bool{}
	for _, w := range words {
		set[w] = true
	}
	return set
}

// match is a word of a that is one of b.
type match struct{ a, b int }

// notEcho tells of each of the words that were heard whether it must be a person's,
// because it is no echo of what was said.
func notEcho(heard, said []string) (person []bool) {
	person = make([]bool, len(heard))
	spans := matchedSpans(heard, said, minEchoWords)
	if float64(len(spans)) < minEchoShare*float64(len(heard)) {
		spans = matchedSpans(heard, said, minMixedWords)
	}
	if len(spans) == 0 {
		for i := range person {
			person[i] = true
		}
		return person
	}
	before := match{-1, -1}
	for _, m := range append(spans, match{len(heard), len(said)}) {
		gap, place := heard[before.a+1:m.a], said[before.b+1:m.b]
		edge := before.a < 0 || m.a == len(heard)
		switch { // the words in place of which these would have been misheard
		case before.a < 0:
			place = said[max(0, m.b-len(gap)):m.b]
		case m.a == len(heard):
			place = said[before.b+1 : min(len(said), before.b+1+len(gap))]
		}
		if isPerson(gap, place, edge) {
			for i := before.a + 1; i < m.a; i++ {
				person[i] = true
			}
		}
		before = m
	}
	return person
}

// interrupts reports whether text is a few words, one of which a person says to interrupt.
func interrupts(text, lang string) bool {
	words := speech.ComparableWords(text, lang)
	return countWords(words) <= maxInterrupt && slices.ContainsFunc(words, func(w string) bool { return interruptWords[w] })
}

const (
	// maxInterrupt is how many words a person says to interrupt, and no more.
	maxInterrupt = 3
	// minFragmentShare is the share of the words of a fragment that must be ours, in order:
	// the others may be misheard.
	minFragmentShare = 0.5
)

// maxUnclear is how many words are nothing to answer where our voice is in the microphone,
// unless a person says them to interrupt: recognisers make such words of its loudest moments.
const maxUnclear = 2

// isInterrupt reports whether a word that was heard is one that a person says to interrupt,
// and is not ours.
func isInterrupt(heard, said []string) bool {
	return slices.ContainsFunc(heard, func(w string) bool { return interruptWords[w] && !slices.Contains(said, w) })
}

// asks reports whether a text, all of it, asks the assistant to stop or to wait.
func asks(text string) bool {
	switch conversation().IntentOf(text) {
	case phrases.Stop, phrases.Pause:
		return true
	}
	return false
}

// conversation knows the phrases with which people interrupt.
var conversation = sync.OnceValue(func() *phrases.Book {
	book, err := phrases.NewBook([]string{"tars", "jarvis"}, "")
	if err != nil {
		panic(err) // the files are part of the program
	}
	return book
})

// isPart reports whether all words that were heard are words of ours, in order.
func isPart(heard, said []string) bool {
	n := 0
	for _, m := range align(heard, said) {
		if heard[m.a] == said[m.b] {
			n++
		}
	}
	return n == len(heard)
}

// isFragment reports whether the words that were heard are words of ours, in order, and none
// that a person says to interrupt. It is for rooms whose microphone hears us, and where only
// the loudest moments of that are taken for a voice: elsewhere a person may say such words.
func isFragment(heard, said []string) bool {
	if len(heard) == 0 || isInterrupt(heard, said) {
		return false
	}
	return float64(len(align(heard, said))) >= minFragmentShare*float64(len(heard))
}

// isPerson reports whether the words of gap, which are between those that we said, were
// said by a person, and not by us in place of what was said there. An edge is the begin
// or the end of what was heard.
func isPerson(gap, place []string, edge bool) bool {
	for _, w := range gap {
		if interruptWords[w] && !slices.ContainsFunc(place, func(s string) bool { return speech.EditDistance([]rune(w), []rune(s)) <= 1 }) {
			return true
		}
	}
	switch {
	case len(gap) == 0:
		return false
	case len(place) == 0:
		return edge || countWords(gap) > 1
	case countWords(gap) == 1:
		return false // misheard
	}
	a, b := strings.Join(gap, ""), strings.Join(place, "")
	longest := max(utf8.RuneCountInString(a), utf8.RuneCountInString(b))
	return 1-float64(speech.EditDistance([]rune(a), []rune(b)))/float64(longest) < minSimilarity
}

// matchedSpans returns the words of spans of heard that are spans of said too, of at
// least fewest words or all of said, in order.
func matchedSpans(heard, said []string, fewest int) []match {
	all := align(heard, said)
	if len(all) == 0 {
		return nil
	}
	first, last := all[0], all[len(all)-1]
	var own []string
	for _, m := range all {
		own = append(own, heard[m.a])
	}
	share := float64(len(all)) / float64(last.a-first.a+1)
	if n := countWords(own); n < fewest && (len(all) < len(said) || n < minEchoWords) || share < minSpanShare {
		return nil
	}
	left := matchedSpans(heard[:first.a], said[:first.b], fewest)
	for _, m := range matchedSpans(heard[last.a+1:], said[last.b+1:], fewest) {
		all = append(all, match{last.a + 1 + m.a, last.b + 1 + m.b})
	}
	return append(left, all...)
}

// countWords counts a number as one word.
func countWords(words []string) (n int) {
	digit := false
	for _, w := range words {
		is := len(w) == 1 && w[0] >= '0' && w[0] <= '9'
		if !is || !digit {
			n++
		}
		digit = is
	}
	return n
}

// align returns the words of the best local alignment of a and b (Smith and Waterman,
// 1981), in order.
func align(a, b []string) (all []match) {
	type cell struct {
		score float64
		from  byte // where it came from: 'd' both, 'a' a word of a alone, 'b' of b alone
	}
	width := len(b) + 1
	table := make([]cell, (len(a)+1)*width)
	best := 0
	for i, x := range a {
		for j, y := range b {
			at := (i+1)*width + j + 1
			diagonal := cell{table[at-width-1].score - skipped, 'd'}
			if similarWords(x, y) {
				diagonal.score = table[at-width-1].score + 1
			}
			for _, c := range []cell{diagonal, {table[at-width].score - skipped, 'a'}, {table[at-1].score - skipped, 'b'}} {
				if c.score > table[at].score {
					table[at] = c
				}
			}
			if table[at].score > table[best].score {
				best = at
			}
		}
	}
	for at := best; table[at].from != 0; {
		i, j := at/width-1, at%width-1
		switch table[at].from {
		case 'd':
			if similarWords(a[i], b[j]) {
				all = append(all, match{i, j})
			}
			at -= width + 1
		case 'a':
			at -= width
		case 'b':
			at--
		}
	}
	slices.Reverse(all)
	return all
}

// abbreviates reports whether short has some letters of word, with its first and its last,
// and no vowel, as "dr" of "doctor" and "st" of "street".
func abbreviates(short, word string) bool {
	const shortest, longest = 2, 4
	switch n := len(short); {
	case n < shortest || n > longest || n >= len(word):
		return false
	case short[0] != word[0] || short[n-1] != word[len(word)-1]:
		return false
	case strings.ContainsAny(short, "aeiouy0123456789"):
		return false
	}
	for i := range len(short) {
		at := strings.IndexByte(word, short[i])
		if at < 0 {
			return false
		}
		word = word[at+1:]
	}
	return true
}

// similarWords reports whether a recogniser may have written a for b.
func similarWords(a, b string) bool {
	if a == b || abbreviates(a, b) || abbreviates(b, a) {
		return true
	}
	const shortest = 5 // shorter words that differ are other words
	n, m := utf8.RuneCountInString(a), utf8.RuneCountInString(b)
	most := min(n, m) / 4
	return min(n, m) >= shortest && max(n, m)-min(n, m) <= most && speech.EditDistance([]rune(a), []rune(b)) <= most
}
