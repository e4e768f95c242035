package llm

import (
	"math"
	"sync"
	"unicode"

	"github.com/gotars/tars/services/llm/engine"
)

// countTokens estimates the tokens of text. It is made to count rather too many: of the
// tokenizers in use none needs more for usual text, and the counts that a server tells
// correct it, see [tokenCounts]. Letters of the Latin alphabet come four to a token, digits
// and signs one, and letters of other scripts one to two.
func countTokens(text string) int {
	tokens, letters, spaces := 0.0, 0, 0
	mixed, last := false, rune(0)
	word := func() {
		switch {
		case letters > 14 || mixed && letters > 4: // a key, an address, a word of another language
			tokens += math.Ceil(float64(letters) * 2 / 3)
		default:
			tokens += math.Ceil(float64(letters) / 4)
		}
		letters, mixed = 0, false
	}
	for _, r := range text {
		switch {
		case r < 0x80 && unicode.IsLetter(r):
			mixed = mixed || letters > 0 && unicode.IsUpper(r) && unicode.IsLower(last)
			letters++
			spaces = 0
		case r == ' ':
			word()
			if spaces++; spaces > 1 && spaces%4 == 2 { // one belongs to the word behind it
				tokens++
			}
		default:
			word()
			tokens += runeTokens(r)
			spaces = 0
		}
		last = r
	}
	word()
	return int(math.Ceil(tokens))
}

// runeTokens estimates the tokens of a character that is no letter of ASCII and no space.
func runeTokens(r rune) float64 {
	switch {
	case r < 0x250, unicode.Is(unicode.Cyrillic, r), unicode.Is(unicode.Greek, r), unicode.Is(unicode.Arabic, r), unicode.Is(unicode.Hebrew, r):
		return 1
	case r >= 0x10000: // emoji, and scripts of which tokenizers know the bytes alone
		return 4
	case r >= 0x2000 && r < 0x2070: // quotes and dashes
		return 1
	}
	return 2
}

// The bounds of what is learned of a server.
const (
	minScale, maxScale = 0.7, 6.0
	scaleMargin        = 1.05 // one prompt is not as the next
	maxKnownModels     = 64
)

// tokenCounts is what the counts of a server teach about its tokenizer and its window.
type tokenCounts struct {
	scale  float64 // tokens that it counts for one of countTokens; 0: it is not known, as 1
	window int     // tokens that it reads; 0: it is not known
}

func (c tokenCounts) scaled(tokens int) int {
	if c.scale == 0 {
		return tokens
	}
	return int(math.Ceil(float64(tokens) * c.scale))
}

// tokenLearner keeps the tokenCounts of models. It is safe for concurrent use.
type tokenLearner struct {
	mu     sync.Mutex
	models map[string]tokenCounts
}

// of returns what is known of a model.
func (l *tokenLearner) of(model string) tokenCounts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.models[model]
}

// change updates what is known of a model.
func (l *tokenLearner) change(model string, update func(*tokenCounts)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.models == nil || len(l.models) >= maxKnownModels {
		l.models = map[string]tokenCounts{}
	}
	c := l.models[model]
	update(&c)
	l.models[model] = c
}

// answered learns from the counts that came with an answer to p. What is more than
// expected counts at once, what is less slowly: some servers leave out what they had read
// before.
func (l *tokenLearner) answered(p engine.Prompt, tokens map[string]any) {
	n, ok := numberOf(tokens["prompt_tokens"])
	if !ok || n < 1 {
		return
	}
	ratio := n / float64(promptTokens(p)) * scaleMargin
	l.change(p.Model, func(c *tokenCounts) {
		old := c.scale
		if old == 0 {
			old = 1
		}
		if ratio < old {
			ratio = 0.8*old + 0.2*ratio
		}
		c.scale = min(max(ratio, minScale), maxScale)
	})
}

// overflowed learns from a server that refused p as too long.
func (l *tokenLearner) overflowed(p engine.Prompt, e *engine.OverflowError) {
	l.change(p.Model, func(c *tokenCounts) {
		if e.Window > 0 {
			c.window = e.Window
		}
		old := max(c.scale, 1)
		if e.Prompt > 0 {
			c.scale = max(old, float64(e.Prompt)/float64(promptTokens(p))*scaleMargin)
		} else if e.Window == 0 {
			c.scale = old * 1.5
		}
		c.scale = min(c.scale, maxScale)
	})
}
