package speech_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gotars/tars/speech"
)

func TestTextIsCutAsItIsWritten(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"two sentences":                {"The plan is simple. We go now.", []string{"The plan is simple.", "We go now."}},
		"no cut inside a number":       {"The plan is simple, 3.5 steps and no more. Go.", []string{"The plan is simple, 3.5 steps and no more.", "Go."}},
		"no cut after a title":         {"Please ask Dr. Smith about it. He knows.", []string{"Please ask Dr. Smith about it.", "He knows."}},
		"no cut after an initial":      {"It was J. R. Tolkien who wrote it. Yes.", []string{"It was J. R. Tolkien who wrote it.", "Yes."}},
		"no cut at colon or semicolon": {"Two things: one; and another. Done.", []string{"Two things: one; and another.", "Done."}},
		"a short start waits":          {"Yes. That is right. Good.", []string{"Yes. That is right.", "Good."}},
		"questions and shouts":         {"Are you really there? I am here! Good.", []string{"Are you really there?", "I am here!", "Good."}},
		"quotes belong to it":          {`He said "go away now." Then he left.`, []string{`He said "go away now."`, "Then he left."}},
		"a numbered list":              {"Here is how to do it\n1. Stir it well.\n2. Serve it.", []string{"Here is how to do it", "1. Stir it well.", "2. Serve it."}},
		"dots at the end":              {"I am not so sure... Maybe later.", []string{"I am not so sure...", "Maybe later."}},
		"no end at all":                {"an answer without an end", []string{"an answer without an end"}},
		"only marks":                   {"... !", nil},
		"an address":                   {"Look at example.com for more of it. Bye.", []string{"Look at example.com for more of it.", "Bye."}},
		"e.g.":                         {"Many fruits, e.g. apples, are red. Others not.", []string{"Many fruits, e.g. apples, are red.", "Others not."}},
		"code": {"Here is a loop in Python:\n\n```python\nfor i in range(3):\n    print(f\"row {i}\")\n```\n\nIt prints three rows.",
			[]string{"Here is a loop in Python:", "It prints three rows."}},
		"code behind a short start":      {"So:\n```js\nlet a = 1.5; b()\n```\nDone.", []string{"So:", "Done."}},
		"code without a language":        {"Run this now:\n```\nsudo ls -la /tmp\n```\nThat is all.", []string{"Run this now:", "That is all."}},
		"a block of text":                {"It says this:\n```\nRoses are red. Violets are blue.\n```\nNice.", []string{"It says this:", "Roses are red.", "Violets are blue.", "Nice."}},
		"code that never ends":           {"Here you are:\n~~~go\nfmt.Println(1)\n", []string{"Here you are:"}},
		"a command without a language":   {"Run this now:\n```\nnpm install express\n```\nThat is all.", []string{"Run this now:", "That is all."}},
		"code in a quotation":            {"Someone wrote:\n> ```python\n> x = 1\n> ```\n> That is all.", []string{"Someone wrote:", "> That is all."}},
		"code by its indent":             {"Here you are:\n\n    total = a + b\n    return total\n\nIt adds.", []string{"Here you are:", "It adds."}},
		"an item that is indented":       {"- Set the color:\n    - color = red\n    It shows.", []string{"- Set the color:", "- color = red", "It shows."}},
		"an entity is no clause":         {"All the companies that took part were Johnson &amp; Johnson.", []string{"All the companies that took part were Johnson &amp; Johnson."}},
		"inline code":                    {"Please run `a. b? c! d` first. Then rest.", []string{"Please run `a. b? c! d` first.", "Then rest."}},
		"a link with an end in its text": {"You can read [the manual. Part 2](https://example.org/a_b?c=d.e) for it. Bye.", []string{"You can read [the manual. Part 2](https://example.org/a_b?c=d.e) for it.", "Bye."}},
		"an address with a question":     {"Look it up at https://example.org/a?b=c. Then come back.", []string{"Look it up at https://example.org/a?b=c.", "Then come back."}},
		"a bracket that never closes":    {"The array [1, 2 is open. It goes on.", []string{"The array [1, 2 is open. It goes on."}},
		"emphasis around a sentence":     {"**This is important.** And this is not.", []string{"**This is important.**", "And this is not."}},
		"German ordinals":                {"Am 3. Oktober 2026 ist ein Feiertag. Nimm z. B. Nr. 5 mit.", []string{"Am 3. Oktober 2026 ist ein Feiertag.", "Nimm z. B. Nr. 5 mit."}},
		"a number before the end":        {"There are exactly 3. They are red.", []string{"There are exactly 3.", "They are red."}},
		"No. before a number":            {"Please take bus No. 5 to the hall. Then wait.", []string{"Please take bus No. 5 to the hall.", "Then wait."}},
		"No. as an answer":               {"My answer to that is no. You know why.", []string{"My answer to that is no.", "You know why."}},
		"an hour":                        {"We meet at 5 p.m. Bring some wine. Or at 6 a.m. if you like.", []string{"We meet at 5 p.m.", "Bring some wine.", "Or at 6 a.m. if you like."}},
		"Hindi":                          {"नमस्ते दोस्तो कैसे हो। आज मौसम अच्छा है। कल बारिश होगी।", []string{"नमस्ते दोस्तो कैसे हो।", "आज मौसम अच्छा है।", "कल बारिश होगी।"}},
		"Arabic":                         {"كيف حالك اليوم يا صديقي؟ أنا بخير.", []string{"كيف حالك اليوم يا صديقي؟", "أنا بخير."}},
		"Chinese":                        {"今天天气很好我们出去走走吧。好的。", []string{"今天天气很好我们出去走走吧。", "好的。"}},
	}
	for name, tt := range tests {
		for _, size := range []int{1, 3, 1000} { // however the model cuts its deltas
			t.Run(name, func(t *testing.T) {
				s := speech.Splitter{Min: 12, Max: 240}
				var got []string
				for part := range slices.Chunk([]rune(tt.text), size) {
					got = append(got, s.Add(string(part))...)
				}
				got = append(got, s.Flush()...)
				if !slices.Equal(got, tt.want) {
					t.Errorf("deltas of %d characters: got %q, want %q", size, got, tt.want)
				}
			})
		}
	}
}

