package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// What a process of this program is, and what it is to be, are told by these
// variables. Without them it measures.
const (
	roleVar = "BENCH_ROLE"
	specVar = "BENCH_SPEC"
)

// runRole runs what the environment says, and reports whether it said anything.
func runRole() bool {
	var err error
	switch os.Getenv(roleVar) {
	case "":
		return false
	case "broker":
		err = runBroker()
	case "system":
		var s spec
		if err = json.Unmarshal([]byte(os.Getenv(specVar)), &s); err == nil {
			err = runSystem(s)
		}
	default:
		err = errors.New("unknown role")
	}
	if err != nil {
		exitWith(err)
	}
	return true
}

// child is another process, which lives until its standard input is closed.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string
}

// startChild starts command, or when that is empty this program.
func startChild(command []string, role, spec string) (*child, error) {
	if len(command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		command = []string{self}
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), roleVar+"="+role, specVar+"="+spec)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd, in, make(chan string)}
	go func() {
		defer close(c.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			c.lines <- s.Text()
		}
	}()
	return c, nil
}

// stepTimeout is how long anything may take before the run is given up.
const stepTimeout = 60 * time.Second

// line is the next line it says.
func (c *child) line() (string, error) {
	select {
	case text, ok := <-c.lines:
		if !ok {
			return "", fmt.Errorf("%s ended early", c.cmd.Path)
		}
		return text, nil
	case <-time.After(stepTimeout):
		return "", fmt.Errorf("nothing happened for %s", stepTimeout)
	}
}

// usage is the next usage it says.
func (c *child) usage() (u usage, err error) {
	text, err := c.line()
	if err != nil {
		return u, err
	}
	return u, json.Unmarshal([]byte(text), &u)
}

// sendOrder gives an order.
func (c *child) sendOrder(format string, args ...any) error {
	_, err := fmt.Fprintf(c.in, format+"\n", args...)
	return err
}

// stop lets it end, and ends it when it does not.
func (c *child) stop() error {
	_ = c.in.Close()
	late := time.AfterFunc(10*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer late.Stop()
	for range c.lines {
	}
	return c.cmd.Wait()
}
