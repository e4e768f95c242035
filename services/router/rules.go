package router

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gotars/tars/speech"
	"github.com/gotars/tars/speech/clock"
	"github.com/gotars/tars/speech/phrases"
)

// ruleReply is an answer that needs no model.
type ruleReply struct {
	text  string
	style string
}

// normalize joins the words of text, without the politeness at either end.
func normalize(text string) string {
	s := strings.Join(phrases.Words(text), " ")
	for _, p := range []string{"please ", "could you ", "can you ", "would you ", "will you ", "tell me ", "please "} {
		s = strings.TrimPrefix(s, p)
	}
	for _, p := range []string{" please", " thanks", " thank you"} {
		s = strings.TrimSuffix(s, p)
	}
	return s
}

var greetingPhrases = map[string]bool{
	"hello": true, "hi": true, "hey": true, "hiya": true, "howdy": true, "good morning": true, "good afternoon": true, "good evening": true,
	"hello hello": true, "hi hi": true,
}

// greetingAddressees may follow a greeting.
var greetingAddressees = []string{" there", " tars", " everyone", " everybody", " again", " computer"}

// answerByRule answers text without the model, if a rule applies. Rules judge the
// whole utterance: "they said hi to me" is no greeting.
func answerByRule(text string, now time.Time) (ruleReply, bool) {
	if isGreeting(normalize(text)) {
		return ruleReply{text: "Hello! How can I help?", style: "friendly"}, true
	}
	if answer, ok := clock.Answer(text, "", now); ok {
		return ruleReply{text: answer}, true
	}
	if said, ok := textToSay(text); ok {
		return ruleReply{text: said}, true
	}
	return ruleReply{}, false
}

func isGreeting(p string) bool {
	for _, who := range greetingAddressees {
		p = strings.TrimSuffix(p, who)
	}
	return greetingPhrases[p]
}

// textToSay returns the text that "say …" asks for, as it was written. What is described
// and not given, as in "say something nice" and "say hello in French", is for the model.
func textToSay(text string) (string, bool) {
	m := sayPattern.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return "", false
	}
	rest := strings.TrimSpace(m[2])
	given := !strings.EqualFold(m[1], "say")
	if g := givenPattern.FindStringSubmatch(rest); g != nil {
		rest, given = g[1], true
	}
	if quoted := quotedPattern.FindStringSubmatch(rest); quoted != nil {
		rest, given = quoted[1], true
	}
	if !given && isDescribed(phrases.Words(rest), beginsSentence(rest)) {
		return "", false
	}
	return rest, speech.HasWords(rest)
}

var (
	sayPattern = regexp.MustCompile(`(?is)^(?:(?:please|tars|now|just|(?:can|could|would) you(?: please)?),? )*(say\b:?|repeat after me\b[:,]?)\s+(.+)$`)
	// givenPattern tells that a text is given word by word.
	givenPattern  = regexp.MustCompile(`(?is)^(?::|(?:after me|exactly|the following(?: words| sentence)?|the words?|the sentence|the phrase)\b\s*[:,]?)\s*(.+)$`)
	quotedPattern = regexp.MustCompile(`^["“„«]([^"”“»]*)["”“»][.!?]?$`)
)

// describing are words with which a text begins that is described: "say three nice things",
// "say how old you are", "say my name".
var describing = speech.WordSet("a an the my your his her our their its this that these those it something anything nothing everything some any more no one two three four five six seven eight nine ten few several many " +
	"how why who what where when which whether if about in to me us him them again another different whatever")

// describes are words within a text that is described: "the alphabet backwards".
var describes = speech.WordSet("backwards backward slowly quickly loudly quietly softly times twice thrice aloud again differently louder quieter slower faster")

// greetings are said to somebody: "say hello to Anna".
var greetings = speech.WordSet("hi hello goodbye thank thanks sorry")

// tongues are languages, of which a text is asked in one.
var tongues = speech.WordSet("english german french spanish italian dutch portuguese latin greek russian polish czech swedish norwegian danish finnish turkish arabic hebrew hindi chinese mandarin cantonese japanese korean klingon elvish " +
	"vietnamese thai ukrainian hungarian romanian welsh irish gaelic esperanto deutsch englisch französisch spanisch italienisch")

// beginsSentence reports whether a text begins as a sentence of its own does, with a capital
// letter: "Say The weather is fine", and not "say the alphabet".
func beginsSentence(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return unicode.IsUpper(first) && !strings.HasPrefix(text, "I ")
}

// isDescribed reports whether words tell what to say, and not the text itself.
func isDescribed(words []string, sentence bool) bool {
	const longest = 12 // words; longer ones are instructions
	if len(words) == 0 || !sentence && (len(words) > longest || describing[words[0]]) {
		return true
	}
	for i, w := range words[1:] {
		before := words[i]
		switch {
		case describes[w], tongues[w] && before == "in", w == "to" && greetings[words[0]], w == "like" && i+2 < len(words) && words[i+2] == "a":
			return true
		}
	}
	return false
}
