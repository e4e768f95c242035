package stt_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/test/sound"
)

const ms = time.Millisecond

// reader is an engine that takes its time and says how long the audio was, or
// what it was told to say.
type reader struct {
	takes time.Duration
	fails bool

	mu     sync.Mutex
	says   func(pcm.Audio) engine.Result
	busy   int
	most   int // recognitions at once
	calls  int
	broken int      // recognitions that were cancelled
	told   []string // what was said before, of each
}

func (r *reader) Transcribe(ctx context.Context, q engine.Request) (engine.Result, error) {
	a := q.Audio
	r.count(func() { r.told = append(r.told, q.Context); r.calls++; r.busy++; r.most = max(r.most, r.busy) })
	defer r.count(func() { r.busy-- })
	select {
	case <-time.After(r.takes):
	case <-ctx.Done():
		r.count(func() { r.broken++ })
		return engine.Result{}, context.Cause(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.fails:
		return engine.Result{}, errors.New("no model")
	case r.says != nil:
		return r.says(a), nil
	}
	return engine.Result{Text: fmt.Sprintf("%.1f seconds", a.Duration().Seconds()), Confidence: new(0.9), Lang: "en"}, nil
}

func (r *reader) count(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// saying makes r hear text in everything.
func (r *reader) saying(text string, confidence float64) {
	r.count(func() {
		r.says = func(pcm.Audio) engine.Result { return engine.Result{Text: text, Confidence: &confidence} }
	})
}

// house is a bench with a service that listens, and all it publishes.
type house struct {
	*kittest.Harness
	seq      int // of the next chunk
	engine   *reader
	finals   *kittest.Watcher[contract.FinalTranscript]
	partials *kittest.Watcher[contract.PartialTranscript]
	events   *kittest.Watcher[contract.WakeEvent]
	health   *kittest.Watcher[contract.HealthPing]
	dropped  *kittest.Watcher[contract.SpeechDropped]
	sick     string // what the health of the service said last
}

func listen(t *testing.T, name string, f func(*testing.T, *house), settings ...string) {
	t.Helper()
	listenWith(t, name, nil, f, settings...)
}

// listenWith is listen with a turn-end model, nil for none.
func listenWith(t *testing.T, name string, m stt.TurnModel, f func(*testing.T, *house), settings ...string) {
	t.Helper()
	kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
		e := &reader{takes: 300 * ms}
		h := newHouse(t, b, settings)
		h.engine = e
		scripts := []any{fx.Annotate(e, fx.As(new(engine.Transcriber)))}
		if m != nil {
			scripts = append(scripts, fx.Annotate(m, fx.As(new(stt.TurnModel))))
		}
		b.Add(t, stt.Module.With(fx.Replace(scripts...)))
		f(t, h)
	})
}

// listenFor is a service with the engine that the settings name, under a real clock.
func listenFor(t *testing.T, settings ...string) *house {
	t.Helper()
	b := kittest.Start(t)
	h := newHouse(t, b, settings)
	b.Add(t, stt.Module)
	return h
}

// newHouse watches what a service will publish, whose settings it sets.
func newHouse(t *testing.T, b *kittest.Harness, settings []string) *house {
	t.Helper()
	for _, s := range settings {
		k, v, _ := strings.Cut(s, "=")
		t.Setenv(k, v)
	}
	return &house{Harness: b, finals: kittest.Watch[contract.FinalTranscript](b), partials: kittest.Watch[contract.PartialTranscript](b),
		events: kittest.Watch[contract.WakeEvent](b), health: kittest.Watch[contract.HealthPing](b), dropped: kittest.Watch[contract.SpeechDropped](b)}
}

// play lets sources hear r for as long as it sounds.
func (h *house) play(t *testing.T, r *sound.Room, sources ...string) {
	t.Helper()
	const chunk = 1280 // 40ms
	for i := 0; i < len(r.PCM); i += chunk {
		for _, source := range sources {
			h.Publish(t, contract.MicAudio{Source: source, Seq: h.seq, PCM: r.PCM[i:min(i+chunk, len(r.PCM))]})
		}
		h.seq++
		time.Sleep(40 * ms)
	}
}

// burst lets sources hear r at once.
func (h *house) burst(t *testing.T, r *sound.Room, sources ...string) {
	t.Helper()
	const chunk = 1280 // 40ms
	for i := 0; i < len(r.PCM); i += chunk {
		for _, source := range sources {
			h.Publish(t, contract.MicAudio{Source: source, Seq: h.seq, PCM: r.PCM[i:min(i+chunk, len(r.PCM))]})
		}
		h.seq++
	}
}

func (h *house) texts() (all []string) {
	h.Settle()
	for _, f := range h.finals.All() {
		all = append(all, f.Text)
	}
	return all
}

func (h *house) edges() (all []string) {
	h.Settle()
	for _, e := range h.events.All() {
		all = append(all, e.Type)
	}
	return all
}

func expectAll(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s %q, want %q", what, got, want)
	}
}

