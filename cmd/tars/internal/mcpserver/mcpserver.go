// Package mcpserver offers the assistant to other agents by the Model Context Protocol: they
// ask it, let it speak, remember and recall, keep timers, and look at its health and turns.
package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gotars/tars/cmd/tars/internal/health"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// Assistant is what agents reach. Give its [Assistant.Handlers] to the bus, and that bus to
// [Assistant.Server].
type Assistant struct {
	services []string // that there should be
	board    *health.Board
	turns    *turns
	talks    *talks
	bus      *kit.Bus
}

// New returns an assistant of services.
func New(services []string) *Assistant {
	return &Assistant{services: services, board: health.NewBoard(), turns: newTurns(), talks: newTalks()}
}

// Handlers declares what it hears, asks and sends.
func (a *Assistant) Handlers() []kit.Handler {
	lane := kit.Lane("agents")
	return []kit.Handler{
		kit.On(a.turns.heard, lane),
		kit.On(a.talks.request, lane),
		kit.On(a.responded, lane),
		kit.On(a.said, lane),
		kit.On(a.talks.status, lane),
		kit.On(a.turns.called, lane),
		kit.On(a.ended, lane),
		a.board.Handler(),
		kit.Sends[contract.FinalTranscript](), kit.Sends[contract.TtsSay](), kit.Sends[contract.TtsControl](), kit.Sends[contract.LLMCancel](),
		kit.Asks[contract.MemoryQuery](), kit.Asks[contract.TimerCommand](),
	}
}

func (a *Assistant) responded(_ context.Context, r contract.LLMResponse) error {
	a.turns.wrote(r)
	a.talks.response(r)
	return nil
}

func (a *Assistant) said(_ context.Context, s contract.TtsSay) error {
	a.turns.said(s)
	a.talks.said(s)
	return nil
}

func (a *Assistant) ended(_ context.Context, r contract.TurnRecord) error {
	a.turns.ended(r)
	a.talks.record(r)
	return nil
}

// Server returns a server of the protocol that speaks through bus. It may have many clients.
func (a *Assistant) Server(bus *kit.Bus, version string) *mcp.Server {
	a.bus = bus
	s := mcp.NewServer(&mcp.Implementation{Name: "tars", Title: "TARS, a private voice assistant", Version: version}, nil)
	add(s, "ask", "Ask the assistant something, as a person would, and get its answer. It is also spoken where the room has a voice.", writes, a.ask)
	add(s, "say", "Let the voice say something, and wait until it is said.", writes, a.say)
	add(s, "remember", "Tell the assistant something to remember for good.", writes, a.remember)
	add(s, "recall", "Find what was said to the assistant or by it, by words and meaning.", reads, a.recall)
	add(s, "timer_list", "List timers, alarms and reminders, the next to ring first.", reads, a.timerList)
	add(s, "timer_set", "Set a timer, alarm or reminder. It rings in its room until somebody says stop.", writes, a.timerSet)
	add(s, "timer_cancel", "Cancel a timer, alarm or reminder by its id or name, or all.", destroys, a.timerCancel)
	add(s, "health", "Tell which services of the assistant work, and what is wrong with those that do not.", reads, a.health)
	add(s, "turn_trace", "Tell how turns of a conversation went that ended since this server started: what was said, and how long each stage took.", reads, a.turnTrace)
	return s
}

// effect is what a tool does to the house, for clients that ask a person before.
type effect int

const (
	reads effect = iota
	writes
	destroys
)

// add adds a tool whose error the client's model reads.
func add[In, Out any](s *mcp.Server, name, description string, does effect, f func(context.Context, In) (Out, error)) {
	hints := &mcp.ToolAnnotations{ReadOnlyHint: does == reads, DestructiveHint: new(does == destroys), OpenWorldHint: new(false)}
	mcp.AddTool(s, &mcp.Tool{Name: name, Description: description, Annotations: hints}, func(ctx context.Context, _ *mcp.CallToolRequest, in In) (*mcp.CallToolResult, Out, error) {
		out, err := f(ctx, in)
		return nil, out, err
	})
}

// inRoom has what is published come from a room. Agents share one unless they name another.
func inRoom(ctx context.Context, room string) (context.Context, error) {
	if room == "" {
		room = "mcp"
	}
	if !contract.IsRoomName(room) {
		return nil, fmt.Errorf("room is %q, want a-z, 0-9 and -", room)
	}
	return kit.WithBaggage(ctx, "room", room), nil
}

type sayInput struct {
	Text   string  `json:"text" jsonschema:"what to say"`
	Lang   string  `json:"lang,omitempty" jsonschema:"language of the text, two letters; English when empty"`
	Room   string  `json:"room,omitempty" jsonschema:"a room with a speaker; where all other speech is played when empty"`
	Volume float64 `json:"volume,omitempty" jsonschema:"part of the usual loudness, above 0 up to 1"`
}

type sayOutput struct {
	Spoken bool `json:"spoken" jsonschema:"it was said to its end"`
}

// sayTimeout bounds one line, with what waits before it.
const sayTimeout = 2 * time.Minute

// say has the voice say something, and waits for its end.
func (a *Assistant) say(ctx context.Context, in sayInput) (out sayOutput, err error) {
	if in.Text == "" {
		return out, errors.New("text is empty")
	}
	ctx, cancel := context.WithTimeout(ctx, sayTimeout)
	defer cancel()
	told := ctx
	if in.Room != "" {
		if told, err = inRoom(ctx, in.Room); err != nil {
			return out, err
		}
	}
	t := a.talks.begin()
	defer a.talks.end(t)
	m := contract.TtsSay{Text: in.Text, UttID: &t.utt}
	if in.Lang != "" {
		m.Lang = &in.Lang
	}
	if in.Volume > 0 {
		m.Volume = &in.Volume
	}
	if err := a.bus.Publish(told, m); err != nil {
		return out, err
	}
	select {
	case err := <-t.spoken:
		return sayOutput{Spoken: err == nil}, err
	case <-ctx.Done():
		stop, cancel := context.WithTimeout(context.WithoutCancel(told), time.Second)
		defer cancel()
		_ = a.bus.Publish(stop, contract.TtsControl{Action: contract.TtsStop, Reason: new("cancelled"), ID: &t.utt})
		return out, fmt.Errorf("not spoken: %w: is there a voice?", context.Cause(ctx))
	}
}

type healthOutput struct {
	Services []serviceHealth `json:"services"`
}

type serviceHealth struct {
	Service string `json:"service"`
	State   string `json:"state" jsonschema:"ready, degraded, error, lost, shutdown or absent"`
	Error   string `json:"error,omitempty"`
}

func (a *Assistant) health(context.Context, struct{}) (out healthOutput, err error) {
	for _, name := range a.services {
		s := serviceHealth{Service: name, State: "absent"}
		if h, ok := a.board.Of(name); ok {
			s.State = health.Text(h)
			if h.Err != nil {
				s.Error = *h.Err
			}
		}
		out.Services = append(out.Services, s)
	}
	return out, nil
}
