package adapters

import (
	"context"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/measure"
	"github.com/gotars/tars/engines/wyoming"
	"github.com/gotars/tars/speech/pcm"
)

// DetectorAt returns the adapter of the stt service for the wake word server s, which
// is to listen for words.
func DetectorAt(ctx context.Context, s discovery.Server, words []string) (measure.Detector, error) {
	c, err := wyoming.NewClient(s.URL)
	if err != nil {
		return measure.Detector{}, err
	}
	d, err := c.Detect(ctx, wyoming.Format{Rate: pcm.Rate, Width: 2, Channels: 1}, words)
	if err != nil {
		return measure.Detector{}, err
	}
	next := func() (string, error) {
		h, err := d.Next()
		return h.Name, err
	}
	return measure.Detector{Hear: d.Hear, Next: next, Close: func() { _ = d.Close() }}, nil
}
