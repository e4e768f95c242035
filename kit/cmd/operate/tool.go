// Package operate has the commands by which a system of the kit is operated: list,
// stats and top tell what its services do, dead is about messages that failed,
// listen, record and replay are about all messages. They know no message of any
// system. The program kit/cmd/kit offers them for every system; a program of one's
// own embeds [Commands] in its command line and binds a [Tool], as kong calls it.
package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"github.com/gotars/tars/kit"
)

// ErrLinkOver is returned by a command that the broker will not have back, as when
// its password was changed.
var ErrLinkOver = errors.New("the connection to the broker is over for good")

// Commands are all of them, for a command line of kong. Each has a Run method that
// wants a context.Context and a *[Tool].
type Commands struct {
	Listen Listen `cmd:"" help:"Print messages as they pass, all or those of a filter such as 'home/#'."`
	Record Record `cmd:"" help:"Write every message to a file, one JSON object a line."`
	Replay Replay `cmd:"" help:"Publish a recording again, at its own speed or another."`
	List   List   `cmd:"" help:"List the services on the bus, or what one of them takes, asks and sends."`
	Stats  Stats  `cmd:"" help:"Print what the services have handled, dropped and published."`
	Top    Top    `cmd:"" help:"Watch services, rates and queues live."`
	Dead   Dead   `cmd:"" help:"List, show, replay and drop the messages that no handler could handle."`
}

// Tool is the program that offers the commands, and its way to the broker.
type Tool struct {
	Name     string                                                         // as it is typed, for texts
	Hint     string                                                         // what to do when no service answers, as a sentence; empty: nothing
	Settings func() (kit.Settings, error)                                   // which broker, and the prefix of the kit's own topics
	Open     func(ctx context.Context, hs ...kit.Handler) (*kit.Bus, error) // connects with these settings

	Out, Err io.Writer // nil: standard output and standard error

	Marks      []string       // keys of baggage that listen shows
	TopSection func() Section // what top shows beside services and handlers; nil: nothing
}

// Section is a part of the page of [Top] that a program adds: its handlers collect,
// and Print writes what they have. The two are called at the same time.
type Section struct {
	Handlers []kit.Handler
	Print    func(io.Writer)
}

// FromEnvironment is a [Tool] called name for the broker that MQTT_URL, MQTT_HOST or
// the default names. It logs warnings and errors only, because its output is for a
// person, unless LOG_LEVEL says otherwise.
func FromEnvironment(name string) *Tool {
	client := name + "-cli"
	t := &Tool{Name: name, Settings: func() (kit.Settings, error) {
		s, err := kit.Load(client)
		s.LogLevel = slog.LevelWarn
		return s, err
	}}
	t.Open = func(ctx context.Context, hs ...kit.Handler) (*kit.Bus, error) {
		s, err := t.Settings()
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, s.ConnectTimeout)
		defer cancel()
		bus, err := kit.Open(ctx, client, s, hs...)
		if err != nil {
			return nil, fmt.Errorf("broker %s: %w", kit.RedactURL(s.URL), err)
		}
		return bus, nil
	}
	return t
}

func (t *Tool) out() io.Writer {
	if t.Out != nil {
		return t.Out
	}
	return os.Stdout
}

func (t *Tool) errs() io.Writer {
	if t.Err != nil {
		return t.Err
	}
	return os.Stderr
}

// onTerminal reports whether somebody looks at the output.
func (t *Tool) onTerminal() bool {
	f, ok := t.out().(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// silence is the error when no service answers.
func (t *Tool) silence(what string) error {
	if t.Hint == "" {
		return fmt.Errorf("%s: is any service running on this broker?", what)
	}
	return fmt.Errorf("%s: %s", what, t.Hint)
}
