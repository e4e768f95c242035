package hits

import (
	"slices"
	"strings"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/textsearch"
)

// IsSure reports whether the memory is sure that a hit is meant. One that does not tell is.
func IsSure(x contract.MemoryResult) bool {
	doc, _ := x.Document.(map[string]any)
	sure, ok := doc["sure"].(bool)
	return sure || !ok
}

// IsSuperseded reports whether a later line says otherwise than a hit.
func IsSuperseded(x contract.MemoryResult) bool {
	doc, _ := x.Document.(map[string]any)
	return doc["superseded_by"] != nil
}

// IsNotice reports whether a hit is no part of a conversation: other memories keep wake
// acknowledgements and announcements too.
func IsNotice(x contract.MemoryResult) bool {
	doc, _ := x.Document.(map[string]any)
	return doc["wake_ack"] == true || doc["system_announce"] == true
}

// SameWords reports whether two texts have the same words, whatever stands between them.
func SameWords(a, b string) bool { return slices.Equal(textsearch.Words(a), textsearch.Words(b)) }

// questionWords begin a question that has no mark at its end, as recognisers write it.
var questionWords = strings.Fields("what who whose where when why how which is are was were do does did can could will would have has am wer was wo wann warum wie welche welcher hast habe ist sind kannst")

// IsQuestion reports whether a text asks something.
func IsQuestion(text string) bool {
	if strings.HasSuffix(strings.TrimSpace(text), "?") {
		return true
	}
	words := textsearch.Words(text)
	for len(words) > 0 && slices.Contains([]string{"hey", "ok", "okay", "tars", "so", "and", "please"}, words[0]) {
		words = words[1:]
	}
	if len(words) > 2 && slices.Contains([]string{"tell me", "show me", "remind me"}, words[0]+" "+words[1]) {
		return words[2] != "to"
	}
	return len(words) > 1 && slices.Contains(questionWords, words[0])
}
