package engine

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/services/llm/hits"
)

// Changer changes what is remembered, and who the assistant is.
type Changer interface {
	Forget(ctx context.Context, m contract.MemoryForget) (contract.MemoryForgotten, error)
	ChangeTraits(ctx context.Context, u contract.CharacterUpdate) error
}

// Command answers what must be done and not only said, whichever engine writes the
// answers: to forget something, and to be another character. It reports whether the
// question was such a command. Traits are those of the character now.
func Command(ctx context.Context, c Changer, traits map[string]any, question string) (answer string, ok bool) {
	q := normalizeQuestion(question)
	if m, ok := forgetting(q); ok {
		return forget(ctx, c, m), true
	}
	if q == "forget everything" || q == "forget all" {
		return "That is all that I remember. To have it forgotten, say: forget everything, I am sure.", true
	}
	if resetTraits.MatchString(q) {
		if err := c.ChangeTraits(ctx, contract.CharacterUpdate{Reset: &contract.CharacterResetTraits{Action: "reset_traits"}}); err != nil {
			return noMemoryAnswer, true
		}
		return "I am as I was made again.", true
	}
	if trait, value, ok := traitChange(q, traits); ok {
		u := contract.CharacterUpdate{Trait: &contract.CharacterTraitUpdate{Section: "traits", Trait: trait, Value: value}}
		if err := c.ChangeTraits(ctx, u); err != nil {
			return noMemoryAnswer, true
		}
		return fmt.Sprintf("My %s is at %d now.", strings.ReplaceAll(trait, "_", " "), value), true
	}
	return "", false
}

var (
	forgetThat  = wholeText(`(?:forget|delete|erase|scratch|strike) (?:that|this|what i (?:just )?(?:said|told you)|the last (?:thing|sentence)(?: i said| i told you)?|that last (?:one|thing))(?: from your memory| again| immediately)?`)
	forgetAll   = wholeText(`forget (?:everything|all)[, ]+i am sure`)
	forgetAbout = wholeText(`(?:forget|delete|erase) (?:(?:everything|all|anything|what)(?: that)?(?: i (?:said|told you|ever told you)| you know| you remember)? (?:about|of|regarding|on) (.+)|that ((?:my|the|our|i|we|he|she|his|her|their) .+)|(?:what i told you|my words) about (.+))`)
	resetTraits = wholeText(`(?:reset (?:your )?(?:character|personality|traits|settings of your character)|be yourself again|go back to (?:normal|your usual self))`)
)

// forgetting is what a command has the memory forget. "Forget it" is not one: people say
// it when nothing has to be done.
func forgetting(q string) (m contract.MemoryForget, ok bool) {
	if forgetAll.MatchString(q) {
		return contract.MemoryForget{All: true}, true
	}
	if forgetThat.MatchString(q) {
		return contract.MemoryForget{Last: true}, true
	}
	if g := forgetAbout.FindStringSubmatch(q); g != nil {
		return contract.MemoryForget{About: cmp.Or(g[1], g[2], g[3])}, true
	}
	return m, false
}

// forget has m forgotten, and says how much that was. It does not say what: the answer
// would be kept.
func forget(ctx context.Context, c Changer, m contract.MemoryForget) string {
	r, err := c.Forget(ctx, m)
	switch {
	case err != nil:
		return noMemoryAnswer
	case r.Count == 0 && m.Last:
		return "There is nothing that you told me just now."
	case r.Count == 0:
		return "I remember nothing about that."
	case r.Count == 1:
		return "I have forgotten it."
	}
	return "I have forgotten all of it."
}

// traitWords are the traits that people name by other words, and those that are their
// contrary.
var traitWords = map[string]struct {
	trait    string
	contrary bool
}{
	"sarcastic": {"sarcasm", false}, "ironic": {"sarcasm", false}, "funny": {"humor", false}, "funnier": {"humor", false}, "humorous": {"humor", false}, "humour": {"humor", false},
	"serious": {"humor", true}, "honest": {"honesty", false}, "frank": {"honesty", false}, "formal": {"formality", false}, "casual": {"formality", true}, "relaxed": {"formality", true},
	"talkative": {"verbosity", false}, "verbose": {"verbosity", false}, "wordy": {"verbosity", false}, "chatty": {"verbosity", false}, "detailed": {"verbosity", false},
	"brief": {"verbosity", true}, "briefer": {"verbosity", true}, "concise": {"verbosity", true}, "short": {"verbosity", true}, "terse": {"verbosity", true}, "quiet": {"verbosity", true},
	"cheerful": {"cheerfulness", false}, "happy": {"cheerfulness", false}, "gloomy": {"cheerfulness", true}, "curious": {"curiosity", false}, "empathetic": {"empathy", false}, "empathic": {"empathy", false},
	"kind": {"empathy", false}, "caring": {"empathy", false}, "confident": {"confidence", false}, "respectful": {"respectfulness", false}, "polite": {"respectfulness", false}, "rude": {"respectfulness", true},
	"optimistic": {"optimism", false}, "pessimistic": {"optimism", true}, "disciplined": {"discipline", false}, "strict": {"discipline", false}, "imaginative": {"imagination", false}, "creative": {"imagination", false},
	"pragmatic": {"pragmatism", false}, "practical": {"pragmatism", false}, "adaptable": {"adaptability", false}, "flexible": {"adaptability", false}, "engaging": {"engagement", false},
	"resourceful": {"resourcefulness", false}, "stable": {"emotional_stability", false},
}

