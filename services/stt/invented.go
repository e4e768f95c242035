package stt

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gotars/tars/speech"
)

var (
	//go:embed invented.txt
	inventedText string
	invented     = parseInventions(inventedText)
	//go:embed credits.txt
	creditsText string
	credits     = parseCredits(creditsText)
)

// creditWords are what subtitles and their credits are called.
type creditWords struct {
	all   map[string]bool
	wider map[string]bool // what is asked for as well, such as a translation
}

var (
	// signedCredit names a place or a time of making, which no wish does.
	signedCredit = regexp.MustCompile(`(?i)\b(?:19|20)\d\d\b[\s\pP]*$|\b\d{3}\b|\.(?:org|com|net|tv|de|ru|nu|ai|uk|cz)\b|\bamara\b|\bm\. ?k\b|нанси|نانسي|корректор|редактор|©`)
	// byMaker is what stands before the name of who made it.
	byMaker = regexp.MustCompile(`(?i)(?:^|[\s\pP])(?:by|von|vom|des|par|por|di|dalla|dal|da|de la|pela|pelo|av|af|från|fra|door|przez|(?:vytvořil|přeložil|przygotował|созда|дела|сдела|подготов|подогна)\p{L}*|από|โดย|bởi|của)[\s\pP]+(.+)$`)
	// byMakerAlone is the same without words that stand before a thing as well: "translation of".
	byMakerAlone = regexp.MustCompile(`(?i)(?:^|[\s\pP])(?:by|par|por|przez|door|bởi)[\s\pP]+(.+)$`)
	// chineseCredit has its word anywhere near the begin: 中文字幕志愿者 and a name.
	chineseCredit = regexp.MustCompile(`^.{0,4}字幕(?:由|by|志愿者|志願者|製作|制作|作成|提供|组|組|翻译|翻譯|:|：)|^.{0,4}자막 ?(?:by|제공|제작)`)
	// bareAddress is an address alone, which recognisers write and nobody reads out.
	bareAddress = regexp.MustCompile(`(?i)^\s*(?:https?://\S+|(?:https?://)?www\.\S+)\s*$`)
)

// matches reports whether text is the credit of subtitles: their word at its begin, and who
// made them, or when. "Subtitles on" is a wish, and so is what has more to it than a name.
func (c creditWords) matches(text string) bool {
	const maxWords, early = 14, 3
	trimmed := strings.TrimSpace(strings.ToLower(text))
	words := splitWords(text)
	switch {
	case len(spokenWords(text)) > maxWords || strings.HasSuffix(trimmed, "?"):
		return false
	case chineseCredit.MatchString(trimmed) || bareAddress.MatchString(trimmed) || strings.HasPrefix(trimmed, "©"):
		return true
	}
	end, wider := 0, true // the last of the words of a credit, and whether all may be of a wish
	for i := range min(len(words), early) {
		for j := i + 1; j <= min(len(words), i+2); j++ { // "sous-titrage" are two
			if w := strings.TrimSuffix(strings.Join(words[i:j], ""), "s"); c.all[w] {
				end, wider = j, wider && c.wider[w]
			}
		}
	}
	return end > 0 && c.isSigned(text, end, wider)
}

// isSigned reports whether text, whose first words are those of a credit, tells who made
// the subtitles, or when.
func (c creditWords) isSigned(text string, words int, wider bool) bool {
	if wider {
		m := byMakerAlone.FindStringSubmatch(text)
		return m != nil && (isName(m[1]) || signedCredit.MatchString(m[1]))
	}
	if signedCredit.MatchString(text) {
		return true
	}
	if m := byMaker.FindStringSubmatch(text); m != nil {
		return isName(m[1])
	}
	names := nameWords(text)
	_, maker, colon := strings.Cut(text, ":")
	rest := names[min(words, len(names)):]
	return colon && isName(maker) || isName(strings.Join(rest, " ")) && (len(rest) > 1 || isAcronym(rest[0]))
}

