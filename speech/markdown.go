package speech

import (
	"html"
	"regexp"
	"strings"
	"unicode"
)

// Speakable is what of a Markdown text a voice can say: without markup, code, emoji
// and addresses, and with signs in the words of lang ("de" or "de-AT"; empty is
// English). Signs of a language that is not known are left to the voice. It is empty
// when nothing is left to say.
func Speakable(text, lang string) string {
	l := languageOf(lang)
	text = withoutCode(strings.ReplaceAll(text, "\r\n", "\n"))
	text = comment.ReplaceAllString(text, " ")
	lines := strings.Split(text, "\n")
	said := lines[:0]
	for _, line := range lines {
		if line = l.spokenLine(line); line != "" {
			said = append(said, line)
		}
	}
	text = strings.Join(strings.Fields(strings.Join(said, " ")), " ")
	text = beforePoint.ReplaceAllString(text, "$1")
	if !HasWords(text) {
		return ""
	}
	return text
}

var (
	comment     = regexp.MustCompile(`(?s)<!--.*?-->`)
	ruler       = regexp.MustCompile(`^ {0,3}([-*_=] *){3,}$`)
	tableRuler  = regexp.MustCompile(`^[ |:-]*-[ |:-]*$`)
	block       = regexp.MustCompile(`^\s*(?:>\s*|#{1,6}\s+|[-*+•]\s+(?:\[[ xX]\]\s+)?|\d{1,3}[.)]\s+)`)
	image       = regexp.MustCompile(`!\[([^\]]*)\]\([^)]*\)`)
	link        = regexp.MustCompile(`\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])`)
	footnote    = regexp.MustCompile(`\[\^[^\]]+\]:?`)
	address     = regexp.MustCompile(`<?(?:https?|ftp)://[^\s<>)\]]*[^\s<>)\].,;:!?'"*_]>?|<?\bwww\.[^\s<>)\]]*[^\s<>)\].,;:!?'"*_]>?`)
	tag         = regexp.MustCompile(`</?[a-zA-Z][^<>]*>`)
	escaped     = regexp.MustCompile("\\\\([\\\\`*_{}\\[\\]()#+.!|~>-])")
	stars       = regexp.MustCompile(`\*{1,3}(\S(?:[^*]*[^\s*])?)\*{1,3}`)
	underlines  = regexp.MustCompile(`(^|[^\pL\pN])_{1,3}(\S(?:[^_]*[^\s_])?)_{1,3}($|[^\pL\pN])`)
	struck      = regexp.MustCompile(`~~([^~]+)~~`)
	ticks       = regexp.MustCompile("`+([^`]+)`+")
	leftMarks   = regexp.MustCompile("[*`|#\\\\^{}~]+|_{2,}")
	inWord      = regexp.MustCompile(`(\pL)_(\pL)`)
	beforePoint = regexp.MustCompile(`\s+([,!?;:…]|\.(?:$|[^\pL\pN]))`) // a point before a letter belongs to it: .txt, .5
)

// spokenLine is one line of Markdown as a sentence or a part of one. A heading,
// an item and a row are sentences of their own.
func (l *language) spokenLine(line string) string {
	if ruler.MatchString(line) || strings.Contains(line, "|") && tableRuler.MatchString(line) {
		return ""
	}
	bare := line
	for shorter := block.ReplaceAllString(bare, ""); shorter != bare; shorter = block.ReplaceAllString(bare, "") {
		bare = shorter
	}
	own := bare != line && !strings.HasPrefix(strings.TrimSpace(line), ">")
	if row := strings.TrimSpace(bare); strings.HasPrefix(row, "|") {
		bare, own = tableCells(row), true
	}
	said := strings.TrimSpace(l.stripInline(bare))
	if own && said != "" && !strings.ContainsAny(said[len(said)-1:], ".!?:;,") {
		said += "."
	}
	return said
}

func tableCells(row string) string {
	var said []string
	for cell := range strings.SplitSeq(strings.Trim(row, "|"), "|") {
		if cell = strings.TrimSpace(cell); cell != "" {
			said = append(said, cell)
		}
	}
	return strings.Join(said, ", ")
}

// stripInline strips what marks words within a line, and says its signs.
func (l *language) stripInline(s string) string {
	s = image.ReplaceAllString(s, "$1")
	s = link.ReplaceAllString(s, "$1")
	s = footnote.ReplaceAllString(s, "")
	s = address.ReplaceAllString(s, " "+l.Link+" ")
	s = tag.ReplaceAllString(s, " ")
	s = html.UnescapeString(s)
	s = escaped.ReplaceAllString(s, "$1")
	s = ticks.ReplaceAllString(s, "$1")
	for range 2 { // bold within italics, and side by side
		s = stars.ReplaceAllString(s, "$1")
		s = underlines.ReplaceAllString(s, "$1$2$3")
	}
	s = struck.ReplaceAllString(s, "$1")
	s = inWord.ReplaceAllString(s, "$1 $2")
	s = leftMarks.ReplaceAllString(l.say(s), " ")
	return strings.Map(spokenRune, marks.Replace(s))
}

// marks are nothing to a listener.
var marks = strings.NewReplacer("…", "...", "\u00a0", " ", "\u202f", " ", "©", "", "®", "", "™", "")

// spokenRune drops emoji and what joins them, and control characters.
func spokenRune(r rune) rune {
	switch {
	case r == '\u200d' || r == '\u20e3' || r >= '\ufe00' && r <= '\ufe0f' || r >= 0xe0000 && r <= 0xe007f:
		return -1
	case unicode.Is(unicode.So, r) && r != '°' && r != '№' || r >= 0x1f3fb && r <= 0x1f3ff:
		return -1
	case unicode.IsControl(r) || r == '\u200b' || r == '\ufeff':
		return ' '
	}
	return r
}
