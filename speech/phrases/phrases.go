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

// The intents. Those behind Nod ask for something, and in "yeah, okay, stop" such a one counts.
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

// phraseList is the content of one file. A phrase is written as node.addTemplate reads it,
// with alternatives and with words that may be left out. One that ends with a question mark
// must be the whole of a question: "what?" is one to repeat, and "so what" is none. One
// between slashes is a regular expression for one word: recognisers write a hum with as many
// letters as they like.
type phraseList struct {
	Stop   []string `json:"stop"`
	Pause  []string `json:"pause"`
	Resume []string `json:"resume"`
	Repeat []string `json:"repeat"`
	Nod    []string `json:"nod"`
	Filler []string `json:"filler"`

	Particle []string `json:"particle"` // words that may stand inside of a phrase: "hör bitte auf"
	Answer   []string `json:"answer"`   // words that answer a question
	Alone    []string `json:"alone"`    // words that want something though they stand alone: "why", "louder"

	Words map[string][]string `json:"words"` // alternatives that phrases name, as in "wait <moment>"
}

const maxIntentWords = 12 // longer utterances are something to answer

// Book knows the phrases of all languages: what a recogniser takes for another language
// is understood all the same.
type Book struct {
	phrases   *node           // and fillers
	questions *node           // phrases that are the whole of a question
	names     map[string]bool // words of wake phrases
	particles map[string]bool
	patterns  []pattern
	answers   map[string]bool
	alone     map[string]bool
}

// pattern is a phrase of one word that is written in many ways.
type pattern struct {
	*regexp.Regexp
	as Intent
}

// NewBook reads the phrases of this package, and those in the user's file when there is
// one. The words of wake phrases are fillers, so that "TARS, stop" is "stop".
func NewBook(wakePhrases []string, userFile string) (*Book, error) {
	b := &Book{phrases: &node{}, questions: &node{}, names: map[string]bool{}, particles: map[string]bool{}, answers: map[string]bool{}, alone: map[string]bool{}}
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
		for _, w := range spokenForms(p) {
			b.names[w] = true
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
			if err := b.addPhrase(p, list.as, l.Words); err != nil {
				return err
			}
		}
	}
	for _, p := range l.Filler {
		if err := b.phrases.addTemplate(p, l.Words, piece{filler: true}); err != nil {
			return err
		}
	}
	for _, p := range l.Particle {
		b.particles[phraseKey(spokenForms(p))] = true
	}
	for _, p := range l.Answer {
		b.answers[phraseKey(spokenForms(p))] = true
	}
	for _, p := range l.Alone {
		b.alone[phraseKey(spokenForms(p))] = true
	}
	return nil
}

// addPhrase takes one phrase in all its wordings.
func (b *Book) addPhrase(phrase string, as Intent, words map[string][]string) error {
	if inner, ok := strings.CutPrefix(phrase, "/"); ok {
		re, err := regexp.Compile("^(?:" + strings.TrimSuffix(inner, "/") + ")$")
		if err != nil {
			return fmt.Errorf("%s: %w", phrase, err)
		}
		b.patterns = append(b.patterns, pattern{re, as})
		return nil
	}
	if strings.HasSuffix(phrase, "?") {
		return b.questions.addTemplate(phrase, words, piece{as: as})
	}
	return b.phrases.addTemplate(phrase, words, piece{as: as})
}

func phraseKey(words []string) string { return strings.Join(words, " ") }

// IsFiller reports whether a word, in lower case, may stand before or after a phrase.
func (b *Book) IsFiller(word string) bool {
	return b.names[word] || pieceAt(step([]*node{b.phrases}, word)).filler
}

// IntentOf tells what text asks for, when all of it is phrases and fillers.
func (b *Book) IntentOf(text string) Intent {
	words := spokenForms(text)
	if len(words) == 0 || len(words) > maxIntentWords {
		return NoIntent
	}
	if strings.HasSuffix(strings.TrimSpace(text), "?") {
		at := []*node{b.questions}
		for _, w := range without(words, b.names) {
			at = step(at, w)
		}
		if as := pieceAt(at).as; as != NoIntent {
			return as
		}
	}
	return b.intentOfWords(words)
}

