package page

import (
	"context"
	"errors"
	"iter"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/mcp"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/llm"
	llmengine "github.com/gotars/tars/services/llm/engine"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/router"
	"github.com/gotars/tars/services/stt"
	sttengine "github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/services/tts"
	ttsengine "github.com/gotars/tars/services/tts/engine"
	uiweb "github.com/gotars/tars/services/ui-web"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/test/sound"
)

const ms = time.Millisecond

// house is all real services with engines that do as they are told, under a fake clock.
type house struct {
	*kittest.Harness
	ears  *scriptedEars
	model *scriptedModel
	seq   map[string]int // of the next chunk of each microphone
}

// scriptedEars understand what they are told to: three words in a second, so that partials
// are a part of it.
type scriptedEars struct {
	mu    sync.Mutex
	text  string
	sure  float64
	fails error
}

func (e *scriptedEars) hear(text string, sure float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text, e.sure = text, sure
}

func (e *scriptedEars) Transcribe(ctx context.Context, q sttengine.Request) (sttengine.Result, error) {
	time.Sleep(180 * ms)
	e.mu.Lock()
	defer e.mu.Unlock()
	words := strings.Fields(e.text)
	n := min(len(words), int(4*q.Audio.Duration().Seconds()))
	return sttengine.Result{Text: strings.Join(words[:n], " "), Confidence: &e.sure, Lang: "en"}, e.fails
}

// Look and InUse tell which engine it is, as the real ones do.
func (e *scriptedEars) Look(context.Context) bool { return false }
func (e *scriptedEars) InUse(context.Context) failover.InUse {
	return failover.InUse{Name: "openai whisper-base", From: "STT_OPENAI_URL"}
}

// Finished is how an utterance sounded: finished, but in front of "the".
func (e *scriptedEars) Finished(context.Context, pcm.Audio) (float64, error) {
	time.Sleep(60 * ms)
	e.mu.Lock()
	defer e.mu.Unlock()
	if strings.HasSuffix(e.text, "the") {
		return 0.14, nil
	}
	return 0.93, nil
}
func (e *scriptedEars) Load() error { return nil }

// scriptedModel writes what it is told to, 15 words a second.
type scriptedModel struct {
	thinks time.Duration
	text   string
	calls  []openai.ToolCall // of its first round
	fails  error
}

func (m *scriptedModel) Generate(ctx context.Context, p llmengine.Prompt, emit func(string) error) (llmengine.Usage, error) {
	p.OnAttempt("openai", "qwen3-4b")
	use := llmengine.Usage{Model: "qwen3-4b", Tokens: map[string]any{"total_tokens": 412}}
	select {
	case <-time.After(m.thinks):
	case <-ctx.Done():
		return use, context.Cause(ctx)
	}
	if m.fails != nil {
		return use, m.fails
	}
	if len(m.calls) > 0 && len(p.After) == 0 {
		use.Calls = m.calls
		return use, nil
	}
	for word := range strings.SplitAfterSeq(m.text, " ") {
		select {
		case <-time.After(66 * ms):
		case <-ctx.Done():
			return use, context.Cause(ctx)
		}
		if err := emit(word); err != nil {
			return use, err
		}
	}
	return use, nil
}

// Look and InUse tell which engine it is.
func (m *scriptedModel) Look(context.Context) bool { return false }
func (m *scriptedModel) InUse(context.Context) failover.InUse {
	return failover.InUse{Name: "openai qwen3-4b", From: "http://127.0.0.1:11434"}
}

// lamps is a tool that switches a light.
type lamps struct{}

func (lamps) Tools() []mcp.Tool {
	return []mcp.Tool{{Name: "mcp__home__switch_light", Title: "Switch a light", Description: "Switches a light on or off.", Schema: map[string]any{"type": "object",
		"properties": map[string]any{"room": map[string]any{"type": "string"}, "on": map[string]any{"type": "boolean"}}}}}
}
func (lamps) Changed() <-chan struct{} { return nil }
func (lamps) Call(context.Context, mcp.Tool, map[string]any) (string, error) {
	time.Sleep(240 * ms)
	return `{"light.kitchen":"on","brightness":80}`, nil
}

// hum is a voice that says 14 characters a second. It is another one than that of the people
// here, who would be taken for its echo.
type hum struct{}

