package tts

import (
	"encoding/binary"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/gotars/tars/services/tts/engine"
)

const trimRate = 1000 // samples per second: a sample is a millisecond

// script is audio in words: each letter is 100 ms, s of a sound and anything else of
// silence; a bar parts the chunks.
func script(text string) iter.Seq2[engine.Chunk, error] {
	return func(yield func(engine.Chunk, error) bool) {
		var pcm []byte
		for _, c := range text + "|" {
			switch c {
			case '|':
				if !yield(engine.Chunk{Rate: trimRate, PCM: pcm}, nil) {
					return
				}
				pcm = nil
			case '!':
				if !yield(engine.Chunk{}, errors.New("broken")) {
					return
				}
			default:
				for range 100 {
					v := uint16(0)
					if c == 's' {
						v = 1000
					}
					pcm = binary.LittleEndian.AppendUint16(pcm, v)
				}
			}
		}
	}
}

// lengths are the milliseconds before the first sound, from there to the end of the last,
// and after it.
func lengths(said iter.Seq2[engine.Chunk, error]) (before, sound, after int, err error) {
	var all []byte
	for c, e := range said {
		if e != nil {
			err = e
		}
		all = append(all, c.PCM...)
	}
	first, last := soundIn(all)
	if first < 0 {
		return len(all) / 2, 0, 0, err
	}
	return first / 2, (last - first) / 2, (len(all) - last) / 2, err
}

func TestSilenceAroundAPieceIsTrimmed(t *testing.T) {
	tests := map[string]struct {
		said  string
		pause time.Duration
		want  [3]int
	}{
		"before and after":                      {"..ssss...", sentencePause, [3]int{20, 400, 180}},
		"less after a clause":                   {"..ssss...", clausePause, [3]int{20, 400, 60}},
		"in chunks":                             {".|.s|ss|s.|..|..", sentencePause, [3]int{20, 400, 180}},
		"a pause inside stays":                  {"ss|...|ss|.", sentencePause, [3]int{0, 700, 100}},
		"little silence stays":                  {"ssss.", sentencePause, [3]int{0, 400, 100}},
		"a long silence inside is not held up":  {"s|.......|.......|s", sentencePause, [3]int{0, 1600, 0}},
		"what has no sound at all stays":        {"...|..", sentencePause, [3]int{500, 0, 0}},
		"what was said before an error is kept": {"ss..|!|ss", sentencePause, [3]int{0, 600, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before, sound, after, _ := lengths(trimmed(script(tt.said), tt.pause))
			if got := [3]int{before, sound, after}; got != tt.want {
				t.Errorf("%v ms before, of and after the sound, want %v", got, tt.want)
			}
		})
	}
	if _, _, _, err := lengths(trimmed(script("s|!"), 0)); err == nil {
		t.Error("the error is lost")
	}
}

func TestAClauseIsFollowedByLessThanASentence(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"That is a good question": clausePause, "Well,": clausePause, "It is simple.": sentencePause, "Is it?": sentencePause,
		"\"It is.\"": sentencePause, "そうです。": sentencePause, "And then…": sentencePause, "": clausePause,
	} {
		if got := pauseAfter(text); got != want {
			t.Errorf("%q is followed by %v, want %v", text, got, want)
		}
	}
}
