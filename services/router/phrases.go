package router

import (
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// intent is what a short utterance asks of the conversation itself.
type intent int

// The intents, the weakest first: in "yeah, okay, stop" the strongest counts.
const (
	noIntent     intent = iota // it is something to answer
	intentNod                  // "mm-hm": I am listening, go on
	intentRepeat               // "what did you say?"
	intentResume               // "go on"
	intentPause                // "hold on"
	intentStop                 // "that's enough"
)

// phraseFiles has one file for each language. A file has a list for each intent,
// and the fillers that may stand around them.
//
//go:embed phrases/*.json
var phraseFiles embed.FS

// phraseList is the content of one file.
type phraseList struct {
	Stop   []string `json:"stop"`
	Pause  []string `json:"pause"`
	Resume []string `json:"resume"`
	Repeat []string `json:"repeat"`
	Nod    []string `json:"nod"`
	Filler []string `json:"filler"`

	Particle []string `json:"particle"` // words that may stand inside of a phrase: "hör bitte auf"
}

const (
	maxIntentWords = 12 // longer utterances are something to answer
	maxPhraseWords = 6
)

// phraseBook knows the phrases of all languages: what a recogniser takes for
// another language is understood all the same.
type phraseBook struct {
	intents   map[string]intent // by the words of the phrase, joined by spaces
	fillers   map[string]bool
	particles map[string]bool
}

// newPhraseBook reads the phrases that come with the router, and those in the
// user's file when there is one. The words of wake phrases are fillers, so that
// "TARS, stop" is "stop".
func newPhraseBook(wakePhrases []string, userFile string) (*phraseBook, error) {
	b := &phraseBook{intents: map[string]intent{}, fillers: map[string]bool{}, particles: map[string]bool{}}
	entries, err := phraseFiles.ReadDir("phrases")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		data, err := phraseFiles.ReadFile("phrases/" + e.Name())
		if err == nil {
			err = b.add(data)
		}
		if err != nil {
			return nil, fmt.Errorf("phrases/%s: %w", e.Name(), err)
		}
	}
	if userFile != "" {
		data, err := os.ReadFile(userFile)
		if err == nil {
			err = b.add(data)
		}
		if err != nil {
			return nil, fmt.Errorf("ROUTER_PHRASES: %w", err)
		}
	}
	for _, p := range wakePhrases {
		for _, w := range splitWords(p) {
			b.fillers[w] = true
		}
	}
	return b, nil
}

// add takes the phrases of a file.
func (b *phraseBook) add(data []byte) error {
	var l phraseList
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return err
	}
	for _, list := range []struct {
		phrases []string
		as      intent
	}{{l.Nod, intentNod}, {l.Repeat, intentRepeat}, {l.Resume, intentResume}, {l.Pause, intentPause}, {l.Stop, intentStop}} {
		for _, p := range list.phrases {
			if key := phraseKey(splitWords(p)); key != "" {
				b.intents[key] = max(b.intents[key], list.as)
			}
		}
	}
	for _, p := range l.Filler {
		b.fillers[phraseKey(splitWords(p))] = true
	}
	for _, p := range l.Particle {
		b.particles[phraseKey(splitWords(p))] = true
	}
	return nil
}

func phraseKey(words []string) string { return strings.Join(words, " ") }

// intentOf tells what text asks for, when all of it is phrases and fillers.
func (b *phraseBook) intentOf(text string) intent {
	words := splitWords(text)
	if len(words) == 0 || len(words) > maxIntentWords {
		return noIntent
	}
	if as := b.intentOfWords(words); as != noIntent {
		return as
	}
	return b.intentOfWords(slices.DeleteFunc(words, func(w string) bool { return b.particles[w] }))
}

// intentOfWords finds phrases and fillers that all words belong to.
func (b *phraseBook) intentOfWords(words []string) intent {
	// best[i] is the strongest intent of the first i words; -1: they are no phrases.
	best := make([]intent, len(words)+1)
	for i := 1; i <= len(words); i++ {
		best[i] = -1
		for n := 1; n <= min(i, maxPhraseWords); n++ {
			if best[i-n] < 0 {
				continue
			}
			key := phraseKey(words[i-n : i])
			as, known := b.intents[key]
			if known || b.fillers[key] {
				best[i] = max(best[i], best[i-n], as)
			}
		}
	}
	return max(best[len(words)], noIntent)
}
