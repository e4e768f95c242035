package stt

import (
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/speech/phrases"
)

const (
	contextTTL      = 2 * time.Minute // what was said before is another conversation
	maxContextRooms = 64              // rooms whose last words are kept
	maxUserChars    = 80              // of what a person said last, its end
	maxAnswerChars  = 100             // of what the assistant said last, its end
)

// lastWords keeps what was said last in each room, so that a recogniser can be told. It is safe
// for concurrent use.
type lastWords struct {
	mu    sync.Mutex
	rooms []roomWords // the one in which something was said last is at the end
}

type roomWords struct {
	name         string
	user, answer string
	at           time.Time // either was said
}

// hear notes what a person said in a room.
func (l *lastWords) hear(room, text string) {
	l.change(room, func(r *roomWords) { r.user, r.answer = text, "" })
}

// say notes what the assistant said in a room, one sentence after the other.
func (l *lastWords) say(room, text string) {
	l.change(room, func(r *roomWords) { r.answer = engine.LastWords(strings.TrimSpace(r.answer+" "+text), maxAnswerChars) })
}

func (l *lastWords) change(room string, f func(*roomWords)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := roomWords{name: room}
	if i := slices.IndexFunc(l.rooms, func(r roomWords) bool { return r.name == room }); i >= 0 {
		r = l.rooms[i]
		l.rooms = slices.Delete(l.rooms, i, i+1)
	} else if len(l.rooms) >= maxContextRooms {
		l.rooms = slices.Delete(l.rooms, 0, 1)
	}
	if time.Since(r.at) > contextTTL {
		r.user, r.answer = "", ""
	}
	f(&r)
	r.at = time.Now()
	l.rooms = append(l.rooms, r)
}

// in returns what was said last in a room, as two sentences; empty when that is long ago.
func (l *lastWords) in(room string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.rooms {
		if r.name == room && time.Since(r.at) <= contextTTL {
			return strings.TrimSpace(sentence(engine.LastWords(r.user, maxUserChars)) + " " + sentence(r.answer))
		}
	}
	return ""
}

// firstQuestion is what somebody may say first, by language. A wake phrase that nothing
// follows is left out by Whisper when it is said again (docs/decisions/023).
var firstQuestion = map[string]string{
	"en": "what time is it?", "de": "wie spät ist es?", "fr": "quelle heure est-il ?", "es": "¿qué hora es?", "it": "che ore sono?",
	"pt": "que horas são?", "nl": "hoe laat is het?",
}

// interruption is what somebody says into the assistant's voice, by language.
var interruption = map[string]string{
	"en": "stop. Wait a moment.", "de": "hör auf. Warte einen Moment.", "fr": "arrête. Attends un moment.", "es": "para. Espera un momento.",
	"it": "fermati. Aspetta un momento.", "pt": "para. Espera um momento.", "nl": "stop. Wacht even.",
}

// contextFor is what the recogniser is told before an utterance in a room, which began at a
// time: the wake phrase, then the last words of the conversation. A phrase at the end, or alone,
// would be taken for said already.
//
// While the assistant speaks, the recogniser would go on with what that says, where it hears
// little or an echo. It is told how people interrupt instead (docs/decisions/023).
func (s *Service) contextFor(room string, begun time.Time) string {
	if !s.cfg.Context {
		return ""
	}
	said := s.lastWords.in(sinkOf(room))
	phrase := titleCase(strings.TrimSpace(strings.Split(s.cfg.WakePhrases, "|")[0]))
	if s.echoes.isSpokenSince(sinkOf(room), begun) {
		return interruptedWith(phrase, interruption[s.cfg.Language()])
	}
	switch question := firstQuestion[s.cfg.Language()]; {
	case phrase == "":
		return said
	case said != "":
		return sentence(phrase) + " " + said
	case question != "":
		return phrase + ", " + question
	}
	return ""
}

// interruptedWith is an interruption with a wake phrase before it; either may be empty.
func interruptedWith(phrase, words string) string {
	if phrase == "" || words == "" {
		return sentence(words)
	}
	return phrase + ", " + words
}

// isContextEcho reports whether the text of r is nothing but words of the context, with hardly
// any speech under it: a model that hears nothing says what it was told. Voiced is how long
// somebody spoke; 0 is unknown.
func isContextEcho(r engine.Result, context string, voiced time.Duration) bool {
	const (
		leastOfWord = 150 * time.Millisecond // that a person takes for one; fast speakers take 170 to 200 ms
		noSpeech    = 0.3                    // lies between the values that [engine.Result] names
	)
	spoken := splitWords(r.Text)
	hardly := voiced > 0 && voiced < time.Duration(len(spoken))*leastOfWord || r.NoSpeech > noSpeech
	if len(spoken) == 0 || !hardly {
		return false
	}
	told := splitWords(context)
	return !slices.ContainsFunc(spoken, func(w string) bool { return stopWords[w] || !slices.Contains(told, w) })
}

// stopWords are never taken for an echo of the context: they are short, said again and
// again, and must be heard.
var stopWords = wordSet(phrases.Interrupts())

// sentence is text that begins like a sentence and ends like one; empty stays empty.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	text = string(unicode.ToUpper(first)) + text[size:]
	if last, _ := utf8.DecodeLastRuneInString(text); !unicode.IsPunct(last) {
		text += "."
	}
	return text
}

// titleCase has each word of a phrase begin with a capital, as names are written.
func titleCase(phrase string) string {
	words := strings.Fields(phrase)
	for i, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		words[i] = string(unicode.ToUpper(first)) + w[size:]
	}
	return strings.Join(words, " ")
}
