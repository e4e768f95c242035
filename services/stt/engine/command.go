package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gotars/tars/engines/apierror"
)

// Command is a recogniser that is a program. It reads a WAV file, from the path
// that replaces {file} in its arguments, else from its standard input, and
// prints the text.
type Command struct {
	args    []string
	lang    string
	timeout time.Duration
}

// NewCommand returns the recogniser c.Command.
func NewCommand(c Config) (*Command, error) {
	args, err := splitCommand(c.Command)
	if err != nil {
		return nil, fmt.Errorf("STT_COMMAND: %w", err)
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		return nil, fmt.Errorf("STT_COMMAND: %w", err)
	}
	return &Command{args: args, lang: c.Language(), timeout: c.Timeout}, nil
}

// Transcribe runs the program once. It is killed when ctx ends.
func (c *Command) Transcribe(ctx context.Context, q Request) (Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no answer within %v", c.timeout))
	defer cancel()
	args, wav := append([]string(nil), c.args...), q.Audio.WAV()
	if strings.Contains(strings.Join(args, " "), "{file}") {
		path, err := writeTempFile(wav)
		if err != nil {
			return Result{}, fmt.Errorf("write audio for %s: %w", args[0], err)
		}
		defer os.Remove(path)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "{file}", path)
		}
		wav = nil
	}
	var out, log limitedOutput
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(wav), &out, &log
	cmd.WaitDelay = time.Second // its children may hold the pipes
	setProcessGroup(cmd)
	log.keepTail = true
	err := cmd.Run()
	var cpu time.Duration
	if p := cmd.ProcessState; p != nil { // it was started
		cpu = p.UserTime() + p.SystemTime()
	}
	switch {
	case ctx.Err() != nil && err != nil:
		err = context.Cause(ctx)
	case out.exceeded:
		err = fmt.Errorf("it printed more than %d KiB", maxOutput>>10)
	}
	if err != nil {
		return Result{CPU: cpu}, fmt.Errorf("run %s: %w%s", args[0], err, apierror.LastLine(string(log.b)))
	}
	return Result{Text: strings.TrimSpace(string(out.b)), Lang: c.lang, CPU: cpu}, nil
}

// maxOutput bounds what is kept of a program's output, in bytes: more than anybody says
// in one utterance.
const maxOutput = 64 << 10

// limitedOutput collects what a program prints, up to maxOutput. Beyond that it breaks
// the program off, or keeps the end of what it prints.
type limitedOutput struct {
	b        []byte
	keepTail bool // beyond maxOutput keep the end, else refuse the write
	exceeded bool // it printed more than maxOutput
}

// Write implements io.Writer.
func (p *limitedOutput) Write(b []byte) (int, error) {
	if p.exceeded = p.exceeded || len(p.b)+len(b) > maxOutput; p.exceeded && !p.keepTail {
		return 0, io.ErrShortWrite // which closes its output
	}
	p.b = append(p.b, b...)
	p.b = p.b[max(0, len(p.b)-maxOutput):]
	return len(b), nil
}

// writeTempFile writes a temporary file, which the caller removes.
func writeTempFile(wav []byte) (path string, err error) {
	f, err := os.CreateTemp("", "tars-*.wav")
	if err != nil {
		return "", err
	}
	_, err = f.Write(wav)
	if err = cmp.Or(err, f.Close()); err != nil {
		_ = os.Remove(f.Name()) // what could not be written is of no use; its error is told
		return "", err
	}
	return f.Name(), nil
}

// splitCommand splits a command line at spaces, but not within quotes.
func splitCommand(line string) (args []string, err error) {
	var word strings.Builder
	quote, in := rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, in = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if in {
				args = append(args, word.String())
			}
			word.Reset()
			in = false
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if in {
		args = append(args, word.String())
	}
	switch {
	case quote != 0:
		return nil, fmt.Errorf("a %c is not closed in %q", quote, line)
	case len(args) == 0:
		return nil, errors.New("no program is named")
	}
	return args, nil
}
