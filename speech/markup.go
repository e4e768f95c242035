package speech

import (
	"regexp"
	"strings"
	"unicode"
)

// maxOpen is how long a mark without its end may be taken for the beginning of a
// link, a tag or code that is still being written, in bytes.
const maxOpen = 500

// inline is where a line of Markdown must not be cut.
type inline struct {
	spans [][2]int // links, addresses, tags and code: not between their bytes
	open  int      // the first mark whose end is not written yet
}

// mayCut reports whether the text may be cut before byte i.
func (u inline) mayCut(i int) bool {
	if i > u.open {
		return false
	}
	for _, s := range u.spans {
		if s[0] < i && i < s[1] {
			return false
		}
	}
	return true
}

// scanInline finds what must not be cut in text; more says that the text may go on
// behind its end.
func scanInline(text string, more bool) inline {
	u := inline{open: len(text)}
	for i := 0; i < len(text); {
		n, complete := spanAt(text[i:])
		switch {
		case n == 0:
			i++
		case complete:
			u.spans = append(u.spans, [2]int{i, i + n})
			i += n
		case more && len(text)-i < maxOpen:
			u.open = i
			return u
		default:
			i += n
		}
	}
	return u
}

// spanAt returns the length of the link, address, tag or code that text begins
// with, 0 for none. When its end is missing, complete is false and n passes its
// first mark.
func spanAt(text string) (n int, complete bool) {
	switch text[0] {
	case '\\':
		return min(2, len(text)), len(text) > 1
	case '`':
		return codeSpan(text)
	case '[':
		return linkSpan(text)
	case '<':
		return tagSpan(text)
	case 'h', 'w':
		loc := address.FindStringIndex(text)
		if loc != nil && loc[0] == 0 {
			return loc[1], true
		}
	}
	return 0, false
}

// codeSpan is code between backticks.
func codeSpan(text string) (n int, complete bool) {
	ticks := len(text) - len(strings.TrimLeft(text, "`"))
	for i := ticks; i < len(text); {
		if strings.HasPrefix(text[i:], "\n\n") {
			return ticks, true // only marks
		}
		if text[i] != '`' {
			i++
			continue
		}
		run := len(text[i:]) - len(strings.TrimLeft(text[i:], "`"))
		if run == ticks {
			return i + run, true
		}
		i += run
	}
	return ticks, false
}

// linkSpan is [text](address) or [text][name]. Text in brackets alone is none.
func linkSpan(text string) (n int, complete bool) {
	end := matching(text, '[', ']')
	switch {
	case end == 0:
		return 1, strings.Contains(text, "\n\n")
	case end == len(text):
		return 1, false
	case text[end] != '(' && text[end] != '[':
		return 0, false
	}
	closing := byte(')')
	if text[end] == '[' {
		closing = ']'
	}
	n = matching(text[end:], text[end], closing)
	if n == 0 {
		return 1, strings.Contains(text[end:], "\n")
	}
	return end + n, true
}

// matching is the length of text up to the bracket that closes its first one, 0
// when there is none.
func matching(text string, opening, closing byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case opening:
			depth++
		case closing:
			if depth--; depth == 0 {
				return i + 1
			}
		case '\n':
			if i+1 < len(text) && text[i+1] == '\n' {
				return 0
			}
		}
	}
	return 0
}

// tagSpan is an HTML tag, a comment, or an address in angle brackets.
func tagSpan(text string) (n int, complete bool) {
	if len(text) == 1 {
		return 1, false
	}
	if strings.HasPrefix(text, "<!--") {
		if end := strings.Index(text, "-->"); end >= 0 {
			return end + 3, true
		}
		return 1, false
	}
	if c := text[1]; c != '/' && c != '!' && !unicode.IsLetter(rune(c)) {
		return 0, false
	}
	end := strings.IndexAny(text, ">\n")
	switch {
	case end < 0:
		return 1, false
	case text[end] == '\n':
		return 0, false
	}
	return end + 1, true
}

// fenceLine opens or closes a fenced block, which may stand in a quotation or a list.
var fenceLine = regexp.MustCompile("(?m)^(?:[ \t>]|[-*+][ \t]|\\d{1,3}[.)][ \t])*(```+|~~~+)[ \t]*([^\n`]*)$")

// findFence returns where the groups of the first line of text are that may open or close
// a fenced block, nil when there is none.
func findFence(text string) []int {
	if !strings.Contains(text, "```") && !strings.Contains(text, "~~~") { // most texts, at less cost
		return nil
	}
	return fenceLine.FindStringSubmatchIndex(text)
}

// opensFence reports whether text begins with the line that opens a fenced block.
func opensFence(text string) bool {
	loc := findFence(text)
	return loc != nil && strings.TrimSpace(text[:loc[0]]) == ""
}

