package memory

import (
	"regexp"
	"slices"
	"strings"

	"github.com/gotars/tars/speech"
	"github.com/gotars/tars/speech/textsearch"
)

// maxClaim is how many words a line may have that says one thing, which a later one may
// change.
const maxClaim = 40

// markSuperseded notes of each line the newest one that says otherwise. The newest come
// first.
func markSuperseded(all []evidence, question []string) {
	claims := make([]claim, len(all))
	for i, e := range all {
		claims[i] = claimOf(e)
	}
	for i := range all {
		for k := range i { // k is newer
			if all[i].line.Superseded == 0 && claims[k].supersedes(claims[i], question) {
				all[i].line.Superseded = all[k].line.ID
			}
		}
	}
}

// claim is what a line says of something.
type claim struct {
	clauses [][]string // words without determiners
	stems   []string
	speaker string
	role    string
	ofSelf  bool // it speaks of who speaks
	strong  bool // it says that something has changed
	weak    bool // it may say so
	is      bool // it is a statement of one thing
}

var (
	// Words that say that what was so is not so any more.
	changeWords = regexp.MustCompile(`\b(?:moved?|changed?|switched|renamed|replaced|postponed|delayed|cancelled|instead|no longer|any ?more|actually|after all|correction|sold|finished|quit|brought|(?:i|we) set|not on|not in|not at|not the|not my)\b`)
	nowWords    = regexp.MustCompile(`\b(?:now|nowadays|since|from (?:now|next|tomorrow|monday|today)|new|currently|these days|meanwhile|finally)\b`)
	sinceWhen   = regexp.MustCompile(`^(?:from|since) (?:now on|next \w+|today|tomorrow)[, ]+`)
	clauseEnd   = regexp.MustCompile(`[.;,!]+ | (?:and|but|so) (?:i|we|he|she|it|they|his|her|my|the)\b`)
	ofSpeaker   = regexp.MustCompile(`\b(?:i|my|me|we|our|us)\b`)
)

func claimOf(e evidence) claim {
	text := strings.ToLower(strings.NewReplacer("’", "'", "'s ", " ").Replace(e.line.Text))
	text = sinceWhen.ReplaceAllString(text, "")
	if e.kind != told || len(strings.Fields(text)) > maxClaim {
		return claim{}
	}
	c := claim{
		is: true, role: e.line.Role, stems: coreStems(e.stems), speaker: e.line.Speaker, ofSelf: ofSpeaker.MatchString(text),
		strong: changeWords.MatchString(text), weak: nowWords.MatchString(text) || sinceWhen.MatchString(strings.ToLower(e.line.Text)),
	}
	from := 0
	for _, at := range append(clauseEnd.FindAllStringIndex(text, -1), []int{len(text), len(text)}) {
		if words := withoutDeterminers(textsearch.Words(text[from:at[0]])); len(words) > 1 {
			c.clauses = append(c.clauses, words)
		}
		from = at[0]
	}
	return c
}

var determiners = speech.WordSet("a an the my our your his her their its this that these those remember note please actually well so and but no yes ok okay now")

func withoutDeterminers(words []string) []string {
	return slices.DeleteFunc(words, func(w string) bool { return determiners[w] })
}

// supersedes reports whether c, which was said later, says otherwise than old of what the
// question asks.
func (c claim) supersedes(old claim, question []string) bool {
	if c.role != old.role && c.role != user { // what the assistant says changes nothing
		return false
	}
	if !c.is || !old.is || c.speaker != old.speaker && c.speaker != "" && old.speaker != "" && (c.ofSelf || old.ofSelf) {
		return false
	}
	for _, a := range old.clauses {
		for _, b := range c.clauses {
			if otherValue(a, b, c.strong || c.weak) {
				return true
			}
		}
	}
	if !c.strong {
		return false
	}
	asked, both := 0, 0
	for _, s := range question {
		if slices.Contains(old.stems, s) {
			asked++
			if slices.Contains(c.stems, s) {
				both++
			}
		}
	}
	return both > 0 && 2*both >= asked && shared(old.stems, c.stems) < len(old.stems)
}

var (
	// Verbs of which there is one answer at a time: who lives in one town does not live in
	// another, but who likes tea may like coffee.
	singleVerbs = speech.WordSet("is are was were am be live lives living work works working weigh weighs drive drives take takes cost costs leave leaves arrive arrives start starts begin begins open opens " +
		"close closes come comes end ends stay stays sit sits hang hangs meet meets belong belongs called named study studies sleep sleeps park parked reading has have")
	// What there is one of.
	attributes = speech.WordSet("name names colour color password code number pin combination boss manager teacher doctor dentist vet address birthday favourite favorite size provider babysitter " +
		"username nickname plan rent price key keys appointment capital president chef coach landlord neighbour partner wife husband age height weight time date")
	times = speech.WordSet("monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december " +
		"noon midnight morning evening afternoon night tomorrow today o'clock clock half quarter past spring summer autumn winter weekend week")
	numbers = speech.WordSet("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand")
	places  = speech.WordSet("in on at under behind above below near next beside between inside outside over to from with by")
)

// otherValue reports whether two clauses say the same of something but for the value: they
// begin with the same words, up to a verb that has one answer, and go on with others of
// the same sort.
func otherValue(old, c []string, changed bool) bool {
	verb, other := slices.IndexFunc(old, isSingle), slices.IndexFunc(c, isSingle)
	if verb < 1 || verb != other || verb+1 >= len(old) || verb+1 >= len(c) || !slices.Equal(old[:verb], c[:verb]) || slices.ContainsFunc(old[:verb], isUnsure) {
		return false
	}
	a, b := old[verb+1:], c[verb+1:]
	about := slices.ContainsFunc(old[:verb], func(w string) bool { return attributes[w] })
	sort := sortOf(a) != "" && sortOf(a) == sortOf(b)
	switch {
	case slices.Equal(a, b):
		return false
	case old[verb] == "has" || old[verb] == "have":
		return isNumber(a[0]) && isNumber(b[0]) && slices.Equal(a[1:min(2, len(a))], b[1:min(2, len(b))])
	case old[verb] != c[verb]:
		return sort && sortOf(a) == "time" && !slices.Contains([]string{"i", "we", "it", "he", "she", "they"}, old[0])
	}
	return changed || about || sort || !slices.Contains([]string{"is", "are", "was", "am", "be"}, old[verb])
}

func isSingle(w string) bool { return singleVerbs[w] }

// isUnsure reports whether a word makes a plan or a wish of what follows.
func isUnsure(w string) bool {
	return slices.Contains([]string{"might", "may", "could", "should", "would", "want", "if", "maybe", "perhaps"}, w)
}

func isNumber(w string) bool { return numbers[w] || w[0] >= '0' && w[0] <= '9' }

// sortOf tells of what sort a value is; empty: of none that is known.
func sortOf(value []string) string {
	for len(value) > 1 && (isSingle(value[0]) || slices.Contains([]string{"set", "kept", "stored", "planned", "collected"}, value[0])) && value[0] != "called" && value[0] != "named" {
		value = value[1:]
	}
	switch {
	case slices.ContainsFunc(value, func(w string) bool { return times[w] }), len(value) > 1 && value[0] == "at" && isNumber(value[1]):
		return "time"
	case slices.Contains([]string{"called", "named"}, value[0]):
		return "name"
	case places[value[0]]:
		return "place"
	case slices.ContainsFunc(value, isNumber):
		return "number"
	}
	return ""
}
