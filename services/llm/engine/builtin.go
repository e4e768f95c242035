package engine

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/services/llm/hits"
	"github.com/gotars/tars/speech/clock"
	"github.com/gotars/tars/speech/units"
)

// Builtin answers without a model what needs none: the time, the date, sums, units,
// and what was said before. To all else it says what it is.
type Builtin struct {
	memory Memory
	lang   string // of the numbers in sums, as [Config.Lang]
}

// Memory looks up what was said in earlier conversations.
type Memory interface {
	Ask(ctx context.Context, q contract.MemoryQuery) (contract.MemoryResults, error)
}

// NewBuiltin returns a Generator that looks up what was said in memory, and reads sums as
// they are written in a language.
func NewBuiltin(memory Memory, lang string) *Builtin { return &Builtin{memory, lang} }

// Generate implements Generator, word by word.
func (b *Builtin) Generate(ctx context.Context, p Prompt, emit func(string) error) (Usage, error) {
	text := b.answer(ctx, p.Question)
	for word := range strings.SplitAfterSeq(text, " ") {
		if err := context.Cause(ctx); err != nil {
			return Usage{}, err
		}
		if err := emit(word); err != nil {
			return Usage{}, err
		}
	}
	return Usage{Model: builtin}, nil
}

const (
	abilities       = "I can tell the time and the date, do sums, convert units, and recall what was said. "
	spokenSetupHint = "To connect one, set LLM_BASE_URL to its server, or LLM_API_KEY."
	selfDescription = "I am running without a language model. " + abilities + spokenSetupHint
	noModelAnswer   = "No language model is connected, so I cannot answer that. " + abilities + spokenSetupHint
)

// rules are the questions that Builtin knows, and how it answers them; an empty answer
// goes on to the next rule. They are tried in order on the question in lower case, without politeness
// and without punctuation at its end. Each matches the whole of it: "what time
// is it in Tokyo" is not for us.
var rules = []struct {
	pattern *regexp.Regexp
	answer  func(b *Builtin, ctx context.Context, m []string) string // m: the match and its groups
}{
	{wholeText(`help|who are you|what are you|what can you do|what do you do|what is your name|how do you work`),
		func(*Builtin, context.Context, []string) string { return selfDescription }},
	{wholeText(`hello|hi|hey|tars|good (?:morning|afternoon|evening)`),
		func(*Builtin, context.Context, []string) string { return "Hello. " + selfDescription }},
	{wholeText(`what (?:did|have) i (?:just )?(?:say|said|tell you|told you)(?: last| before)?|what was the last thing i said|what did we (?:talk|speak) about`),
		answerLast},
	{wholeText(`what (?:did|have) (?:i|we) (?:say|said|tell you|told you|mention|mentioned|talk|speak) (?:about|of|regarding) (.+)`), answerFromMemory},
	{wholeText(`(?:what|anything) do you (?:remember|know|recall) (?:about|of) (.+)`), answerFromMemory},
	{wholeText(`(?:when|where) did i (?:say|mention|tell you about|talk about) (.+)`), answerFromMemory},
	{wholeText(`do you (?:remember|recall)(?: anything about| what i said about| about)? (.+)`), answerFromMemory},
	{wholeText(`(?:remember|note|keep in mind|(?:do not|don't) forget) (?:that )?.+`), answerNoted},
	{wholeText(`(?:my|our|his|her|their) [a-z' ]+ (?:is|are|was|were|has|have|lives?|likes?|hates?|loves?|works?|needs?|goes|comes) .+|(?:i|we) (?:am|are|live|like|love|hate|work|have|need|prefer|drive|study|moved|bought|was|were|always|never|usually) .+|(?:i'm|i've|we're|we've) .+`),
		answerNoted},
	{wholeText(`(what is|what are|how much is|calculate|compute|work out|tell me)?\s*(.+?)(?: equals| equal| is)?`),
		func(b *Builtin, _ context.Context, m []string) string {
			if isWritten(m[2], m[1] != "") {
				return ""
			}
			return answerSum(m[2], usesComma(b.lang))
		}},
}

// wholeText compiles a pattern that has to match all of a text.
func wholeText(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) }

// politeness is what people put around a question.
var politeness = regexp.MustCompile(`^(?:(?:hey|ok|okay|please|tars|well|so|and|can you tell me|could you tell me|can you|could you)[, ]+)+|(?:[, ]+(?:please|now|right now|tars|thanks|thank you))+$`)

