// Package page runs the page of ui-web in a browser.
package page

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/services/router"
	uiweb "github.com/gotars/tars/services/ui-web"
	"github.com/gotars/tars/test/need"
)

// stage is what a page meets: a real broker, router and page, and engines that
// say what they are told to.
type stage struct {
	url string

	mu      sync.Mutex
	spoken  []byte // samples of the answer that is spoken
	heard   []byte // of the microphone
	cancels int
	stops   int
}

const voiceRate = 22050

// answer writes word by word; a long one goes on until it is cancelled.
func (s *stage) answer(ctx context.Context, q contract.LLMRequest, send func(contract.LLMStreamDelta) error) (contract.LLMResponse, error) {
	text := "The boat is red, with a white stripe. It lies in the old harbour, next to the lighthouse."
	if strings.Contains(q.Text, "story") {
		text = strings.Repeat("And then they sailed on, from one island to the next. ", 100)
	}
	for i, word := range strings.SplitAfter(text, " ") {
		if err := send(contract.LLMStreamDelta{ID: q.ID, Seq: new(i + 1), Delta: &word}); err != nil {
			return contract.LLMResponse{}, err
		}
		select {
		case <-time.After(25 * time.Millisecond):
		case <-ctx.Done():
			s.count(&s.cancels)
			return contract.LLMResponse{}, ctx.Err()
		}
	}
	return contract.LLMResponse{ID: q.ID, Reply: &text}, nil
}

func (s *stage) count(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

// voice speaks a tone, 30 ms for each character, as a tts does: at most 300 ms
// ahead.
type voice struct {
	*stage
	bus *kit.Bus
}

// Handlers declares what the voice does.
func (v *voice) Handlers() []kit.Handler {
	stop := kit.CancelledBy(func(c contract.TtsControl) string { return *c.ID }, func(m contract.TtsSay) string { return *m.UttID })
	return []kit.Handler{kit.On(v.say, stop), kit.Sends[contract.TtsStatus](), kit.Sends[contract.SpeakerAudio]()}
}

func (v *voice) say(ctx context.Context, m contract.TtsSay) error {
	if ctx.Err() != nil {
		return nil // a sentence that comes after the stop
	}
	tell := func(event string) error {
		return v.bus.Publish(context.WithoutCancel(ctx), contract.TtsStatus{Event: event, Text: m.Text, UttID: m.UttID})
	}
	if err := tell(contract.TtsSpeakingStart); err != nil {
		return err
	}
	const chunk = voiceRate / 10
	left := len(m.Text) * voiceRate * 30 / 1000
	ahead := 3
	for seq := 0; left > 0; seq++ {
		pcm := tone(min(left, chunk), voiceRate, 330)
		left -= chunk
		a := contract.SpeakerAudio{Sink: kit.From(ctx).Baggage["room"], UttID: *m.UttID, Say: m.MessageID, Seq: seq, Last: left <= 0, Rate: voiceRate, PCM: pcm}
		if err := v.bus.Publish(ctx, a); err != nil {
			break
		}
		v.mu.Lock()
		v.spoken = append(v.spoken, pcm...)
		v.mu.Unlock()
		if ahead--; ahead > 0 {
			continue
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			v.count(&v.stops)
			_ = tell(contract.TtsStopped)
			left = 0
		}
	}
	return tell(contract.TtsSpeakingEnd)
}

// ears understand one sentence, whatever is said.
type ears struct {
	*stage
	bus *kit.Bus
}

// Handlers declares what the ears do.
func (e *ears) Handlers() []kit.Handler {
	return []kit.Handler{kit.On(e.listen, kit.Queue(1024)), kit.Sends[contract.PartialTranscript](), kit.Sends[contract.FinalTranscript]()}
}

func (e *ears) listen(ctx context.Context, a contract.MicAudio) error {
	e.mu.Lock()
	e.heard = append(e.heard, a.PCM...)
	e.mu.Unlock()
	ctx = kit.WithBaggage(ctx, "room", a.Source)
	switch {
	case len(a.PCM) == 0:
		return e.bus.Publish(ctx, contract.FinalTranscript{Text: "And where does it lie?", UttID: new("utt-1"), Confidence: new(0.9)})
	case a.Seq%10 == 0:
		return e.bus.Publish(ctx, contract.PartialTranscript{Text: "And where does", UttID: new("utt-1")})
	}
	return nil
}

func (s *stage) recall(_ context.Context, q contract.MemoryQuery) (contract.MemoryResults, error) {
	return contract.MemoryResults{Query: q.Text, K: 1, Results: []contract.MemoryResult{{Document: map[string]any{"text": "the boat is red", "role": "user"}, Timestamp: new("1763000000")}}}, nil
}

// tone is n samples of a sine of hz.
func tone(n, rate int, hz float64) (pcm []byte) {
	for i := range n {
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(8000*math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))))
	}
	return pcm
}

