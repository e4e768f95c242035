package test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/wer"
	"github.com/gotars/tars/test/engine"
	"github.com/gotars/tars/test/need"
)

// browser opens the page at url in headless Chromium.
func browser(t *testing.T, url string, flags ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	ctx := launch(t, flags...)
	if err := chromedp.Do(ctx, chromedp.Navigate(url), chromedp.WaitVisible("#text")); err != nil {
		t.Fatal(err)
	}
	awaitJS(t, ctx, "the page is connected", "window.tars && window.tars.connected")
	return ctx
}

// launch starts headless Chromium with an empty page.
func launch(t *testing.T, flags ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path := need.Browser(t)
	opts := append([]chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("autoplay-policy", "no-user-gesture-required")}, flags...)
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(end)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // the first action has no limit: it would be the browser's
		t.Fatal(err)
	}
	ctx, late := context.WithTimeout(ctx, 3*patience)
	t.Cleanup(late)
	return ctx
}

// page evaluates JavaScript in it.
func page[T any](t *testing.T, ctx context.Context, js string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// awaitJS waits until js is true.
func awaitJS(t *testing.T, ctx context.Context, what, js string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool]("!!("+js+")", chromedp.WithPollingTimeout(patience), chromedp.WithPollingInterval(50*time.Millisecond))); err != nil {
		t.Fatalf("%s: %v; the page shows %q and has %s", what, err, page[string](t, ctx, "document.body.innerText"), page[string](t, ctx, loaded))
	}
}

// loaded says what a page is made of: what did not arrive has no status.
const loaded = `JSON.stringify([location.href, document.readyState, "tars" in window,
	...performance.getEntries().filter((e) => "responseStatus" in e).map((e) => e.name + " " + e.responseStatus + " after " + e.duration + " ms")])`

// silence is when nothing is spoken or awaited any more.
const silence = "!window.tars.speaking && window.tars.answering.length == 0 && window.tars.played.samples > 0"

// played is what the page played, as a WAV file.
func played(t *testing.T, ctx context.Context) []byte {
	t.Helper()
	pcm, err := base64.StdEncoding.DecodeString(page[string](t, ctx, "window.tars.pcm()"))
	if err != nil || len(pcm) < 8000 {
		t.Fatalf("played %d bytes, %v", len(pcm), err)
	}
	rate := page[int](t, ctx, "window.tars.played.rate")
	t.Logf("played %.1f s at %d Hz", float64(len(pcm))/2/float64(rate), rate)
	return engine.WAV(pcm, rate)
}

// explain says what the page shows, when the test failed.
func explain(t *testing.T, ctx context.Context) {
	t.Helper()
	if t.Failed() {
		t.Log("the page shows: ", page[string](t, ctx, "document.body.innerText"))
	}
}

// TestTypedInTheBrowser types a question in Chromium, sees the answer, and lets
// the recogniser say what the built-in voice said.
func TestTypedInTheBrowser(t *testing.T) {
	t.Parallel()
	need.Voice(t)
	need.Engines(t, "STT_OPENAI_URL")
	need.Browser(t)
	s := up(t, "TTS_ENGINE=flite", "LLM_ENGINE=builtin")
	ctx := browser(t, s.page)
	defer explain(t, ctx)
	const text = "The weather will be sunny in the morning, with some rain in the evening."
	if err := chromedp.Do(ctx, chromedp.Click("#text"), chromedp.SendKeys("#text", "Say "+text), chromedp.Click("#send")); err != nil {
		t.Fatal(err)
	}
	awaitJS(t, ctx, "the answer appears", "document.querySelector('#log').innerText.includes("+quote(text)+")")
	awaitJS(t, ctx, "the answer is spoken", silence)
	heard := transcribed(t, "played.wav", played(t, ctx))
	if e := wer.Of(text, heard); e.Wrong > 1 {
		t.Errorf("the recogniser heard %q, want %q", heard, text)
	}
	t.Logf("heard %q", heard)
	if err := chromedp.Do(ctx, chromedp.SendKeys("#text", "what is 17 times 23?"), chromedp.Click("#send")); err != nil {
		t.Fatal(err)
	}
	awaitJS(t, ctx, "the model's answer appears", "document.querySelector('#log').innerText.includes('391')")
	if ready := page[int](t, ctx, "window.tars.ready"); ready < 5 {
		t.Errorf("%d services are ready on the board", ready)
	}
}

