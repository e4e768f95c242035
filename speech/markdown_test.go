package speech_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gotars/tars/speech"
)

func TestMarkdownIsSaidWithoutMarkup(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"plain text":                {"The kitchen light is on.", "The kitchen light is on."},
		"nothing":                   {" \n\t ", ""},
		"only marks":                {"*** --- ...", ""},
		"only emoji":                {"👍🏽 🎉", ""},
		"emphasis":                  {"This is **very** *important* and __really__ _so_, ***both***.", "This is very important and really so, both."},
		"emphasis in a word":        {"un*frigging*believable", "unfriggingbelievable"},
		"struck through":            {"It is ~~cold~~ warm.", "It is cold warm."},
		"a stray star":              {"5 * 3 is 15, he said *", "5 times 3 is 15, he said"},
		"escaped marks":             {`\*not bold\*`, "not bold"},
		"names with underlines":     {"set max_tokens to 5", "set max tokens to 5"},
		"inline code":               {"Run `make up` first.", "Run make up first."},
		"a block of code":           {"Try this:\n```go\nfmt.Println(1)\n```\nDone.", "Try this: Done."},
		"a block of text":           {"It says:\n```\nhello there\n```", "It says: hello there"},
		"a block that goes on":      {"```python\nx", ""},
		"a link":                    {"See [the manual](https://example.org/a_b?c=d#e).", "See the manual."},
		"a link by reference":       {"See [the manual][1].", "See the manual."},
		"an image":                  {"![a cat](cat.png) sleeps", "a cat sleeps"},
		"an address":                {"Go to https://example.org/a/b?c=1, then rest.", "Go to link, then rest."},
		"an address in brackets":    {"<https://example.org>", "link"},
		"an address without":        {"at www.example.org.", "at link."},
		"brackets in an address":    {"See [Mercury](https://example.org/Mercury_(planet)) (or https://example.org/a_(b)).", "See Mercury (or link)."},
		"brackets in a link":        {"See [the guide [new]](https://example.org).", "See the guide [new]."},
		"an address kept apart":     {"See [the docs][docs].\n\n[docs]: https://example.org \"Docs\"", "See the docs."},
		"sources":                   {"Paris is big [1]. It is old.[2][3] It is in France【4†source】.", "Paris is big. It is old. It is in France."},
		"code in a quotation":       {"So:\n> ```python\n> x = 1\n> ```\n> It counts.", "So: It counts."},
		"code in a list":            {"1. Run:\n   ```\n   npm install express\n   ```\n2. Wait.", "Run: Wait."},
		"a comparison like a tag":   {"a<b, x>=3", "a less than b, x at least 3"},
		"entities twice":            {"Tom &amp;amp; Jerry, 5&thinsp;kg", "Tom and Jerry, 5 kilograms"},
		"an address for letters":    {"Write to <jane@example.org>. :thumbsup:", "Write to jane@example.org."},
		"emoticons":                 {"That is fun :-) and :D, I know <3", "That is fun and, I know"},
		"numbers like emoticons":    {"Lines 7) and 8) and x <3 m", "Lines 7) and 8) and x less than 3 metres"},
		"a letter that is a sign":   {"ℹ️ Note this", "Note this"},
		"only an emoticon":          {"¯\\_(ツ)_/¯", ""},
		"a formula":                 {`It is \(x^2 + \frac{3}{4}\) at $20^\circ\text{C}$, $5 or $6.`, "It is x squared plus three quarters at 20 degrees Celsius, 5 dollars or 6 dollars."},
		"a formula of its own":      {`So $$x^2 = 4$$ gives $\boxed{-2}$.`, "So x squared equals 4 gives minus 2."},
		"an item in another script": {"- 牛奶。\n- 鸡蛋", "牛奶。 鸡蛋."},
		"a heading":                 {"# Weather\nIt rains.", "Weather. It rains."},
		"a list":                    {"You need:\n- milk\n* eggs!\n+ bread\n- [x] salt", "You need: milk. eggs! bread. salt."},
		"a numbered list":           {"1. First\n2) Second", "First. Second."},
		"a year at the start":       {"1984. That was a book.", "1984. That was a book."},
		"a quotation":               {"> To be\n> or not to be", "To be or not to be"},
		"a table":                   {"| City | Temp |\n|---|---:|\n| Paris | 21°C |", "City, Temp. Paris, 21 degrees Celsius."},
		"a ruler":                   {"One.\n\n---\n\nTwo.", "One. Two."},
		"HTML":                      {"a<br>b <b>c</b> &amp; d &lt;e&gt;<!-- f\ng -->", "a b c and d <e>"},
		"a comparison":              {"if a < b and c > d", "if a less than b and c greater than d"},
		"emoji among words":         {"Well done 🎉! Go 👩‍👩‍👧 on 1️⃣.", "Well done! Go on 1."},
		"a flag":                    {"🇫🇷 France", "France"},
		"symbols":                   {"Tom & Jerry, 20°, A → B", "Tom and Jerry, 20 degrees, A to B"},
		"lines":                     {"one\r\ntwo   three", "one two three"},
		"other scripts":             {"Il fait **très** chaud. 今日は。", "Il fait très chaud. 今日は。"},
		"a percentage":              {"50% of $5.20", "50 percent of 5 dollars and 20 cents"},
		"control characters":        {"a\x00b\u200bc", "a b c"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := speech.Speakable(tt.text, ""); got != tt.want {
				t.Errorf("Speakable(%q)\n= %q\nwant %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestSentencesOfAWholeText(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"nothing":        {"", nil},
		"one":            {"Hello there", []string{"Hello there"}},
		"several":        {"It rains. Take a coat! Ready? Go", []string{"It rains.", "Take a coat!", "Ready?", "Go"}},
		"numbers":        {"It is 3.5 degrees. Cold.", []string{"It is 3.5 degrees.", "Cold."}},
		"titles":         {"Mr. Smith met Dr. Who. They ran.", []string{"Mr. Smith met Dr. Who.", "They ran."}},
		"abbreviations":  {"Eat fruit, e.g. apples, etc. and rest.", []string{"Eat fruit, e.g. apples, etc. and rest."}},
		"initials":       {"J. R. Tolkien wrote. I read.", []string{"J. R. Tolkien wrote.", "I read."}},
		"that ends in I": {"It was I. You knew.", []string{"It was I.", "You knew."}},
		"quotations":     {`He said "Stop." Then he left.`, []string{`He said "Stop."`, "Then he left."}},
		"dots":           {"Well... maybe. Wait?! Yes.", []string{"Well... maybe.", "Wait?!", "Yes."}},
		"marks alone":    {"Wait. … What? !! (?) Go", []string{"Wait. …", "What? !!", "Go"}},
		"only marks":     {"… ?!", nil},
		"without space":  {"今日は。元気ですか？はい", []string{"今日は。", "元気ですか？", "はい"}},
		"too long, with commas": {strings.Repeat("a", 140) + ", " + strings.Repeat("b", 140) + ", " + strings.Repeat("c", 140),
			[]string{strings.Repeat("a", 140) + ", " + strings.Repeat("b", 140) + ",", strings.Repeat("c", 140)}},
		"too long, with a number at its end": {strings.Repeat("a ", 146) + "cost 12,500 francs",
			[]string{strings.TrimSpace(strings.Repeat("a ", 146)), "cost 12,500 francs"}},
		"too long, in another script": {strings.Repeat("数", 90) + "，" + strings.Repeat("字", 6) + "12，500元",
			[]string{strings.Repeat("数", 90) + "，", strings.Repeat("字", 6) + "12，500元"}},
		"too long, one word": {strings.Repeat("é", 200), []string{strings.Repeat("é", 150), strings.Repeat("é", 50)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := speech.Sentences(tt.text, "", 300); !slices.Equal(got, tt.want) {
				t.Errorf("Sentences(%q)\n= %q\nwant %q", tt.text, got, tt.want)
			}
		})
	}
}

func FuzzSpokenText(f *testing.F) {
	f.Add("# A [b](c) **d** `e` | f | 1. g ```h\ni\n``` https://j.k 😀. Mr. L")
	f.Fuzz(func(t *testing.T, text string) {
		said := speech.Speakable(text, "")
		if !utf8.ValidString(said) && utf8.ValidString(text) {
			t.Errorf("Speakable(%q) = %q, which is no text", text, said)
		}
		for _, s := range speech.Sentences(said, "", 300) {
			if s == "" || len(s) > 320 {
				t.Errorf("a sentence of %d bytes in %q", len(s), said)
			}
		}
	})
}