// TestSentenceEndsByLanguage has texts whose sentences are parted by |, with the
// language before them. Each is parted for the splitter at every byte of it.
func TestSentenceEndsByLanguage(t *testing.T) {
	for _, c := range [][2]string{
		{"en", "The U.S. Senate voted on it.|The U.K. did not, and I live in the U.S.|It is big."},
		{"en", "It is by J.K. Rowling and J. R. Smith.|George R.R. Martin is another."},
		{"en", "Gov. Smith met Sen. Lee on Mar. 17 there.|The temp. outside was 5.|Prof. J. B. S. Haldane left."},
		{"en", "She said &quot;Go home.&quot;|Then she left."},
		{"en", "Here it comes now.|The unlisted abbrev. of it is 5 in. wide, see Bio. 101 there.|Go."},
		{"en", "So this is it.|1. Mix it.|2. Bake it at 3 p.m. EST.|Done."},
		{"en", "I got an A in it, you a B.|It was hard for me."},
		{"en", "She said, \"I am done.\" and left.|\"Really?\" he asked.|He stayed."},
		{"en", "“Stop!” he shouted at them.|Nobody did."},
		{"en", "Wait a moment... what is that?|I see."},
		{"en", "Add 2 tbsp. Sugar and 1 tsp. salt.|Mix it well."},
		{"en", "It is 10 min. from here and weighs 5 kg.|That is a lot."},
		{"en", "The pattern `a. ?` matches three of them.|Try it."},
		{"de", "Am 1. Mai und am 24. Dezember ist frei.|Sonst nicht, auch nicht die 3. bzw. 4. Woche oder die 1.-3. Klasse.|Heute ist der 28.|Es ist Samstag."},
		{"de", "Er wohnt in der Goethestr. 5 in Köln.|Sie auch."},
		{"de", "So ist es hier.|Das gilt u. a. für Hunde, z. B. Dackel, d. h. kleine.|Alles klar."},
		{"de", "So ist das hier.|Es hat ca. 3 Mio. Einwohner, s. S. 12 ff. des Buches.|Der Termin ist am 15.3. um 10 Uhr, links, 2. Tür bei Fa. Müller GmbH & Co. KG."},
		{"de", "So ist das hier.|Das Buch (3. Aufl.) hat die Tel. 0123 und Fax. 0124.|Teuer!"},
		{"de", "Der Laden hat Mo.–Fr. von 9 bis 18 Uhr auf.|Frau Dipl.-Psych. Kern sagte: „Um 5.“|Dann ging sie."},
		{"de", "Nimm 1 Msp. Salz und 3 Pck. Zucker.|Dann rühre gut, max. Hitze usw.|Danach iss."},
		{"de", "Das war im Jahr 44 v. Chr. in Rom.|Dort starb Cäsar im II. Weltkrieg nicht."},
		{"de", "Sie sagte: „Komm her.“|Dann ging sie.|„Wirklich?“, fragte er."},
		{"fr", "Elle a dit : « Viens ici. »|Puis elle est partie au 12 bd. Voltaire.|Fin."},
		{"fr", "Ce sont Jean-P. Martin et J.-M. Blanc.|Ils sont amis."},
		{"fr", "Il est né en 50 av. J.-C. à Rome.|Il y mourut."},
		{"es", "Vive en EE. UU. desde 2010.|¿Qué hora es?|Son las 3.|¡Vamos!"},
		{"es", "Nació en el s. XV en Roma.|Murió allí a 5 km.|No es lejos."},
		{"it", "Va bene così, davvero.|Il treno parte dal bin. 7.|Buon viaggio!"},
		{"it", "Nel III sec. a.C. Roma era forte.|Poi cadde in via Roma n. 5.|Vieni."},
		{"ja", "「おはようございます、みなさん。」|「おはようございます。」|二人は笑った。"},
		{"zh", "这真是太好了我们都很高兴……|我们走吧。"},
		{"ka", "დღეს ძალიან კარგია.|ხვალ წვიმაა.|კი."},
		{"ja", "今日はとてもいい天気ですね。|彼は「行くよ。」と言った。|そして出た。"},
		{"el", "Τι ώρα είναι τώρα;|Είναι αργά.|Τι κάνεις;|Πάμε."},
		{"km", "នេះជាសៀវភៅរបស់ខ្ញុំ។|វាល្អណាស់។"},
		{"bo", "ཁྱེད་བདེ་མོ་ཡིན་པས།|ང་བདེ་པོ་ཡིན།"},
		{"ur", "آج موسم اچھا ہے۔|کل بارش ہوگی۔|ٹھیک؟"},
		{"am", "ሰላም ነው ወዳጄ ሆይ።|ደህና ነህ፧|እሺ።"},
	} {
		lang, want := c[0], strings.Split(c[1], "|")
		text := strings.Join(want, " ")
		if speech.IsUnspaced([]rune(text)[0]) {
			text = strings.Join(want, "")
		}
		for i := range len(text) {
			s := speech.Splitter{Min: 12, Max: 240, Lang: lang}
			got := append(append(s.Add(text[:i]), s.Add(text[i:])...), s.Flush()...)
			if !slices.Equal(got, want) {
				t.Errorf("parted before byte %d\ngot  %q\nwant %q", i, got, want)
				break
			}
		}
	}
}

