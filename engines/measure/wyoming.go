package measure

import (
	"context"
	"errors"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/wyoming"
)

// audioFormat is that of the audio that is sent.
var audioFormat = wyoming.Format{Rate: Rate, Width: 2, Channels: 1}

func hearWyoming(ctx context.Context, s discovery.Server, pcm []byte) (string, error) {
	c, err := wyoming.NewClient(s.URL)
	if err != nil {
		return "", err
	}
	said, err := c.Transcribe(ctx, wyoming.Speech{Format: audioFormat, PCM: pcm, Language: "en"})
	return said.Text, err
}

func speakWyoming(ctx context.Context, s discovery.Server, text string, begin time.Time) (first, all time.Duration, err error) {
	c, err := wyoming.NewClient(s.URL)
	if err != nil {
		return 0, 0, err
	}
	for _, err := range c.Synthesize(ctx, wyoming.Line{Text: text}) {
		if err != nil {
			return 0, 0, err
		}
		if first == 0 {
			first = time.Since(begin)
		}
	}
	if first == 0 {
		return 0, 0, errors.New("no audio")
	}
	return first, time.Since(begin), nil
}
