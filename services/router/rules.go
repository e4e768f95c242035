package router

import (
	"strings"
	"time"
	"unicode"
)

// reply is what a rule answers without the model.
type reply struct {
	text  string
	style string
}

// words is text in lower case without punctuation, so that rules see "What's
// the time?" as "what's the time".
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(strings.ReplaceAll(text, "’", "'")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
	})
}

// plain is words joined, with politeness taken off both ends.
func plain(text string) string {
	s := strings.Join(words(text), " ")
	for _, p := range []string{"please ", "could you ", "can you ", "would you ", "will you ", "tell me ", "please "} {
		s = strings.TrimPrefix(s, p)
	}
	for _, p := range []string{" please", " thanks", " thank you"} {
		s = strings.TrimSuffix(s, p)
	}
	return s
}

// asksTime holds whole utterances: "what time does the train leave" is none.
var asksTime = map[string]bool{
	"what time is it": true, "what time is it now": true, "what time is it right now": true, "what is the time": true, "what's the time": true,
	"the time": true, "time": true, "what is the time now": true, "what's the time now": true, "do you know what time it is": true,
	"do you have the time": true, "what is the current time": true, "what's the current time": true, "what time it is": true, "what the time is": true,
	"the current time": true, "how late is it": true,
}

var greetings = map[string]bool{
	"hello": true, "hi": true, "hey": true, "hiya": true, "howdy": true, "good morning": true, "good afternoon": true, "good evening": true,
	"hello hello": true, "hi hi": true,
}

var stops = map[string]bool{
	"stop": true, "cancel": true, "cancel that": true, "cancel it": true, "stop it": true, "stop that": true, "never mind": true, "nevermind": true,
	"be quiet": true, "quiet": true, "shut up": true, "stop talking": true, "never mind that": true,
}

// greeted are who a greeting may be for besides nobody.
var greeted = []string{" there", " tars", " everyone", " everybody", " again", " computer"}

// answer is what a rule says to text, if one applies. Rules judge the whole
// utterance: "they said hi to me" greets nobody.
func answer(text string, now time.Time) (reply, bool) {
	p := plain(text)
	switch {
	case asksTime[p]:
		return reply{text: "It is " + now.Format("3:04 PM") + "."}, true
	case isGreeting(p):
		return reply{text: "Hello! How can I help?", style: "friendly"}, true
	}
	if said, ok := verbatim(text); ok {
		return reply{text: said}, true
	}
	return reply{}, false
}

func isGreeting(p string) bool {
	for _, who := range greeted {
		p = strings.TrimSuffix(p, who)
	}
	return greetings[p]
}

// verbatim is what "say …" asks to be said, as it was written.
func verbatim(text string) (string, bool) {
	t := strings.TrimSpace(text)
	if p := strings.TrimSpace(strings.TrimPrefix(strings.ToLower(t), "please")); len(p) < len(t) {
		t = strings.TrimLeft(t[len(t)-len(p):], ", ")
	}
	if len(t) < 5 || !strings.EqualFold(t[:4], "say ") {
		return "", false
	}
	rest := strings.TrimSpace(t[4:])
	for _, vague := range []string{"something", "anything", "that again", "it again", "again", "no more", "what", "that", "it", "goodbye to", "hello to", "hi to"} {
		w := strings.Join(words(rest), " ")
		if w == vague || strings.HasPrefix(w, vague+" ") {
			return "", false
		}
	}
	rest = strings.Trim(rest, `"“”`)
	return rest, speakable(rest)
}

// woken strips a leading wake phrase. woken is true when there was one.
func strip(text string, phrases []string) (rest string, woken bool) {
	for _, phrase := range phrases {
		want := words(phrase)
		if r, ok := after(text, want); ok {
			return r, true
		}
	}
	return text, false
}

// after is text behind the leading words, as it was written.
func after(text string, lead []string) (string, bool) {
	at, i := 0, 0
	for at < len(lead) {
		start := strings.IndexFunc(text[i:], func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
		if start < 0 {
			return "", false
		}
		i += start
		n := strings.IndexFunc(text[i:], func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' })
		if n < 0 {
			n = len(text) - i
		}
		if !strings.EqualFold(text[i:i+n], lead[at]) {
			return "", false
		}
		i, at = i+n, at+1
	}
	return strings.TrimLeft(text[i:], " ,.!?;:-–—"), len(lead) > 0
}
