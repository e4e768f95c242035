package engine

import (
	"fmt"
	"io"
	"slices"

	"github.com/gotars/tars/speech/wav"
)

// maxChunkBytes is the most that is read before it is handed on.
const maxChunkBytes = 8 << 10

// yieldSamples yields what r holds as it arrives, in whole samples.
func yieldSamples(r io.Reader, rate int, yield func(Chunk, error) bool) {
	buf, odd := make([]byte, maxChunkBytes), 0
	for {
		n, err := r.Read(buf[odd:])
		n += odd
		even := n &^ 1
		if even > 0 && !yield(Chunk{Rate: rate, PCM: slices.Clone(buf[:even])}, nil) {
			return
		}
		odd = copy(buf, buf[even:n])
		switch {
		case err == io.EOF:
			return
		case err != nil:
			yield(Chunk{}, fmt.Errorf("read audio: %w", err))
			return
		}
	}
}

// yieldFile yields the samples of the WAV file r, of one channel whatever it has.
func yieldFile(r io.Reader, yield func(Chunk, error) bool) {
	file, err := wav.NewReader(r)
	if err != nil {
		yield(Chunk{}, err)
		return
	}
	yieldSamples(file, file.Rate, yield)
}
