package marks

import (
	"regexp"
	"strings"
)

var (
	quotedText = regexp.MustCompile(`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"`)
	goAction   = regexp.MustCompile(`(?s)\{\{-?\s*(.*?)\s*-?\}\}`)
)

// OpensThoughts tells whether a chat template, of Jinja or of Go, ends what the model reads
// with a mark that opens thoughts: its answer then begins with thoughts, and has only their
// end. A template that opens them or not, by a setting of the request, is said not to.
func OpensThoughts(template string) bool {
	const prompt = "add_generation_prompt" // of Jinja: what follows it comes before the answer
	if at := strings.LastIndex(template, prompt); at >= 0 {
		return opensInJinja(template[at+len(prompt):])
	}
	return opensInGo(template)
}

// opensInJinja looks at the texts behind the last condition on the prompt for the answer.
func opensInJinja(tail string) bool {
	opens := false
	for _, q := range quotedText.FindAllString(tail, -1) {
		text := strings.NewReplacer(`\n`, "\n", `\t`, " ").Replace(q[1 : len(q)-1])
		opened, closed := endsWithThought(text)
		if closed && !hasOpening(text) {
			return false // another branch closes thoughts that were not opened: a setting decides
		}
		opens = opens || opened
	}
	return opens
}

// opensInGo looks at the texts between actions, for one that stands before the answer.
func opensInGo(template string) bool {
	from, before := 0, ""
	for _, at := range goAction.FindAllStringSubmatchIndex(template, -1) {
		text, action := template[from:at[0]], template[at[2]:at[3]]
		opened, _ := endsWithThought(text)
		if opened && (action == "end" || strings.HasPrefix(action, ".Response")) && !strings.Contains(before, "Think") {
			return true
		}
		from, before = at[1], action
	}
	opened, _ := endsWithThought(template[from:])
	return opened && !strings.Contains(before, "Think")
}

// hasOpening tells whether a mark that opens thoughts stands anywhere in text.
func hasOpening(text string) bool {
	for i := range text {
		if m := known.at(text[i:], ""); m.n > 0 && m.mark.kind == opensThink {
			return true
		}
	}
	return false
}

// endsWithThought tells whether a mark that opens thoughts ends text, or one that closes them.
func endsWithThought(text string) (opens, closes bool) {
	text = strings.TrimSpace(text)
	for i := range text {
		if m := known.at(text[i:], ""); m.n > 0 && i+m.n == len(text) {
			return m.mark.kind == opensThink, m.mark.kind == endsThink
		}
	}
	return false, false
}
