package marks

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed marks.json
var file []byte

// kind is what a mark means.
type kind int

const (
	dropped    kind = iota // nothing: it is left out
	opensThink             // thoughts begin
	endsThink              // thoughts end
	opensCall              // a call of a tool begins
	endsCall               // it ends
	endsAnswer             // the answer is over: what follows is no part of it
	opensRole              // the head of a message begins
)

// mark is a text with a meaning.
type mark struct {
	kind   kind
	text   string // in lower case
	tag    string // its name, when it is a tag
	toEnd  bool   // what it opens has no end of its own
	opener string // of an ending mark that counts only where the text began with this
}

// table is the file of marks.
type table struct {
	Thoughts struct {
		Tags, Begins, Models []string
		Pairs, Bare          [][2]string
	}
	Calls struct {
		Tags  []string
		Pairs [][2]string
	}
	Ends  []string
	Roles struct {
		Opens, Closes, Own []string
		Channel            string
		Final              []string
	}
	Dropped  []string
	Wrappers []string

	literals []mark          // longest first
	byFirst  map[byte][]mark // literals by their first byte
	tags     map[string]kind // by name, for an opening one
}

// known is the table of the file, which is a part of the program.
var known = loadTable()

func loadTable() *table {
	t := &table{byFirst: map[byte][]mark{}, tags: map[string]kind{}}
	if err := json.Unmarshal(file, t); err != nil {
		panic(fmt.Sprintf("marks.json: %v", err)) // a fault of the build
	}
	add := func(k kind, text string, toEnd bool) {
		if text != "" {
			t.literals = append(t.literals, mark{kind: k, text: strings.ToLower(text), toEnd: toEnd})
		}
	}
	for _, p := range t.Thoughts.Pairs {
		add(opensThink, p[0], p[1] == "")
		add(endsThink, p[1], false)
	}
	for _, p := range t.Thoughts.Bare {
		t.literals = append(t.literals, mark{kind: endsThink, text: p[1], opener: p[0]})
	}
	for _, p := range t.Calls.Pairs {
		add(opensCall, p[0], p[1] == "")
		add(endsCall, p[1], false)
	}
	for _, text := range t.Ends {
		add(endsAnswer, text, false)
	}
	for _, text := range t.Roles.Opens {
		add(opensRole, text, false)
	}
	for _, text := range t.Dropped {
		add(dropped, text, false)
	}
	slices.SortStableFunc(t.literals, func(a, b mark) int { return len(b.text) - len(a.text) })
	for _, m := range t.literals {
		t.byFirst[m.text[0]] = append(t.byFirst[m.text[0]], m)
	}
	for _, name := range t.Wrappers {
		t.tags[name] = dropped
	}
	for _, name := range t.Thoughts.Tags {
		t.tags[name] = opensThink
	}
	for _, name := range t.Calls.Tags {
		t.tags[name] = opensCall
	}
	return t
}

// ThinksFirst tells whether the answers of a model are known to begin with thoughts that
// only their end marks.
func ThinksFirst(model string) bool {
	model = strings.ToLower(model)
	return slices.ContainsFunc(known.Thoughts.Models, func(part string) bool { return strings.Contains(model, part) })
}

// maxTag is the longest tag in bytes, with its attributes.
const maxTag = 240

// found is what stands at the begin of a text: a mark of n bytes, or the begin of one.
type found struct {
	mark
	n       int
	partial bool // it may become a mark
}

// at looks for a mark at the begin of text.
func (t *table) at(text, began string) (f found) {
	first := lowerASCII(text[:1])
	if text[0] >= 0x80 {
		first = text[:1]
	}
	if text[0] != '<' && len(t.byFirst[first[0]]) == 0 {
		return f
	}
	lower := lowerASCII(text[:min(len(text), maxTag)])
	for _, m := range t.byFirst[lower[0]] {
		if m.opener != "" && !strings.HasPrefix(began, m.opener) {
			continue
		}
		switch {
		case strings.HasPrefix(lower, m.text):
			return found{mark: m, n: len(m.text)}
		case strings.HasPrefix(m.text, lower):
			f.partial = true
		}
	}
	if lower[0] != '<' {
		return f
	}
	tag := t.tagAt(lower)
	if tag.n > 0 {
		return tag
	}
	f.partial = f.partial || tag.partial
	return f
}

// tagAt looks for a tag as <think>, </ think >, <tool_call id="1"> or <function=f>, and for
// special tokens as <|x|>, of which those that are not listed mean nothing.
func (t *table) tagAt(lower string) (f found) {
	for _, bar := range []string{"|", "｜"} {
		inner, ok := strings.CutPrefix(lower, "<"+bar)
		if !ok {
			if strings.HasPrefix("<"+bar, lower) {
				f.partial = true
			}
			continue
		}
		end := strings.IndexAny(inner, "<> \t\n")
		switch {
		case end < 0 && len(inner) <= 48:
			f.partial = true
		case end > 0 && end <= 48 && inner[end] == '>' && strings.HasSuffix(inner[:end], bar):
			return found{mark: mark{kind: dropped}, n: len(lower) - len(inner) + end + 1}
		}
		return f
	}
	rest := strings.TrimPrefix(lower[1:], " ")
	body, closing := strings.CutPrefix(rest, "/")
	body = strings.TrimPrefix(body, " ")
	end := strings.IndexFunc(body, func(r rune) bool { return !isTagRune(r) })
	if end < 0 {
		f.partial = f.partial || t.beginsTag(body) && len(lower) < maxTag
		return f
	}
	k, ok := t.tags[body[:end]]
	if !ok || !strings.ContainsRune(" \t\r\n=>/", rune(body[end])) {
		return f
	}
	over := strings.IndexAny(body[end:], "<>")
	switch {
	case over < 0:
		f.partial = len(lower) < maxTag
		return f
	case body[end+over] == '<':
		return f
	}
	switch {
	case closing && k == opensThink:
		k = endsThink
	case closing && k == opensCall:
		k = endsCall
	case strings.HasSuffix(body[:end+over], "/"): // <think/> holds nothing
		k = dropped
	}
	return found{mark: mark{kind: k, tag: body[:end]}, n: len(lower) - len(body) + end + over + 1}
}

// beginsTag tells whether the name of a tag begins with text.
func (t *table) beginsTag(text string) bool {
	for name := range t.tags {
		if strings.HasPrefix(name, text) {
			return true
		}
	}
	return false
}

func isTagRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == ':' || r == '-'
}

// lowerASCII is text with its ASCII letters in lower case, so that no length changes.
func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}
