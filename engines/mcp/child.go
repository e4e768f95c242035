package mcp

import (
	"bufio"
	"bytes"
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
	t := &mcp.IOTransport{Reader: &lineFilter{Closer: outRead, from: bufio.NewReaderSize(outRead, 64<<10)}, Writer: &closingInput{in, c}}
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

// lineFilter passes the lines of a program on that may be messages. Some programs also write
// what they do to their standard output. A line that is too long ends the stream.
type lineFilter struct {
	io.Closer
	from *bufio.Reader
	line []byte // what is left of the line that is passed on
}

func (l *lineFilter) Read(p []byte) (int, error) {
	for len(l.line) == 0 {
		line, err := readLine(l.from)
		if first := bytes.TrimSpace(line); len(first) > 0 && (first[0] == '{' || first[0] == '[') {
			l.line = line
		} else if err != nil {
			return 0, err
		}
	}
	n := copy(p, l.line)
	l.line = l.line[n:]
	return n, nil
}

// readLine reads a line with its end, of at most maxMessage bytes.
func readLine(from *bufio.Reader) (line []byte, err error) {
	for {
		part, err := from.ReadSlice('\n')
		if line = append(line, part...); len(line) > maxMessage {
			return nil, errTooLong
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}
