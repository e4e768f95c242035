package tts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Player is a program that plays raw audio from its standard input, such as
// aplay. It runs while there is something to play. Not safe for concurrent use.
type Player struct {
	args []string

	rate int // of the running program
	kill func() error
	in   io.WriteCloser // nil: none runs
	log  *bytes.Buffer
	wg   sync.WaitGroup // programs that have not ended
}

// NewPlayer returns the player with this command line; its {rate} is the
// sample rate.
func NewPlayer(command string) (*Player, error) {
	args := strings.Fields(command)
	if len(args) == 0 {
		return nil, errors.New("TTS_PLAYER names no program")
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		return nil, fmt.Errorf("TTS_PLAYER: %w", err)
	}
	return &Player{args: args}, nil
}

// Play hands c to the program. A program that takes none is ended.
func (p *Player) Play(c Chunk) error {
	if len(c.PCM) == 0 {
		return nil
	}
	if p.in != nil && p.rate != c.Rate {
		p.Finish()
	}
	if p.in == nil {
		if err := p.start(c.Rate); err != nil {
			return fmt.Errorf("start %s: %w", p.args[0], err)
		}
	}
	// A pipe holds more than is ever sent ahead; only a player that hangs fills it.
	const most = 200 * time.Millisecond
	if d, ok := p.in.(interface{ SetWriteDeadline(time.Time) error }); ok {
		_ = d.SetWriteDeadline(time.Now().Add(most))
	}
	if _, err := p.in.Write(c.PCM); err != nil {
		p.Close() // its last words are complete when it is gone
		return fmt.Errorf("play with %s: %w%s", p.args[0], err, lastLine(p.log.String()))
	}
	return nil
}

func (p *Player) start(rate int) error {
	args := make([]string, len(p.args))
	for i, a := range p.args {
		args[i] = strings.ReplaceAll(a, "{rate}", strconv.Itoa(rate))
	}
	cmd := exec.Command(args[0], args[1:]...)
	p.log = new(bytes.Buffer)
	cmd.Stderr, cmd.WaitDelay = p.log, time.Second
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	p.rate, p.in, p.kill = rate, in, cmd.Process.Kill
	p.wg.Go(func() { _ = cmd.Wait() }) // what was wrong is told by the write that fails
	return nil
}

// Finish lets the program play what it has, and end.
func (p *Player) Finish() {
	if p.in != nil {
		_ = p.in.Close()
		p.in = nil
	}
}

// Silence ends the program at once. What it had is lost.
func (p *Player) Silence() {
	if p.in != nil {
		_ = p.kill()
		p.Finish()
	}
}

// Close ends the program and waits until it is gone.
func (p *Player) Close() {
	p.Silence()
	p.wg.Wait()
}