func TestWhatIsSaidIsPublished(t *testing.T) {
	listen(t, "a sentence", func(t *testing.T, h *house) {
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(2*time.Second), "kitchen")
		said := time.Now()
		h.play(t, sound.NewRoom(20).Silence(2*time.Second), "kitchen")
		h.Settle()
		f, meta := h.finals.Next(t)
		if f.Text == "" || f.Lang != "en" || *f.Confidence != 0.9 || f.UttID == nil || meta.Baggage["room"] != "kitchen" || meta.Source != "tars-stt" {
			t.Errorf("final %+v in %v", f, meta)
		}
		if late := time.UnixMicro(int64(f.TS * 1e6)).Sub(said); late < 800*ms || late > 1000*ms {
			t.Errorf("the final came %v after the last word, want 0.9 s for a few words: it was read before", late)
		}
		var last contract.PartialTranscript
		for range 2 {
			p, meta := h.partials.Next(t)
			if p.Text == last.Text || *p.UttID != *f.UttID || meta.Baggage["room"] != "kitchen" || p.IsFinal {
				t.Errorf("partial %+v of %s", p, *f.UttID)
			}
			last = p
		}
		e, meta := h.events.Next(t)
		if e.Type != contract.WakeEventSpeechStart || *e.Cause != "vad" || *e.Energy <= 0 || meta.Baggage["room"] != "kitchen" {
			t.Errorf("event %+v in %v", e, meta)
		}
		expectAll(t, "events", h.edges(), "speech_sustained", "speech_end")
		h.finals.None(t)
	})
	listen(t, "two rooms at once", func(t *testing.T, h *house) {
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(time.Second).Silence(2*time.Second), "kitchen", "office")
		rooms := map[string]string{}
		for range 2 {
			f, meta := h.finals.Next(t)
			rooms[meta.Baggage["room"]] = *f.UttID
		}
		if len(rooms) != 2 || rooms["kitchen"] == rooms["office"] {
			t.Errorf("finals of %v", rooms)
		}
	})
	listen(t, "a source that ends within a word", func(t *testing.T, h *house) {
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(time.Second), "kitchen")
		h.Publish(t, contract.MicAudio{Source: "kitchen", Seq: 99})
		time.Sleep(400 * ms)
		expectAll(t, "finals", h.texts(), "1.4 seconds")
	})
	listen(t, "a source that vanishes within a word", func(t *testing.T, h *house) {
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(time.Second), "kitchen")
		time.Sleep(3 * time.Second)
		expectAll(t, "finals", h.texts(), "1.4 seconds")
		expectAll(t, "events", h.edges(), "speech_start", "speech_sustained", "speech_end")
	})
	listen(t, "a pause in a sentence", func(t *testing.T, h *house) {
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(time.Second).Silence(400*ms).Voice(time.Second).Silence(time.Second), "kitchen")
		expectAll(t, "finals", h.texts(), "3.1 seconds")
		expectAll(t, "events", h.edges(), "speech_start", "speech_sustained", "speech_end", "speech_start", "speech_sustained", "speech_end")
	})
	listen(t, "without partials the engine works once", func(t *testing.T, h *house) {
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(3*time.Second).Silence(2*time.Second), "kitchen")
		expectAll(t, "finals", h.texts(), "3.7 seconds")
		h.partials.None(t)
		if h.engine.calls != 1 {
			t.Errorf("the engine worked %d times", h.engine.calls)
		}
	}, "STT_PARTIALS=no")
	for name, mic := range map[string]struct{ rate, channels int }{
		"a microphone at 48 kHz": {48000, 1},
		"one with two channels":  {16000, 2},
		"both":                   {48000, 2},
		"one of a telephone":     {8000, 1},
	} {
		listen(t, name, func(t *testing.T, h *house) {
			r := sound.NewRoom(20).Silence(400 * ms).Voice(2 * time.Second).Silence(2 * time.Second)
			for i := 0; i < len(r.PCM); i += 640 { // 20 ms
				h.Publish(t, contract.MicAudio{Source: "kitchen", Seq: h.seq, Rate: mic.rate, Channels: mic.channels, PCM: stretch(r.PCM[i:i+640], mic.rate, mic.channels)})
				h.seq++
				time.Sleep(20 * ms)
			}
			expectAll(t, "finals", h.texts(), "2.7 seconds")
		})
	}
}

// stretch is audio at another rate and with more channels, made of the nearest samples.
func stretch(in []byte, rate, channels int) (out []byte) {
	for i := range len(in) / 2 * rate / pcm.Rate {
		at := i * pcm.Rate / rate * 2
		for range channels {
			out = append(out, in[at:at+2]...)
		}
	}
	return out
}

