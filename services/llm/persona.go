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

// personaPrompt writes who as instructions to a model. Free keys come in alphabetical
// order: their order in the character's file does not travel.
func personaPrompt(who *contract.CharacterSnapshot) string {
	if who == nil {
		return ""
	}
	parts := []string{openingLine(who)}
	var scene []string
	for _, x := range []struct{ key, title string }{{"world", "World Context"}, {"context", "Operational Context"}} {
		if s := phraseOf(who.Scenario[x.key]); s != "" {
			scene = append(scene, x.title+": "+s)
		}
	}
	var notes, examples, traits []string
	for _, key := range sortedKeys(who.PersonalityNotes) {
		if s := phraseOf(who.PersonalityNotes[key]); s != "" {
			notes = append(notes, "- "+titleOf(key)+": "+s)
		}
	}
	for _, key := range sortedKeys(who.ExampleInteractions) {
		if s := phraseOf(who.ExampleInteractions[key]); s != "" {
			examples = append(examples, s)
		}
	}
	for _, key := range sortedKeys(who.Traits) {
		traits = append(traits, fmt.Sprintf("%s: %v", key, who.Traits[key]))
	}
	parts = append(parts, strings.Join(scene, "\n"), underHeading("Behavioral Guidelines:\n", notes, "\n"),
		underHeading("Example Communication Style:\n", examples, "\n\n"), underHeading("Personality Metrics (0 to 100): ", traits, "; "))
	return joinParagraphs(parts...)
}

func openingLine(who *contract.CharacterSnapshot) string {
	if who.SystemPrompt != nil && strings.TrimSpace(*who.SystemPrompt) != "" {
		return strings.TrimSpace(*who.SystemPrompt)
	}
	about := phraseOf(who.Meta["description"])
	if who.Description != nil && strings.TrimSpace(*who.Description) != "" {
		about = strings.TrimSpace(*who.Description)
	}
	return strings.TrimSpace("You are " + cmp.Or(who.Name, "Assistant") + ". " + about)
}

func phraseOf(v any) string { s, _ := v.(string); return strings.TrimSpace(s) }

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func underHeading(head string, lines []string, between string) string {
	if len(lines) == 0 {
		return ""
	}
	return head + strings.Join(lines, between)
}

// titleOf is "humor_level" as "Humor Level".
func titleOf(key string) string {
	words := strings.Fields(strings.ReplaceAll(key, "_", " "))
	for i, w := range words {
		r := []rune(w)
		r[0] = unicode.ToUpper(r[0])
		words[i] = string(r)
	}
	return strings.Join(words, " ")
}

// joinParagraphs joins what is not empty with blank lines.
func joinParagraphs(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n\n")
}