// A long first sentence is begun before its end is written, and a number in it is
// never torn.
func TestALongSentenceBeginsAtItsFirstClauses(t *testing.T) {
	s := speech.Splitter{Min: 12, Max: 240}
	got := s.Add("When the sun had gone down behind the hills of the west, the travellers, who had ")
	if want := []string{"When the sun had gone down behind the hills of the west,"}; !slices.Equal(got, want) {
		t.Errorf("began with %q, want %q", got, want)
	}
	if got := s.Add("walked for days, lit a fire"); got != nil {
		t.Errorf("went on with %q before the sentence ended", got)
	}
}

// TestWhatIsCompleteIsReleased has a sentence behind which it is not known yet whether it
// goes on.
func TestWhatIsCompleteIsReleased(t *testing.T) {
	s := speech.Splitter{Min: 12, Max: 240}
	first := s.Add("I will look it up for you. That takes a while. And ")
	if want := []string{"I will look it up for you.", "That takes a while."}; !slices.Equal(first, want) {
		t.Errorf("said %q at once, want %q", first, want)
	}
	s.Add("then I tell you. ")
	if got, want := s.Release(), []string{"And then I tell you."}; !slices.Equal(got, want) {
		t.Errorf("released %q, want %q", got, want)
	}
	s.Add("Half a sen")
	if got := append(s.Release(), s.Flush()...); !slices.Equal(got, []string{"Half a sen"}) {
		t.Errorf("then %q, want the half sentence at the end alone", got)
	}
}

