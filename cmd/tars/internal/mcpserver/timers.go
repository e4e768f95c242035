package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// timersTimeout bounds a command to the timers.
const timersTimeout = 5 * time.Second

type timersOutput struct {
	Timers []agentTimer `json:"timers"`
}

// agentTimer is a timer with its times as an agent reads them.
type agentTimer struct {
	ID     string `json:"id"`
	Kind   string `json:"kind" jsonschema:"timer, alarm or reminder"`
	State  string `json:"state" jsonschema:"waiting, paused, ringing or missed"`
	Name   string `json:"name,omitempty"`
	About  string `json:"about,omitempty" jsonschema:"what a reminder is about"`
	Room   string `json:"room,omitempty"`
	Due    string `json:"due" jsonschema:"when it rings"`
	Repeat string `json:"repeat,omitempty"`
}

type timerSetInput struct {
	When  string `json:"when" jsonschema:"a length or a time in words: 10 minutes, half past six, tomorrow at noon, every weekday at 7"`
	Name  string `json:"name,omitempty"`
	About string `json:"about,omitempty" jsonschema:"what to remind of; makes it a reminder"`
	Room  string `json:"room,omitempty" jsonschema:"where it rings; where all other speech is played when empty"`
	Lang  string `json:"lang,omitempty" jsonschema:"language of when: en or de"`
}

type timerCancelInput struct {
	Which string `json:"which" jsonschema:"an id or a name, or all"`
}

// command sends a command to the timers.
func (a *Assistant) command(ctx context.Context, room string, c contract.TimerCommand) (out timersOutput, err error) {
	ctx, cancel := context.WithTimeout(ctx, timersTimeout)
	defer cancel()
	if room != "" {
		if ctx, err = inRoom(ctx, room); err != nil {
			return out, err
		}
	}
	r, err := kit.Ask(ctx, a.bus, c)
	switch {
	case err != nil:
		return out, fmt.Errorf("%w: is the service timer running?", err)
	case r.Error != nil:
		return out, errors.New(*r.Error)
	}
	out.Timers = []agentTimer{}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	for _, t := range r.Timers {
		out.Timers = append(out.Timers, agentTimer{ID: t.ID, Kind: t.Kind, State: t.State, Name: text(t.Name), About: text(t.About), Room: text(t.Room),
			Due: time.UnixMicro(int64(t.Due * 1e6)).Format(time.RFC3339), Repeat: text(t.Repeat)})
	}
	return out, nil
}

func (a *Assistant) timerList(ctx context.Context, _ struct{}) (timersOutput, error) {
	return a.command(ctx, "", contract.TimerCommand{Action: contract.TimerList})
}

func (a *Assistant) timerSet(ctx context.Context, in timerSetInput) (timersOutput, error) {
	c := contract.TimerCommand{Action: contract.TimerSet, When: &in.When}
	for value, field := range map[*string]**string{&in.Name: &c.Name, &in.About: &c.About, &in.Lang: &c.Lang} {
		if *value != "" {
			*field = value
		}
	}
	return a.command(ctx, in.Room, c)
}

func (a *Assistant) timerCancel(ctx context.Context, in timerCancelInput) (out timersOutput, err error) {
	switch in.Which {
	case "":
		return out, errors.New("which is empty: want an id, a name, or all")
	case "all":
		return a.command(ctx, "", contract.TimerCommand{Action: contract.TimerCancel, ID: new("*")})
	}
	out, err = a.command(ctx, "", contract.TimerCommand{Action: contract.TimerCancel, ID: &in.Which})
	if err != nil && strings.Contains(err.Error(), "there is no timer") { // it may be a name
		return a.command(ctx, "", contract.TimerCommand{Action: contract.TimerCancel, Name: &in.Which})
	}
	return out, err
}
