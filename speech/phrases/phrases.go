// Package phrases knows what short utterances ask of a conversation itself: "stop", "hold
// on", "go on", "what did you say?" and "mm-hm". They are data, one file for each language.
package phrases

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Intent is what a short utterance asks of the conversation itself.
type Intent int

// The intents, the weakest first: in "yeah, okay, stop" the strongest counts.
const (
	NoIntent Intent = iota // it is something to answer
	Nod                    // "mm-hm": I am listening, go on
	Repeat                 // "what did you say?"
	Resume                 // "go on"
	Pause                  // "hold on"
	Stop                   // "that's enough"
)

// languages has one file for each language. A file has a list for each intent,
// and the fillers that may stand around them.
//
//go:embed *.json
var languages embed.FS

// phraseList is the content of one file. A phrase between slashes is a regular expression
// for one word: recognisers write a hum with as many letters as they like.
type phraseList struct {
	Stop   []string `json:"stop"`
	Pause  []string `json:"pause"`
	Resume []string `json:"resume"`
	Repeat []string `json:"repeat"`
	Nod    []string `json:"nod"`
	Filler []string `json:"filler"`

	Particle []string `json:"particle"` // words that may stand inside of a phrase: "hör bitte auf"
	Answer   []string `json:"answer"`   // words that answer a question
}

const (
	maxIntentWords = 12 // longer utterances are something to answer
	maxPhraseWords = 6
)

// Book knows the phrases of all languages: what a recogniser takes for another language
// is understood all the same.
type Book struct {
	intents   map[string]Intent // by the words of the phrase, joined by spaces
	fillers   map[string]bool
	particles map[string]bool
	patterns  []pattern
	answers   map[string]bool
}

// pattern is a phrase of one word that is written in many ways.
type pattern struct {
	*regexp.Regexp
	as Intent
}

// NewBook reads the phrases of this package, and those in the user's file when there is
// one. The words of wake phrases are fillers, so that "TARS, stop" is "stop".
func NewBook(wakePhrases []string, userFile string) (*Book, error) {
	b := &Book{intents: map[string]Intent{}, fillers: map[string]bool{}, particles: map[string]bool{}, answers: map[string]bool{}}
	entries, err := languages.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		data, err := languages.ReadFile(e.Name())
		if err == nil {
			err = b.add(data)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
	}
	if userFile != "" {
		data, err := os.ReadFile(userFile)
		if err == nil {
			err = b.add(data)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, p := range wakePhrases {
		for _, w := range Words(p) {
			b.fillers[w] = true
		}
	}
	return b, nil
}

// add takes the phrases of a file.
func (b *Book) add(data []byte) error {
	var l phraseList
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return err
	}
	for _, list := range []struct {
		phrases []string
		as      Intent
	}{{l.Nod, Nod}, {l.Repeat, Repeat}, {l.Resume, Resume}, {l.Pause, Pause}, {l.Stop, Stop}} {
		for _, p := range list.phrases {
			if inner, ok := strings.CutPrefix(p, "/"); ok {
				re, err := regexp.Compile("^(?:" + strings.TrimSuffix(inner, "/") + ")$")
				if err != nil {
					return fmt.Errorf("%s: %w", p, err)
				}
				b.patterns = append(b.patterns, pattern{re, list.as})
				continue
			}
			if key := phraseKey(Words(p)); key != "" {
				b.intents[key] = max(b.intents[key], list.as)
			}
		}
	}
	for _, p := range l.Filler {
		b.fillers[phraseKey(Words(p))] = true
	}
	for _, p := range l.Particle {
		b.particles[phraseKey(Words(p))] = true
	}
	for _, p := range l.Answer {
		b.answers[phraseKey(Words(p))] = true
	}
	return nil
}

func phraseKey(words []string) string { return strings.Join(words, " ") }

// IsFiller reports whether a word, in lower case, may stand before or after a phrase.
func (b *Book) IsFiller(word string) bool { return b.fillers[word] }

// IntentOf tells what text asks for, when all of it is phrases and fillers.
func (b *Book) IntentOf(text string) Intent {
	words := Words(text)
	if len(words) == 0 || len(words) > maxIntentWords {
		return NoIntent
	}
	if as := b.intentOfWords(words); as != NoIntent {
		return as
	}
	return b.intentOfWords(slices.DeleteFunc(words, func(w string) bool { return b.particles[w] }))
}

// soundOf tells what a word is that is written in many ways, such as "mmhmm" and "shhh".
func (b *Book) soundOf(word string) (as Intent) {
	for _, p := range b.patterns {
		if p.MatchString(word) {
			as = max(as, p.as)
		}
	}
	return as
}

// Interrupts are the words that stand alone in the middle of somebody else's speech when a
// person says them: stop and pause phrases of one word, and answers, in all languages of
// this package.
func Interrupts() []string {
	b, err := NewBook(nil, "")
	if err != nil {
		panic(err) // its files are part of the program
	}
	all := slices.Collect(maps.Keys(b.answers))
	for key, as := range b.intents {
		if as >= Pause && !strings.Contains(key, " ") {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// intentOfWords finds phrases and fillers that all words belong to.
func (b *Book) intentOfWords(words []string) Intent {
	// best[i] is the strongest intent of the first i words; -1: they are no phrases.
	best := make([]Intent, len(words)+1)
	for i := 1; i <= len(words); i++ {
		best[i] = -1
		for n := 1; n <= min(i, maxPhraseWords); n++ {
			if best[i-n] < 0 {
				continue
			}
			key := phraseKey(words[i-n : i])
			as, known := b.intents[key]
			if n == 1 {
				if sound := b.soundOf(key); sound != NoIntent {
					as, known = max(as, sound), true
				}
			}
			if known || b.fillers[key] {
				best[i] = max(best[i], best[i-n], as)
			}
		}
	}
	return max(best[len(words)], NoIntent)
}

// Words are the words of text in lower case and without punctuation, so that rules see
// "What's the time?" as "what's the time".
func Words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(strings.ReplaceAll(text, "’", "'")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
	})
}