// leaveOutCode passes the first fenced block of what was added, and cuts the text
// before it. It reports whether there is something more to do; final says that
// nothing will be added.
func (s *Splitter) leaveOutCode(pieces *[]string, final bool) bool {
	if s.fence != "" {
		return s.passCode(final)
	}
	loc := findFence(s.rest)
	if loc == nil || loc[1] == len(s.rest) && !final { // the line may go on
		return false
	}
	if before := s.rest[:loc[0]]; strings.TrimSpace(before) != "" {
		s.emit(s.cut(before, false, pieces), pieces)
		s.rest = s.rest[loc[0]:]
		return true
	}
	mark, language := s.rest[loc[2]:loc[3]], strings.TrimSpace(s.rest[loc[4]:loc[5]])
	body := s.rest[min(loc[1]+1, len(s.rest)):]
	if language != "" && !proseLanguages[strings.ToLower(language)] {
		s.fence, s.rest = mark, body
		return true
	}
	end, next := closingFence(body, mark)
	if end < 0 {
		if !final && len(body) < maxWindow {
			return false
		}
		end, next = len(body), len(body)
	}
	text := body[:end]
	if language == "" && looksLikeCode(text) {
		text = ""
	}
	s.emit(s.cut(text, false, pieces), pieces)
	s.rest = body[next:]
	return true
}

// passCode drops code up to the end of its block, and reports whether that was
// reached.
func (s *Splitter) passCode(final bool) bool {
	_, next := closingFence(s.rest, s.fence)
	if next >= 0 {
		s.fence, s.rest = "", s.rest[next:]
		return true
	}
	if final {
		s.rest = ""
	}
	s.rest = s.rest[strings.LastIndexByte(s.rest, '\n')+1:] // whole lines are done with
	return false
}

// closingFence finds the line that closes a block: it begins at end, and the text
// goes on at next. Both are -1 when there is none, or when it may not be complete.
func closingFence(text, mark string) (end, next int) {
	for _, loc := range fenceLine.FindAllStringSubmatchIndex(text, -1) {
		if found := text[loc[2]:loc[3]]; found[0] == mark[0] && len(found) >= len(mark) && strings.TrimSpace(text[loc[4]:loc[5]]) == "" {
			return loc[0], min(loc[1]+1, len(text))
		}
	}
	return -1, -1
}

// proseLanguages are the languages of fenced blocks that hold text for people.
var proseLanguages = map[string]bool{"text": true, "txt": true, "plain": true, "plaintext": true, "markdown": true, "md": true, "poem": true, "quote": true}

var codeMarks = regexp.MustCompile(`\w\(|\)\.|[=!<>]=|[=-]>|;[ \t]*(\n|$)|\w_\w|[{}\\$<>=|@]|(^|\n)[ \t]*([#/*]|--)|\s--?\w|/\w`)

// commandLine begins with a program that has no other meaning in a text.
var commandLine = regexp.MustCompile(`(?m)^[ \t]*(?:sudo|apt|apt-get|dnf|yum|pacman|brew|snap|npm|npx|yarn|pnpm|pip3?|pipx|uv|python3?|node|cargo|go (?:run|build|test|get|mod|install)|git|docker|docker-compose|podman|kubectl|helm|make \w+$|cmake|cd|ls|mkdir|chmod|chown|curl|wget|ssh|scp|rsync|tar|grep|sed|awk|systemctl|conda|winget|choco|ollama|ffmpeg|vim|nano|echo|export \w)\b`)

// looksLikeCode reports whether a block holds code: poems, lists and quotations have
// none of the marks that code has.
func looksLikeCode(text string) bool {
	return codeMarks.MatchString(text) || commandLine.MatchString(text)
}

var (
	codeIndent = regexp.MustCompile(`^(?:[ \t]*\n)*(?: {4}|\t)`)
	listItem   = regexp.MustCompile(`^\s*(?:[-*+•]|\d{1,3}[.)])\s`)
)

// isIndentedCode reports whether a line is code that is marked by its indent alone. In a
// list, and behind text, lines are indented for other reasons.
func (s *Splitter) isIndentedCode(line string) bool {
	indented := codeIndent.MatchString(line)
	switch {
	case listItem.MatchString(line):
		s.inList, s.inCode = true, false
	case !indented:
		s.inList, s.inCode = false, false
	case !s.inList && looksLikeCode(line):
		s.inCode = true
	}
	return indented && s.inCode
}

// withoutCode returns text without its fenced blocks of code.
func withoutCode(text string) string {
	var out strings.Builder
	for {
		loc := findFence(text)
		if loc == nil {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:loc[0]])
		mark, language := text[loc[2]:loc[3]], strings.TrimSpace(text[loc[4]:loc[5]])
		body := text[min(loc[1]+1, len(text)):]
		end, next := closingFence(body, mark)
		if end < 0 {
			end, next = len(body), len(body)
		}
		if language == "" && !looksLikeCode(body[:end]) || proseLanguages[strings.ToLower(language)] {
			out.WriteString(body[:end])
		}
		out.WriteString("\n")
		text = body[next:]
	}
}
