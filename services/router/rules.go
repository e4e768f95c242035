package router

import (
	"strings"
	"time"

	"github.com/gotars/tars/speech"
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

// timeQuestions are whole utterances: "what time does the train leave" is not one.
var timeQuestions = map[string]bool{
	"what time is it": true, "what time is it now": true, "what time is it right now": true, "what is the time": true, "what's the time": true,
	"the time": true, "time": true, "what is the time now": true, "what's the time now": true, "do you know what time it is": true,
	"do you have the time": true, "what is the current time": true, "what's the current time": true, "what time it is": true, "what the time is": true,
	"the current time": true, "how late is it": true,
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
	p := normalize(text)
	switch {
	case timeQuestions[p]:
		return ruleReply{text: "It is " + now.Format("3:04 PM") + "."}, true
	case isGreeting(p):
		return ruleReply{text: "Hello! How can I help?", style: "friendly"}, true
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

// textToSay returns the text that "say …" asks for, as it was written.
func textToSay(text string) (string, bool) {
	t := strings.TrimSpace(text)
	if p := strings.TrimSpace(strings.TrimPrefix(strings.ToLower(t), "please")); len(p) < len(t) {
		t = strings.TrimLeft(t[len(t)-len(p):], ", ")
	}
	if len(t) < 5 || !strings.EqualFold(t[:4], "say ") {
		return "", false
	}
	rest := strings.TrimSpace(t[4:])
	for _, vague := range []string{"something", "anything", "that again", "it again", "again", "no more", "what", "that", "it", "goodbye to", "hello to", "hi to"} {
		w := strings.Join(phrases.Words(rest), " ")
		if w == vague || strings.HasPrefix(w, vague+" ") {
			return "", false
		}
	}
	rest = strings.Trim(rest, `"“”`)
	return rest, speech.HasWords(rest)
}
