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

// personaPrompt writes a character as instructions to a model. The keys that a character
// may choose itself come in the order of its file, where the message tells that, else in
// alphabetical order.
func personaPrompt(who *contract.CharacterSnapshot) string {
	if who == nil {
		return ""
	}
	parts := []string{openingLine(who)}
	var scene []string
	for _, x := range []struct{ key, title string }{{"world", "World Context"}, {"context", "Operational Context"}} {
		if s := trimmedString(who.Scenario[x.key]); s != "" {
			scene = append(scene, x.title+": "+s)
		}
	}
	var notes, examples, traits []string
	for _, key := range orderedKeys(who, "personality_notes", who.PersonalityNotes) {
		if s := trimmedString(who.PersonalityNotes[key]); s != "" {
			notes = append(notes, "- "+titleOf(key)+": "+s)
		}
	}
	for _, key := range orderedKeys(who, "example_interactions", who.ExampleInteractions) {
		if s := trimmedString(who.ExampleInteractions[key]); s != "" {
			examples = append(examples, s)
		}
	}
	for _, key := range orderedKeys(who, "traits", who.Traits) {
		traits = append(traits, fmt.Sprintf("%s: %v", key, who.Traits[key]))
	}
	parts = append(parts, strings.Join(scene, "\n"), underHeading("Behavioral Guidelines:\n", notes, "\n"),
		underHeading("Example Communication Style:\n", examples, "\n\n"), underHeading("Personality Metrics (0 to 100): ", traits, "; "))
	return joinParagraphs(parts...)
}

// openingLine says who the assistant is: the character's own system prompt, else its name
// and description.
func openingLine(who *contract.CharacterSnapshot) string {
	if who.SystemPrompt != nil && strings.TrimSpace(*who.SystemPrompt) != "" {
		return strings.TrimSpace(*who.SystemPrompt)
	}
	about := trimmedString(who.Meta["description"])
	if who.Description != nil && strings.TrimSpace(*who.Description) != "" {
		about = strings.TrimSpace(*who.Description)
	}
	return strings.TrimSpace("You are " + cmp.Or(who.Name, "Assistant") + ". " + about)
}

// trimmedString is v without white space around it when it is a string; else "".
func trimmedString(v any) string { s, _ := v.(string); return strings.TrimSpace(s) }

// orderedKeys are the keys of a table of who, in the order of the character's file; those of
// which that is not known come last, in alphabetical order.
func orderedKeys(who *contract.CharacterSnapshot, table string, m map[string]any) []string {
	order, _ := who.Meta[contract.MetaKeyOrder].(map[string]any)
	inFile, _ := order[table].([]any)
	var keys []string
	for _, k := range inFile {
		if key, ok := k.(string); ok && m[key] != nil {
			keys = append(keys, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// underHeading joins lines and puts head before them; "" when there are none.
func underHeading(head string, lines []string, between string) string {
	if len(lines) == 0 {
		return ""
	}
	return head + strings.Join(lines, between)
}

// titleOf writes a key as a title: "humor_level" as "Humor Level".
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
