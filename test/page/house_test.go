package page

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/test/need"
)

// part opens a part of a tab, as a person does.
func part(t *testing.T, ctx context.Context, in, name string) {
	t.Helper()
	tab(t, ctx, in)
	do(t, ctx, chromedp.Click(fmt.Sprintf(`#panel-%s [data-segment=%q]`, in, name)))
	await(t, ctx, fmt.Sprintf(`document.querySelector('#panel-%s [data-segment=%q]').ariaPressed === "true"`, in, name))
}

// speakIn has somebody speak in a room until quiet is called.
func speakIn(t *testing.T, bus *kit.Bus, room string) (quiet func()) {
	t.Helper()
	over, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for seq := 1; over.Err() == nil; seq += 10 { // those the ears say nothing of
			_ = bus.Publish(over, contract.MicAudio{Source: room, Seq: seq, Rate: contract.AudioRate, PCM: tone(640, 16000, 440)})
			time.Sleep(40 * time.Millisecond)
		}
	})
	return func() { stop(); wg.Wait() }
}

const allowAll = "UI_ALLOW=inspect,publish,install"

func TestHouse(t *testing.T) {
	need.Browser(t)
	s := start(t, allowAll)
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)

	t.Run("services show what they do", func(t *testing.T) {
		tab(t, ctx, "health")
		await(t, ctx, `/messages a second .* up \d+ s/.test(document.querySelector("#service-tars-router .facts")?.innerText)`)
		shoot(t, ctx, "house-1280")
	})
	t.Run("a message that could not be handled is seen, and tried again", func(t *testing.T) {
		among(t, &s.household, func() bool { s.broken = true; return true })
		publish(t, tool(t), contract.CameraCaptureRequest{})
		part(t, ctx, "health", "letters")
		await(t, ctx, inner("letters")+`.includes("camera/capture") && `+inner("letters")+`.includes("the <b>lens</b> is dirty") && document.querySelector('[data-segment=letters] .count').innerText === "1"`)
		do(t, ctx, chromedp.Click("#letters summary"))
		await(t, ctx, `document.querySelector("#letters pre").checkVisibility() && document.querySelector("#letters pre").innerText.includes('"format": "jpeg"')`)
		shoot(t, ctx, "letters-1280")
		among(t, &s.household, func() bool { s.broken = false; return true })
		do(t, ctx, chromedp.Click("#letters [data-action=replay]"))
		await(t, ctx, inner("letters")+` === "There are none." && `+inner("house-status")+`.startsWith("Given back")`)
		if n := among(t, &s.household, func() int { return s.pictures }); n != 1 {
			t.Errorf("%d pictures were taken, want 1", n)
		}
	})
	t.Run("and one is dropped after a question", func(t *testing.T) {
		among(t, &s.household, func() bool { s.broken = true; return true })
		publish(t, tool(t), contract.CameraCaptureRequest{})
		await(t, ctx, `!!document.querySelector("#letters [data-action=drop]")`)
		do(t, ctx, chromedp.Click("#letters [data-action=drop]"))
		await(t, ctx, `document.activeElement.innerText === "Keep"`)
		do(t, ctx, chromedp.Click("#letters .confirm .bad"))
		await(t, ctx, inner("letters")+` === "There are none."`)
	})
	t.Run("a service shows its last error, and how one that is away is started again", func(t *testing.T) {
		publish(t, tool(t), contract.HealthPing{Name: "tars-camera", Event: new(contract.HealthLost)})
		part(t, ctx, "health", "services")
		await(t, ctx, `document.querySelector("#service-keeper .last-error")?.innerText === "last error: the <b>lens</b> is dirty (picture)"`)
		await(t, ctx, `document.querySelector("#service-tars-camera .restart")?.innerText.includes("tars run camera")`)
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.getElementById("service-keeper").scrollIntoView(); void 0`))
		shoot(t, ctx, "house-trouble-1280")
		publish(t, tool(t), contract.HealthPing{Name: "tars-camera", OK: true, Event: new(contract.HealthReady)})
		await(t, ctx, `!document.querySelector("#service-tars-camera .restart").innerText`)
	})
	t.Run("a room is as loud as it is", func(t *testing.T) {
		part(t, ctx, "health", "rooms")
		bus := tool(t)
		await(t, ctx, inner("rooms")+`.includes("No microphone is on")`)
		defer speakIn(t, bus, "kitchen")()
		await(t, ctx, `document.querySelector('[data-room=kitchen] meter')?.value > 0.5 && document.querySelector('[data-room=kitchen] .state').innerText === "listening"`)
		shoot(t, ctx, "rooms-1280")
	})
	t.Run("engines say why they are used", func(t *testing.T) {
		part(t, ctx, "health", "engines")
		await(t, ctx, inner("engine-uses")+`.includes("because it answers on its usual port") && `+inner("engine-uses")+`.includes("Better: make engines gives Piper")`)
		do(t, ctx, chromedp.Click("#engine-try"))
		await(t, ctx, inner("engine-advice")+`.includes("the voice is a simple one") && `+inner("engine-uses")+`.includes("no sound <b>came</b>")`)
		shoot(t, ctx, "engines-1280")
	})
	t.Run("an engine is installed, and stopped", func(t *testing.T) {
		among(t, &s.household, func() bool { s.slow = true; return true })
		do(t, ctx, chromedp.Click("[data-install=usual]"))
		await(t, ctx, `document.querySelector("#installation progress").value > 0.2 && `+inner("installation")+`.includes("fetching piper 1.2.0")`)
		shoot(t, ctx, "installing-1280")
		do(t, ctx, chromedp.Click("#installation [data-action=cancel]"))
		await(t, ctx, inner("installation")+`.startsWith("Stopped. What was fetched is kept.")`)
		among(t, &s.household, func() bool { s.slow = false; return true })
		do(t, ctx, chromedp.Click("[data-install='tts:en_US-joe-medium']"))
		await(t, ctx, inner("installation")+`.startsWith("Installed.") && document.querySelector("[data-part^=tts]").dataset.state === "installed"`)
		got := among(t, &s.household, func() [][]string { return slices.Clone(s.installs) })
		if want := "[[] [tts:en_US-joe-medium]]"; fmt.Sprint(got) != want {
			t.Errorf("installed %v, want %v", got, want)
		}
	})
	t.Run("nothing of it is run", func(t *testing.T) {
		if value[bool](t, ctx, `!!window.injected || !!document.querySelector("#board pre b, #letters b, #engine-uses b, #servers img")`) {
			t.Error("markup became part of the page")
		}
	})
}

func TestBus(t *testing.T) {
	need.Browser(t)
	s := start(t, allowAll)
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)

	t.Run("messages are seen while they pass", func(t *testing.T) {
		tab(t, ctx, "bus")
		await(t, ctx, inner("bus-list")+`.includes("system/health/tars-llm")`)
		publish(t, tool(t), contract.SpeechDropped{Reason: "nothing", Err: new("<img src=x onerror=\"window.injected=true\">")})
		await(t, ctx, `document.querySelector("#bus-list .topic").innerText === "stt/dropped" && /^\d\d:\d\d:\d\d\.\d$/.test(document.querySelector("#bus-list time").innerText)`)
		do(t, ctx, chromedp.Click("#bus-list summary"))
		await(t, ctx, `document.querySelector("#bus-list pre")?.innerText.includes('"reason": "nothing"')`)
		shoot(t, ctx, "bus-1280")
	})
	t.Run("a filter leaves the others out", func(t *testing.T) {
		do(t, ctx, chromedp.SetValue("#bus-filter", "stt/+"), chromedp.SendKeys("#bus-filter", "\r"))
		await(t, ctx, `document.getElementById("bus-status").dataset.running === "true"`)
		publish(t, tool(t), contract.TtsStatus{Event: contract.TtsSpeakingEnd, Text: "x"})
		publish(t, tool(t), contract.SpeechDropped{Reason: "nothing"})
		await(t, ctx, `document.querySelectorAll("#bus-list .message").length > 0`)
		if got := value[string](t, ctx, `[...document.querySelectorAll("#bus-list .topic")].map((e) => e.innerText).filter((x) => x !== "stt/dropped").join()`); got != "" {
			t.Errorf("shown beside it: %s", got)
		}
		do(t, ctx, chromedp.SendKeys("#bus-words", "no such words"))
		await(t, ctx, `[...document.querySelectorAll("#bus-list .message")].every((e) => e.hidden)`)
		do(t, ctx, chromedp.Click("#bus-words"), chromedp.KeyEvent("a", chromedp.KeyModifiers(2)), chromedp.KeyEvent(kb.Backspace))
		await(t, ctx, `[...document.querySelectorAll("#bus-list .message")].some((e) => !e.hidden)`)
	})
	t.Run("a pause holds them back", func(t *testing.T) {
		do(t, ctx, chromedp.Click("#bus-pause"))
		rows := value[int](t, ctx, `document.querySelectorAll("#bus-list .message").length`)
		publish(t, tool(t), contract.SpeechDropped{Reason: "held"})
		await(t, ctx, inner("bus-status")+`.includes("1 waiting")`)
		if now := value[int](t, ctx, `document.querySelectorAll("#bus-list .message").length`); now != rows {
			t.Errorf("%d rows are shown while it is paused, before it were %d", now, rows)
		}
		do(t, ctx, chromedp.Click("#bus-pause"))
		await(t, ctx, inner("bus-list")+`.includes("held")`)
	})
	t.Run("a message is changed and sent again", func(t *testing.T) {
		do(t, ctx, chromedp.Click("#bus-list summary"))
		await(t, ctx, `!!document.querySelector("#bus-list [open] button")`)
		do(t, ctx, chromedp.Click("#bus-list [open] button"))
		await(t, ctx, `document.activeElement.id === "bus-topic" && document.getElementById("bus-payload").value.includes('"held"')`)
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.getElementById("bus-payload").value = '{"reason":"failed","err":"sent by hand"}'; void 0`), chromedp.Click("#bus-send [type=submit]"))
		await(t, ctx, inner("bus-send-status")+`.startsWith("Sent")`)
		await(t, ctx, `[...document.querySelectorAll("#log li.user .meta")].at(-1)?.textContent === "not understood: sent by hand"`)
		do(t, ctx, chromedp.SetValue("#bus-payload", "{no JSON"), chromedp.Click("#bus-send [type=submit]"))
		await(t, ctx, inner("bus-send-status")+`.startsWith("That is no JSON")`)
		shoot(t, ctx, "bus-send-1280")
	})
	t.Run("every channel is described, with its last message", func(t *testing.T) {
		part(t, ctx, "bus", "channels")
		await(t, ctx, `document.querySelectorAll("#channel-list .channel").length > 40`)
		do(t, ctx, chromedp.SendKeys("#channel-words", "stt/dropped"))
		await(t, ctx, `[...document.querySelectorAll("#channel-list .channel")].filter((e) => !e.hidden).length === 1`)
		do(t, ctx, chromedp.Click("#channel-list .channel:not([hidden]) summary"))
		await(t, ctx, `[...document.querySelectorAll("#channel-list .channel")].find((e) => e.open).innerText.includes("sent by hand") && !!document.querySelector("#channel-list table")`)
		shoot(t, ctx, "channels-1280")
	})
	t.Run("topics and payloads with markup are shown as they are", func(t *testing.T) {
		part(t, ctx, "bus", "live")
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.getElementById("bus-filter").value = "evil/#"; document.getElementById("bus-filter-form").requestSubmit(); void 0`))
		await(t, ctx, `document.getElementById("bus-status").dataset.running === "true"`)
		hostile := []string{`<img src=x onerror="window.injected=true">`, `<script>window.injected=true<\u002fscript>`, `"><svg onload=window.injected=true>`, `javascript:window.injected=true`, `</pre><iframe srcdoc="<script>parent.injected=true<\u002fscript>">`, `{{constructor.constructor('window.injected=true')()}}`, "\u202egpj.exe", `&lt;b&gt;`}
		bus := tool(t)
		for i, text := range hostile {
			topic := "evil/" + strings.NewReplacer("+", "", "#", "").Replace(text)
			if err := bus.PublishTo(t.Context(), topic, "", map[string]any{"n": i, "text": text, text: text}); err != nil {
				t.Fatal(err)
			}
		}
		await(t, ctx, fmt.Sprintf(`document.querySelectorAll("#bus-list .message").length === %d`, len(hostile)))
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`for (const d of document.querySelectorAll("#bus-list details")) d.open = true; void 0`))
		await(t, ctx, `document.querySelectorAll("#bus-list pre").length > 7 && `+inner("bus-list")+`.includes("<img src=x onerror=")`)
	})
	t.Run("nobody looks when the sheet is closed", func(t *testing.T) {
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
		await(t, ctx, `!document.getElementById("board").open`)
		seen := value[string](t, ctx, `document.getElementById("bus-status").textContent`)
		publish(t, tool(t), contract.SpeechDropped{Reason: "unseen"})
		do(t, ctx, typing("what time is it"))
		await(t, ctx, `[...document.querySelectorAll("li.tars")].at(-1)?.innerText.includes("It")`)
		if now := value[string](t, ctx, `document.getElementById("bus-status").textContent`); now != seen {
			t.Errorf("it counts on: %s, was %s", now, seen)
		}
	})
	if value[bool](t, ctx, `!!window.injected || !!document.querySelector("#bus-list :is(img, script, svg, iframe), #channel-list img")`) {
		t.Error("markup became part of the page")
	}
}