// start runs everything until the test ends, with settings such as UI_TOKEN=x
// beside its own.
func start(t *testing.T, settings ...string) *stage {
	t.Helper()
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	b, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	_ = free.Close()
	t.Setenv("MQTT_URL", "mqtt://"+b.Addr())
	t.Setenv("UI_ADDR", addr)
	if os.Getenv("UI_TOKEN") != "" { // then others may reach it
		_, port, _ := net.SplitHostPort(addr)
		t.Setenv("UI_ADDR", "0.0.0.0:"+port)
	}
	t.Setenv("LOG_LEVEL", "error")

	s := &stage{url: "http://" + addr}
	mods := []kit.Module{
		router.Module, uiweb.Module,
		kittest.ServiceOf("llm", kit.Stream(s.answer, kit.CancelledBy(func(c contract.LLMCancel) string { return c.ID }, func(q contract.LLMRequest) string { return q.ID }))).With(kit.As(kit.Identity{ClientID: "tars-llm", Source: "llm-worker"})),
		kit.Service[*voice]("tts", kit.As(kit.Identity{ClientID: "tars-tts", Source: "tars-tts"}), fx.Provide(func(bus *kit.Bus) *voice { return &voice{s, bus} })),
		kit.Service[*ears]("stt", kit.As(kit.Identity{ClientID: "tars-stt", Source: "tars-stt"}), fx.Provide(func(bus *kit.Bus) *ears { return &ears{s, bus} })),
		kittest.ServiceOf("memory", kit.Answer(s.recall)).With(kit.As(kit.Identity{ClientID: "tars-memory", Source: "memory-worker"})),
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- kit.Run(ctx, mods...) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// browse opens the page in a browser whose microphone hears a tone of 1 kHz. An
// error that the browser reports fails the test.
func browse(t *testing.T, url string) context.Context {
	t.Helper()
	ctx := openBrowser(t)
	listenForErrors(t, ctx)
	do(t, ctx, chromedp.Navigate(url))
	return ctx
}

// openBrowser starts a browser with an empty page.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	mic := filepath.Join(t.TempDir(), "tone.wav")
	if err := os.WriteFile(mic, wav(tone(48000*5, 48000, 1000), 48000), 0o600); err != nil {
		t.Fatal(err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(need.Browser(t)), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-audio-capture", mic), chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	do(t, ctx, chromedp.EmulateViewport(1280, 800))
	ctx, cancel = context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// listenForErrors fails the test at each uncaught exception and each error in
// the console.
func listenForErrors(t *testing.T, ctx context.Context) {
	t.Helper()
	err := chromedp.Listen(ctx, func(e any) {
		switch e := e.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("script: %v", e.ExceptionDetails)
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
				t.Errorf("console: %v", e.Args)
			}
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError {
				t.Errorf("browser: %s %s", e.Entry.Text, e.Entry.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
}

// wav is pcm with a header.
func wav(pcm []byte, rate uint32) []byte {
	b := bytes.NewBufferString("RIFF")
	put := func(fields ...any) {
		for _, f := range fields {
			_ = binary.Write(b, binary.LittleEndian, f)
		}
	}
	put(uint32(36+len(pcm)), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), rate, 2*rate, uint16(2), uint16(16), []byte("data"), uint32(len(pcm)), pcm)
	return b.Bytes()
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// await waits until a script says true.
func await(t *testing.T, ctx context.Context, script string) {
	t.Helper()
	wait := chromedp.Poll[chromedp.Void](script, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(time.Minute))
	if err := chromedp.Do(ctx, wait); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, value[string](t, ctx, `document.body.innerText`))
	}
}

func value[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

func typing(text string) chromedp.Action[chromedp.Void] { return chromedp.SendKeys("#text", text+"\r") }

// shoot keeps a picture of the page in the folder that PAGE_SHOTS names.
func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("PAGE_SHOTS")
	if dir == "" {
		return
	}
	do(t, ctx, chromedp.Sleep(400*time.Millisecond))
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// One browser for all of it: starting one takes seconds.
func TestPage(t *testing.T) {
	need.Browser(t)
	s := start(t)
	ctx := browse(t, s.url+"/?raw=1")

	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	shoot(t, ctx, "empty-1280")
	t.Run("a typed question is answered and spoken", func(t *testing.T) { s.asks(t, ctx) })
	t.Run("a stop ends both", func(t *testing.T) { s.stopsAnswer(t, ctx) })
	t.Run("a rule answers without the model", func(t *testing.T) {
		do(t, ctx, typing("what time is it"))
		await(t, ctx, `[...document.querySelectorAll("li.tars")].at(-1).innerText.includes("It is") || [...document.querySelectorAll("li.tars")].at(-1).innerText.includes("It's")`)
	})
	t.Run("the microphone is heard", func(t *testing.T) { s.hears(t, ctx) })
	t.Run("a microphone that is not allowed is explained", func(t *testing.T) {
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`Object.defineProperty(navigator, "mediaDevices", { value: undefined, configurable: true })`), chromedp.Click("#mic"))
		await(t, ctx, `document.getElementById("note").innerText.includes("secure pages only")`)
	})
	t.Run("speech waits and stops as the voice says", func(t *testing.T) { steered(t, ctx) })
	t.Run("the board says who is there", func(t *testing.T) { board(t, ctx) })
	t.Run("a reload keeps the room", func(t *testing.T) {
		room := value[string](t, ctx, `tars.room`)
		do(t, ctx, chromedp.Reload())
		await(t, ctx, `window.tars?.connected`)
		if got := value[string](t, ctx, `tars.room`); got != room || room == "" {
			t.Errorf("the room is %q, was %q", got, room)
		}
	})
	t.Run("everything is in reach on a phone", func(t *testing.T) { phone(t, ctx) })
}

func (s *stage) asks(t *testing.T, ctx context.Context) {
	do(t, ctx, typing("What colour is the boat?"))
	await(t, ctx, `document.querySelector("li.user:not(.pending) .bubble")?.textContent === "What colour is the boat?"`)
	await(t, ctx, `document.querySelector("li.tars .bubble")?.textContent.startsWith("The boat is")`)
	await(t, ctx, `!document.getElementById("stop").hidden && tars.speaking`)
	shoot(t, ctx, "answering-1280")
	await(t, ctx, `document.querySelector("li.tars .bubble").textContent.endsWith("next to the lighthouse.")`)
	await(t, ctx, `document.querySelector("li.tars .meta").textContent.includes("first word")`)
	await(t, ctx, `!tars.speaking && document.getElementById("stop").hidden`)
	shoot(t, ctx, "answered-1280")
	s.mu.Lock()
	want := base64.StdEncoding.EncodeToString(s.spoken)
	s.mu.Unlock()
	if got := value[string](t, ctx, `tars.pcm()`); got != want || want == "" {
		t.Errorf("played %d bytes in base64, want the %d that were sent", len(got), len(want))
	}
	if rate := value[int](t, ctx, `tars.played.rate`); rate != voiceRate {
		t.Errorf("played at %d, want %d", rate, voiceRate)
	}
}

func (s *stage) stopsAnswer(t *testing.T, ctx context.Context) {
	do(t, ctx, typing("Tell me a story"))
	await(t, ctx, `tars.speaking`)
	do(t, ctx, chromedp.Click("#stop"))
	await(t, ctx, `!tars.speaking && document.getElementById("stop").hidden`)
	await(t, ctx, `[...document.querySelectorAll("li.tars")].at(-1).querySelector(".meta").textContent.includes("stopped")`)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancels != 1 || s.stops != 1 {
		t.Errorf("the model was cancelled %d times and the voice stopped %d times, want once", s.cancels, s.stops)
	}
	if n := value[int](t, ctx, `tars.played.samples`); n == 0 {
		t.Error("nothing was played")
	}
}

func (s *stage) hears(t *testing.T, ctx context.Context) {
	do(t, ctx, chromedp.Click("#mic"))
	await(t, ctx, `tars.listening && tars.sent >= 150`)
	await(t, ctx, `document.querySelector("li.live .bubble")?.textContent === "And where does"`)
	shoot(t, ctx, "listening-1280")
	do(t, ctx, chromedp.Click("#mic"))
	await(t, ctx, `!tars.listening && !document.querySelector("li.live")`)
	await(t, ctx, `[...document.querySelectorAll("li.user:not(.other) .bubble")].at(-1).textContent === "And where does it lie?"`)
	await(t, ctx, `!tars.speaking && tars.answering.length === 0`)
	s.mu.Lock()
	defer s.mu.Unlock()
	share := 0.0
	for from := 16000; from+32000 <= len(s.heard); from += 8000 { // the fake microphone begins with a click, and a busy machine drops chunks
		share = max(share, purity(s.heard[from:], 16000, 1000))
	}
	if share < 0.99 {
		t.Errorf("%.3f of what was heard is the tone that was played, want nearly all", share)
	}
}

// purity is how much of the energy of pcm is at hz.
func purity(pcm []byte, rate int, hz float64) float64 {
	var re, im, all float64
	n := 0
	for ; n < 16000 && 2*n+1 < len(pcm); n++ { // one second: any offset in rate shows
		v := float64(int16(binary.LittleEndian.Uint16(pcm[2*n:])))
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(n) / float64(rate))
		re, im, all = re+v*cos, im+v*sin, all+v*v
	}
	if all == 0 {
		return 0
	}
	return 2 * (re*re + im*im) / float64(n) / all
}

// tool is a bus for what no service of this stage says.
func tool(t *testing.T) *kit.Bus {
	t.Helper()
	set, err := kit.Load("test")
	if err != nil {
		t.Fatal(err)
	}
	bus, err := kit.Open(t.Context(), "test", set, kit.Sends[contract.SpeakerAudio](), kit.Sends[contract.TtsStatus](), kit.Sends[contract.HealthPing]())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close(context.Background()) })
	return bus
}

func publish(t *testing.T, bus *kit.Bus, m msg.Message) {
	t.Helper()
	if err := bus.Publish(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func steered(t *testing.T, ctx context.Context) {
	bus := tool(t)
	chunk := contract.SpeakerAudio{Sink: "page", UttID: "x", Rate: 8000, PCM: tone(4000, 8000, 330)} // half a second
	publish(t, bus, chunk)
	await(t, ctx, `tars.speaking`)
	publish(t, bus, contract.TtsStatus{Event: contract.TtsPaused, UttID: &chunk.UttID})
	do(t, ctx, chromedp.Sleep(time.Second))
	if !value[bool](t, ctx, `tars.speaking`) {
		t.Error("speech went on while it was paused")
	}
	publish(t, bus, contract.TtsStatus{Event: contract.TtsResumed, UttID: &chunk.UttID})
	await(t, ctx, `!tars.speaking`)
	for range 60 {
		publish(t, bus, chunk)
	}
	await(t, ctx, `tars.speaking`)
	before := time.Now()
	publish(t, bus, contract.TtsStatus{Event: contract.TtsStopped, UttID: &chunk.UttID})
	await(t, ctx, `!tars.speaking`)
	if took := time.Since(before); took > 15*time.Second {
		t.Errorf("speech of half a minute ended after %s", took)
	}
	played := value[int](t, ctx, `tars.played.samples`)
	publish(t, bus, chunk)
	publish(t, bus, contract.SpeakerAudio{Sink: "page", UttID: "y", Rate: 8000, PCM: chunk.PCM})
	await(t, ctx, fmt.Sprintf(`tars.played.samples === %d`, played+4000)) // what comes late of x is not played
	await(t, ctx, `!tars.speaking`)
}

func board(t *testing.T, ctx context.Context) {
	do(t, ctx, chromedp.Click("#board-open"), chromedp.WaitVisible("#services"))
	for _, id := range []string{"tars-stt", "tars-router", "tars-llm", "tars-memory", "tars-tts", "ui-web"} {
		if state := value[string](t, ctx, fmt.Sprintf(`document.getElementById("service-%s").dataset.state`, id)); state != "ready" {
			t.Errorf("%s is %q, want ready", id, state)
		}
	}
	if text := value[string](t, ctx, `document.getElementById("service-wake-activation").innerText`); !strings.Contains(text, "not installed") {
		t.Errorf("wake is %q", text)
	}
	bus := tool(t)
	publish(t, bus, contract.HealthPing{Name: "wake-activation", Event: new(contract.HealthDegraded), Err: new("no microphone")})
	publish(t, bus, contract.HealthPing{Name: "tars-llm", Event: new(contract.HealthLost)})
	await(t, ctx, `document.getElementById("service-wake-activation").innerText.includes("no microphone") && tars.ready === 5`)
	for id, want := range map[string]string{"wake-activation": "partly", "tars-llm": "lost"} {
		if state := value[string](t, ctx, fmt.Sprintf(`document.getElementById("service-%s").dataset.state`, id)); state != want {
			t.Errorf("%s is %q, want %s", id, state, want)
		}
	}
	shoot(t, ctx, "trouble-1280")
	publish(t, bus, contract.HealthPing{Name: "tars-llm", OK: true, Event: new(contract.HealthReconnected)})
	await(t, ctx, `tars.ready === 6`)
	do(t, ctx, chromedp.SendKeys("#query", "boat\r"))
	await(t, ctx, `document.getElementById("memories").innerText.includes("the boat is red")`)
	shoot(t, ctx, "board-1280")
	do(t, ctx, chromedp.Click("#board-close"))
}

func phone(t *testing.T, ctx context.Context) {
	do(t, ctx, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), typing("What colour is the boat?"))
	await(t, ctx, `tars.speaking`)
	shoot(t, ctx, "phone-390")
	for _, id := range []string{"board-open", "mute", "mic", "text", "stop", "send"} {
		in := value[bool](t, ctx, fmt.Sprintf(`(() => { const r = document.getElementById("%s").getBoundingClientRect();
			return r.width >= 40 && r.height >= 40 && r.left >= 0 && r.top >= 0 && r.right <= innerWidth && r.bottom <= innerHeight; })()`, id))
		if !in {
			t.Errorf("#%s is out of reach", id)
		}
	}
	if wide := value[int](t, ctx, `document.documentElement.scrollWidth`); wide > 390 {
		t.Errorf("the page is %d wide", wide)
	}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}); err != nil {
		t.Fatal(err)
	}
	shoot(t, ctx, "phone-390-dark")
	do(t, ctx, chromedp.Click("#board-open"), chromedp.WaitVisible("#services"))
	shoot(t, ctx, "board-390-dark")
	do(t, ctx, chromedp.Click("#board-close"), chromedp.EmulateViewport(1280, 800))
	shoot(t, ctx, "dark-1280")
}
