package page

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/test/need"
)

// bytesOnTheBus is a payload that no service of ours would write.
type bytesOnTheBus []byte

func (bytesOnTheBus) Route() msg.Route                 { return msg.Route{Topic: "test/bytes"} }
func (b bytesOnTheBus) MarshalBinary() ([]byte, error) { return b, nil }

// nonsense is payloads of the wrong shape. MARK is text that must not be seen,
// TAG is HTML that must not become an element.
func nonsense() []string {
	const tag = `<img src=x class=injected onerror=window.injected=true><script>window.injected=true</script>`
	bodies := []string{
		``, `null`, `true`, `5`, `"MARK"`, `[]`, `[null]`, `{}`, `{`, "\xff\xfe", `{"data":null}`, `{"data":[]}`, `{"data":"MARK"}`, `{"data":{}}`,
		`{"__proto__":{"text":"MARK"}}`, `{"data":{"__proto__":{"text":"MARK","id":"MARK"}}}`, `{"constructor":{"prototype":{"text":"MARK"}}}`,
		`{"timers":[null,5,"MARK",[],{},{"id":"MARK"},{"id":"x","kind":"<img src=x class=injected>","state":"MARK","due":1}]}`, `{"timers":{"0":"MARK"}}`,
		`1e999`, `{"ok":"yes"}`, `{"ok":true,"event":{"MARK":1},"err":["MARK"]}`, `{"ok":false,"event":"__proto__"}`, `{"ok":false,"event":"constructor"}`,
		strings.Repeat("[", 9000) + strings.Repeat("]", 9000), strings.Repeat(`{"data":`, 5000) + "1" + strings.Repeat("}", 5000),
	}
	for _, wrong := range []string{`null`, `5`, `-1e308`, `true`, `[]`, `["MARK"]`, `{}`, `{"toString":"MARK"}`} {
		var fields []string
		for _, f := range []string{"text", "id", "utt_id", "message_id", "delta", "reply", "error", "event", "seq", "done", "type", "turn_id", "outcome", "reason", "final", "speech_end", "last_word", "endpoint", "first_say", "first_audio", "first_delta", "end"} {
			fields = append(fields, fmt.Sprintf(`%q:%s`, f, wrong))
		}
		body := "{" + strings.Join(fields, ",") + "}"
		bodies = append(bodies, body, `{"id":"1","type":"x","source":"y","data":`+body+`}`)
	}
	long := strings.Repeat("y", 100_000)
	for _, text := range []string{tag, long} {
		bodies = append(bodies, fmt.Sprintf(`{"ok":true,"event":%q,"err":%q,"type":%q}`, text, text, text),
			fmt.Sprintf(`{"id":%q,"turn_id":%q,"utt_id":%q,"outcome":"failed","reason":%q}`, text, text, text, text))
	}
	return bodies
}

