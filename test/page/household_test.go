package page

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// household is what a page sees beside the conversation: who the assistant is, its tools,
// its engines, and a service that fails.
type household struct {
	mu       sync.Mutex
	traits   map[string]any
	off      []string // tools
	broken   bool     // a camera cannot take pictures
	pictures int
	installs [][]string
	voices   []string // that pages chose
	slow     bool     // an installation goes on until it is stopped
}

// marked is a text with markup in it, which is to be shown and not to be run; without it for
// pictures.
func marked(text string) string {
	if os.Getenv("PAGE_PICTURES") == "" {
		return text
	}
	return strings.TrimSpace(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(text, ""))
}

var toolNames = []string{"mcp__clock__now", "mcp__clock__zone", "mcp__lights__switch_on"}

// pageModule is the page with engines that install in a second.
func (s *stage) pageModule() kit.Module {
	return uiweb.Module.With(fx.Decorate(func(uiweb.Engines) uiweb.Engines { return &s.household }))
}

// Report implements uiweb.Engines.
func (h *household) Report(_ context.Context, try bool) (uiweb.EngineReport, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := uiweb.EngineReport{
		Uses: []uiweb.EngineUse{
			{Service: "stt", Engine: "faster-whisper, base", Why: "because no server for it answers at 127.0.0.1 on 8000, 8080, 10300, and it is installed"},
			{Service: "llm", Engine: "Ollama, llama3.2", Why: "because it answers on its usual port, 127.0.0.1:11434"},
			{Service: "tts", Engine: "Flite, built in", Why: "because no server for it answers at 127.0.0.1 on 8000, 8080, 10200, 5000, and no installed engine runs", Better: "make engines gives Piper's voice"},
		},
		Parts: []uiweb.EnginePart{
			{ID: "stt:base", Title: "Whisper base, 99 languages", Licence: "MIT", Size: "145 MB", State: "installed", Usual: true, Measured: "0.2 x real time"},
			{ID: "tts:en_US-joe-medium", Title: "Piper's voice Joe", Licence: "CC0", Size: "63 MB", State: "none", Usual: true, Measured: "first sound after 0.1 s"},
			{ID: "stt:tiny.en", Title: "Whisper tiny, English", Licence: "MIT", Size: "75 MB", State: "none"},
		},
	}
	if len(h.installs) > 0 && !h.slow {
		r.Parts[1].State = "installed"
	}
	if try {
		r.Uses[0].Measured = `understood "What time is it?", 1.0 s of speech, in 0.3 s`
		r.Uses[2].Trouble = "no sound <b>came</b>"
		r.Advice = "the voice is a simple one: make engines gives Piper's, first sound after 0.1 s"
	}
	return r, nil
}

// Install implements uiweb.Engines.
func (h *household) Install(ctx context.Context, parts []string, tell func(uiweb.EngineStep)) error {
	h.mu.Lock()
	h.installs = append(h.installs, parts)
	h.mu.Unlock()
	for n := int64(0); ; n++ {
		h.mu.Lock()
		slow := h.slow
		h.mu.Unlock()
		if n >= 20 && !slow {
			return nil
		}
		tell(uiweb.EngineStep{What: "fetching piper 1.2.0", Done: min(n, 12) * 5e6, Total: 100e6})
		select {
		case <-time.After(60 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// keeper keeps the character and the tools, and takes pictures.
type keeper struct {
	*household
	bus *kit.Bus
}

func (s *stage) keeperModule() kit.Module {
	s.household.traits = map[string]any{"humor": 75, "honesty": 90, "sarcasm": 30}
	return kit.Service[*keeper]("keeper", fx.Provide(func(bus *kit.Bus) *keeper { return &keeper{&s.household, bus} }))
}

// Handlers declares what the keeper does.
func (k *keeper) Handlers() []kit.Handler {
	return []kit.Handler{kit.OnConnect(k.tell), kit.On(k.change), kit.Answer(k.switchTools), kit.On(k.picture), kit.On(k.voice),
		kit.Sends[contract.CharacterSnapshot](), kit.Sends[contract.ToolsRegistry]()}
}

func (k *keeper) tell(ctx context.Context) error {
	k.mu.Lock()
	who := contract.CharacterSnapshot{Name: "TARS", Description: new(marked("a former marine robot with a <b>humor</b> setting")), Traits: map[string]any{}}
	for name, v := range k.traits {
		who.Traits[name] = v
	}
	tools := contract.ToolsRegistry{Tools: []contract.ToolSpec{}}
	for _, name := range toolNames {
		spec := contract.ToolSpec{Type: "function", Function: map[string]any{"name": name, "description": marked("Does what its name says. <img src=x onerror=\"window.injected=true\">")}}
		if slices.Contains(k.off, name) {
			tools.Off = append(tools.Off, spec)
		} else {
			tools.Tools = append(tools.Tools, spec)
		}
	}
	k.mu.Unlock()
	return errors.Join(k.bus.Publish(ctx, who), k.bus.Publish(ctx, tools))
}

func (k *keeper) change(ctx context.Context, u contract.CharacterUpdate) error {
	k.mu.Lock()
	if u.Trait != nil {
		k.traits[u.Trait.Trait] = u.Trait.Value
	} else {
		k.traits = map[string]any{"humor": 75, "honesty": 90, "sarcasm": 30}
	}
	k.mu.Unlock()
	return k.tell(ctx)
}

func (k *keeper) switchTools(ctx context.Context, q contract.ToolSwitch) (contract.ToolSwitched, error) {
	k.mu.Lock()
	k.off = slices.DeleteFunc(k.off, func(name string) bool { return slices.Contains(q.Names, name) })
	if !q.On {
		k.off = append(k.off, q.Names...)
	}
	off := slices.Clone(k.off)
	k.mu.Unlock()
	return contract.ToolSwitched{Off: off}, k.tell(ctx)
}

func (k *keeper) picture(context.Context, contract.CameraCaptureRequest) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken {
		return errors.New(marked("the <b>lens</b> is dirty"))
	}
	k.pictures++
	return nil
}

func (k *keeper) voice(_ context.Context, v contract.RoomVoice) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.voices = append(k.voices, v.Room+" "+v.Voice)
	return nil
}

// among calls f with the household to itself.
func among[T any](t *testing.T, h *household, f func() T) T {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	return f()
}
