package stt

import (
	"bytes"
	"compress/zlib"
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/gotars/tars/speech"
)

var (
	// Recognisers describe what is not speech: [BLANK_AUDIO], (music), （音乐）, *coughs*,
	// and song between notes.
	annotations = regexp.MustCompile(`\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】|〔[^〕]*〕|［[^］]*］|<\|[^|]*\|>|\*[^*]*\*|[♪♫♬🎵🎶][^♪♫♬🎵🎶]*[♪♫♬🎵🎶]?`)
	// quoted is a description too when there is nothing else: 「音楽」.
	quoted = regexp.MustCompile(`^[\s\pP]*[「『〈《][^」』〉》]*[」』〉》][\s\pP]*$`)
)

// removeNonSpeech returns what of text was said by a person, empty when nothing was.
// Voiced is how long somebody spoke; 0 is unknown.
func removeNonSpeech(text string, voiced time.Duration) string {
	text = strings.Join(strings.Fields(annotations.ReplaceAllString(text, " ")), " ")
	switch {
	case !speech.HasWords(text), quoted.MatchString(text):
		return ""
	case invented.holds(text), isCredit(text), isLoop(text), isTooFast(text, voiced):
		return ""
	}
	return text
}

// isTooFast reports whether text has more words than anybody says in a time: it was not
// read from speech. Fast speakers say 5 or 6 words a second, auctioneers 8.
func isTooFast(text string, voiced time.Duration) bool {
	const (
		wordsPerSecond      = 8
		spare               = 2 // words: the detector may miss their begin
		charactersOfOneWord = 2 // in scripts without spaces
	)
	if voiced == 0 {
		return false
	}
	words, characters := 0, 0
	for _, p := range pieces(text) {
		switch {
		case !speech.HasWords(p):
		case speech.IsUnspaced([]rune(p)[0]):
			characters++
		default:
			words++
		}
	}
	return float64(words+characters/charactersOfOneWord) > spare+wordsPerSecond*voiced.Seconds()
}

// isLoop reports whether text is a word or a phrase over and over, into which a
// recogniser falls when it hears nothing. People repeat short words for force, such as
// "no, no, no" and "stop", and rows of digits.
func isLoop(text string) bool {
	const (
		fewest          = 3   // times, of nothing else
		fewestWithin    = 5   // times, in a text that holds other words
		loopShare       = 0.7 // of the words of such a text
		mostForForce    = 5   // times that a person says "no"
		maxRatio        = 2.4 // of compression: the bound of Whisper's own decoder
		minBytesOfRatio = 120 // shorter texts are compressed badly
	)
	words := splitWords(text)
	for n := 1; n <= len(words)/fewest; n++ {
		same := 0 // longest row of words that are those n before
		for i, row := n, 0; i < len(words); i++ {
			if row++; words[i] != words[i-n] {
				row = 0
			}
			same = max(same, row)
		}
		times := 1 + same/n
		whole := same == len(words)-n && times >= fewest
		most := times >= fewestWithin && float64(same+n) >= loopShare*float64(len(words))
		if !whole && !most {
			continue
		}
		spoken := func(w string) bool { return interruptWords[w] || strings.ContainsFunc(w, unicode.IsNumber) }
		if !slices.ContainsFunc(words[:n], func(w string) bool { return !spoken(w) }) && times <= mostForForce {
			continue
		}
		return true
	}
	return len(text) >= minBytesOfRatio && compressionRatio(text) > maxRatio
}

func compressionRatio(text string) float64 {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a buffer takes all
	_ = w.Close()
	return float64(len(text)) / float64(b.Len())
}

// splitWords are the words of text, and the characters of scripts without spaces.
func splitWords(text string) (all []string) {
	for _, p := range pieces(text) {
		all = append(all, spokenWords(p)...)
	}
	return all
}

// spokenWords are the words of text in lower case, without punctuation.
func spokenWords(text string) []string {
	text = strings.NewReplacer("'", "", "’", "").Replace(strings.ToLower(text))
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
}

var (
	//go:embed invented.txt
	inventedText string
	invented     = parseInventions(inventedText)
	//go:embed credits.txt
	creditsText string
	creditWords = parseCredits(creditsText)

	// maker is what tells a credit from a wish: who made it, or when.
	maker = regexp.MustCompile(`(?i)(?:^|[\s\pP])(?:by|von|vom|des|par|por|di|dalla|dal|da|de la|pela|pelo|av|af|från|fra|door|przez|vytvořil|przygotował|создал|создавал|делал|сделал|подготовил|корректор|редактор|από|m\.? ?k)(?:$|[\s\pP])|\b(?:19|20)\d\d\b|\b\d{3}\b|\.(?:org|com|net|tv|de|ru)\b|\bamara\b|نانسي|©`)
	// chineseCredit has its word anywhere near the begin: 中文字幕志愿者 and a name.
	chineseCredit = regexp.MustCompile(`^.{0,4}字幕(?:由|by|志愿者|志願者|製作|制作|提供|组|組|翻译|翻譯|:|：)|^.{0,4}자막 ?(?:by|제공|제작)`)
)

// isCredit reports whether text is the credit of subtitles.
func isCredit(text string) bool {
	const maxWords, early = 14, 2
	words := spokenWords(text)
	if len(words) > maxWords {
		return false
	}
	if chineseCredit.MatchString(strings.TrimSpace(strings.ToLower(text))) {
		return true
	}
	for i, w := range words[:min(len(words), early)] {
		joined := w
		if i+1 < len(words) {
			joined += words[i+1]
		}
		if creditWords[w] || creditWords[joined] || creditWords[strings.TrimSuffix(w, "s")] {
			return maker.MatchString(text)
		}
	}
	return false
}

func parseCredits(list string) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(list) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, w := range strings.Fields(line) {
			set[strings.ReplaceAll(w, "-", "")] = true
		}
	}
	return set
}

// inventions are texts that recognisers invent.
type inventions struct {
	whole   map[string]bool
	begins  []string
	holding [][]string
}

func parseInventions(list string) (all inventions) {
	all.whole = map[string]bool{}
	for line := range strings.Lines(list) {
		kind, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case "=":
			all.whole[lettersOf(text)] = true
		case "^":
			all.begins = append(all.begins, lettersOf(text))
		case "+":
			all.holding = append(all.holding, spokenWords(text))
		}
	}
	return all
}

// holds reports whether text is one of them.
func (v inventions) holds(text string) bool {
	const (
		maxWords = 14
		maxMore  = 24 // letters behind a begin
	)
	words, letters := spokenWords(text), lettersOf(text)
	if v.whole[letters] {
		return true
	}
	for _, begin := range v.begins {
		if strings.HasPrefix(letters, begin) && len(letters) <= len(begin)+maxMore {
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

// lettersOf is text in lower case, its letters and digits alone.
func lettersOf(text string) string { return strings.Join(spokenWords(text), "") }
