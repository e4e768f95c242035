package eval

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/cmd/tars/internal/health"
	"github.com/gotars/tars/cmd/tars/internal/room"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
)

// House is a tars up of its own, with a scripted model, the engines of this machine and
// no memory of anybody's.
type House struct {
	bus     *kit.Bus
	chat    *chat
	command *exec.Cmd
	folder  string
	log     *os.File

	mu    sync.Mutex
	rooms map[string]*room.Room
	wg    sync.WaitGroup
	died  chan error
}

// startTimeout is how long a start may take: engines load their models.
const startTimeout = 2 * time.Minute

// OpenHouse starts a house. services are what has to be ready in it. Its log is in the
// file logFile.
func OpenHouse(ctx context.Context, home kit.Home, services []string, logFile string, settings ...string) (h *House, err error) {
	h = &House{rooms: map[string]*room.Room{}, died: make(chan error, 1)}
	defer func() {
		if err != nil {
			h.Close()
		}
	}()
	if h.chat, err = startChat(); err != nil {
		return h, err
	}
	if h.folder, err = os.MkdirTemp("", "tars-eval-"); err != nil {
		return h, err
	}
	own := kit.Home(filepath.Join(h.folder, "home"))
	if err := os.Mkdir(string(own), 0o700); err != nil {
		return h, err
	}
	for _, shared := range []string{"assets", "engines"} {
		if _, err := os.Stat(home.Path(shared)); err == nil {
			if err := os.Symlink(home.Path(shared), own.Path(shared)); err != nil {
				return h, err
			}
		}
	}
	if err := h.start(own, logFile, settings); err != nil {
		return h, err
	}
	return h, h.join(ctx, own, services)
}

// start starts tars up.
func (h *House) start(own kit.Home, logFile string, settings []string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if h.log, err = os.Create(logFile); err != nil {
		return err
	}
	h.command = exec.Command(program, "up")
	h.command.Stdout, h.command.Stderr = h.log, h.log
	h.command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasPrefix(name, "MQTT_") || strings.HasPrefix(name, "LLM_") || strings.HasPrefix(name, "UI_") || strings.HasPrefix(name, "MEMORY_")
	})
	h.command.Env = append(h.command.Env, "TARS_HOME="+string(own), "UI_ADDR=127.0.0.1:0", "LLM_BASE_URL="+h.chat.URL, "LLM_MODEL=scripted")
	h.command.Env = append(h.command.Env, settings...)
	if err := h.command.Start(); err != nil {
		return err
	}
	go func() { h.died <- h.command.Wait() }()
	return nil
}

// join connects to the house and waits until its services are ready.
func (h *House) join(ctx context.Context, own kit.Home, services []string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	board := health.NewBoard()
	for h.bus == nil {
		select {
		case <-time.After(100 * time.Millisecond):
		case err := <-h.died:
			return fmt.Errorf("tars up ended (%w), its log is %s", err, h.log.Name())
		case <-ctx.Done():
			return fmt.Errorf("tars up does not answer, its log is %s: %w", h.log.Name(), ctx.Err())
		}
		if _, err := os.Stat(address.File(own)); err != nil {
			continue
		}
		bus, err := address.Open(ctx, own, "tars-eval", append(h.handlers(), board.Handler())...)
		if err != nil {
			return err
		}
		h.bus = bus
	}
	if err := board.Wait(ctx, services, startTimeout); err != nil {
		return err
	}
	var missing []string
	for _, s := range services {
		if told, _ := board.Of(s); !health.IsAlive(told) {
			missing = append(missing, s)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s did not start, the log is %s", strings.Join(missing, ", "), h.log.Name())
	}
	if err := board.Settle(ctx, 500*time.Millisecond, startTimeout); err != nil {
		return err
	}
	for _, s := range []string{"stt", "tts"} { // with neither there is nothing to measure
		if told, _ := board.Of(s); !told.OK {
			return fmt.Errorf("%s is %s: see tars doctor, with the settings of this shell", s, health.Text(told))
		}
	}
	return nil
}

func (h *House) handlers() []kit.Handler {
	return []kit.Handler{
		noteOf[contract.SpeakerAudio](h), noteOf[contract.TtsStatus](h), noteOf[contract.SpeechDuck](h), noteOf[contract.TtsControl](h),
		noteOf[contract.PartialTranscript](h), noteOf[contract.FinalTranscript](h), noteOf[contract.SpeechDropped](h), noteOf[contract.SpeechDetail](h),
		noteOf[contract.WakeEvent](h), noteOf[contract.TurnRecord](h), noteOf[contract.TtsSay](h),
		noteOf[contract.LLMRequest](h), noteOf[contract.LLMCancel](h), noteOf[contract.LLMResponse](h), noteOf[contract.TimerReply](h),
		kit.Sends[contract.MicAudio](), kit.Sends[contract.FinalTranscript](),
	}
}

// noteOf gives messages to the room that they are about; those about none to all.
func noteOf[M msg.Message](h *House) kit.Handler {
	return kit.On(func(ctx context.Context, m M) error {
		name := kit.From(ctx).Baggage["room"]
		switch a := any(m).(type) {
		case contract.SpeakerAudio:
			name = a.Sink
		case contract.TurnRecord:
			if a.Room != nil {
				name = *a.Room
			}
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, r := range h.rooms {
			if name == "" || name == r.Name() {
				r.Note(m)
			}
		}
		return nil
	})
}

// Room returns the room called name, which lives until ctx ends. Names begin with web-.
func (h *House) Room(ctx context.Context, name string) *room.Room {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.rooms[name]; r != nil {
		return r
	}
	r := room.New(name, h.hear)
	h.open(ctx, r)
	return r
}

// open lets a room live until ctx ends. The caller holds the lock.
func (h *House) open(ctx context.Context, r *room.Room) {
	h.rooms[r.Name()] = r
	h.wg.Go(func() {
		_ = r.Run(ctx)
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.rooms, r.Name())
	})
}

// hear publishes what a microphone hears.
func (h *House) hear(ctx context.Context, a contract.MicAudio) error {
	if err := h.bus.Publish(ctx, a); err != nil && !errors.Is(err, kit.ErrOffline) {
		return err
	}
	return nil
}

// Type says something in a room as a page does, in letters. The turn has the id of the
// message.
func (h *House) Type(ctx context.Context, r *room.Room, text string) (turn string, err error) {
	f := contract.FinalTranscript{Text: text, UttID: new("typed-" + kit.NewID()[:8])}
	f.MessageID = kit.NewID()
	return f.MessageID, h.bus.Publish(kit.WithBaggage(kit.WithBaggage(ctx, "room", r.Name()), "typed", "1"), f)
}

// Close ends the house and forgets it. Its rooms have to be at their ends.
func (h *House) Close() {
	h.wg.Wait()
	if h.bus != nil {
		h.bus.Close(context.Background())
	}
	if h.command != nil && h.command.Process != nil {
		_ = h.command.Process.Signal(syscall.SIGTERM)
		select {
		case <-h.died:
		case <-time.After(10 * time.Second):
			_ = h.command.Process.Kill()
		}
	}
	if h.chat != nil {
		h.chat.Close()
	}
	if h.log != nil {
		_ = h.log.Close()
	}
	if h.folder != "" {
		_ = os.RemoveAll(h.folder)
	}
}
