package vad

import "time"

// frameBuffer is audio in whole frames with the loudness of each.
type frameBuffer struct {
	pcm    []byte
	levels []float64
}

func framesOf(d time.Duration) int { return int(d / FrameDuration) }

func (t *frameBuffer) add(f []byte, level float64) {
	t.pcm = append(t.pcm, f...)
	t.levels = append(t.levels, level)
}

// drop forgets the first n frames and returns how many those were; it keeps
// the memory of t, as it is called for each frame.
func (t *frameBuffer) drop(n int) int {
	if n <= 0 {
		return 0
	}
	t.pcm = append(t.pcm[:0], t.pcm[n*FrameBytes:]...)
	t.levels = append(t.levels[:0], t.levels[n:]...)
	return n
}

// split leaves the first n frames in t and returns a copy of the others.
func (t *frameBuffer) split(n int) frameBuffer {
	rest := frameBuffer{
		pcm:    append([]byte(nil), t.pcm[n*FrameBytes:]...),
		levels: append([]float64(nil), t.levels[n:]...),
	}
	t.pcm, t.levels = t.pcm[:n*FrameBytes:n*FrameBytes], t.levels[:n:n]
	return rest
}

// quietest returns the middle of the quietest stretch of span frames, not
// before from.
func (t *frameBuffer) quietest(from, span int) int {
	at, least := len(t.levels), 0.0
	for i := from; i+span <= len(t.levels); i++ {
		sum := 0.0
		for _, l := range t.levels[i : i+span] {
			sum += l
		}
		if at == len(t.levels) || sum < least {
			at, least = i+span/2, sum
		}
	}
	return at
}
