package main

import (
	"context"
	_ "embed" // the phrase that the detector is to hear
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/adapters"
	"github.com/gotars/tars/cmd/tars/internal/chosen"
	"github.com/gotars/tars/cmd/tars/internal/figures"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/measure"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt"
)

// tryWaking has the detector hear a phrase that most of them know. One that was
// told to listen for others only has to take the audio.
func tryWaking(ctx context.Context, _ kit.Home, t *trial) error {
	c, err := kit.FromEnv[stt.Config]("stt")
	if err != nil || t.engine.Name == chosen.InText {
		return err
	}
	s := discovery.Server{Kind: discovery.Wake, Protocol: "wyoming", URL: c.WakeURI}
	if t.server != nil {
		s = *t.server
	}
	if !discovery.Ping(ctx, strings.TrimPrefix(s.URL, "tcp://")) { // and is awake then
		return errors.New("it does not say what it hears")
	}
	d, err := adapters.DetectorAt(ctx, s, c.WakeWords)
	if err != nil {
		return err
	}
	word, after, err := measure.Wake(ctx, d, adapters.Phrase)
	switch {
	case err != nil:
		return err
	case word != "":
		t.text = fmt.Sprintf("heard %s %s", word, heardAfterText(after))
	case len(c.WakeWords) > 0:
		t.text = "takes audio, and listens for " + strings.Join(c.WakeWords, ", ")
	case s.Installed:
		return errors.New("it did not hear Hey Jarvis")
	default:
		t.text = "takes audio, and does not know Hey Jarvis"
	}
	return nil
}

// heardAfterText is when a word was heard, for people.
func heardAfterText(after time.Duration) string {
	if after <= 0 {
		return "before it was out"
	}
	return figures.Duration(after) + " after it was said"
}
