package household

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/services/llm"
	llmengine "github.com/gotars/tars/services/llm/engine"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/router"
	"github.com/gotars/tars/services/stt"
	sttengine "github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/services/tts"
	ttsengine "github.com/gotars/tars/services/tts/engine"
)

// dayHours is how long the day is, of which the last hour is quiet: 24 hours with
// TARS_SOAK, or as TARS_HOUSEHOLD_HOURS says.
func dayHours(t *testing.T) time.Duration {
	if s := os.Getenv("TARS_HOUSEHOLD_HOURS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 2 {
			t.Fatalf("TARS_HOUSEHOLD_HOURS is %q, want a number of hours, 2 or more", s)
		}
		return time.Duration(n) * time.Hour
	}
	switch {
	case os.Getenv("TARS_SOAK") != "":
		return 24 * time.Hour
	case testing.Short():
		return 75 * time.Minute
	}
	return 2 * time.Hour
}

// seedOf is the seed of the random people and faults. The order in which goroutines run
// differs from run to run, so that a seed gives the same people and not the same day.
func seedOf(t *testing.T) uint64 {
	s := os.Getenv("TARS_HOUSEHOLD_SEED")
	if s == "" {
		return 1
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("TARS_HOUSEHOLD_SEED is %q, want a number", s)
	}
	return n
}

// modules are the services, with scripted engines.
func (h *house) modules() map[string]kit.Module {
	rolls := func(part uint64) *dice { return &dice{r: h.random(2000 + part)} }
	replace := func(m kit.Module, with, as any) kit.Module { return m.With(fx.Replace(fx.Annotate(with, fx.As(as)))) }
	return map[string]kit.Module{
		"memory": memory.Module,
		"router": router.Module,
		"llm":    replace(llm.Module, model{h, rolls(1)}, new(llmengine.Generator)),
		"tts":    replace(tts.Module, voice{h, rolls(2)}, new(ttsengine.Synthesizer)),
		"stt":    replace(stt.Module, recogniser{h, rolls(3)}, new(sttengine.Transcriber)),
	}
}

// observer is a service that tells the checks all that happens on the bus.
func (h *house) observer() kit.Module {
	c, lane := h.checks, kit.Lane("observer")
	room := func(ctx context.Context) string { return kit.From(ctx).Baggage["room"] }
	return kittest.ServiceOf("observer",
		on(lane, func(ctx context.Context, m contract.FinalTranscript) {
			c.heard(m, room(ctx), kit.From(ctx).Baggage["typed"] == "1", time.Now())
		}),
		on(lane, func(context.Context, contract.WakeEvent) {}), on(lane, func(context.Context, contract.SpeechHeard) {}), // for the trace
		on(lane, func(ctx context.Context, m contract.SpeechDropped) { c.dropped(m, room(ctx), time.Now()) }),
		on(lane, func(ctx context.Context, m contract.LLMRequest) { c.request(m, room(ctx), time.Now()) }),
		on(lane, func(_ context.Context, m contract.LLMCancel) { c.cancel(m, time.Now()) }),
		on(lane, func(_ context.Context, m contract.LLMStreamDelta) { c.delta(m, time.Now()) }),
		on(lane, func(_ context.Context, m contract.TurnRecord) { c.record(m, time.Now()) }),
		on(lane, func(ctx context.Context, m contract.TtsSay) {
			c.say(m, room(ctx), time.Now())
			h.use(room(ctx))
			switch m.Text {
			case "Live mode enabled.":
				h.setLive(true)
			case "Live mode disabled.":
				h.setLive(false)
			}
		}),
		on(lane, func(_ context.Context, m contract.TtsControl) { c.control(m, time.Now()) }),
		on(lane, func(ctx context.Context, m contract.TtsStatus) { c.status(m, room(ctx), time.Now()) }),
		on(lane, func(ctx context.Context, m contract.SpeechDuck) { c.duck(m, room(ctx), time.Now()) }),
		on(lane, func(_ context.Context, m contract.SpeakerAudio) { c.audio(m, time.Now()) }),
		kit.Tap("system/dead/+", func(_ context.Context, d *kit.Delivery) error {
			c.deadLetter(d, time.Now())
			return nil
		}),
	)
}

