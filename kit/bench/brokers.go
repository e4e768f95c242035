package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gotars/tars/kit/broker"
)

// mosquittoConfig is a Mosquitto that neither waits nor limits nor keeps. Without
// set_tcp_nodelay a round trip takes milliseconds.
const mosquittoConfig = `listener %d %s
allow_anonymous true
max_inflight_messages 0
max_queued_messages 0
persistence false
set_tcp_nodelay true
log_type error
`

// brokers are those of a run, and the contenders on them.
type brokers struct {
	contenders []contender
	note       string // where Mosquitto is
	cleanups   []func()
}

func (b *brokers) stop() {
	for _, end := range b.cleanups {
		end()
	}
}

// startBrokers starts Mosquitto, unless there is one at url, and the broker of
// the kit, each in a process of its own.
func startBrokers(ctx context.Context, url string) (*brokers, error) {
	b := &brokers{note: url}
	embedded, err := b.embedded()
	if err != nil {
		return nil, err
	}
	pid := 0
	if url == "" {
		if url, pid, err = b.mosquitto(ctx); err != nil {
			b.stop()
			return nil, err
		}
	}
	if url == "" {
		b.note = "none, and neither Docker nor the program is here; both clients run on the broker of the kit"
		b.contenders = []contender{embedded, embedded}
		b.contenders[0].client = "hand"
		return b, nil
	}
	b.contenders = []contender{{client: "hand", broker: "mosquitto", url: url, pid: pid}, {client: "kit", broker: "mosquitto", url: url, pid: pid}, embedded}
	return b, nil
}

// embedded starts the broker of the kit and returns the kit on it.
func (b *brokers) embedded() (contender, error) {
	c, err := startChild(nil, "broker", "")
	if err != nil {
		return contender{}, err
	}
	b.cleanups = append(b.cleanups, func() { _ = c.stop() })
	url, err := c.line()
	return contender{client: "kit", broker: "embedded", url: url, pid: c.cmd.Process.Pid}, err
}

// runBroker is that process. It lives until its standard input ends.
func runBroker() error {
	b, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	fmt.Println("mqtt://" + b.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return b.Close()
}

// mosquitto starts one and returns its URL, which is empty when there is none
// to start, and its process, which is 0 when it is not of this system.
func (b *brokers) mosquitto(ctx context.Context) (url string, pid int, _ error) {
	port, err := freePort()
	if err != nil {
		return "", 0, err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", 0, err
	}
	b.cleanups = append(b.cleanups, func() { _ = os.RemoveAll(dir) })
	file := filepath.Join(dir, "mosquitto.conf")
	_ = os.Chmod(dir, 0o755) // the user of the container reads it
	write := func(port int, host string) error {
		return os.WriteFile(file, fmt.Appendf(nil, mosquittoConfig, port, host), 0o644)
	}

	if program, err := exec.LookPath("mosquitto"); err == nil {
		cmd := exec.CommandContext(ctx, program, "-c", file)
		if err := errors.Join(write(port, "127.0.0.1"), cmd.Start()); err != nil {
			return "", 0, err
		}
		pid = cmd.Process.Pid
		b.cleanups = append(b.cleanups, func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		b.note = program
	} else if out, err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").Output(); err == nil && len(out) > 0 {
		name := fmt.Sprintf("kit-bench-%d", os.Getpid())
		args := []string{"run", "--rm", "-d", "--name", name, "-v", file + ":/mosquitto/config/mosquitto.conf:ro"}
		if runtime.GOOS == "linux" { // without a proxy between
			args, err = append(args, "--network", "host"), write(port, "127.0.0.1")
		} else {
			args, err = append(args, "-p", fmt.Sprintf("127.0.0.1:%d:1883", port)), write(1883, "0.0.0.0")
		}
		if err != nil {
			return "", 0, err
		}
		if out, err := exec.CommandContext(ctx, "docker", append(args, "eclipse-mosquitto:2")...).CombinedOutput(); err != nil {
			return "", 0, fmt.Errorf("docker run eclipse-mosquitto:2: %w: %s", err, strings.TrimSpace(string(out)))
		}
		out, _ := exec.CommandContext(ctx, "docker", "inspect", "-f", "{{.State.Pid}}", name).Output()
		pid, _ = strconv.Atoi(strings.TrimSpace(string(out)))
		b.cleanups = append(b.cleanups, func() { _ = exec.Command("docker", "rm", "-f", name).Run() })
		b.note = "eclipse-mosquitto:2 in Docker"
	} else {
		return "", 0, nil
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	return "mqtt://" + addr, pid, awaitBroker(ctx, addr)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// awaitBroker waits until somebody listens.
func awaitBroker(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err == nil {
			return c.Close()
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("mosquitto does not listen: %w", err)
		}
	}
}
