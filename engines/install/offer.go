package install

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// declinedFile is the file that remembers a no.
func declinedFile(home string) string { return filepath.Join(home, "engines.declined") }

// Offer installs the default parts when nothing is installed and answer is
// "yes", or a person on in says so, who is asked once: a no is remembered.
// Without an answer and without a person nothing happens.
func (i *Installer) Offer(ctx context.Context, answer string, in io.Reader, person bool) error {
	if wanted, err := Wanted(answer); err != nil || !wanted {
		return err
	}
	if fileExists(List(i.Home)) {
		return nil
	}
	if answer == "" {
		if !person || fileExists(declinedFile(i.Home)) {
			return nil
		}
		yes, err := i.askPerson(ctx, in)
		if err != nil || !yes {
			return err
		}
	}
	return i.Install(ctx)
}

// Wanted reports whether an answer, the value of ENGINES, lets engines run.
func Wanted(answer string) (bool, error) {
	switch answer {
	case "", "yes":
		return true, nil
	case "none":
		return false, nil
	}
	return false, fmt.Errorf("ENGINES is %q, want yes, none or nothing", answer)
}

// Size on a machine where they were measured, for the question.
const (
	onDisk   = "0.8 GB"
	duration = "half a minute"
)

// askPerson asks. Only an answer is remembered: the end of the input is none.
func (i *Installer) askPerson(ctx context.Context, in io.Reader) (bool, error) {
	fmt.Fprintf(i.Progress.out, "Install local engines (speech to text, a voice, a small chat model, wake words)? %s, about %s [Y/n] ", onDisk, duration)
	typed := make(chan string, 1)
	go func() { // which nothing but a line or the end of this process ends
		line, _ := bufio.NewReader(in).ReadString('\n')
		typed <- line
	}()
	var line string
	select {
	case line = <-typed:
	case <-ctx.Done():
		fmt.Fprintln(i.Progress.out)
		return false, errors.New("interrupted")
	}
	if line == "" {
		fmt.Fprintln(i.Progress.out)
		return false, nil
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "", "y", "yes":
		return true, nil
	case "n", "no":
		i.Progress.say("Not installed. Later: make engines")
		return false, errors.Join(os.MkdirAll(i.Home, 0o700), os.WriteFile(declinedFile(i.Home), nil, 0o600))
	default:
		i.Progress.say("That is neither y nor n: not installed. Later: make engines")
		return false, nil
	}
}