// TestNumbersAreNotTorn has what belongs together at each place of a text without a clause,
// so that the longest piece ends within it, for the splitter and for the voice.
func TestNumbersAreNotTorn(t *testing.T) {
	for _, number := range []string{"12,500", "3.75", "12 500", "1.234.567,89", "€ 12 500 km", "3. Oktober", "Nr. 5", "20 °C", "1 – 3", "5 - 3", "+49 30 1234567", "x = 5", "5' 11\"", "z. B. Hunde", "Dr. Smith", "３，５００"} {
		for pad := range 14 {
			text := strings.Repeat("words and more words ", 10) + strings.Repeat("ab ", pad) + "of them " + number + " and more of it until the end of all this, which is far"
			s := speech.Splitter{Min: 12, Max: 240, Lang: "de"}
			if got := append(s.Add(text), s.Flush()...); len(got) < 2 || !strings.Contains(strings.Join(got, "|"), number) {
				t.Errorf("%s became %q", number, got)
			}
			if got := speech.Sentences(text, "de", 240); len(got) < 2 || !strings.Contains(strings.Join(got, "|"), number) {
				t.Errorf("for the voice, %s became %q", number, got)
			}
		}
	}
}

func TestALongSentenceIsCutWhileItIsWritten(t *testing.T) {
	s := speech.Splitter{Min: 12, Max: 40}
	text := strings.Repeat("word, another and so on ", 10)
	got := append(s.Add(text), s.Flush()...)
	for _, p := range got {
		if len(p) > 40 {
			t.Errorf("%q is longer than 40", p)
		}
	}
	if strings.Join(strings.Fields(strings.Join(got, " ")), " ") != strings.TrimSpace(text) {
		t.Errorf("lost text: %q", got)
	}
}

func FuzzSplitter(f *testing.F) {
	f.Add("Dr. Smith has 3.5 apples. \"Good.\" He left!\n1. one", 3)
	f.Fuzz(func(t *testing.T, text string, size int) {
		if size < 1 || strings.Contains(text, "``") || strings.Contains(text, "~~~") || strings.Contains(text, "    ") || strings.Contains(text, "\t") { // code is left out
			return
		}
		s := speech.Splitter{Min: 12, Max: 40}
		var got []string
		for part := range slices.Chunk([]rune(text), size) {
			got = append(got, s.Add(string(part))...)
		}
		got = append(got, s.Flush()...)
		once := speech.Splitter{Min: 12, Max: 40}
		if want := append(once.Add(string([]rune(text))), once.Flush()...); !slices.Equal(got, want) {
			t.Errorf("parted into %d characters: %q, else %q", size, got, want)
		}
		letters := func(s string) string {
			return strings.Map(func(r rune) rune {
				if speech.HasWords(string(r)) {
					return r
				}
				return -1
			}, s)
		}
		if a, b := letters(strings.Join(got, "")), letters(string([]rune(text))); a != b {
			t.Errorf("%q became %q", text, got)
		}
	})
}

func TestALongSentenceBeginsWithItsFirstClause(t *testing.T) {
	tests := map[string]struct {
		lang, text, first string
		words             int // after which that is spoken; 0: all of them
	}{
		"before and with a subject":            {"en", "That is a good question and the answer is simple.", "That is a good question", 7},
		"before because":                       {"en", "The light is already on because somebody came home early.", "The light is already on", 6},
		"not before and in a list":             {"en", "You need flour and sugar and two lemons for it.", "You need flour and sugar and two lemons for it.", 0},
		"not after a few words":                {"en", "I see and the answer is simple enough.", "I see and the answer is simple enough.", 0},
		"up to a comma of a long one":          {"en", "When the train from London arrives at the station, it stops for ten minutes.", "When the train from London arrives at the station,", 0},
		"German":                               {"de", "Das Licht im Flur ist an und die Heizung ist aus.", "Das Licht im Flur ist an", 8},
		"a language without data as it stands": {"pl", "Światło w kuchni jest włączone i drzwi są otwarte.", "Światło w kuchni jest włączone i drzwi są otwarte.", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := speech.Splitter{Min: 12, Max: 240, Lang: tt.lang}
			var pieces []string
			words := 0
			for i, word := range strings.SplitAfter(tt.text, " ") {
				if pieces = append(pieces, s.Add(word)...); len(pieces) > 0 && words == 0 {
					words = i + 1
				}
			}
			if tt.words > 0 && words != tt.words {
				t.Errorf("spoken after %d words, want %d", words, tt.words)
			}
			pieces = append(pieces, s.Flush()...)
			if pieces[0] != tt.first || strings.Join(pieces, " ") != tt.text {
				t.Errorf("pieces %q, want %q first", pieces, tt.first)
			}
		})
	}
}
