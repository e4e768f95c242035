package main

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/adapters"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/measure"
)

// woken is what is measured of a detector.
type woken struct {
	commonFigures
	word  string
	after time.Duration
	of    int // times that the phrase was said; it was heard each time
}

const phrases = 5 // said each way at most: each takes a second

// listen says a phrase to the detector s, in turns over plain TCP.
func (b *bench) listen(ctx context.Context, s discovery.Server) error {
	if !discovery.Ping(ctx, strings.TrimPrefix(s.URL, "tcp://")) {
		return errors.New("it does not say what it hears")
	}
	var word string
	say := func(d measure.Detector, err error) (time.Duration, error) {
		if err != nil {
			return 0, err
		}
		heard, after, err := measure.Wake(ctx, d, adapters.Phrase)
		if err == nil && heard == "" {
			err = errors.New("it did not hear Hey Jarvis")
		}
		word = cmp.Or(word, heard)
		return after, err
	}
	n := min(b.runs, phrases)
	added, err := inTurns(n, func() (time.Duration, error) { return say(measure.Detect(ctx, s)) },
		func() (time.Duration, error) { return say(adapters.DetectorAt(ctx, s, nil)) })
	if err != nil {
		return err
	}
	b.woken = append(b.woken, woken{b.commonFiguresOf(ctx, s, added.difference), word, added.ours, 2 * n})
	return nil
}
