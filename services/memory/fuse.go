package memory

import (
	"cmp"
	"math"
	"slices"
)

// evidence is a line that may be meant, and what speaks for it.
type evidence struct {
	line       Line
	kind       lineKind
	stems      []string // of the line
	words      float64  // BM25 as a part of what all words of the question would give
	share      float64  // of the question's words, weighted by how rare they are
	similarity float32  // cosine with the question
	embedded   bool     // similarity is known
	crowd      float32  // how like other lines it is, see [vectors.outstanding]; 0: nobody knows
}

const (
	// How sure words and meaning are of a line, as logistic curves: the value at which it is
	// one or the other, and how fast that changes. Words are sure when most of what was asked
	// is in the line, and say nothing when little is; two sentences about unrelated things
	// have a cosine of 0 to 0.3, and a question and its answer in other words one of 0.35 to
	// 0.65 (MiniLM). Fitted on the questions of TestRecallQuality.
	wordsMiddle, wordsSteep     = 0.5, 16
	meaningMiddle, meaningSteep = 0.5, 12
	// togetherPart is what both of them together count, beside the surer one: where each is
	// sure of many lines, as of long ones, their sum tells which.
	togetherPart, togetherMiddle, togetherWords = 0.1, 9, 8

	// orderedPart is what a command counts, as a part of a statement, and assistantPenalty
	// what the assistant said, beside what it was told.
	orderedPart, assistantPart = 0.5, 0.9
)

const (
	// A line that is less sure than sureFrom may be about something like it: nothing of what
	// was never told reaches it (TestRecallQuality). It is recalled all the same, and says
	// that it is not sure.
	sureFrom = 0.75
	// What neither meaning nor words speak for is left out: a cosine of 0.2 or less, and less
	// than one word of ten.
	minCertainty, minWords = 0.02, 0.1
)

// isNoise reports whether a line has nothing to do with the question.
func (e evidence) isNoise() bool { return e.line.Score < minCertainty && e.words < minWords }

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// certainty is how sure it is that the line is meant, from 0 to 1: that the words tell it,
// or the meaning does (a noisy or). One of the two that knows nothing takes nothing from
// the other one. What has no word of the question and no meaning is at 0.
func (e evidence) certainty() float64 {
	words := logistic(wordsSteep*(e.words-wordsMiddle)) - logistic(-wordsSteep*wordsMiddle)
	meaning := 0.0
	if e.embedded {
		meaning = logistic(meaningSteep * (float64(e.similarity) - meaningMiddle))
	}
	c := 1 - (1-words)*(1-meaning)
	if e.embedded {
		c += togetherPart * (logistic(togetherWords*e.words+meaningSteep*float64(e.similarity)-togetherMiddle) - c)
	}
	if e.kind == ordered {
		c *= orderedPart
	}
	if e.line.Role == assistant {
		c *= assistantPart
	}
	return c
}

// worth is the certainty by which lines are sorted: what many others say about the same as is
// worth less, and what no other says is worth more.
func (e evidence) worth() float64 {
	if e.crowd == 0 || e.line.Superseded != 0 {
		return e.line.Score
	}
	apart := e
	apart.similarity = neighbour{similarity: e.similarity, crowd: e.crowd}.apart()
	apart.words *= 1 - float64(max(0, e.crowd-usualCrowd))
	return apart.certainty()
}

// settle decides what is left of the lines that were found, and in which order: statements
// before questions, the surest first, of what contradicts the newest first, and nothing
// twice. alike tells the cosine of two lines.
func settle(all []evidence, question []string, alike func(a, b evidence) float64) []evidence {
	slices.SortFunc(all, func(a, b evidence) int { return cmp.Compare(b.line.ID, a.line.ID) }) // the newest first
	all = withoutRepeats(all)
	markSuperseded(all, question)
	all = diversify(all, alike)
	slices.SortStableFunc(all, func(a, b evidence) int { return cmp.Compare(boolInt(a.kind == asked), boolInt(b.kind == asked)) })
	return newestFirst(all)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// withoutRepeats leaves out lines that say what a later one says, and those in which the
// assistant repeats what it was told. The newest come first.
func withoutRepeats(all []evidence) (kept []evidence) {
	for _, e := range all {
		if slices.ContainsFunc(kept, func(k evidence) bool {
			return (k.kind == asked) == (e.kind == asked) && sameSaying(k.stems, k.line.Text, e.stems, e.line.Text)
		}) {
			continue
		}
		if e.line.Role == assistant && slices.ContainsFunc(all, func(u evidence) bool { return repeats(e, u) }) {
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

const (
	// An answer repeats a statement when it has most of its stems; of a statement with fewer
	// than minRepeated that is chance.
	repeatedPart = 0.8
	minRepeated  = 2
)

// repeats reports whether e, of the assistant, repeats what the user had said in u.
func repeats(e, u evidence) bool {
	about := coreStems(u.stems)
	return u.line.Role == user && u.kind == told && u.line.ID < e.line.ID && len(about) >= minRepeated &&
		float64(shared(about, e.stems)) >= repeatedPart*float64(len(about))
}

const (
	// Lines that are more alike than alikeFrom share the places: what is said often in about
	// the same words must not hide what was said once (maximal marginal relevance, Carbonell
	// and Goldstein 1998). alikeWeight is what a copy loses.
	alikeFrom, alikeWeight = 0.45, 0.9
	// wordsDecide is what the words count between lines of which one is as sure as the other.
	wordsDecide = 0.1
)

// diversify sorts all, the surest first, where a line counts less when one like it comes
// before it. The certainty itself stays.
func diversify(all []evidence, alike func(a, b evidence) float64) []evidence {
	worth := make([]float64, len(all))
	for i, e := range all {
		worth[i] = e.worth() + wordsDecide*e.words
	}
	for i := range all {
		best := i
		for k := i + 1; k < len(all); k++ {
			if worth[k] > worth[best] {
				best = k
			}
		}
		e, w := all[best], worth[best]
		copy(all[i+1:best+1], all[i:best])
		copy(worth[i+1:best+1], worth[i:best])
		all[i], worth[i] = e, w
		if i >= maxDiverse {
			continue
		}
		for k := i + 1; k < len(all); k++ {
			if like := alike(e, all[k]); like > alikeFrom && all[k].line.Superseded == 0 && e.line.Superseded == 0 {
				worth[k] = min(worth[k], (all[k].worth()+wordsDecide*all[k].words)*(1-alikeWeight*(like-alikeFrom)/(1-alikeFrom)))
			}
		}
	}
	return all
}

// maxDiverse is how many places are filled with different lines; what comes after is
// sorted only.
const maxDiverse = 16

// newestFirst puts a line before those that it supersedes.
func newestFirst(all []evidence) []evidence {
	for i := 0; i < len(all); i++ {
		k := slices.IndexFunc(all, func(e evidence) bool { return e.line.ID == all[i].line.Superseded })
		if k > i {
			e := all[k]
			copy(all[i+1:k+1], all[i:k])
			e.line.Score = max(e.line.Score, all[i+1].line.Score)
			all[i] = e
			i-- // which may be superseded too
		}
	}
	return all
}

func lines(all []evidence) []Line {
	out := make([]Line, len(all))
	for i, e := range all {
		out[i] = e.line
	}
	return out
}
