package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/cmd/operate"
)

// sayCmd lets the voice speak.
type sayCmd struct {
	Text   []string      `arg:"" help:"What to say."`
	Room   string        `help:"Where: a speaker listed in TTS_SINKS. Default: the page."`
	Lang   string        `help:"Language of the text, two letters. Default: that of UI_LANG, else of STT_LANG, else English."`
	Volume *float64      `help:"How loud, as a part of the usual, 0 to 1."`
	Wait   time.Duration `default:"60s" help:"Longest wait for the end of the speech."`
}

// Run implements the command.
func (c *sayCmd) Run(ctx context.Context, home kit.Home) error {
	utt := "cli-" + kit.NewID()[:8]
	events := make(chan contract.TtsStatus, 16)
	bus, err := address.Open(ctx, home, "tars-cli", kit.Sends[contract.TtsSay](), kit.Sends[contract.TtsControl](),
		kit.On(func(_ context.Context, s contract.TtsStatus) error {
			if s.UttID != nil && *s.UttID == utt {
				select {
				case events <- s:
				default:
				}
			}
			return nil
		}, kit.Name("status")))
	if err != nil {
		return err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	told := kit.WithBaggage(ctx, "room", terminalRoom())
	if c.Room != "" {
		told = kit.WithBaggage(ctx, "room", c.Room)
	}
	if err := bus.Publish(told, contract.TtsSay{Text: strings.Join(c.Text, " "), UttID: &utt, Volume: c.Volume, Lang: languageOf(c.Lang)}); err != nil {
		return err
	}
	late := time.After(c.Wait)
	for {
		select {
		case s := <-events:
			if s.Event != contract.TtsSpeakingEnd && s.Event != contract.TtsStopped {
				continue
			}
			if s.Event == contract.TtsStopped {
				return errors.New("stopped before it was spoken")
			}
			if s.Reason != nil {
				return fmt.Errorf("not spoken to the end: %s", *s.Reason)
			}
			return nil
		case <-bus.Done():
			return operate.ErrLinkOver
		case <-late:
			return fmt.Errorf("not spoken within %s: see tars doctor", c.Wait)
		case <-ctx.Done():
			stop, cancel := context.WithTimeout(context.WithoutCancel(told), 2*time.Second)
			defer cancel()
			return bus.Publish(stop, contract.TtsControl{Action: contract.TtsStop, ID: &utt})
		}
	}
}
