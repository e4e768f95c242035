package turnend

import (
	"math"
	"strings"

	"github.com/gotars/tars/speech"
)

// evidence is what is known of a pause, in numbers. Its fields are 0 where nothing speaks
// for them.
type evidence struct {
	sound     float64 // log-odds that the speaker has finished, by the sound
	length    float64 // natural logarithm of how many times six words were said
	question  float64 // a whole question
	joined    float64 // "and" or "or" stands in the sentence: its last part has begun
	open      float64 // the last word wants another behind it: "the", a number in progress
	half      float64 // it often does: "in", "is", "not"
	brokenOff float64 // the recogniser heard that it is: "turn on..."
	clause    float64 // a clause that wants another: "if it rains"
	list      float64 // things in a row without an "and"
	whole     float64 // the only word, which often stands alone: "yes"
}

// weights are what the evidence is worth: log-odds, fitted by logistic regression to the
// pauses and ends of the corpus (go run ./test/turnfit, see docs/conversation.md), in which
// a pause is as frequent as an end. whole is chosen, as the corpus has no such word.
var weights = evidence{
	sound: 0.15, length: 2.15, question: 1.55, joined: 0.7,
	open: -1.6, half: -1.6, brokenOff: -1.5, clause: -1.2, list: -0.4,
	whole: 4,
}

// bias is the log-odds of six words of which nothing else is known.
const bias = -0.2

const (
	usualSound    = 1.0      // log-odds for where no sound is known: that of half of all ends and pauses
	leastFinished = 0.02     // the model is surer than it is right
	usualWords    = 6        // that length is counted from
	leastLength   = -1.1     // two words: fewer tell no more
	mostLength    = 1.4      // 24 words
	endMarks      = ".!?。！？" // of a sentence
)

// parts are the fields of e in order, with the bias first.
func (e evidence) parts() []float64 {
	return []float64{1, e.sound, e.length, e.question, e.joined, e.open, e.half, e.brokenOff, e.clause, e.list}
}

// Evidence is what is known of a pause whose text is known, in numbers, and what each of
// them is called: for those who fit what it is worth. The first is always 1.
func Evidence(p Pause) (names []string, values []float64) {
	return []string{"bias", "sound", "length", "question", "joined", "open", "half", "brokenOff", "clause", "list"}, p.evidence().parts()
}

// Likelihood is the probability, from 0 to 1, that the speaker has finished, where a pause
// is as frequent as an end. The text of p has to be known.
func (p Pause) Likelihood() float64 { return p.evidence().likelihood() }

func (e evidence) likelihood() float64 {
	sum := bias + weights.whole*e.whole
	w := weights.parts()
	for i, v := range e.parts()[1:] {
		sum += w[i+1] * v
	}
	return 1 / (1 + math.Exp(-sum))
}

// isOpen reports whether something tells that more must follow.
func (e evidence) isOpen() bool {
	return e.open+e.half+e.brokenOff+e.clause+e.list > 0
}

// evidence looks at the text and the sound of p.
func (p Pause) evidence() (e evidence) {
	e.sound = usualSound
	if p.FinishedKnown && !math.IsNaN(p.Finished) {
		finished := max(leastFinished, min(1-leastFinished, p.Finished))
		e.sound = math.Log(finished / (1 - finished))
	}
	text := strings.TrimSpace(p.Text)
	all, sentence := fields(text), lastSentence(text)
	said := fields(sentence)
	w := wordsOf(p.Lang)
	if len(said) == 0 {
		e.length = leastLength
		return e
	}
	last := said[len(said)-1]
	e.length = max(leastLength, min(mostLength, math.Log(float64(countWords(all))/usualWords)))
	if len(all) == 1 && w.whole[last] {
		e.whole = 1
		return e
	}
	e.open = is(w.open[last] || openNumber(sentence, said))
	e.half = is(w.half[last])
	e.brokenOff = is(hasSuffix(text, "…", "...", ",", "-", "–"))
	e.clause = is(w.clause[said[0]] && !strings.ContainsAny(sentence, ",;") && !strings.HasSuffix(sentence, "?"))
	joined := false
	for _, word := range said {
		joined = joined || w.join[word]
	}
	e.question = is(len(said) > 2 && e.open+e.half == 0 && (hasSuffix(sentence, "?", "？") || w.question[said[0]] && len(said) > 3))
	e.joined, e.list = is(joined), is(strings.Contains(sentence, ",") && !joined && e.question == 0)
	return e
}

// countWords is how many words there are; two characters of a script without spaces are
// taken for one.
func countWords(fields []string) int {
	words, characters := 0, 0
	for _, f := range fields {
		unspaced := 0
		for _, r := range f {
			if speech.IsUnspaced(r) {
				unspaced++
			}
		}
		if characters += unspaced; unspaced == 0 {
			words++
		}
	}
	return max(1, words+(characters+1)/2)
}

func is(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func hasSuffix(text string, suffixes ...string) bool {
	for _, s := range suffixes {
		if strings.HasSuffix(text, s) {
			return true
		}
	}
	return false
}
