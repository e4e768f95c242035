package memory

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/gotars/tars/speech"
	"github.com/gotars/tars/speech/textsearch"
)

// lineKind says what a line is good for when something is asked.
type lineKind uint8

const (
	told    lineKind = iota // a statement: it may be the answer
	ordered                 // a command, or that it was obeyed: it was meant for then
	asked                   // a question or a demand to be told something: it repeats what is wanted
	quoted                  // the assistant repeating the memory, or that it knows nothing
)

// kindOf tells what a line is by its words: recognisers leave out question marks, and
// people ask without them.
func kindOf(l Line) lineKind {
	text := strings.ToLower(strings.NewReplacer("’", "'", "¿", "", "\n", " ").Replace(l.Text))
	if l.Role == assistant && ownQuotation.MatchString(text) {
		return quoted
	}
	if l.Role == assistant && acknowledgement.MatchString(text) {
		return ordered
	}
	asks, orders := false, false
	for _, s := range sentences(text) {
		switch {
		case isPlain(s):
			return told
		case isAsking(s):
			asks = true
		case command.MatchString(withoutOpening(s)):
			orders = true
		case len(textsearch.Words(withoutOpening(s))) > 0:
			return told
		}
	}
	switch {
	case asks:
		return asked
	case orders:
		return ordered
	}
	return told
}

// firstWords begin what one of the patterns below may match, when no question mark ends it.
var firstWords = speech.WordSet(`hey hi hello ok okay please tars jarvis so well and but or um uh er now then sorry excuse thanks thank yes yeah no oh also quick
i'd what what's whats who who's whos whose where where's wheres when when's why how how's which is are was were did does has can could will would should shall
isn't aren't wasn't weren't didn't doesn't hasn't can't couldn't won't wouldn't shouldn't am do have had may don't haven't hadn't tell show give remind let i look find search explain describe list repeat
read any anything wer was wo wann warum wieso wie welche welcher welches welchem welchen wohin woher weißt kannst sag erinnerst erinnere habe hast qui quand où comment pourquoi quel quelle quels quelles est-ce
qu'est-ce quién qué cuándo dónde cómo cuál chi quando dove come perché quale turn switch set play stop pause resume skip add put remove delete move cancel wake open close start call send say sing mute
unmute lower raise dim volume louder quieter be shut go continue wait hold let's forget good`)

// isPlain reports whether a sentence is a statement without a look at the patterns: they
// take most of the time that it takes to open a large memory.
func isPlain(sentence string) bool {
	first, rest, _ := strings.Cut(sentence, " ")
	if first == "i" && !strings.HasPrefix(rest, "wonder") && !strings.HasPrefix(rest, "want to know") && !strings.HasPrefix(rest, "would like") {
		first = ""
	}
	return !firstWords[strings.Trim(first, ",.!;")] && strings.Trim(first, ",.!;?") == first && !strings.HasSuffix(sentence, "?") && !strings.Contains(sentence, ", wh") && !strings.Contains(sentence, ", how") &&
		strings.ContainsFunc(sentence, unicode.IsLetter)
}

// ownQuotation matches what the assistant says from its memory, and of what it does not
// know: neither tells anything that is not kept already.
var ownQuotation = regexp.MustCompile(`^(?:(?:you|i) (?:said|told me|mentioned|asked)\b|i remember nothing|i will remember|i have forgotten|i know nothing|i cannot reach my memory|` +
	`(?:i am|i'm) (?:sorry|afraid|not sure|running without)|sorry\b|i (?:do not|don't|did not|didn't|cannot|can't|could not) (?:know|have|recall|remember|find|see|answer)|` +
	`there is nothing about|no language model|nothing about)`)

// acknowledgement matches what the assistant says of a moment: that something is set, or
// what time it is.
var acknowledgement = regexp.MustCompile(`^(?:it is (?:[0-9]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|noon|midnight|half|a quarter|(?:mon|tues|wednes|thurs|fri|satur|sun)day)|` +
	`(?:your|the) (?:timer|alarm|reminder)|i (?:have|will|'ve|'ll) (?:told|tell|set|remind|added?|turned?|sent?|moved?)|(?:okay|ok|done|all right|alright|sure|of course)\b)`)

