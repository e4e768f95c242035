package tts

import (
	"encoding/binary"
	"iter"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gotars/tars/services/tts/engine"
)

const (
	// Voices end and begin each piece with silence of their own, 0.05 to 0.3 s, which
	// together is longer than a speaker pauses. What is kept of it was chosen by ear.
	sentencePause = 180 * time.Millisecond // after a sentence
	clausePause   = 60 * time.Millisecond  // after a clause whose sentence goes on
	leadIn        = 20 * time.Millisecond  // before the first sound

	maxHeldSilence = time.Second // of a silence that may be the end; a longer one is part of the speech
	soundLevel     = 130         // of a 16-bit sample: -48 dB; what is softer is silence
)

// trimmed is what a voice says, without the silence before its first sound, and without
// more than pause after its last one. What has no sound at all stays as it is.
func trimmed(said iter.Seq2[engine.Chunk, error], pause time.Duration) iter.Seq2[engine.Chunk, error] {
	return func(yield func(engine.Chunk, error) bool) {
		var held engine.Chunk // silence that may be the end, or before the first sound
		sounded := false
		for c, err := range said {
			if err != nil {
				if len(held.PCM) > 0 && !yield(held, nil) {
					return
				}
				held = engine.Chunk{}
				if !yield(c, err) {
					return
				}
				continue
			}
			if held.Rate != 0 && held.Rate != c.Rate {
				if !yield(held, nil) {
					return
				}
				held = engine.Chunk{}
			}
			first, last := soundIn(c.PCM)
			if first < 0 {
				held = joined(held, c)
				if held.Duration() <= maxHeldSilence {
					continue
				}
				if !yield(held, nil) {
					return
				}
				held = engine.Chunk{}
				continue
			}
			if !sounded {
				skip := max(0, first-bytesOf(leadIn, c.Rate))
				held, c.PCM, last, sounded = engine.Chunk{}, c.PCM[skip:], last-skip, true
			}
			out := joined(held, engine.Chunk{Rate: c.Rate, PCM: c.PCM[:last], Kept: c.Kept})
			held = engine.Chunk{Rate: c.Rate, PCM: c.PCM[last:], Kept: c.Kept}
			if !yield(out, nil) {
				return
			}
		}
		if sounded {
			held.PCM = held.PCM[:min(len(held.PCM), bytesOf(pause, held.Rate))]
		}
		if len(held.PCM) > 0 {
			yield(held, nil)
		}
	}
}

// pauseAfter is the silence that belongs behind a piece of text.
func pauseAfter(text string) time.Duration {
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(text, " \n\t\"'”’»)]*_"))
	if unicode.Is(unicode.Sentence_Terminal, last) || last == '…' {
		return sentencePause
	}
	return clausePause
}

// joined is two stretches of audio, one after the other.
func joined(a, b engine.Chunk) engine.Chunk {
	if len(a.PCM) == 0 {
		return b
	}
	return engine.Chunk{Rate: b.Rate, PCM: append(append([]byte(nil), a.PCM...), b.PCM...), Kept: a.Kept && b.Kept}
}

// soundIn is where the first sound begins and the last one ends, in bytes; -1 and 0 when
// there is none.
func soundIn(samples []byte) (first, last int) {
	first = -1
	for i := 0; i+1 < len(samples); i += 2 {
		if v := int16(binary.LittleEndian.Uint16(samples[i:])); v > soundLevel || v < -soundLevel {
			if first < 0 {
				first = i
			}
			last = i + 2
		}
	}
	return first, last
}
