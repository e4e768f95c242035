// Package turnend decides at a pause whether the speaker has come to an end: by the
// words so far, by how they sounded, and by how long this speaker usually pauses.
// Recognisers put a full stop behind anything, so what counts of the words is how they
// go on: "turn on the" wants something behind it.
package turnend

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// wordFiles has one file for each language that is known.
//
//go:embed words/*.json
var wordFiles embed.FS

// words is what ends, or does not end, a sentence of one language. Lists are
// separated by spaces.
type words struct {
	Open     string `json:"open"`     // that want something behind them: articles, prepositions, conjunctions, fillers
	Clause   string `json:"clause"`   // that begin a clause which wants another: "if", "when"
	Question string `json:"question"` // that begin a question
	Half     string `json:"half"`     // that often want something behind them, and may end a sentence too
	Join     string `json:"join"`     // that join the last part of a list
	Whole    string `json:"whole"`    // that often stand alone

	open, clause, question, half, join, whole map[string]bool
}

var languages = load()

func load() map[string]*words {
	entries, err := wordFiles.ReadDir("words")
	if err != nil {
		panic(err) // it is part of the program
	}
	all := map[string]*words{}
	for _, e := range entries {
		data, err := wordFiles.ReadFile("words/" + e.Name())
		w := &words{}
		if err == nil {
			err = json.Unmarshal(data, w)
		}
		if err != nil {
			panic(fmt.Sprintf("turnend/words/%s: %v", e.Name(), err))
		}
		w.open, w.clause, w.question = set(w.Open), set(w.Clause), set(w.Question)
		w.half, w.join, w.whole = set(w.Half), set(w.Join), set(w.Whole)
		all[strings.TrimSuffix(e.Name(), ".json")] = w
	}
	return all
}

func set(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// wordsOf are the words of a language, such as "en" or "en-GB"; of one without data only
// the marks tell something.
func wordsOf(lang string) *words {
	code, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if w := languages[code]; w != nil {
		return w
	}
	return &words{}
}

// lastSentence is the part of text behind its last full stop but the one at its end.
func lastSentence(text string) string {
	body := strings.TrimRight(text, endMarks+" ")
	for i, r := range body {
		if strings.ContainsRune("!?。！？", r) || r == '.' && strings.HasPrefix(body[i+1:], " ") {
			return lastSentence(strings.TrimSpace(text[i+len(string(r)):]))
		}
	}
	return text
}

// fields are the words of a sentence in lower case, without marks.
func fields(sentence string) []string {
	return strings.FieldsFunc(strings.ToLower(strings.ReplaceAll(sentence, "’", "'")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
	})
}

// openNumber reports whether the sentence ends in a number that is being said: "call
// 555", "0171 23".
func openNumber(sentence string, said []string) bool {
	last := said[len(said)-1]
	if strings.ContainsFunc(last, func(r rune) bool { return !unicode.IsDigit(r) }) {
		return false
	}
	if len(said) > 1 && !strings.ContainsFunc(said[len(said)-2], func(r rune) bool { return !unicode.IsDigit(r) }) {
		return true // digits in groups
	}
	return len(last) >= 3 && len(last) <= 4 && strings.HasPrefix(last, "0") || strings.HasSuffix(strings.TrimRight(sentence, "."), "-"+last)
}
