package mcp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// maxMessage is the longest message of a server in bytes. What a person may hear of a
// result is a thousandth of that; a server that sends more has lost its way.
const maxMessage = 2 << 20

// leaveTimeout is how long a program has to end by itself when its input is closed.
const leaveTimeout = time.Second

var errTooLong = errors.New("it sent a message of more than 2 MiB")

// child is a program that is a server, as a transport of the SDK.
type child struct {
	config ServerConfig
	log    *slog.Logger

	mu   sync.Mutex
	cmd  *exec.Cmd
	gone chan struct{} // closed when the program has ended
}

// Connect starts the program.
func (c *child) Connect(ctx context.Context) (mcp.Connection, error) {
	cmd := exec.Command(c.config.Command, c.config.Args...)
	cmd.Env, cmd.Dir = c.config.environment(), c.config.Cwd
	setProcessGroup(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	outRead, outWrite, err := os.Pipe() // of our own: that of exec is closed when the program ends, before all is read
	if err != nil {
		return nil, err
	}
	cmd.Stdout = outWrite
	errRead, errWrite := io.Pipe()
	cmd.Stderr = errWrite
	if err := cmd.Start(); err != nil {
		_, _, _, _ = in.Close(), outRead.Close(), outWrite.Close(), errWrite.Close()
		return nil, err
	}
	_ = outWrite.Close()
	go c.logLines(errRead)
	c.mu.Lock()
	c.cmd, c.gone = cmd, make(chan struct{})
	gone := c.gone
	c.mu.Unlock()
	go func() {
		_ = cmd.Wait()
		_ = errWrite.Close()
		_ = in.Close()
		close(gone)
	}()
	t := &mcp.IOTransport{Reader: &lineLimit{ReadCloser: outRead, max: maxMessage}, Writer: &closingInput{in, c}}
	return t.Connect(ctx)
}

// closingInput ends the program when its input is closed.
type closingInput struct {
	io.WriteCloser
	child *child
}

func (c *closingInput) Close() error {
	err := c.WriteCloser.Close()
	c.child.end(leaveTimeout)
	return err
}

// kill ends the program at once.
func (c *child) kill() { c.end(0) }

// end ends the program, which has some time to do so by itself, and waits for that.
func (c *child) end(patience time.Duration) {
	c.mu.Lock()
	cmd, gone := c.cmd, c.gone
	c.mu.Unlock()
	if cmd == nil {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-gone:
	case <-timer.C:
	}
	killGroup(cmd) // also what it started
	<-gone
}

// logLines writes what the program says about itself to the log.
func (c *child) logLines(from io.Reader) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		c.log.Debug("tool server", "says", lines.Text())
	}
	_, _ = io.Copy(io.Discard, from) // behind a line that is too long
}

// lineLimit ends a stream with a line that is too long.
type lineLimit struct {
	io.ReadCloser
	max, line int
}

func (l *lineLimit) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	for _, b := range p[:n] {
		if l.line++; b == '\n' {
			l.line = 0
		}
		if l.line > l.max {
			return 0, errTooLong
		}
	}
	return n, err
}
