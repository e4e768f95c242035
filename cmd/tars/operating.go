package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/cmd/operate"
)

// operatingTool lets the commands of the kit find the broker as all commands of tars
// do, and adds what only this stack knows: rooms and turns.
func operatingTool(home kit.Home) *operate.Tool {
	return &operate.Tool{
		Name:     "tars",
		Hint:     "is the stack running? See tars doctor",
		Settings: func() (kit.Settings, error) { return address.Settings(home, "tars-cli") },
		Open: func(ctx context.Context, hs ...kit.Handler) (*kit.Bus, error) {
			return address.Open(ctx, home, "tars-cli", hs...)
		},
		Marks: []string{"room"},
		TopSection: func() operate.Section {
			var l lastTurns
			return operate.Section{Handlers: []kit.Handler{kit.On(l.note, kit.Name("turns"))}, Print: l.print}
		},
	}
}

// maxTurns is how many turns top shows.
const maxTurns = 8

// lastTurns are the turns that ended while top ran, the newest last.
type lastTurns struct {
	mu    sync.Mutex
	turns []contract.TurnRecord
}

func (l *lastTurns) note(_ context.Context, r contract.TurnRecord) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turns = append(l.turns, r)
	l.turns = l.turns[max(0, len(l.turns)-maxTurns):]
	return nil
}

func (l *lastTurns) print(out io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	printTurns(out, l.turns)
}

func printTurns(out io.Writer, turns []contract.TurnRecord) {
	if len(turns) == 0 {
		return
	}
	fmt.Fprintln(out, "\nturns")
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, r := range slices.Backward(turns) {
		fmt.Fprintln(t, "  "+turnLine(r))
	}
	_ = t.Flush()
}

// turnLine is a turn with the time of each of its stages after what began it.
func turnLine(r contract.TurnRecord) string {
	began := cmp.Or(r.SpeechEnd, r.Final, r.Request)
	stage := func(name string, at *float64) string {
		if at == nil || began == nil {
			return ""
		}
		return fmt.Sprintf("%s +%s", name, operate.Millis((*at-*began)*1000))
	}
	outcome := r.Outcome
	if r.Reason != nil && *r.Reason != "" {
		outcome += " (" + *r.Reason + ")"
	}
	room := "-"
	if r.Room != nil {
		room = *r.Room
	}
	return strings.Join([]string{fmt.Sprintf("%.8s", r.TurnID), room, stage("asked", r.Request), stage("delta", r.FirstDelta),
		stage("say", r.FirstSay), stage("audio", r.FirstAudio), stage("end", r.End), outcome}, "\t")
}