// isAcronym reports whether a word is that of a firm, such as ZDF.
func isAcronym(word string) bool {
	return utf8.RuneCountInString(word) >= 3 && word == strings.ToUpper(word) && word != strings.ToLower(word)
}

// nameParts stand in the names of people and firms in small letters.
var nameParts = wordSet(strings.Fields("of by the and und et e y i och og en de des der du da di del von van la le l d community team für im auftrag"))

// isName reports whether text is names alone: of words with a capital letter, or in a script
// that has none. Nouns of other kinds are written so in German, but rarely without a verb.
func isName(text string) bool {
	names := 0
	for _, w := range nameWords(text) {
		first := []rune(w)[0]
		switch {
		case !unicode.IsLower(first):
			names++
		case !nameParts[strings.ToLower(w)]:
			return false
		}
	}
	return names > 0
}

// nameWords are the words of text as they are written, without punctuation.
func nameWords(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
}

func parseCredits(list string) creditWords {
	c := creditWords{map[string]bool{}, map[string]bool{}}
	for line := range strings.Lines(list) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		rest, wider := strings.CutPrefix(line, "~")
		for _, w := range strings.Fields(rest) {
			w = strings.TrimSuffix(strings.ReplaceAll(w, "-", ""), "s")
			c.all[w] = true
			if wider {
				c.wider[w] = true
			}
		}
	}
	return c
}

// inventions are texts that recognisers invent.
type inventions struct {
	whole   map[string]bool
	begins  []string
	tails   map[string]bool // words that follow a begin
	holding [][]string
}

func parseInventions(list string) (all inventions) {
	all.whole, all.tails = map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(list) {
		kind, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case "=":
			all.whole[lettersOf(text)] = true
		case "^":
			all.begins = append(all.begins, lettersOf(text))
		case ">":
			for _, w := range spokenWords(text) {
				all.tails[w] = true
			}
		case "+":
			all.holding = append(all.holding, spokenWords(text))
		}
	}
	return all
}

// isWhole reports whether a text of these letters is invented.
func (v inventions) isWhole(letters string) bool { return v.whole[letters] }

// holds reports whether text is one of them.
func (v inventions) holds(text string) bool {
	const maxWords = 18
	words, letters := spokenWords(text), lettersOf(text)
	if v.isWhole(letters) && !strings.HasSuffix(strings.TrimSpace(text), "?") {
		return true
	}
	for _, begin := range v.begins {
		if v.begun(words, begin) {
			return true
		}
	}
	has := func(stem string) bool {
		if speech.IsUnspaced([]rune(stem)[0]) {
			return strings.Contains(letters, stem)
		}
		return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, stem) })
	}
	for _, stems := range v.holding {
		if len(words) <= maxWords && !slices.ContainsFunc(stems, func(s string) bool { return !has(s) }) {
			return true
		}
	}
	return false
}

// begun reports whether words are a begin that is invented, and nothing behind it that a
// person would say: "thanks for watching the kids" is no farewell of a video.
func (v inventions) begun(words []string, begin string) bool {
	const maxMore = 16 // letters behind a begin in a script of which no words are listed that may follow
	read := ""
	for i, w := range words {
		read += w
		if !strings.HasPrefix(read, begin) {
			continue
		}
		if last, _ := utf8.DecodeLastRuneInString(begin); !unicode.In(last, unicode.Latin, unicode.Cyrillic, unicode.Greek) {
			return utf8.RuneCountInString(strings.Join(words, "")) <= utf8.RuneCountInString(begin)+maxMore
		}
		return read == begin && !slices.ContainsFunc(words[i+1:], func(w string) bool { return !v.tails[w] })
	}
	return false
}

// lettersOf is text in lower case, its letters and digits alone.
func lettersOf(text string) string { return strings.Join(spokenWords(text), "") }
