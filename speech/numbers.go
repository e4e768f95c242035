package speech

import (
	"strconv"
	"strings"
)

// numberWord is a word of a number.
type numberWord struct {
	value int
	kind  numberKind
}

type numberKind int

const (
	noNumber   numberKind = iota
	unit                  // 0 to 9
	teen                  // 10 to 19, and whatever nothing is added to
	tens                  // 20, 30, …
	multiplier            // 100, 1000, …
)

// numberData is how numbers are read in one language.
type numberData struct {
	words    map[string]numberWord
	link     string // may stand within a number: "two hundred and five"
	point    string // between the whole and the decimals
	zero     string // a zero within a row of digits: "three oh five"
	negative string // another word for minus
	compound func(word string) (int, bool)
}

var numberWords = map[string]*numberData{"en": englishNumbers(), "de": germanNumbers()}

// digits writes the numbers among words digit by digit.
func (l *language) digits(words []string) []string {
	n := l.numbers
	if n == nil {
		n = &numberData{}
	}
	var out []string
	var run numberRun
	for i, w := range words {
		one := n.lookUp(w)
		next := numberWord{}
		if i+1 < len(words) {
			next = n.lookUp(words[i+1])
		}
		switch within := run.open && next.kind != noNumber; {
		case isDigits(w):
			run.addDigits(w)
		case one.kind != noNumber:
			run.add(one)
		case within && w == n.zero:
			run.add(numberWord{0, unit})
		case within && (w == n.link && run.last == multiplier || w == n.point): // not said aloud in digits
			if w == n.point {
				run.flush()
			}
		default:
			run.flush()
			out = append(append(out, run.out...), w)
			run = numberRun{}
			if w == n.negative && next.kind != noNumber {
				out[len(out)-1] = l.Minus
			}
		}
	}
	run.flush()
	return append(out, run.out...)
}

// lookUp is w as a part of a number.
func (n *numberData) lookUp(w string) numberWord {
	if isDigits(w) && w != "" {
		return numberWord{0, teen}
	}
	if one, ok := n.words[w]; ok {
		return one
	}
	if n.compound != nil {
		if v, ok := n.compound(w); ok {
			return numberWord{v, teen}
		}
	}
	return numberWord{}
}

// numberRun adds up the words of numbers that follow each other. What cannot belong to
// one number is another one: "twenty twenty six" is 20 and 26.
type numberRun struct {
	out            []string // digits
	open           bool
	total, current int
	written        string // digits that were written, and not multiplied yet
	last           numberKind
	scale          int // the last multiplier above a hundred
}

func (r *numberRun) add(w numberWord) {
	fits := false
	switch w.kind {
	case unit:
		fits = w.value > 0 && (r.last == tens || r.last == multiplier)
	case teen, tens:
		fits = r.last == multiplier && w.value < max(r.scale, 100)
	case multiplier:
		r.multiply(w.value)
		return
	}
	if !fits {
		r.flush()
	}
	r.open, r.current, r.last = true, r.current+w.value, w.kind
}

func (r *numberRun) addDigits(w string) {
	if v, err := strconv.Atoi(w); err == nil && r.last == multiplier && v > 0 && v < max(r.scale, 100) && w[0] != '0' {
		r.current, r.last = r.current+v, teen
		return
	}
	r.flush()
	r.open, r.written, r.last = true, w, teen
}

func (r *numberRun) multiply(by int) {
	const most = 1_000_000_000
	if r.written != "" {
		v, err := strconv.Atoi(r.written)
		if err != nil || v > most {
			r.flush()
			v = 1
		}
		r.current, r.written = v, ""
	}
	switch {
	case by == 100 && r.current > 0 && r.current < 100:
		r.current *= by
	case by > 100 && r.current > 0 && (r.total == 0 || by < r.scale):
		r.total, r.current = r.total+r.current*by, 0
	default:
		r.flush()
		if r.current = by; by > 100 {
			r.total, r.current = by, 0
		}
	}
	if r.open, r.last = true, multiplier; by > 100 {
		r.scale = by
	}
}

