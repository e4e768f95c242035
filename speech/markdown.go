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
	text = strings.ReplaceAll(beforePoint.ReplaceAllString(text, "$1"), "( ", "(")
	if !HasWords(text) {
		return ""
	}
	return text
}

const (
	// inBrackets is the address of a link, which may have brackets in it.
	inBrackets = `\((?:[^()]|\([^()]*\))*\)`
	addressEnd = `(?:\([^\s<>()]*\)|[^\s<>()\]])*(?:\([^\s<>()]*\)|[^\s<>()\].,;:!?'"*_])`
)

var (
	comment     = regexp.MustCompile(`(?s)<!--.*?-->`)
	ruler       = regexp.MustCompile(`^ {0,3}([-*_=] *){3,}$`)
	tableRuler  = regexp.MustCompile(`^[ |:-]*-[ |:-]*$`)
	block       = regexp.MustCompile(`^\s*(?:>\s*|#{1,6}\s+|[-*+•]\s+(?:\[[ xX]\]\s+)?|\d{1,3}[.)]\s+)`)
	image       = regexp.MustCompile(`!\[([^\]]*)\]` + inBrackets)
	link        = regexp.MustCompile(`\[((?:[^\[\]]|\[[^\[\]]*\])+)\](?:` + inBrackets + `|\[[^\]]*\])`)
	definition  = regexp.MustCompile(`^ {0,3}\[[^\]^][^\]]*\]:\s+\S`) // of the address of a link
	footnote    = regexp.MustCompile(`\[\^[^\]]+\]:?`)
	source      = regexp.MustCompile(`\s?【[^【】]*】|([\pL\d)"”.,;!?])\s?(?:\[\d{1,2}\])+($|[\s.,;:!?])`) // that a model names: 【4†source】, [1]
	address     = regexp.MustCompile(`<?(?:(?:https?|ftp)://|\bwww\.)` + addressEnd + `>?`)
	mailbox     = regexp.MustCompile(`<([^\s<>@]+@[^\s<>@]+)>`)
	shortcode   = regexp.MustCompile(`(^|\s):[a-z][a-z0-9_+-]+:($|[\s.,!?])`) // an emoji: :thumbsup:
	tag         = regexp.MustCompile(`</?[a-zA-Z][\w-]*(?:\s[^<>]*)?/?>`)
	escaped     = regexp.MustCompile("\\\\([\\\\`*_{}\\[\\]()#+.!|~>-])")
	stars       = regexp.MustCompile(`\*{1,3}(\S(?:[^*]*[^\s*])?)\*{1,3}`)
	underlines  = regexp.MustCompile(`(^|[^\pL\pN])_{1,3}(\S(?:[^_]*[^\s_])?)_{1,3}($|[^\pL\pN])`)
	struck      = regexp.MustCompile(`~~([^~]+)~~`)
	ticks       = regexp.MustCompile("`+([^`]+)`+")
	leftMarks   = regexp.MustCompile("[*`|#\\\\^{}~]+|_{2,}")
	inWord      = regexp.MustCompile(`(\pL)_(\pL)`)
	beforePoint = regexp.MustCompile(`\s+([,!?;:…)]|\.(?:$|[^\pL\pN]))`) // a point before a letter belongs to it: .txt, .5
)

// spokenLine is one line of Markdown as a sentence or a part of one. A heading,
// an item and a row are sentences of their own.
func (l *language) spokenLine(line string) string {
	if ruler.MatchString(line) || definition.MatchString(line) || strings.Contains(line, "|") && tableRuler.MatchString(line) {
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
	if own && said != "" && !EndsSentence(said) && !strings.HasSuffix(said, ",") {
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
	s = source.ReplaceAllString(s, "$1$2")
	s = link.ReplaceAllString(s, "$1")
	s = footnote.ReplaceAllString(s, "")
	s = address.ReplaceAllString(s, " "+l.Link+" ")
	s = mailbox.ReplaceAllString(s, "$1")
	s = shortcode.ReplaceAllString(s, "$1$2")
	s = tag.ReplaceAllString(s, " ")
	s = html.UnescapeString(html.UnescapeString(s)) // some models write &amp;amp;
	s = heart.ReplaceAllString(emoticon.ReplaceAllString(s, "$1$2"), "$1$2")
	s = plainFormulas(s)
	s = escaped.ReplaceAllString(s, "$1")
	s = ticks.ReplaceAllString(s, "$1")
	for range 2 { // bold within italics, and side by side
		s = stars.ReplaceAllString(s, "$1")
		s = underlines.ReplaceAllString(s, "$1$2$3")
	}
	s = struck.ReplaceAllString(s, "$1")
	s = inWord.ReplaceAllString(s, "$1 $2")
	s = leftMarks.ReplaceAllString(l.say(s), " ")
	return strings.Map(spokenRune, marks.Replace(letterEmoji.ReplaceAllString(s, " ")))
}

var (
	// emoticon is a face of letters and signs. "8)" may be a number.
	emoticon = regexp.MustCompile(`(^|\s)(?:[:;=]['^o-]?[)(DPpO/\\|*\]\[]|[xX]D|\(?[\^>T;-][_.][\^<T;-]\)?|¯\\?_\(ツ\)_/¯|\\o/)($|\s*$|[.,!?]|\s+\pL)`)
	// heart is one only where nothing follows: "x <3 m" is a comparison.
	heart = regexp.MustCompile(`(^|\s)<3+($|\s*$|[.!?])`)
)

// letterEmoji is a letter that is shown as a picture: ℹ️.
var letterEmoji = regexp.MustCompile(`\pL\x{fe0f}`)

// marks are nothing to a listener.
var marks = strings.NewReplacer("…", "...", "\u00a0", " ", "\u202f", " ", "•", "", "¶", "", "©", "", "®", "", "™", "")

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
