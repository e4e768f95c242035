package stt

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/gotars/tars/speech"
)

// Recognisers describe what is not speech: [BLANK_AUDIO], (music), *coughs*,
// and song between notes.
var annotations = regexp.MustCompile(`\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?|<\|[^|]*\|>`)

// hallucinations is what models that learnt from films hear in noise, and nobody says
// to an assistant.
var hallucinations = map[string]bool{
	"you": true, "thanks for watching": true, "thank you for watching": true, "thank you so much for watching": true,
	"please subscribe": true, "like and subscribe": true, "subtitles by the amara org community": true,
	"subs by www zeoranger co uk": true, "transcription by castingwords": true, "bye bye bye": true,
}

// removeNonSpeech returns what of text was said by a person, empty when nothing was.
func removeNonSpeech(text string) string {
	text = strings.Join(strings.Fields(annotations.ReplaceAllString(text, " ")), " ")
	if !speech.HasWords(text) || hallucinations[strings.Join(spokenWords(text), " ")] {
		return ""
	}
	return text
}

// spokenWords are the words of text in lower case, without punctuation.
func spokenWords(text string) []string {
	text = strings.NewReplacer("'", "", "’", "").Replace(strings.ToLower(text))
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}
