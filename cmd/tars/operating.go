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
	"time"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/cmd/operate"
	"github.com/gotars/tars/services/router"
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
	fmt.Fprintln(t, "  "+strings.Join(turnColumns, "\t"))
	for _, r := range slices.Backward(turns) {
		fmt.Fprintln(t, "  "+turnLine(r))
	}
	_ = t.Flush()
}

// turnColumns are those of turnLine: the parts of the time from the last word of a
// person to the first sound of the answer, their sum, and when the answer was over.
var turnColumns = []string{"turn", "room", "wait", "recognised", "thinking", "voice", "first sound", "end", "outcome"}

// turnLine is a turn with how long each of its stages took. What is not known is a dash.
func turnLine(r contract.TurnRecord) string {
	took := map[string]string{}
	for _, s := range router.Stages(r) {
		took[s.Name] = formatDuration(s.Took)
	}
	if took[router.StageRecognition] != "" && r.Reading != nil {
		took[router.StageRecognition] += " (" + *r.Reading + ")"
	}
	began := cmp.Or(r.LastWord, r.SpeechEnd, r.Final, r.Request)
	since := func(at *float64) string {
		if at == nil || began == nil {
			return ""
		}
		return formatDuration(time.Duration((*at - *began) * float64(time.Second)))
	}
	outcome := r.Outcome
	if r.Reason != nil && *r.Reason != "" {
		outcome += " (" + *r.Reason + ")"
	}
	columns := []string{fmt.Sprintf("%.8s", r.TurnID), "", took[router.StageWait], took[router.StageRecognition], took[router.StageThinking],
		took[router.StageVoice], cmp.Or(took[router.StageTotal], since(r.FirstAudio)), since(r.End), outcome}
	if r.Room != nil {
		columns[1] = *r.Room
	}
	for i := range columns {
		columns[i] = cmp.Or(columns[i], "-")
	}
	return strings.Join(columns, "\t")
}

// formatDuration is a time of less than a minute, for a reader.
func formatDuration(d time.Duration) string { return operate.Millis(float64(d.Microseconds()) / 1000) }
