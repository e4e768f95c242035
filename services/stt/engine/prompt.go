package engine

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxContext bounds the Context of a [Request], in characters. Whisper reads 224 tokens before
// the audio, of some 4 characters each, and repeats long ones instead of listening.
const maxContext = 200

// TakesContext reports whether an OpenAI-compatible recogniser of this name reads the
// words before the audio as Whisper does. Models named gpt-… take a prompt as an instruction.
func TakesContext(model string) bool { return !strings.HasPrefix(model, "gpt-") }

// joinPrompt is what a recogniser is told before it hears: the names of the settings, then
// what was said.
func joinPrompt(names, context string) string {
	names, context = strings.TrimSpace(names), LastWords(context, maxContext)
	if names == "" || context == "" {
		return names + context
	}
	if last, _ := utf8.DecodeLastRuneInString(names); !unicode.IsPunct(last) {
		names += "."
	}
	return names + " " + context
}

// LastWords are the words of text that begin within its last chars characters.
func LastWords(text string, chars int) string {
	text = strings.TrimSpace(text)
	runes := []rune(text)
	if len(runes) <= chars {
		return text
	}
	cut := len(runes) - chars
	for cut < len(runes) && !unicode.IsSpace(runes[cut-1]) {
		cut++
	}
	return strings.TrimSpace(string(runes[cut:]))
}