// sentences splits text after its ends of sentences, which stay.
func sentences(text string) (all []string) {
	for len(text) > 0 {
		i := strings.IndexAny(text, ".?!;")
		for i >= 0 && i+1 < len(text) && text[i+1] != ' ' { // 3.5, tars.local
			next := strings.IndexAny(text[i+1:], ".?!;")
			if next < 0 {
				i = -1
				break
			}
			i += 1 + next
		}
		if i < 0 {
			return append(all, text)
		}
		all = append(all, text[:i+1])
		text = strings.TrimSpace(text[i+1:])
	}
	return all
}

// opening is what people say before what they mean.
var opening = regexp.MustCompile(`^(?:(?:hey|hi|hello|ok|okay|please|tars|jarvis|so|well|and|but|or|um|uh|er|now|then|sorry|excuse me|thanks|thank you|yes|yeah|no|oh|also|quick question)\b[, :]*)+`)

func withoutOpening(sentence string) string {
	return opening.ReplaceAllString(strings.TrimSpace(sentence), "")
}

var (
	// A statement with a question mark: "my cat is called Miso, right?".
	tagQuestion = regexp.MustCompile(`^(?:my|our|the|i|i'm|we|we're|he|she|they)\b.*, *(?:right|remember|okay|ok|you know|isn't it|aren't they|doesn't (?:he|she|it)|don't we)\? *$`)
	// "what is …", "where did …", but not "what a day", "when I was young" or "how I …".
	openQuestion = regexp.MustCompile(`^(?:what|what's|whats|who|who's|whos|whose|where|where's|wheres|when|when's|why|how|how's|which)\b`)
	subclause    = regexp.MustCompile(`^(?:(?:what|how) (?:a|an)|(?:what|when|where|why|how|who) (?:i|we|you|he|she|they|it|my|our|the|his|her|their))\b`)
	// "is the …", "did you …", "can anyone …"
	yesNoQuestion = regexp.MustCompile(`^(?:(?:is|are|was|were|did|does|has|can|could|will|would|should|shall)(?:n't)? (?:i|you|we|he|she|it|they|there|this|that|these|those|my|your|our|his|her|their|the|a|an|any|anyone|anybody|someone|somebody|everyone|everybody)|` +
		`(?:am|do|have|had|may)(?:n't)? (?:i|you|we|they|my|our)|don't (?:i|you|we|they))\b`)
	// "the boat house key, where is it"
	askedLast = regexp.MustCompile(`, (?:where|what|when|who|how|which|why)(?:'s| is| are| was| were| did| do| does)\b[^,]*$`)
	demand    = regexp.MustCompile(`^(?:(?:can|could|would|will) you )?(?:please )?(?:tell me|show me|give me|remind me (?:what|where|when|who|which|how|of)|let me know|i want to know|i(?:'d| would) like to know|` +
		`i wonder|look up|find out|search for|explain|describe|list|repeat|read me|what about|how about|any idea|anything (?:about|on))\b`)
	foreignQuestion = regexp.MustCompile(`^(?:wer|was|wo|wann|warum|wieso|wie|welche[rsmn]?|wohin|woher|weißt du|kannst du|sag mir|erinnerst du|erinnere mich (?:was|wo|wann|wer)|habe ich|hast du|` +
		`qui|quand|où|comment|pourquoi|quel(?:le)?s?|est-ce|qu'est-ce|quién|qué|cuándo|dónde|cómo|cuál|chi|quando|dove|come si|perché|quale)\b`)
)

// command matches what is to be done at once, or at a time of which something else takes
// care. "Remember that …" and "note that …" are statements.
var command = regexp.MustCompile(`^(?:(?:can|could|would|will) you )?(?:please )?(?:turn|switch|set|play|stop|pause|resume|skip|add|put|remove|delete|move|cancel|wake me|remind me to|open|close|start|call|` +
	`send|tell|say|sing|mute|unmute|lower|raise|dim|volume|louder|quieter|be quiet|shut up|go on|continue|wait|hold on|let's|let us|let me|forget|good (?:morning|night|evening|afternoon))\b`)

// isAsking reports whether a sentence in lower case asks for something.
func isAsking(sentence string) bool {
	s := withoutOpening(sentence)
	switch {
	case s == "":
		return false
	case tagQuestion.MatchString(s):
		return false
	case strings.HasSuffix(s, "?"), askedLast.MatchString(s):
		return true
	case subclause.MatchString(s):
		return strings.HasPrefix(s, "what the ") || strings.HasPrefix(s, "how the ")
	}
	return openQuestion.MatchString(s) || yesNoQuestion.MatchString(s) || demand.MatchString(s) || foreignQuestion.MatchString(s)
}