// answer is what Builtin says to a question.
func (b *Builtin) answer(ctx context.Context, question string) string {
	if text, ok := clock.Answer(question, b.lang, time.Now()); ok {
		return text
	}
	q := normalizeQuestion(question)
	if text, ok := units.Answer(q, b.number); ok {
		return text
	}
	for _, r := range rules {
		if m := r.pattern.FindStringSubmatch(q); m != nil {
			if text := r.answer(b, ctx, m); text != "" {
				return text
			}
		}
	}
	return cmp.Or(knownAnswer(ctx, b.memory, question), noModelAnswer)
}

// normalizeQuestion is a question as the rules read it: in lower case, without
// abbreviations, politeness and the punctuation at its end.
func normalizeQuestion(question string) string {
	q := strings.ToLower(strings.Join(strings.Fields(question), " "))
	q = strings.NewReplacer("’", "'", "what's", "what is", "who's", "who is", "when's", "when is").Replace(q)
	q = strings.TrimRight(q, "?!., ")
	return strings.TrimSpace(politeness.ReplaceAllString(q, ""))
}

// number reads a number in figures or words.
func (b *Builtin) number(text string) (float64, bool) {
	p := expressionParser{rest: splitTokens(plainNumbers(text, usesComma(b.lang)))}
	v, err := p.expression(0)
	return v, err == nil && len(p.rest) == 0
}

// answerSum answers arithmetic, and nothing when text is none.
func answerSum(text string, comma bool) string {
	v, err := calculate(text, comma)
	switch {
	case err == errZero:
		return "Dividing by zero has no answer."
	case err == errHuge:
		return "That number is too large for me."
	case err != nil:
		return ""
	}
	return "That is " + v + "."
}

const noMemoryAnswer = "I cannot reach my memory at the moment."

// answerFromMemory quotes what was said about the first group of the rule.
func answerFromMemory(b *Builtin, ctx context.Context, m []string) string {
	r, err := b.memory.Ask(ctx, contract.MemoryQuery{Text: m[1], TopK: 5})
	if err != nil {
		return noMemoryAnswer
	}
	return cmp.Or(quoteKnown(r, 3, m[0]), "I remember nothing about "+m[1]+".")
}

// answerNoted confirms a "remember that …": the memory keeps all that is said, so there is
// nothing to do but to see whether it is there.
func answerNoted(b *Builtin, ctx context.Context, m []string) string {
	if _, err := b.memory.Ask(ctx, contract.MemoryQuery{Text: m[0], TopK: 1}); err != nil {
		return noMemoryAnswer
	}
	return "I will remember that."
}

// answerLast quotes what was said last.
func answerLast(b *Builtin, ctx context.Context, m []string) string {
	r, err := b.memory.Ask(ctx, contract.MemoryQuery{Text: m[0], TopK: 10, RetrievalStrategy: contract.RecallRecent})
	if err != nil {
		return noMemoryAnswer
	}
	ofUser := func(x contract.MemoryResult) bool {
		return hits.Speaker(x) == contract.RoleUser && normalizeQuestion(hits.Text(x)) != m[0]
	}
	return cmp.Or(quoteResults(r, 1, ofUser), "I remember nothing that you said before.")
}

// quoteResults puts the first n hits that are wanted into sentences. It leaves out the
// neighbours of hits, which come with them as context.
func quoteResults(r contract.MemoryResults, n int, wanted func(contract.MemoryResult) bool) string {
	var lines []string
	for _, x := range r.Results {
		text := strings.TrimRight(hits.Text(x), ".!? ")
		beside := x.ContextType == contract.ContextPrevious || x.ContextType == contract.ContextNext
		if text == "" || beside || len(lines) == n || !wanted(x) {
			continue
		}
		who := "You said"
		if hits.Speaker(x) == contract.RoleAssistant {
			who = "I said"
		}
		lines = append(lines, fmt.Sprintf("%s%s: %s.", who, timeAgo(x), text))
	}
	return strings.Join(lines, " ")
}

// timeAgo is when a hit was said, as people say it: " at 3:04 PM", " on Monday".
func timeAgo(x contract.MemoryResult) string {
	t, ok := hits.Time(x)
	now := time.Now()
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, time.UTC) }
	switch days := int(day(now).Sub(day(t)).Hours() / 24); {
	case !ok, now.Sub(t) < time.Hour: // who said it remembers when
		return ""
	case days == 0:
		return t.Format(" at 3:04 PM")
	case days == 1:
		return t.Format(" yesterday at 3:04 PM")
	case days > 1 && days < 7:
		return t.Format(" on Monday at 3:04 PM")
	}
	return t.Format(" on January 2, 2006")
}