func on[M msg.Message](lane kit.Option, f func(context.Context, M)) kit.Handler {
	return kit.On(func(ctx context.Context, m M) error {
		trace(kit.From(ctx), m)
		f(ctx, m)
		return nil
	}, lane, kit.Queue(1<<14))
}

// traceFile is where all that happens is written to, for who looks for the cause of a
// violation: TARS_HOUSEHOLD_TRACE.
var traceFile = sync.OnceValue(func() *os.File {
	name := os.Getenv("TARS_HOUSEHOLD_TRACE")
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		panic(err)
	}
	return f
})

func trace(from kit.Meta, m msg.Message) {
	if _, isAudio := m.(contract.SpeakerAudio); isAudio || traceFile() == nil {
		return
	}
	data, err := json.Marshal(m)
	note(from.Baggage["room"], m.Route().Topic, string(data), err)
}

// note writes a line of the trace.
func note(values ...any) {
	if f := traceFile(); f != nil {
		fmt.Fprintln(f, append([]any{time.Now().UTC().Format("02 15:04:05.000")}, values...)...)
	}
}

func (c *checker) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen(what)
}

// deadLetter takes a message that a service gave up.
func (c *checker) deadLetter(d *kit.Delivery, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.violate(now, "given up", "%s: %v", d.Topic, d.Header.User)
}

// memoryUse is what a household takes.
type memoryUse struct {
	heap       uint64
	goroutines int
}

func measureMemory() memoryUse {
	synctest.Wait()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memoryUse{m.HeapAlloc, runtime.NumGoroutine()}
}

func TestADayOfAHousehold(t *testing.T) {
	for k, v := range map[string]string{
		"LLM_ENGINE": "builtin", "TTS_ENGINE": "none", "STT_ENGINE": "none", "MEMORY_EMBED_ENGINE": "none", "VAD": "loudness", "STT_TURN_MODEL": "none", "STT_WAKE_ENGINE": "none", "TTS_SINKS": "bedroom",
	} {
		t.Setenv(k, v)
	}
	began := time.Now()
	hours, seed := dayHours(t), seedOf(t)
	h := newHouse(seed)
	kittest.Run(t, "with its people and its faults", func(t *testing.T, b *kittest.Harness) {
		h.begin(b, hours-time.Hour)
		mods := h.modules()
		b.Add(t, h.observer())
		for _, name := range []string{"memory", "llm", "router", "tts", "stt"} {
			b.Add(t, mods[name])
		}
		h.liveThrough(t, mods, hours)
	})
	t.Logf("%s of a household in %s, seed %d", hours, time.Since(began).Round(time.Second), seed)
	for _, k := range slices.Sorted(maps.Keys(h.checks.counts)) {
		t.Logf("%8d %s", h.checks.counts[k], k)
	}
}

// liveThrough lets the household live, and checks it.
func (h *house) liveThrough(t *testing.T, mods map[string]kit.Module, hours time.Duration) {
	var wg sync.WaitGroup
	people := h.people(t)
	for _, p := range people {
		wg.Go(p.live)
	}
	wg.Go(func() { h.trouble(t, mods) })
	mem := &memoryCheck{path: string(h.b.Home().Path("memory.db"))}
	var early, late memoryUse
	for at := time.Minute; at <= hours; at += time.Minute {
		time.Sleep(time.Until(h.start.Add(at)))
		h.checks.sweep(time.Now())
		if at%(30*time.Minute) == 0 {
			mem.check(t, h.checks, time.Now())
		}
		switch at {
		case (hours / 12).Round(time.Minute): // two hours of a day, by when all caches are warm
			early = measureMemory()
		case hours - time.Hour: // everybody falls silent
			late = measureMemory()
		}
	}
	wg.Wait()
	h.finish(people)
	h.checks.checkGrowth(early, late, time.Now())
	t.Logf("heap %d KiB and %d goroutines, then %d KiB and %d", early.heap>>10, early.goroutines, late.heap>>10, late.goroutines)
	for _, v := range h.checks.violations {
		t.Error(v)
	}
	if h.checks.more > 0 {
		t.Errorf("and %d more", h.checks.more)
	}
}

// finish asks once more in each room, after the quiet hour: whatever hangs is noticed now.
func (h *house) finish(people []*person) {
	for _, p := range people {
		utt := p.typed("are you still there")
		h.checks.stillThere[utt] = time.Now()
		time.Sleep(2 * time.Minute)
	}
	h.checks.atEnd(time.Now())
}
