package stt

import (
	"regexp"
	"strings"
	"unicode"
)

// Recognisers describe what is not speech: [BLANK_AUDIO], (music), *coughs*,
// and song between notes.
var described = regexp.MustCompile(`\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?|<\|[^|]*\|>`)

// imagined is what models that learnt from films hear in noise, and nobody says
// to an assistant.
var imagined = map[string]bool{
	"you": true, "thanks for watching": true, "thank you for watching": true, "thank you so much for watching": true,
	"please subscribe": true, "like and subscribe": true, "subtitles by the amara org community": true,
	"subs by www zeoranger co uk": true, "transcription by castingwords": true, "bye bye bye": true,
}

// clean returns what of text was said by a person, empty when nothing was.
func clean(text string) string {
	text = strings.Join(strings.Fields(described.ReplaceAllString(text, " ")), " ")
	spoken := strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
	if !spoken || imagined[strings.Join(spokenWords(text), " ")] {
		return ""
	}
	return text
}

// spokenWords are the words of text in lower case, without punctuation.
func spokenWords(text string) []string {
	text = strings.NewReplacer("'", "", "’", "").Replace(strings.ToLower(text))
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}
