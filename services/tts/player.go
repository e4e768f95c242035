package tts

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gotars/tars/engines/apierror"
	"github.com/gotars/tars/services/tts/engine"
)

// playerStopTimeout is how long a program may go on when its input has ended. What it was
// given takes less than a second.
const playerStopTimeout = 5 * time.Second

// Player is a program that plays raw audio from its standard input, such as
// aplay. It runs while there is something to play. Not safe for concurrent use.
type Player struct {
	args []string

	now  *program       // nil: none takes audio
	late []*program     // whose input has ended, and that may still be playing
	wg   sync.WaitGroup // programs that have not ended
}

// program is one run.
type program struct {
	rate int
	in   io.WriteCloser
	kill func() error
	log  tail
	done chan struct{} // closed when it has ended and log is complete
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
func (p *Player) Play(c engine.Chunk) error {
	if len(c.PCM) == 0 {
		return nil
	}
	if p.now != nil && p.now.rate != c.Rate {
		p.Finish()
	}
	if p.now == nil {
		if err := p.start(c.Rate); err != nil {
			return fmt.Errorf("start %s: %w", p.args[0], err)
		}
	}
	// A pipe holds more than is ever sent ahead; only a player that hangs fills it.
	const most = 200 * time.Millisecond
	now := p.now
	if d, ok := now.in.(interface{ SetWriteDeadline(time.Time) error }); ok {
		_ = d.SetWriteDeadline(time.Now().Add(most))
	}
	if _, err := now.in.Write(c.PCM); err != nil {
		p.Silence()
		<-now.done // its last words are complete
		return fmt.Errorf("play with %s: %w%s", p.args[0], err, apierror.LastLine(now.log.String()))
	}
	return nil
}

func (p *Player) start(rate int) error {
	args := make([]string, len(p.args))
	for i, a := range p.args {
		args[i] = strings.ReplaceAll(a, "{rate}", strconv.Itoa(rate))
	}
	now := &program{rate: rate, done: make(chan struct{})}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr, cmd.WaitDelay = &now.log, time.Second
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	now.in, now.kill = in, cmd.Process.Kill
	p.now = now
	p.wg.Go(func() {
		defer close(now.done)
		_ = cmd.Wait() // what was wrong is told by the write that fails
	})
	return nil
}

// Finish lets the program play what it has, and end.
func (p *Player) Finish() {
	if p.now == nil {
		return
	}
	now := p.now
	_ = now.in.Close()
	late := time.AfterFunc(playerStopTimeout, func() { _ = now.kill() })
	p.wg.Go(func() {
		<-now.done
		late.Stop()
	})
	p.late = append(slices.DeleteFunc(p.late, (*program).ended), now)
	p.now = nil
}

func (p *program) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Silence ends the program at once. What it had is lost.
func (p *Player) Silence() {
	p.Finish()
	for _, l := range p.late {
		_ = l.kill()
	}
}

// Close ends the program and waits until it is gone.
func (p *Player) Close() {
	p.Silence()
	p.wg.Wait()
}

// tail is the end of what a program complains of.
type tail struct{ b []byte }

// Write keeps the last bytes of all.
func (t *tail) Write(b []byte) (int, error) {
	const most = 4 << 10
	t.b = append(t.b, b...)
	t.b = t.b[max(0, len(t.b)-most):]
	return len(b), nil
}

func (t *tail) String() string { return string(t.b) }