// TestTokenInTheBrowser types the token into the form that a page off loopback
// shows.
func TestTokenInTheBrowser(t *testing.T) {
	t.Parallel()
	need.Browser(t)
	s := up(t, "UI_TOKEN=correct-horse-battery")
	ctx := launch(t)
	if err := chromedp.Do(ctx, chromedp.Navigate(s.page), chromedp.WaitVisible("input[name=token]"),
		chromedp.SendKeys("input[name=token]", "correct-horse-battery\r"), chromedp.WaitVisible("#text")); err != nil {
		t.Fatal(err)
	}
	awaitJS(t, ctx, "the page is connected", "window.tars && window.tars.connected")
}

// TestSpokenInTheBrowser gives Chromium a recorded voice as its microphone, and
// waits for a spoken answer by a real model.
func TestSpokenInTheBrowser(t *testing.T) {
	t.Parallel()
	need.Engines(t)
	need.Browser(t)
	mic, err := filepath.Abs(filepath.Join("testdata", "speech", "goforward.wav"))
	if err != nil {
		t.Fatal(err)
	}
	s := up(t, engineEnv()...)
	turns := make(chan contract.TurnRecord, 8)
	finals := make(chan contract.FinalTranscript, 8)
	s.bus(t, kit.On(into(turns), kit.Name("turns")), kit.On(into(finals), kit.Name("finals")))
	ctx := browser(t, s.page+"/?raw=1", chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-audio-capture", mic+"%noloop"))
	defer explain(t, ctx)
	if err := chromedp.Do(ctx, chromedp.Click("#mic")); err != nil {
		t.Fatal(err)
	}
	f := within(t, "transcript", finals)
	if e := wer.Of("go forward ten meters", f.Text); e.Wrong > 1 {
		t.Errorf("heard %q", f.Text)
	}
	awaitJS(t, ctx, "the words appear", "document.querySelector('#log').innerText.toLowerCase().includes('forward')")
	awaitJS(t, ctx, "the answer is spoken", silence)
	answer := transcribed(t, "answer.wav", played(t, ctx))
	if strings.TrimSpace(answer) == "" {
		t.Error("the answer has no words")
	}
	t.Logf("heard %q, answered %q", f.Text, answer)
	stages(t, within(t, "record of the turn", turns))
}

// TestSpokenByModel asks by voice over MQTT and is answered aloud by a real
// model.
func TestSpokenByModel(t *testing.T) {
	t.Parallel()
	need.Engines(t)
	s := up(t, engineEnv()...)
	h := newHearing()
	bus := s.bus(t, h.handlers()...)
	begin := time.Now()
	microphone(t, bus, "web-model", clip(t, "goforward.wav"), 1)
	f := within(t, "transcript", h.finals)
	a := within(t, "speech", h.audio)
	if a.Sink != "web-model" || a.UttID != *f.UttID {
		t.Errorf("speech for %s of %s", a.Sink, a.UttID)
	}
	r := within(t, "record of the turn", h.turns)
	if r.Outcome != contract.TurnDone {
		t.Errorf("record %+v", r)
	}
	t.Logf("heard %q; %s in all", f.Text, time.Since(begin).Round(time.Millisecond))
	stages(t, r)
}

// stages prints how long each part of a turn took.
func stages(t *testing.T, r contract.TurnRecord) {
	t.Helper()
	last := 0.0
	for _, s := range []struct {
		name string
		at   *float64
	}{{"speech end", r.SpeechEnd}, {"final", r.Final}, {"model asked", r.Request}, {"first delta", r.FirstDelta}, {"first say", r.FirstSay},
		{"first audio", r.FirstAudio}, {"end", r.End}} {
		if s.at == nil {
			continue
		}
		if last > 0 {
			t.Logf("%-12s + %5.0f ms", s.name, 1000*(*s.at-last))
		}
		last = *s.at
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}