func (hum) Synthesize(ctx context.Context, l ttsengine.Line) iter.Seq2[ttsengine.Chunk, error] {
	return func(yield func(ttsengine.Chunk, error) bool) {
		time.Sleep(120 * ms)
		all := sound.Wave(time.Duration(len(l.Text))*time.Second/14, func(t float64) float64 {
			return 1200 * math.Abs(math.Cos(2*math.Pi*t+3*math.Sin(2*t))) * (math.Sin(2*math.Pi*140*t) + math.Sin(2*math.Pi*420*t) + math.Sin(2*math.Pi*2100*t))
		})
		for len(all) > 0 {
			n := min(len(all), 3200)
			if !yield(ttsengine.Chunk{Rate: pcm.Rate, PCM: all[:n]}, nil) {
				return
			}
			all = all[n:]
		}
	}
}
func (hum) Look(context.Context) bool { return false }
func (hum) InUse(context.Context) failover.InUse {
	return failover.InUse{Name: "piper en_US-joe-medium", From: "installed"}
}

// inHouse runs f in a house with settings of its own.
func inHouse(t *testing.T, name string, settings []string, f func(*testing.T, *house)) {
	t.Helper()
	for _, set := range append([]string{"STT_VAD=loudness", "TTS_SINKS=kitchen,hall", "LLM_ENGINE=openai", "LLM_BASE_URL=http://127.0.0.1:1/v1", "MEMORY_EMBED_ENGINE=none", "UI_ADDR=127.0.0.1:8080", "ROUTER_LIVE_MODE_DEFAULT=yes", "ROUTER_FILLER=One moment.|Just a second."}, settings...) {
		k, v, _ := strings.Cut(set, "=")
		t.Setenv(k, v)
	}
	h := &house{ears: &scriptedEars{sure: 0.9}, model: &scriptedModel{thinks: 300 * ms}, seq: map[string]int{}}
	kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
		h.Harness = b
		time.Sleep(time.Second)
		f(t, h)
	}, router.Module, memory.Module, uiweb.Module,
		llm.Module.With(fx.Decorate(func(llmengine.Generator) llmengine.Generator { return h.model }, func(llm.Toolbox) llm.Toolbox { return lamps{} })),
		tts.Module.With(fx.Replace(fx.Annotate(hum{}, fx.As(new(ttsengine.Synthesizer))))),
		stt.Module.With(fx.Replace(fx.Annotate(h.ears, fx.As(new(sttengine.Transcriber))), fx.Annotate(h.ears, fx.As(new(stt.TurnModel))))))
}

// room is new sound for a microphone.
func room() *sound.Room { return sound.NewRoom(20) }

// play lets microphones hear a room for as long as it sounds, each as loud as it says.
func (h *house) play(t *testing.T, r *sound.Room, mics map[string]float64) {
	t.Helper()
	const chunk = 1280 // 40 ms
	for i := 0; i < len(r.PCM); i += chunk {
		for mic, gain := range mics {
			h.Publish(t, contract.MicAudio{Source: mic, Seq: h.seq[mic], PCM: pcm.Scale(r.PCM[i:min(i+chunk, len(r.PCM))], gain)})
			h.seq[mic]++
		}
		time.Sleep(40 * ms)
	}
}

// kitchen is the microphone of one room.
var kitchen = map[string]float64{"kitchen": 1}

// say has somebody say something in the kitchen, three words in a second.
func (h *house) say(t *testing.T, text string) {
	t.Helper()
	h.ears.hear(text, 0.92)
	took := time.Duration(len(strings.Fields(text))) * 330 * ms
	h.play(t, room().Silence(300*ms).Voice(took).Silence(1200*ms), kitchen)
}

// quiet lets time pass.
func (h *house) quiet(t *testing.T, d time.Duration) {
	t.Helper()
	h.play(t, room().Silence(d), kitchen)
}

// tells has the model write a story of which the middle is interrupted.
func (h *house) tells(t *testing.T, text string) {
	t.Helper()
	h.model.text = text
	h.say(t, "Tell me about the boat.")
	h.quiet(t, 2500*ms)
}

const story = "The boat is red, with a white stripe along its side. It lies in the old harbour, next to the lighthouse, and nobody has sailed it since the storm."

var errRefused = errors.New("connect to 127.0.0.1:11434: connection refused")

// types has somebody type something in a room.
func (h *house) types(t *testing.T, room, text string) {
	t.Helper()
	ctx := kit.WithBaggage(kit.WithBaggage(t.Context(), "room", room), "typed", "1")
	if err := h.Bus.Publish(ctx, contract.FinalTranscript{Text: text}); err != nil {
		t.Fatal(err)
	}
}