// flush writes down the number so far.
func (r *numberRun) flush() {
	if r.open && r.last != noNumber {
		text := r.written
		if text == "" {
			text = strconv.Itoa(r.total + r.current)
		}
		r.out = append(r.out, strings.Split(text, "")...)
	}
	*r = numberRun{out: r.out, open: len(r.out) > 0}
}

// numbersOf is a table of number words; the first word of each list has the value
// first, and each following one step more.
func numbersOf(into map[string]numberWord, kind numberKind, first, step int, list string) {
	for i, w := range strings.Fields(list) {
		into[w] = numberWord{first + i*step, kind}
	}
}

func englishNumbers() *numberData {
	m := map[string]numberWord{}
	numbersOf(m, unit, 0, 1, "zero one two three four five six seven eight nine")
	numbersOf(m, unit, 0, 1, "zeroth first second third fourth fifth sixth seventh eighth ninth")
	numbersOf(m, teen, 10, 1, "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	numbersOf(m, teen, 10, 1, "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth")
	numbersOf(m, tens, 20, 10, "twenty thirty forty fifty sixty seventy eighty ninety")
	numbersOf(m, tens, 20, 10, "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth")
	for w, v := range map[string]int{"hundred": 100, "hundredth": 100, "thousand": 1000, "thousandth": 1000, "million": 1_000_000, "millionth": 1_000_000} {
		m[w] = numberWord{v, multiplier}
	}
	return &numberData{words: m, link: "and", point: "point", zero: "oh", negative: "negative"}
}

func germanNumbers() *numberData {
	m := map[string]numberWord{"million": {1_000_000, multiplier}, "millionen": {1_000_000, multiplier}}
	numbersOf(m, unit, 0, 1, "null eins zwei drei vier fünf sechs sieben acht neun")
	m["zwo"] = m["zwei"]
	small := map[string]int{"ein": 1, "zehn": 10, "elf": 11, "zwölf": 12, "dreizehn": 13, "vierzehn": 14, "fünfzehn": 15, "sechzehn": 16, "siebzehn": 17, "achtzehn": 18, "neunzehn": 19,
		"zwanzig": 20, "dreißig": 30, "dreissig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80, "neunzig": 90,
		"erst": 1, "dritt": 3, "siebt": 7, "acht": 8}
	for w, n := range m {
		if n.kind == unit {
			small[w] = n.value
		}
	}
	return &numberData{words: m, link: "und", point: "komma", compound: func(w string) (int, bool) { return germanNumber(small, w) }}
}

// germanNumber reads a number in one word, also an ordinal one: "zweihundertfünf",
// "einundzwanzigste".
func germanNumber(small map[string]int, word string) (int, bool) {
	if word == "ein" { // the article
		return 0, false
	}
	if v, ok := germanCardinal(small, word); ok {
		return v, true
	}
	for _, ending := range []string{"e", "en", "er", "es", "em"} {
		stem, ok := strings.CutSuffix(word, ending)
		if !ok {
			continue
		}
		for _, root := range []string{strings.TrimSuffix(stem, "st"), strings.TrimSuffix(stem, "t"), stem} {
			if v, ok := germanCardinal(small, root); ok && root != "ein" && len(root) >= 3 && (root != stem || strings.HasSuffix(stem, "t")) {
				return v, true
			}
		}
	}
	return 0, false
}

func germanCardinal(small map[string]int, word string) (int, bool) {
	if v, ok := small[word]; ok {
		return v, true
	}
	for _, by := range []struct {
		word  string
		value int
	}{{"tausend", 1000}, {"hundert", 100}} {
		left, right, ok := strings.Cut(word, by.word)
		if !ok {
			continue
		}
		many, rest, fits := 1, 0, true
		if left != "" {
			many, fits = germanCardinal(small, left)
		}
		if right = strings.TrimPrefix(right, "und"); right != "" && fits {
			rest, fits = germanCardinal(small, right)
		}
		return many*by.value + rest, fits && rest < by.value
	}
	one, ten, ok := strings.Cut(word, "und")
	a, isUnit := small[one]
	b, isTens := small[ten]
	return a + b, ok && isUnit && isTens && a < 10 && b >= 20
}