var (
	beMore   = wholeText(`(?:can you |could you |please |try to |i want you to )*(?:be|become|get|sound|act)(?: (a little|a bit|slightly|much|way|a lot|far))?(?: (more|less|not so|not that))? ([a-z]+)(?: with me| from now on| when you talk)?`)
	tooMuch  = wholeText(`(?:you are|don't be|do not be)(?: (a little|a bit))? (?:too|so) ([a-z]+)`)
	setTrait = wholeText(`(?:set|turn|change|put|lower|raise|bring|make)? ?(?:your |the )?([a-z_ ]+?)(?: (?:setting|level|trait))?(?: down| up)?,? (?:to|at) (\d{1,3})(?: ?%| percent)?`)
	turnIt   = wholeText(`(?:turn|tone|dial|bring) (up|down) (?:your |the )?([a-z_ ]+?)(?: (?:setting|level))?|(?:turn|tone|dial|bring) (?:your |the )([a-z_ ]+?)(?: (?:setting|level))? (up|down)`)
)

// How far a trait is changed by "a little", without such a word, and by "much".
const smallStep, usualStep, largeStep = 10, 25, 40

// traitChange reads a command that changes a trait: which, and what it becomes. Only traits
// that the character has, or that have a word of their own here, are changed: "be at home
// more" is none.
func traitChange(q string, traits map[string]any) (trait string, value int, ok bool) {
	if g := setTrait.FindStringSubmatch(q); g != nil {
		trait, _, ok := traitOf(strings.ReplaceAll(g[1], " ", "_"), traits)
		n, err := strconv.Atoi(g[2])
		return trait, n, ok && err == nil && n <= 100
	}
	name, step := "", usualStep
	if g := beMore.FindStringSubmatch(q); g != nil && (g[2] != "" || g[1] != "") {
		name, step = g[3], stepOf(g[1])
		if g[2] == "less" || strings.HasPrefix(g[2], "not") {
			step = -step
		}
	} else if g := tooMuch.FindStringSubmatch(q); g != nil {
		name, step = g[2], -stepOf(g[1])
	} else if g := turnIt.FindStringSubmatch(q); g != nil {
		if name = strings.ReplaceAll(cmp.Or(g[2], g[3]), " ", "_"); cmp.Or(g[1], g[4]) == "down" {
			step = -step
		}
	}
	trait, contrary, ok := traitOf(name, traits)
	if contrary {
		step = -step
	}
	return trait, min(100, max(0, levelOf(traits[trait])+step)), ok
}

func stepOf(word string) int {
	switch word {
	case "a little", "a bit", "slightly":
		return smallStep
	case "much", "way", "a lot", "far":
		return largeStep
	}
	return usualStep
}

// traitOf is the trait that a word names; contrary: the more of the word, the less of it.
func traitOf(word string, traits map[string]any) (trait string, contrary, ok bool) {
	if _, ok := traits[word]; ok {
		return word, false, true
	}
	t, ok := traitWords[word]
	if !ok {
		for _, w := range traitWords {
			if w.trait == word {
				return word, false, true
			}
		}
	}
	return t.trait, t.contrary, ok
}

// levelOf is the value of a trait; in the middle when it has none.
func levelOf(v any) int {
	switch n := v.(type) {
	case float64:
		return int(n)
	case int:
		return n
	case int64:
		return int(n)
	}
	return 50
}

// knownAnswer quotes what answers a question, for an engine that cannot speak for itself:
// "My cat is called Miso." answers "What is my cat called?". It is empty when q asks
// nothing, or when nothing is sure.
func knownAnswer(ctx context.Context, memory Memory, question string) string {
	if memory == nil || !hits.IsQuestion(question) {
		return ""
	}
	r, err := memory.Ask(ctx, contract.MemoryQuery{Text: question, TopK: 5})
	if err != nil {
		return ""
	}
	return quoteKnown(r, 1, "")
}

// quoteKnown quotes at most n of the hits that are sure and hold still: what the user said,
// else what the assistant did. What is the question itself is left out.
func quoteKnown(r contract.MemoryResults, n int, question string) string {
	holds := func(role string) func(contract.MemoryResult) bool {
		return func(x contract.MemoryResult) bool {
			text := hits.Text(x)
			return hits.IsSure(x) && !hits.IsSuperseded(x) && !hits.IsNotice(x) && !hits.IsQuestion(text) &&
				(hits.Speaker(x) == contract.RoleAssistant) == (role == contract.RoleAssistant) && normalizeQuestion(text) != question
		}
	}
	return cmp.Or(quoteResults(r, n, holds(contract.RoleUser)), quoteResults(r, n, holds(contract.RoleAssistant)))
}