func TestWhatIsNotAllowedIsNotOffered(t *testing.T) {
	need.Browser(t)
	s := start(t, "UI_ALLOW=none")
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	tab(t, ctx, "bus")
	await(t, ctx, inner("bus-status")+`.includes("UI_ALLOW does not name inspect") && document.getElementById("bus-send").hidden`)
	part(t, ctx, "health", "engines")
	await(t, ctx, inner("engine-parts")+`.includes("Installing from the page is off") && !document.querySelector("[data-install]")`)
	part(t, ctx, "health", "letters")
	await(t, ctx, inner("letters")+`.includes("UI_ALLOW does not name inspect")`)
}

func TestCharacterAndTools(t *testing.T) {
	need.Browser(t)
	s := start(t)
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	trait := func(name string) int {
		return among(t, &s.household, func() int { v, _ := s.traits[name].(int); return v })
	}
	t.Run("a slider changes a trait", func(t *testing.T) {
		part(t, ctx, "memory", "character")
		await(t, ctx, `document.querySelector("[data-trait=humor]")?.value === "75" && `+inner("character-who")+`.includes("with a <b>humor</b> setting")`)
		shoot(t, ctx, "character-1280")
		do(t, ctx, chromedp.Focus("[data-trait=humor]"), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
		await(t, ctx, inner("character-status")+` === "Humor is 85. It acts on the next answer."`)
		if got := trait("humor"); got != 85 {
			t.Errorf("humor is %d, want 85", got)
		}
	})
	t.Run("all are set back", func(t *testing.T) {
		do(t, ctx, chromedp.Click("#character-reset"))
		await(t, ctx, `document.querySelector("[data-trait=humor]").value === "75"`)
		if got := trait("humor"); got != 75 {
			t.Errorf("humor is %d, want 75", got)
		}
	})
	t.Run("a change from elsewhere is shown", func(t *testing.T) {
		publish(t, tool(t), contract.CharacterUpdate{Trait: &contract.CharacterTraitUpdate{Section: "traits", Trait: "sarcasm", Value: 5}})
		await(t, ctx, `document.querySelector("[data-trait=sarcasm]").value === "5"`)
	})
	t.Run("a tool is switched off, and a whole server", func(t *testing.T) {
		part(t, ctx, "memory", "tools")
		await(t, ctx, `document.querySelectorAll("#servers [role=switch]").length === 5 && `+inner("servers")+`.includes("2 of 2 on")`)
		do(t, ctx, chromedp.Click(`[data-switch=mcp__clock__zone]`))
		await(t, ctx, `document.querySelector("[data-switch=mcp__clock__zone]").ariaChecked === "false" && `+inner("servers")+`.includes("1 of 2 on") && `+inner("tools-status")+` === "Off: Zone."`)
		shoot(t, ctx, "tools-1280")
		do(t, ctx, chromedp.Click(`[data-switch="server lights"]`))
		await(t, ctx, `document.querySelector("[data-switch=mcp__lights__switch_on]").ariaChecked === "false"`)
		off := among(t, &s.household, func() []string { return slices.Sorted(slices.Values(s.off)) })
		if want := []string{"mcp__clock__zone", "mcp__lights__switch_on"}; !slices.Equal(off, want) {
			t.Errorf("off are %v, want %v", off, want)
		}
		do(t, ctx, chromedp.Click(`[data-switch=mcp__clock__zone]`))
		await(t, ctx, `document.querySelector("[data-switch=mcp__clock__zone]").ariaChecked === "true"`)
	})
	if value[bool](t, ctx, `!!window.injected || !!document.querySelector("#servers img, #character-who b")`) {
		t.Error("markup became part of the page")
	}
}
