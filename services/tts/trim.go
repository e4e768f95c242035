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
		t := &trimmer{}
		for c, err := range said {
			if err != nil {
				if out := t.letGo(); len(out.PCM) > 0 && !yield(out, nil) || !yield(c, err) {
					return
				}
				continue
			}
			for _, out := range t.add(c) {
				if !yield(out, nil) {
					return
				}
			}
		}
		if out := t.end(pause); len(out.PCM) > 0 {
			yield(out, nil)
		}
	}
}

// trimmer holds back silence that may be the end of a piece, or stands before its first
// sound.
type trimmer struct {
	held    engine.Chunk
	sounded bool
}

// add takes a chunk and returns what can be played.
func (t *trimmer) add(c engine.Chunk) (out []engine.Chunk) {
	if t.held.Rate != 0 && t.held.Rate != c.Rate {
		out = append(out, t.letGo())
	}
	first, last := soundIn(c.PCM)
	if first < 0 {
		if t.held = joined(t.held, c); t.held.Duration() > maxHeldSilence {
			out = append(out, t.letGo())
		}
		return out
	}
	if !t.sounded {
		skip := max(0, first-bytesOf(leadIn, c.Rate))
		t.held, c.PCM, last, t.sounded = engine.Chunk{}, c.PCM[skip:], last-skip, true
	}
	sound := joined(t.held, engine.Chunk{Rate: c.Rate, PCM: c.PCM[:last], Kept: c.Kept})
	t.held = engine.Chunk{Rate: c.Rate, PCM: c.PCM[last:], Kept: c.Kept}
	return append(out, sound)
}

// letGo returns what is held back.
func (t *trimmer) letGo() engine.Chunk {
	out := t.held
	t.held = engine.Chunk{}
	return out
}

// end returns what is played of the silence at the end.
func (t *trimmer) end(pause time.Duration) engine.Chunk {
	out := t.letGo()
	if t.sounded {
		out.PCM = out.PCM[:min(len(out.PCM), bytesOf(pause, out.Rate))]
	}
	return out
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
