package tts

import (
	"io"
	"iter"
	"net/http"
)

// Playable is what an answer of this kind holds.
func Playable(kind string, body io.Reader) iter.Seq2[Chunk, error] {
	answer := &http.Response{Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(body)}
	return func(yield func(Chunk, error) bool) { playable(answer, yield) }
}
