// Package page runs the page of ui-web in a browser.
package page

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/test/need"
)

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
	t.Run("speech is lowered while somebody speaks into it", func(t *testing.T) { ducked(t, ctx) })
	t.Run("a recogniser that failed is told", func(t *testing.T) {
		publish(t, tool(t), contract.SpeechDropped{Reason: "failed", Err: new("no answer within 30s")})
		await(t, ctx, `[...document.querySelectorAll("li.user .meta")].at(-1)?.textContent === "not understood: no answer within 30s"`)
	})
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
	await(t, ctx, `[...document.querySelectorAll("li.user:not(.other) .bubble")].at(-1)?.textContent === "And where does it lie?"`)
	await(t, ctx, `!tars.speaking && tars.answering.length === 0`)
	await(t, ctx, `/^first sound \d+\.\d\d s · wait 0\.50 s · recognition 0\.2\d s · thinking \d+\.\d\d s · voice \d+\.\d\d s$/.test([...document.querySelectorAll("li.tars .meta")].at(-1)?.textContent)`)
	shoot(t, ctx, "heard-1280")
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
	bus, err := kit.Open(t.Context(), "test", set, kit.Sends[contract.SpeakerAudio](), kit.Sends[contract.TtsStatus](), kit.Sends[contract.HealthPing](), kit.Sends[contract.EngineInUse](), kit.Sends[contract.SpeechDuck](), kit.Sends[contract.SpeechDropped](),
		kit.Sends[contract.MicAudio](), kit.Sends[contract.CharacterUpdate](), kit.Sends[contract.CameraCaptureRequest]())
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

func ducked(t *testing.T, ctx context.Context) {
	bus := tool(t)
	chunk := contract.SpeakerAudio{Sink: "page", UttID: "ducked", Rate: 8000, PCM: tone(4000, 8000, 330)} // half a second
	for range 8 {
		publish(t, bus, chunk)
	}
	await(t, ctx, `tars.speaking && tars.volume === 1`)
	publish(t, bus, contract.SpeechDuck{On: true, DB: contract.DuckDB, UttID: &chunk.UttID})
	await(t, ctx, `Math.abs(tars.volume - 0.178) < 0.001`) // 15 dB
	publish(t, bus, contract.SpeechDuck{UttID: new("of another answer")})
	publish(t, bus, contract.SpeechDuck{UttID: &chunk.UttID})
	await(t, ctx, `tars.volume === 1 && !tars.speaking`)
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
	publish(t, bus, contract.EngineInUse{Name: "tars-llm", Engine: "openai", Cloud: new("api.openai.com")})
	await(t, ctx, `document.querySelector("#service-tars-llm .why").textContent == "what it is given goes to api.openai.com"`)
	publish(t, bus, contract.EngineInUse{Name: "tars-llm", Engine: "builtin"})
	publish(t, bus, contract.EngineInUse{Name: "tars-memory", Engine: "OpenAI-compatible", Cloud: new("embed.example.com")})
	publish(t, bus, contract.EngineInUse{Name: "tars-wake", Engine: "Wyoming", Cloud: new("wake.example.com")})
	await(t, ctx, `document.querySelector("#service-tars-memory .why").textContent == "what it is given goes to embed.example.com"`)
	await(t, ctx, `document.querySelector("#service-tars-stt .why").textContent == "what it is given goes to wake.example.com"`)
	publish(t, bus, contract.EngineInUse{Name: "tars-memory", Engine: "none"})
	publish(t, bus, contract.EngineInUse{Name: "tars-wake", Engine: "none"})
	await(t, ctx, `tars.ready === 6`)
	shoot(t, ctx, "board-1280")
	do(t, ctx, chromedp.Click("#board-close"))
}

func phone(t *testing.T, ctx context.Context) {
	resize(t, ctx, 390, 844, chromedp.EmulateMobile)
	do(t, ctx, typing("What colour is the boat?"))
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
	do(t, ctx, chromedp.Click("#board-close"))
	resize(t, ctx, 1280, 800)
	shoot(t, ctx, "dark-1280")
}
