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
		"Chinese":                      {"今天天气很好我们出去走走吧。好的。", []string{"今天天气很好我们出去走走吧。", "好的。"}},
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
		if size < 1 || !strings.Contains(text, " ") {
			return
		}
		s := speech.Splitter{Min: 12, Max: 40}
		var got []string
		for part := range slices.Chunk([]rune(text), size) {
			got = append(got, s.Add(string(part))...)
		}
		got = append(got, s.Flush()...)
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
