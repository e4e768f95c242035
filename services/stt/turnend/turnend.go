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

// Completeness is how the words of an utterance end.
type Completeness int

// The kinds of ends, the least complete first.
const (
	Open     Completeness = iota // something must follow: "turn on the", "if it rains"
	Unclear                      // a word or two, or words without a verdict
	Complete                     // a sentence
	Question                     // a whole question
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

	open, clause, question map[string]bool
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

// Judge tells how text ends. lang is its language, such as "en"; of one without data
// only its marks are judged.
func Judge(text, lang string) Completeness {
	text = strings.TrimSpace(text)
	if text == "" {
		return Unclear
	}
	if strings.HasSuffix(text, "…") || strings.HasSuffix(text, "...") || strings.HasSuffix(text, ",") || strings.HasSuffix(text, "-") || strings.HasSuffix(text, "–") {
		return Open
	}
	sentence := lastSentence(text)
	said := fields(sentence)
	code, _, _ := strings.Cut(strings.ToLower(lang), "-")
	w := languages[code]
	if w == nil {
		w = &words{}
	}
	switch {
	case len(said) == 0:
		return Unclear
	case strings.HasSuffix(sentence, "?") && len(said) > 2:
		return Question
	case w.open[said[len(said)-1]] || openNumber(sentence, said):
		return Open
	case w.clause[said[0]] && !strings.ContainsAny(sentence, ",;") && !strings.HasSuffix(sentence, "?"):
		return Open
	case strings.HasSuffix(sentence, "?") && len(said) > 1, w.question[said[0]] && len(said) > 3:
		return Question
	case len(said) < 3 || !endsSentence(sentence):
		return Unclear
	}
	return Complete
}

// lastSentence is the part of text behind its last full stop but the one at its end.
func lastSentence(text string) string {
	body := strings.TrimRight(text, ".!?。！？ ")
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

func endsSentence(s string) bool {
	return strings.ContainsAny(s[len(s)-1:], ".!?") || strings.HasSuffix(s, "。") || strings.HasSuffix(s, "！") || strings.HasSuffix(s, "？")
}
