package eval

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/gotars/tars/cmd/tars/internal/room"
	"github.com/gotars/tars/services/stt/vad"
	"github.com/gotars/tars/speech/pcm"
)

// Evaluation plays a corpus to a house.
type Evaluation struct {
	corpus     *Corpus
	house      *House
	rooms      int // that talk at the same time
	progress   io.Writer
	transcribe func(ctx context.Context, sound []byte) (string, error) // by the engine, without the assistant
	detector   func() vad.Detector
	finished   func(sound pcm.Audio) (float64, error) // by an audio model; nil: there is none
}

// inRooms does n trials, in as many rooms at a time as the evaluation has.
func (e *Evaluation) inRooms(ctx context.Context, name string, n int, trial func(ctx context.Context, r *room.Room, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, done atomic.Int64
	var wg sync.WaitGroup
	for k := range min(e.rooms, n) {
		r := e.house.Room(ctx, fmt.Sprintf("web-%s-%d", name, k+1))
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				if err := trial(ctx, r, i); err != nil {
					cancel(fmt.Errorf("%s %d: %w", name, i+1, err))
					return
				}
				fmt.Fprintf(e.progress, "\r%s: %d of %d ", name, done.Add(1), n)
			}
		})
	}
	wg.Wait()
	fmt.Fprintln(e.progress)
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return ctx.Err()
}