// TestNonsenseOnTheBus sends what makes no sense on every topic that the page
// is shown, and wants nothing of it to be seen or to fail.
func TestNonsenseOnTheBus(t *testing.T) {
	need.Browser(t)
	s := start(t)
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	bus := anyTool(t)
	send := func(topic, payload string) {
		t.Helper()
		if err := bus.PublishTo(t.Context(), topic, "", bytesOnTheBus(payload)); err != nil {
			t.Fatalf("%s: %v", topic, err)
		}
	}
	settled := func(text string) { // what came before this is shown
		t.Helper()
		if err := bus.Publish(kit.WithBaggage(t.Context(), "room", "kitchen"), contract.FinalTranscript{Text: text}); err != nil {
			t.Fatal(err)
		}
		await(t, ctx, fmt.Sprintf(`[...document.querySelectorAll("#log .bubble")].some((b) => b.textContent === %q)`, text))
	}
	topics := []string{"stt/final", "stt/partial", "stt/audio_fft", "llm/stream", "llm/response", "tts/say", "tts/status", "tts/duck", "tts/heard", "stt/dropped", "memory/results", "wake/event", "system/turn", "timer/state",
		"system/health/lamp", "system/health/__proto__", "system/health/constructor", "system/health/<img src=x class=injected>"}
	for _, topic := range topics {
		for _, payload := range nonsense() {
			send(topic, payload)
		}
	}
	settled("after the nonsense")
	if n := value[int](t, ctx, `document.querySelectorAll(".injected, #log img, #services img, #log script").length`); n != 0 || value[bool](t, ctx, `!!window.injected`) {
		t.Errorf("%d elements came from the bus", n)
	}
	seen := value[string](t, ctx, `document.body.innerText + [...document.querySelectorAll("#services li")].map((li) => li.textContent).join("\n")`)
	for _, odd := range []string{"MARK", "undefined", "[object", "NaN", "null", "function", "native code"} {
		if strings.Contains(seen, odd) {
			t.Errorf("the page shows %q:\n%s", odd, seen)
		}
	}
	if lines := value[string](t, ctx, `JSON.stringify([...document.querySelectorAll("#log li:not([hidden])")].map((li) => li.textContent.slice(0, 80)).filter((text) => !text.trim()))`); lines != "[]" {
		t.Errorf("lines without a word: %s", lines)
	}
	if wide := value[int](t, ctx, `document.documentElement.scrollWidth`); wide > 1280 {
		t.Errorf("the page is %d wide", wide)
	}

	for i := range 500 {
		send(fmt.Sprintf("system/health/flood-%d", i), `{"ok":true}`)
		ctx := kit.WithBaggage(t.Context(), "room", fmt.Sprintf("flood-%d", i))
		_ = bus.PublishTo(ctx, "stt/partial", "", bytesOnTheBus(`{"text":"flood"}`))
	}
	settled("after the flood")
	if names, live := value[int](t, ctx, `document.querySelectorAll("#services li").length`), value[int](t, ctx, `document.querySelectorAll("li.live").length`); names > 40 || live > 8 {
		t.Errorf("%d names are on the board and %d rooms are seen speaking", names, live)
	}
	do(t, ctx, typing("What colour is the boat?"))
	await(t, ctx, `[...document.querySelectorAll("li.tars .bubble")].some((b) => b.textContent.startsWith("The boat is"))`)
	shoot(t, ctx, "after-nonsense-1280")

	loud := contract.SpeakerAudio{Sink: "page", UttID: "odd", PCM: tone(400, 8000, 330)}
	for _, rate := range []int{1, 2999, 768001, 1 << 30} {
		loud.Rate = rate
		_ = bus.Publish(t.Context(), loud) // the contract refuses some
	}
	settled("after the odd rates")
	do(t, ctx, chromedp.Click("#board-open"), chromedp.WaitVisible("#services"))
	shoot(t, ctx, "board-after-nonsense-1280")
}

// TestTooMuchIsTold types faster than anybody reads, and is told.
func TestTooMuchIsTold(t *testing.T) {
	need.Browser(t)
	s := start(t)
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	told := false
	for i := 0; i < 60 && !told; i++ { // a text that is taken hides the note again
		do(t, ctx, typing(fmt.Sprint("what time is it ", i)))
		told = value[bool](t, ctx, `!document.getElementById("note").hidden && document.getElementById("note").innerText.includes("too much text at once")`)
	}
	if !told {
		t.Error("nobody was told that it was too much")
	}
	await(t, ctx, `document.querySelectorAll("li.user.failed").length >= 1 && document.querySelectorAll("li.user:not(.failed):not(.pending)").length >= 6`)
	shoot(t, ctx, "too-much-1280")
}

// anyTool is a bus that may say anything.
func anyTool(t *testing.T) *kit.Bus {
	t.Helper()
	set, err := kit.Load("test")
	if err != nil {
		t.Fatal(err)
	}
	bus, err := kit.Open(t.Context(), "test", set, kit.Sends[bytesOnTheBus](), kit.Sends[contract.FinalTranscript](), kit.Sends[contract.SpeakerAudio]())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close(context.Background()) })
	return bus
}
