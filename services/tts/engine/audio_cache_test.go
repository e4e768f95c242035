package engine_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/test/need"
)

func TestShortSentencesAreMadeOnce(t *testing.T) {
	conform(t, enginetest.Patience, func(t *testing.T, e engine.Synthesizer, s *script) {
		e = engine.WithCache(e)
		says := func(l engine.Line, calls int32) {
			t.Helper()
			all, _, err := speak(t.Context(), e, l)
			if want := append(bytes.Clone(piece.PCM), piece.PCM...); err != nil || !bytes.Equal(all.PCM, want) || s.Calls.Load() != calls {
				t.Errorf("%d bytes, %v; the server was asked %d times, want %d", len(all.PCM), err, s.Calls.Load(), calls)
			}
			for i := range all.PCM { // who got it may do with it what they like
				all.PCM[i] = 0
			}
		}
		says(hello, 1)
		says(hello, 1)
		says(hello, 1)
		says(engine.Line{Text: hello.Text, Voice: "amy"}, 2)
		says(engine.Line{Text: "Goodbye."}, 3)
		long := engine.Line{Text: strings.Repeat("la ", 30)}
		says(long, 4)
		says(long, 5)
		says(hello, 5)
	}, says)
}

// What was not made to its end is not the phrase.
func TestAHalfSentenceIsNotKept(t *testing.T) {
	for _, act := range []string{cut, stalls} {
		conform(t, time.Second, func(t *testing.T, e engine.Synthesizer, s *script) {
			e = engine.WithCache(e)
			if _, _, err := speak(t.Context(), e, hello); err == nil {
				t.Errorf("%s: no error", act)
			}
			for range e.Synthesize(t.Context(), hello) {
				break
			}
			if all, _, err := speak(t.Context(), e, hello); err != nil || len(all.PCM) != 2*len(piece.PCM) {
				t.Errorf("%s: %d bytes, %v", act, len(all.PCM), err)
			}
		}, act, says)
	}
}

func TestPhrasesAreForgotten(t *testing.T) {
	made := 0
	e := engine.KeepingOne(func(l engine.Line) engine.Chunk {
		made++
		return engine.Chunk{Rate: 16000, PCM: make([]byte, 256<<10)}
	})
	says := func(text string, want int) {
		t.Helper()
		if _, _, err := speak(t.Context(), e, engine.Line{Text: text}); err != nil || made != want {
			t.Errorf("%s: made %d, want %d; %v", text, made, want, err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		says("a", 1)
		says("a", 1)
		time.Sleep(7 * time.Hour) // fake
		says("a", 2)
		for i := range 15 { // 4 MiB with a
			says(strings.Repeat("b", i+1), i+3)
		}
		says("a", 17)
		says("c", 18) // in the place of what was not said for longest
		says("a", 18)
		says("b", 19)
	})
}

func TestTheBuiltInVoiceIsNotKeptForAnother(t *testing.T) {
	files := engine.Files{Assets: need.Voice(t), Cache: t.TempDir(), Home: t.TempDir()}
	s := play(fails, says)
	enginetest.Install(t, files.Home, piperOf(t, s))
	e, shut, err := engine.New(t.Context(), engine.Config{Engine: "auto", Hosts: enginetest.Nowhere, Speed: 1, Timeout: enginetest.Patience}, files)
	if err != nil {
		t.Fatal(err)
	}
	defer shut(context.WithoutCancel(t.Context()))
	e = engine.WithCache(e)
	for _, want := range []int{16000, 22050, 22050} {
		if all, _, err := speak(t.Context(), e, hello); err != nil || all.Rate != want {
			t.Errorf("spoken at %d, %v, want %d", all.Rate, err, want)
		}
	}
}
