package measure

import (
	"context"
	"sync"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/wyoming"
)

// Detector listens for wake words. It belongs to Wake, which closes it.
type Detector struct {
	Hear  func(pcm []byte) error // raw samples at Rate
	Next  func() (word string, err error)
	Close func()
}

const (
	chunkLength = 20 * time.Millisecond // of audio, as a microphone gives it
	maxSilence  = 3 * time.Second       // of silence after the audio
)

// Wake plays pcm, raw samples at Rate, to d at the speed of speech and silence
// after it, and returns the first word that d tells of; none: "". After is how
// long after the end of pcm it came, below 0 when it came before.
func Wake(ctx context.Context, d Detector, pcm []byte) (word string, after time.Duration, err error) {
	type heard struct {
		word string
		at   time.Time
		err  error
	}
	told := make(chan heard, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		word, err := d.Next()
		told <- heard{word, time.Now(), err}
	})
	defer wg.Wait()
	defer d.Close()
	const size = int(2 * Rate * chunkLength / time.Second)
	audio := append(pcm[:len(pcm):len(pcm)], make([]byte, 2*Rate*int(maxSilence/time.Second))...)
	end := time.Now().Add(time.Duration(len(pcm))*time.Second/(2*Rate) - chunkLength) // when the last of it is sent
	tick := time.NewTicker(chunkLength)
	defer tick.Stop()
	for at := 0; at < len(audio); at += size {
		if err := d.Hear(audio[at:min(at+size, len(audio))]); err != nil {
			return "", 0, err
		}
		if at+size >= len(pcm) && at < len(pcm) { // a busy machine may be late
			end = time.Now()
		}
		select {
		case h := <-told:
			return h.word, h.at.Sub(end), h.err
		case <-tick.C:
		case <-ctx.Done():
			return "", 0, ctx.Err()
		}
	}
	return "", 0, nil
}

// Detect has s listen for all wake words that it has.
func Detect(ctx context.Context, s discovery.Server) (Detector, error) {
	c, err := wyoming.NewClient(s.URL)
	if err != nil {
		return Detector{}, err
	}
	d, err := c.Detect(ctx, audioFormat, nil)
	if err != nil {
		return Detector{}, err
	}
	next := func() (string, error) {
		heard, err := d.Next()
		return heard.Name, err
	}
	return Detector{d.Hear, next, func() { _ = d.Close() }}, nil
}
