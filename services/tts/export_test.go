package tts

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

// Keeping is e as the service has it: it makes short sentences once.
func Keeping(e Engine) Engine { return withCache(e) }

// KeepingOne is an engine that has make make what it does not know.
func KeepingOne(make func(Line) Chunk) Engine {
	one := engineCandidate{Engine: maker(make), Key: "one"}
	return withCache(auto{Switch: failover.NewSwitch(func(context.Context) []engineCandidate { return []engineCandidate{one} })})
}

type maker func(Line) Chunk

func (m maker) Synthesize(_ context.Context, l Line) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) { yield(m(l), nil) }
}
