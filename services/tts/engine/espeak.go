package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/gotars/tars/engines/apierror"
)

const espeakProgram = "espeak-ng"

// Espeak is the voice of the program espeak-ng: hard to love, in a hundred
// languages, and made in a few milliseconds.
type Espeak struct {
	voice   string
	speed   float64
	timeout time.Duration
}

func hasEspeak() bool {
	_, err := exec.LookPath(espeakProgram)
	return err == nil
}

// espeakKnows tells whether espeak-ng has a voice; empty is its own.
func espeakKnows(voice string) bool {
	return voice == "" || exec.Command(espeakProgram, "-q", "-v", voice, "").Run() == nil
}

// NewEspeak returns the voice of the installed espeak-ng.
func NewEspeak(c Config) (*Espeak, error) {
	if !hasEspeak() {
		return nil, errors.New("espeak-ng is not installed: apt-get install espeak-ng")
	}
	return &Espeak{voice: c.Voice, speed: c.Speed, timeout: c.Timeout}, nil
}

// Synthesize runs the program once. It is killed when ctx ends.
func (e *Espeak) Synthesize(ctx context.Context, l Line) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		ctx, yield, stop := withIdleTimeout(ctx, e.timeout, yield)
		defer stop()
		const wordsPerMinute = 175
		cmd := exec.CommandContext(ctx, espeakProgram, "--stdout", "--stdin",
			"-v", cmp.Or(e.voice, l.Lang, "en"), "-s", strconv.Itoa(int(wordsPerMinute*e.speed)))
		var log bytes.Buffer
		cmd.Stdin, cmd.Stderr, cmd.WaitDelay = strings.NewReader(l.Text), &log, time.Second
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			yield(Chunk{}, fmt.Errorf("start espeak-ng: %w", err))
			return
		}
		var broken error
		wanted := true
		yieldFile(out, func(c Chunk, err error) bool {
			broken, wanted = err, err == nil && yield(c, nil)
			return wanted
		})
		if !wanted && broken == nil {
			stop() // kills it
		}
		_, _ = io.Copy(io.Discard, out)
		switch err := cmd.Wait(); {
		case err != nil && (wanted || broken != nil):
			yield(Chunk{}, fmt.Errorf("run espeak-ng: %w%s", cmp.Or(context.Cause(ctx), err), apierror.LastLine(log.String())))
		case broken != nil:
			yield(Chunk{}, fmt.Errorf("run espeak-ng: %w", broken))
		}
	}
}
