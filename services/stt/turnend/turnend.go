// Package turnend judges by the words of an utterance whether its speaker has come to
// an end. Recognisers put a full stop behind anything, so what counts is how the
// words go on: "turn on the" wants something behind it.
package turnend

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"
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

// MaxWait is the longest silence that is waited for more words.
const MaxWait = 2500 * time.Millisecond

// Eagerness is how soon an utterance ends after its last word.
type Eagerness string

// The settings of STT_EAGERNESS.
const (
	Low    Eagerness = "low"
	Medium Eagerness = "medium"
	High   Eagerness = "high"
)

// waits is the silence behind an utterance of each kind. People who think in the
// middle of a sentence pause for 0.4 to 1.5 s; who waits for an answer finds 0.5 s
// short and 1 s long. The values lie between; they were chosen by ear and are to be
// measured on labelled pauses.
var waits = map[Eagerness][4]time.Duration{
	Low:    {MaxWait, 1000 * time.Millisecond, 700 * time.Millisecond, 500 * time.Millisecond},
	Medium: {1600 * time.Millisecond, 650 * time.Millisecond, 400 * time.Millisecond, 300 * time.Millisecond},
	High:   {1200 * time.Millisecond, 500 * time.Millisecond, 250 * time.Millisecond, 200 * time.Millisecond},
}

// Known reports whether e is one of the settings.
func (e Eagerness) Known() bool { return waits[e] != [4]time.Duration{} }

// askedFactor is how much longer is waited for the answer to a question of the
// assistant: who has to think pauses for longer.
const askedFactor = 1.3

// Wait is the silence after which an utterance of this kind is over. asked says that
// the assistant has just asked something.
func (e Eagerness) Wait(c Completeness, asked bool) time.Duration {
	wait := waits[e][c]
	if asked {
		wait = time.Duration(float64(wait) * askedFactor)
	}
	return min(wait, MaxWait)
}

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