func TestASlowEngine(t *testing.T) {
	two := func() *sound.Room {
		return sound.NewRoom(20).Silence(400 * ms).Voice(time.Second).Silence(time.Second).Voice(time.Second).Silence(time.Second)
	}
	listen(t, "does not stop the listening", func(t *testing.T, h *house) {
		h.engine.takes = 20 * time.Second
		h.play(t, two(), "kitchen")
		expectAll(t, "events", h.edges(), "speech_start", "speech_sustained", "speech_end", "speech_start", "speech_sustained", "speech_end")
		time.Sleep(time.Minute)
		expectAll(t, "finals", h.texts(), "1.7 seconds", "1.7 seconds")
	})
	listen(t, "works on one partial at a time, and on a final beside it", func(t *testing.T, h *house) {
		h.engine.takes = time.Second
		for range 3 {
			h.play(t, two(), "kitchen", "office", "hall")
		}
		time.Sleep(time.Minute)
		if n := len(h.texts()); n != 18 || h.engine.most > 2 {
			t.Errorf("%d finals of 18, %d recognitions at once", n, h.engine.most)
		}
	})
	listen(t, "is not asked for what is outdated", func(t *testing.T, h *house) {
		h.engine.takes = 5 * time.Second
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(4*time.Second).Silence(time.Second), "kitchen")
		time.Sleep(10 * time.Second)
		expectAll(t, "finals", h.texts(), "4.7 seconds")
		if p, _ := h.partials.Next(t); p.Text != "4.7 seconds" {
			t.Errorf("partial %q", p.Text)
		}
		h.partials.None(t)
		if h.engine.calls != 2 || h.engine.broken != 1 {
			t.Errorf("the engine worked %d times and was stopped %d times, want 2 and 1", h.engine.calls, h.engine.broken)
		}
	})
	listen(t, "is not asked twice for what took all its time", func(t *testing.T, h *house) {
		h.engine.takes, h.engine.fails = 30*time.Second, true
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(500*ms).Silence(time.Second), "kitchen")
		time.Sleep(35 * time.Second)
		h.Settle()
		if h.engine.calls != 1 || h.engine.busy != 0 {
			t.Errorf("the engine worked %d times and still does %d times, want once", h.engine.calls, h.engine.busy)
		}
	})
	listen(t, "is asked again for what failed at once", func(t *testing.T, h *house) {
		h.engine.fails = true
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(500*ms).Silence(time.Second), "kitchen")
		time.Sleep(time.Second)
		h.Settle()
		if h.engine.calls != 2 {
			t.Errorf("the engine was asked %d times, want 2", h.engine.calls)
		}
	})
	listen(t, "loses what does not fit", func(t *testing.T, h *house) {
		h.engine.takes = 3 * time.Second
		for range 3 {
			h.play(t, two(), "a", "b", "c", "d", "e", "f")
		}
		time.Sleep(2 * time.Minute)
		if n := len(h.texts()); n < 16 || n > 24 {
			t.Errorf("%d of 36 utterances were read, want the 16 that may wait and those read meanwhile", n)
		}
	}, "STT_PARTIALS=no")
}

func TestWhatIsNotMeantIsDropped(t *testing.T) {
	word := func() *sound.Room {
		return sound.NewRoom(20).Silence(400 * ms).Voice(time.Second).Silence(2 * time.Second)
	}
	tests := map[string]struct {
		text       string
		confidence float64
		want       []string
	}{
		"words":               {"turn on the light", 0.9, []string{"turn on the light"}},
		"nothing":             {" ", 0.9, nil},
		"a sound":             {"[BLANK_AUDIO]", 0.9, nil},
		"a guess":             {"burn in the night", 0.2, nil},
		"what it says itself": {"the weather in paris is fine", 0.9, nil},
		"a word of that":      {"fine", 0.9, []string{"fine"}},
		"a stop into that":    {"Stop.", 0.9, []string{"Stop."}},
		"a stop beside that":  {"The weather in Paris stop is fine today.", 0.9, []string{"stop"}},
	}
	for name, tt := range tests {
		listen(t, name, func(t *testing.T, h *house) {
			h.engine.saying(tt.text, tt.confidence)
			h.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: "The weather in **Paris** is fine today.", UttID: new("u1")})
			h.play(t, word(), "kitchen")
			expectAll(t, "finals", h.texts(), tt.want...)
			h.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingEnd, UttID: new("u1")})
			time.Sleep(2 * time.Second)
			if strings.HasPrefix(name, "what it says") {
				h.play(t, word(), "kitchen")
				expectAll(t, "finals when it is silent", h.texts(), tt.text)
			}
		})
	}
	listen(t, "an echo in the next room", func(t *testing.T, h *house) {
		h.engine.saying("the weather in paris is fine", 0.9)
		ctx := kit.WithBaggage(t.Context(), "room", "office")
		if err := h.Bus.Publish(ctx, contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: "The weather in Paris is fine."}); err != nil {
			t.Fatal(err)
		}
		h.play(t, word(), "kitchen", "office")
		h.Settle()
		f, meta := h.finals.Next(t)
		if meta.Baggage["room"] != "kitchen" {
			t.Errorf("%q in %v", f.Text, meta.Baggage)
		}
		h.finals.None(t)
	})
	listen(t, "any echo, when none is looked for", func(t *testing.T, h *house) {
		h.engine.saying("the weather in paris is fine", 0.9)
		h.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: "The weather in Paris is fine."})
		h.play(t, word(), "kitchen")
		expectAll(t, "finals", h.texts(), "the weather in paris is fine")
	}, "STT_ECHO_WINDOW=0")
}
