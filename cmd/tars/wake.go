package main

import (
	"cmp"
	"context"
	_ "embed" // the phrase that the detector is to hear
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/measure"
	"github.com/gotars/tars/engines/wyoming"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/speech/pcm"
)

// phrase is "Hey Jarvis!", with a little silence before it, in the voice joe of
// Piper, which is in the public domain (CC0).
//
//go:embed phrase.wav
var phrase []byte

// header is how many bytes of a plain WAV file come before its samples.
const header = 44

// inText is what finds a wake phrase without a detector.
const inText = "phrases in the text"

// wakeDetector is who listens for wake words, by the settings of this process, as
// the stt service takes it.
func wakeDetector(ctx context.Context, home kit.Home) engine {
	c, err := kit.FromEnv[stt.Config]("stt")
	if err != nil {
		return engine{name: "misconfigured", better: err.Error()}
	}
	if c.WakeEngine != "auto" && c.WakeEngine != "wyoming" {
		return engine{name: inText, from: "STT_WAKE_ENGINE"}
	}
	if named, err := wyoming.NewClient(c.WakeURI); err == nil { // else it is empty
		return engine{name: "Wyoming", from: "STT_WAKE_URI, " + named.Addr()}
	}
	if found := failover.Look(ctx, c.Hosts, string(home), discovery.Wake); len(found) > 0 {
		one := failover.Found(found[0], "")
		return engine{name: one.Name, from: one.From}
	}
	return engine{name: inText, from: "built in"}
}

// tryWaking has the detector hear a phrase that most of them know. One that was
// told to listen for others only has to take the audio.
func tryWaking(ctx context.Context, _ kit.Home, t *trial) error {
	c, err := kit.FromEnv[stt.Config]("stt")
	if err != nil || t.engine.name == inText {
		return err
	}
	s := discovery.Server{Kind: discovery.Wake, Protocol: "wyoming", URL: c.WakeURI}
	if t.server != nil {
		s = *t.server
	}
	if !discovery.Ping(ctx, strings.TrimPrefix(s.URL, "tcp://")) { // and is awake then
		return errors.New("it does not say what it hears")
	}
	d, err := detectWith(ctx, s, c.WakeWords)
	if err != nil {
		return err
	}
	word, after, err := measure.Wake(ctx, d, phrase[header:])
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
	return shortDuration(after) + " after it was said"
}

// detectWith is the adapter of the stt service for s.
func detectWith(ctx context.Context, s discovery.Server, words []string) (measure.Detector, error) {
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

// woken is what is measured of a detector.
type woken struct {
	figures
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
		heard, after, err := measure.Wake(ctx, d, phrase[header:])
		if err == nil && heard == "" {
			err = errors.New("it did not hear Hey Jarvis")
		}
		word = cmp.Or(word, heard)
		return after, err
	}
	n := min(b.runs, phrases)
	added, err := inTurns(n, func() (time.Duration, error) { return say(measure.Detect(ctx, s)) },
		func() (time.Duration, error) { return say(detectWith(ctx, s, nil)) })
	if err != nil {
		return err
	}
	b.woken = append(b.woken, woken{b.figures(ctx, s, added.difference), word, added.ours, 2 * n})
	return nil
}
