package vad

import "time"

// frameBuffer is audio in whole frames with the loudness of each, and whether it holds
// voice.
type frameBuffer struct {
	pcm    []byte
	levels []float64
	voices []bool
}

// framesOf is how many whole frames last as long as d, and durationOf how long frames
// last.
func framesOf(d time.Duration) int { return int(d / FrameDuration) }

func durationOf(frames int) time.Duration { return time.Duration(frames) * FrameDuration }

// voicedCount is how many frames hold voice.
func (b *frameBuffer) voicedCount() (n int) {
	for _, voiced := range b.voices {
		if voiced {
			n++
		}
	}
	return n
}

// add appends the frame f, its loudness, and whether it holds voice.
func (b *frameBuffer) add(f []byte, level float64, voice bool) {
	b.pcm = append(b.pcm, f...)
	b.levels = append(b.levels, level)
	b.voices = append(b.voices, voice)
}

// drop forgets the first n frames and returns how many those were; it reuses
// the memory of b, because it is called for each frame.
func (b *frameBuffer) drop(n int) int {
	if n <= 0 {
		return 0
	}
	b.pcm = append(b.pcm[:0], b.pcm[n*FrameBytes:]...)
	b.levels = append(b.levels[:0], b.levels[n:]...)
	b.voices = append(b.voices[:0], b.voices[n:]...)
	return n
}

// split leaves the first n frames in b and returns a copy of the others.
func (b *frameBuffer) split(n int) frameBuffer {
	rest := frameBuffer{
		pcm:    append([]byte(nil), b.pcm[n*FrameBytes:]...),
		levels: append([]float64(nil), b.levels[n:]...),
		voices: append([]bool(nil), b.voices[n:]...),
	}
	b.pcm, b.levels, b.voices = b.pcm[:n*FrameBytes:n*FrameBytes], b.levels[:n:n], b.voices[:n:n]
	return rest
}

// between returns the frames from one on and up to another, which share the memory of b.
func (b *frameBuffer) between(from, to int) frameBuffer {
	return frameBuffer{pcm: b.pcm[from*FrameBytes : to*FrameBytes : to*FrameBytes], levels: b.levels[from:to:to], voices: b.voices[from:to:to]}
}

// quietestMiddle returns the index of the frame in the middle of the quietest stretch
// of span frames, looked for from the frame from on. It is the number of frames when
// there is no such stretch.
func (b *frameBuffer) quietestMiddle(from, span int) int {
	at, least := len(b.levels), 0.0
	for i := from; i+span <= len(b.levels); i++ {
		sum := 0.0
		for _, l := range b.levels[i : i+span] {
			sum += l
		}
		if at == len(b.levels) || sum < least {
			at, least = i+span/2, sum
		}
	}
	return at
}
