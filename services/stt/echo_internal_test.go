package stt

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestOwnEchoIsRecognised(t *testing.T) {
	const question = "Do you want me to stop, or shall I read the second chapter of the book?"
	tests := map[string]struct {
		said, heard string
		room        string        // in which it is heard; said in the kitchen
		after       time.Duration // from the end of saying to the beginning of hearing
		want        bool
	}{
		"all of it":                       {question, "do you want me to stop or shall I read the second chapter of the book", "kitchen", 0, true},
		"a part, one word wrong":          {question, "Shall I read the second captain of", "kitchen", 0, true},
		"one word put in":                 {question, "shall I now read the second chapter", "kitchen", 0, true},
		"one word of it is an answer":     {question, "Stop.", "kitchen", 0, false},
		"two words of it are an answer":   {question, "second chapter", "kitchen", 0, false},
		"other words":                     {question, "what is the weather in Paris", "kitchen", 0, false},
		"its words in another order":      {question, "the book chapter stop I want you", "kitchen", 0, false},
		"all of a short one":              {"Yes?", "yes", "kitchen", 0, true},
		"in another room":                 {question, "do you want me to stop", "office", 0, false},
		"soon after":                      {question, "the second chapter of the book", "kitchen", 500 * time.Millisecond, true},
		"an answer that repeats it later": {question, "the second chapter of the book", "kitchen", 2 * time.Second, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := echoes{window: time.Second}
				e.start("kitchen", "u1", tt.said)
				time.Sleep(4 * time.Second)
				e.end("u1")
				time.Sleep(tt.after)
				now := time.Now()
				if got := e.isEcho(tt.room, tt.heard, now, now.Add(2*time.Second)); got != tt.want {
					t.Errorf("%q after %q: echo is %v, want %v", tt.heard, tt.said, got, tt.want)
				}
			})
		})
	}
}

func TestAnEndThatIsNeverToldIsAssumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := echoes{window: time.Second}
		e.start("", "u1", "good morning to you")
		time.Sleep(time.Minute)
		if e.isEcho("kitchen", "good morning to you", time.Now(), time.Now()) {
			t.Error("a minute later it is still an echo")
		}
	})
}

func TestWhatWasSaidIsForgotten(t *testing.T) {
	e := echoes{window: time.Second}
	for range 10 * maxSayings {
		e.start("", "u", "word")
	}
	if len(e.said) != maxSayings {
		t.Errorf("%d sayings are kept, want %d", len(e.said), maxSayings)
	}
}