// WantsSomething reports whether text, of one or two words, wants something that so short a
// text rarely does: "why", "louder, please".
func (b *Book) WantsSomething(text string) bool {
	words := without(spokenForms(text), b.names)
	wants := func(w string) bool { return b.alone[w] }
	other := func(w string) bool { return !b.alone[w] && !b.IsFiller(w) }
	return slices.ContainsFunc(words, wants) && !slices.ContainsFunc(words, other)
}

// without are the words that are not in a set.
func without(words []string, set map[string]bool) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return set[w] })
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
	for word := range b.phrases.next {
		if pieceAt(step([]*node{b.phrases}, word)).as >= Pause {
			all = append(all, word)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// reading is how the first words of an utterance are made of phrases and fillers. The one
// with the least cost is meant, of which each of them is one, and each particle within a
// phrase: "halt mal" is itself, and not "halt" and a particle. The zero value is none.
type reading struct {
	cost int
	as   Intent
}

// intentOfWords finds phrases and fillers that all words belong to.
func (b *Book) intentOfWords(words []string) Intent {
	best := make([]reading, len(words)+1) // of the first i words
	for i := range words {
		if i > 0 && best[i].cost == 0 {
			continue
		}
		for n, p := range b.piecesAt(words[i:]) {
			if p.piece == (piece{}) {
				continue
			}
			r := reading{best[i].cost + 1 + p.particles, combineIntents(best[i].as, p.as)}
			if now := best[i+n+1]; now.cost == 0 || r.cost < now.cost || r.cost == now.cost && r.as > now.as {
				best[i+n+1] = r
			}
		}
	}
	return best[len(words)].as
}

// foundPiece is a phrase or filler that words begin with.
type foundPiece struct {
	piece
	particles int // that stand in it
}

// maxParticles is how many may stand in one phrase.
const maxParticles = 4

// piecesAt returns what the first word of words is, what the first two are, and so on.
func (b *Book) piecesAt(words []string) (found []foundPiece) {
	at := make([][]*node, maxParticles+1) // by the particles that were left out
	at[0] = []*node{b.phrases}
	for i, w := range words {
		next := make([][]*node, len(at))
		for skipped := range at {
			next[skipped] = step(at[skipped], w)
			if skipped > 0 && i > 0 && b.particles[w] {
				next[skipped] = append(next[skipped], at[skipped-1]...)
			}
		}
		at = next
		p := fewestParticles(at)
		if i == 0 {
			p.piece = p.merge(piece{b.soundOf(w), b.names[w] || b.particles[w]})
		}
		found = append(found, p)
		if !slices.ContainsFunc(at, func(nodes []*node) bool { return len(nodes) > 0 }) {
			break
		}
	}
	return found
}

// fewestParticles is the phrase that ends at nodes, which are listed by the particles in it.
func fewestParticles(at [][]*node) foundPiece {
	for particles, nodes := range at {
		if p := pieceAt(nodes); p != (piece{}) {
			return foundPiece{p, particles}
		}
	}
	return foundPiece{}
}

// combineIntents is what two phrases ask for, one after the other: the last counts, as in
// "wait, what did you say?" and "never mind, go on". A nod is no more than a filler.
func combineIntents(first, second Intent) Intent {
	if second <= Nod {
		return max(first, second)
	}
	return second
}

// Words are the words of text in lower case and without punctuation, so that rules see
// "What's the time?" as "what's the time".
func Words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(apostrophes.Replace(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
	})
}

var apostrophes = strings.NewReplacer("’", "'", "‘", "'", "ʼ", "'", "´", "'", "`", "'")

// spokenForms are the words of text, each as it sounds: "that's" is written "thats" too.
func spokenForms(text string) []string {
	words := Words(text)
	for i, w := range words {
		if base, end, ok := strings.Cut(w, "'"); ok && contractions[end] {
			words[i] = base + end
		}
	}
	return words
}

// contractions are what follows an apostrophe that is often left out.
var contractions = map[string]bool{"s": true, "t": true, "m": true, "n": true, "re": true, "ve": true}
