package engine

import (
	"context"
	"io"
	"iter"
	"net/http"

	"github.com/gotars/tars/engines/failover"
)

// Playable is what an answer of this kind holds.
func Playable(kind string, body io.Reader) iter.Seq2[Chunk, error] {
	answer := &http.Response{Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(body)}
	return func(yield func(Chunk, error) bool) { playAnswer(answer, yield) }
}

// KeepingOne is an engine that has make make what it does not know.
func KeepingOne(make func(Line) Chunk) Synthesizer {
	one := candidate{Engine: maker(make), Key: "one"}
	return WithCache(chosen{Switch: failover.Choice[Synthesizer]{Set: []candidate{one}}.Switch()})
}

type maker func(Line) Chunk

func (m maker) Synthesize(_ context.Context, l Line) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) { yield(m(l), nil) }
}
