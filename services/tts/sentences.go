package tts

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is the most characters of one sentence that an engine gets: half a
// minute of speech. It bounds how long an engine works on what may be stopped.
const longest = 300

// Sentences splits text where a voice takes a breath, so that the first sentence
// can be heard while the others are made. Their words are those of text; marks that
// stand alone are left out, as engines fail at them.
func Sentences(text string) []string {
	var all []string
	for text = strings.TrimSpace(text); text != ""; {
		n := sentenceEnd(text)
		if n > longest {
			n = breathBefore(text, longest)
		}
		if s := strings.TrimSpace(text[:n]); wordy(s) {
			all = append(all, s)
		}
		text = strings.TrimSpace(text[n:])
	}
	return all
}

// sentenceEnd is the length of the first sentence of text.
func sentenceEnd(text string) int {
	for i, r := range text {
		if !strings.ContainsRune(".!?…。！？", r) {
			continue
		}
		end := i + utf8.RuneLen(r)
		rest := strings.TrimLeft(text[end:], ".!?…。！？")
		rest = strings.TrimLeft(rest, "\"'”’»)]")
		end = len(text) - len(rest)
		next, _ := utf8.DecodeRuneInString(strings.TrimSpace(rest))
		switch {
		case strings.ContainsRune("。！？", r):
			return end
		case rest == "" || !unicode.IsSpace(firstRune(rest)):
			continue // 3.5, example.org
		case r == '.' && (abbreviated(text[:i]) || unicode.IsLower(next)):
			continue
		}
		return end
	}
	return len(text)
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// abbreviated tells whether the point after s ends no sentence: "Mr", "e.g",
// the initial "J", the number of an item.
func abbreviated(s string) bool {
	word := s[strings.LastIndexFunc(s, unicode.IsSpace)+1:]
	word = strings.TrimLeft(strings.ToLower(word), "(\"'“‘")
	if utf8.RuneCountInString(word) == 1 {
		return word != "i" && unicode.IsLetter(firstRune(word))
	}
	return abbreviations[word] || strings.Contains(word, ".") && len(word) <= 5 && !strings.ContainsAny(word, "0123456789")
}

var abbreviations = map[string]bool{
	"mr": true, "mrs": true, "ms": true, "dr": true, "prof": true, "st": true, "sr": true, "jr": true, "vs": true,
	"etc": true, "approx": true, "fig": true, "dept": true, "gen": true, "capt": true, "lt": true,
}

// breathBefore is where to cut text when it has no end within most bytes: after
// the last comma, else at the last space, else between two letters.
func breathBefore(text string, most int) int {
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	for _, marks := range []string{",;:—–)", " "} {
		if i := strings.LastIndexAny(text[:most], marks); i > most/3 {
			_, size := utf8.DecodeRuneInString(text[i:])
			return i + size
		}
	}
	return most
}
