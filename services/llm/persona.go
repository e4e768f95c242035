package llm

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/gotars/tars/contract"
)

// persona writes who as instructions to a model. Free keys come in alphabetical
// order: their order in the character's file does not travel.
func persona(who *contract.CharacterSnapshot) string {
	if who == nil {
		return ""
	}
	parts := []string{opening(who)}
	var scene []string
	for _, x := range []struct{ key, title string }{{"world", "World Context"}, {"context", "Operational Context"}} {
		if s := phrase(who.Scenario[x.key]); s != "" {
			scene = append(scene, x.title+": "+s)
		}
	}
	var notes, examples, traits []string
	for _, key := range sorted(who.PersonalityNotes) {
		if s := phrase(who.PersonalityNotes[key]); s != "" {
			notes = append(notes, "- "+title(key)+": "+s)
		}
	}
	for _, key := range sorted(who.ExampleInteractions) {
		if s := phrase(who.ExampleInteractions[key]); s != "" {
			examples = append(examples, s)
		}
	}
	for _, key := range sorted(who.Traits) {
		traits = append(traits, fmt.Sprintf("%s: %v", key, who.Traits[key]))
	}
	parts = append(parts, strings.Join(scene, "\n"), headed("Behavioral Guidelines:\n", notes, "\n"),
		headed("Example Communication Style:\n", examples, "\n\n"), headed("Personality Metrics (0 to 100): ", traits, "; "))
	return paragraphs(parts...)
}

func opening(who *contract.CharacterSnapshot) string {
	if who.SystemPrompt != nil && strings.TrimSpace(*who.SystemPrompt) != "" {
		return strings.TrimSpace(*who.SystemPrompt)
	}
	about := phrase(who.Meta["description"])
	if who.Description != nil && strings.TrimSpace(*who.Description) != "" {
		about = strings.TrimSpace(*who.Description)
	}
	return strings.TrimSpace("You are " + cmp.Or(who.Name, "Assistant") + ". " + about)
}

func phrase(v any) string { s, _ := v.(string); return strings.TrimSpace(s) }

func sorted(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func headed(head string, lines []string, between string) string {
	if len(lines) == 0 {
		return ""
	}
	return head + strings.Join(lines, between)
}

// title is "humor_level" as "Humor Level".
func title(key string) string {
	words := strings.Fields(strings.ReplaceAll(key, "_", " "))
	for i, w := range words {
		r := []rune(w)
		r[0] = unicode.ToUpper(r[0])
		words[i] = string(r)
	}
	return strings.Join(words, " ")
}

// paragraphs joins what is not empty with blank lines.
func paragraphs(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n\n")
}
