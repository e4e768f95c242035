package page

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/gotars/tars/test/need"
)

// space presses or lets go of the space bar, as a keyboard does.
func space(t *testing.T, ctx context.Context, down bool) {
	t.Helper()
	p := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: " ", Code: "Space", WindowsVirtualKeyCode: 32}
	if down {
		p.Type, p.Text = input.DispatchKeyEventTypeKeyDown, " "
	}
	if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, p); err != nil {
		t.Fatal(err)
	}
}

// pointer presses or lets go of an element with a mouse.
func pointer(t *testing.T, ctx context.Context, selector string, down bool) {
	t.Helper()
	at := value[[]float64](t, ctx, fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, selector))
	p := input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseReleased, X: at[0], Y: at[1], Button: input.MouseButtonLeft, ClickCount: 1}
	if down {
		p.Type = input.DispatchMouseEventTypeMousePressed
	}
	if _, err := chromedp.Call(ctx, input.DispatchMouseEvent, p); err != nil {
		t.Fatal(err)
	}
}

// said is how often the ears understood something.
const said = `[...document.querySelectorAll("li.user .bubble")].filter((e) => e.textContent === "And where does it lie?").length`

func TestTalking(t *testing.T) {
	need.Browser(t)
	s := start(t)
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`window.locks = []; navigator.wakeLock.request = async (what) => { const lock = { what, released: false, release: async () => { lock.released = true; } }; locks.push(lock); return lock; }; void 0`))

	t.Run("the space bar is held to talk", func(t *testing.T) {
		do(t, ctx, chromedp.Focus("#text"))
		space(t, ctx, true)
		await(t, ctx, `tars.listening && tars.sent > 20`)
		if !value[bool](t, ctx, `locks.some((l) => l.what === "screen" && !l.released)`) {
			t.Error("the screen may go dark while somebody talks")
		}
		space(t, ctx, false)
		await(t, ctx, `!tars.listening && `+said+` === 1 && document.getElementById("text").value === ""`)
		await(t, ctx, `!tars.speaking && tars.answering.length === 0 && locks.every((l) => l.released)`)
	})
	t.Run("a text with spaces is a text", func(t *testing.T) {
		do(t, ctx, chromedp.SendKeys("#text", "a b c"))
		if got := value[string](t, ctx, `document.getElementById("text").value + tars.listening`); got != "a b cfalse" {
			t.Errorf("the text and the microphone are %q", got)
		}
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.getElementById("text").value = ""; void 0`))
	})
	t.Run("the button is held to talk", func(t *testing.T) {
		pointer(t, ctx, "#mic", true)
		await(t, ctx, `tars.listening`)
		do(t, ctx, chromedp.Sleep(time.Second))
		pointer(t, ctx, "#mic", false)
		await(t, ctx, `!tars.listening && `+said+` === 2`)
		await(t, ctx, `!tars.speaking && tars.answering.length === 0`)
	})
	t.Run("a tap leaves the microphone on, and another one takes it away", func(t *testing.T) {
		do(t, ctx, chromedp.Click("#mic"))
		await(t, ctx, `tars.listening`)
		do(t, ctx, chromedp.Sleep(700*time.Millisecond))
		if !value[bool](t, ctx, `tars.listening`) {
			t.Error("a tap is taken for a hold")
		}
		do(t, ctx, chromedp.Click("#mic"))
		await(t, ctx, `!tars.listening`)
		await(t, ctx, `!tars.speaking && tars.answering.length === 0`)
	})
	t.Run("Enter on the button does so too", func(t *testing.T) {
		do(t, ctx, chromedp.Focus("#mic"), chromedp.KeyEvent(kb.Enter))
		await(t, ctx, `tars.listening`)
		do(t, ctx, chromedp.KeyEvent(kb.Enter))
		await(t, ctx, `!tars.listening`)
		await(t, ctx, `!tars.speaking && tars.answering.length === 0`)
	})
	for where, before := range map[string]func(){
		"":                         func() {},
		" while the sheet is open": func() { tab(t, ctx, "timers") },
		" while the microphone is on": func() {
			do(t, ctx, chromedp.Click("#mic"))
			await(t, ctx, `tars.listening`)
		},
	} {
		t.Run("Escape stops the answer"+where, func(t *testing.T) {
			do(t, ctx, typing("Tell me a story"))
			await(t, ctx, `tars.speaking`)
			before()
			do(t, ctx, chromedp.KeyEvent(kb.Escape))
			await(t, ctx, `!tars.speaking && tars.answering.length === 0`)
			if value[bool](t, ctx, `tars.listening`) {
				do(t, ctx, chromedp.Click("#mic"))
			}
			await(t, ctx, `!tars.listening && !document.getElementById("board").open`)
			await(t, ctx, `!tars.speaking && tars.answering.length === 0`)
		})
	}
}

func TestSound(t *testing.T) {
	need.Browser(t)
	s := start(t)
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	tab(t, ctx, "sound")
	t.Run("the microphone is checked, and what was heard is played", func(t *testing.T) {
		do(t, ctx, chromedp.Click("#sound-check"))
		await(t, ctx, inner("sound-status")+` === "I hear you." && document.getElementById("sound-meter").value > 0.2`)
		shoot(t, ctx, "sound-1280")
		// A browser that is busy hands over what the microphone heard late, some of it after
		// the check.
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`window.busy = setInterval(() => { for (const end = performance.now() + 150; performance.now() < end;); }, 160); void 0`))
		await(t, ctx, inner("sound-status")+` === "I hear you. That was you:" && tars.speaking && tars.pcm("check").length > 20000`)
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`clearInterval(window.busy)`))
		s.mu.Lock()
		if len(s.heard) > 0 {
			t.Error("what was said for a check left the browser")
		}
		s.mu.Unlock()
		await(t, ctx, `!tars.speaking`)
	})
	t.Run("a microphone is chosen and kept", func(t *testing.T) {
		await(t, ctx, `document.querySelectorAll("#sound-mic option").length > 1 && document.querySelectorAll("#sound-mic option")[1].innerText !== ""`)
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`(() => { const s = document.getElementById("sound-mic"); s.selectedIndex = 1; s.dispatchEvent(new Event("change")); })(); void 0`))
		if !value[bool](t, ctx, `localStorage.getItem("tars.mic") === document.getElementById("sound-mic").value && document.getElementById("sound-mic").value !== ""`) {
			t.Error("the choice is not kept")
		}
	})
	t.Run("the voice is heard, and as loud as is chosen", func(t *testing.T) {
		do(t, ctx, chromedp.Click("#sound-say"))
		await(t, ctx, `tars.speaking`)
		await(t, ctx, `!tars.speaking`)
		do(t, ctx, chromedp.Focus("#sound-volume"), chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
		await(t, ctx, inner("sound-percent")+` === "10 %" && tars.volume === 0.1`)
		do(t, ctx, chromedp.Reload())
		await(t, ctx, `window.tars?.connected && tars.volume === 0.1`)
	})
	t.Run("a voice is chosen, and again on a new line", func(t *testing.T) {
		tab(t, ctx, "sound")
		do(t, ctx, chromedp.SendKeys("#sound-voice", "amy\r"), chromedp.Focus("#sound-say"))
		do(t, ctx, chromedp.Reload())
		await(t, ctx, `window.tars?.connected && document.getElementById("sound-voice").value === "amy"`)
		want := value[string](t, ctx, `tars.room + " amy"`)
		within := time.Now().Add(10 * time.Second)
		for {
			got := among(t, &s.household, func() []string { return slices.Clone(s.voices) })
			if len(got) >= 2 && got[0] == want && got[1] == want {
				break
			}
			if time.Now().After(within) {
				t.Fatalf("chosen are %v, want %q twice", got, want)
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
}

func TestFirstVisit(t *testing.T) {
	need.Browser(t)
	s := start(t, allowAll)
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	next := func() {
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll("#first .choices button")][0].click(); void 0`))
	}
	t.Run("the voice is heard", func(t *testing.T) {
		await(t, ctx, inner("first")+`.includes("Hear my voice")`)
		shoot(t, ctx, "first-1-1280")
		do(t, ctx, chromedp.Click("#first .primary"))
		await(t, ctx, `tars.speaking && `+inner("first")+`.includes("Did you hear it?")`)
	})
	t.Run("the person is heard", func(t *testing.T) {
		next()
		await(t, ctx, inner("first")+`.includes("Let me hear you")`)
		do(t, ctx, chromedp.Click("#first .primary"))
		await(t, ctx, inner("first")+`.includes("I hear you.") && document.querySelector("#first meter").value > 0.2`)
		shoot(t, ctx, "first-2-1280")
	})
	t.Run("what is there is told, and one click adds what is usual", func(t *testing.T) {
		next()
		await(t, ctx, inner("first")+`.includes("faster-whisper, base") && `+inner("first")+`.includes("One click would add: Piper's voice Joe.")`)
		shoot(t, ctx, "first-3-1280")
		do(t, ctx, chromedp.Click("#first .primary"))
		await(t, ctx, `document.getElementById("board").open && `+inner("installation")+`.includes("fetching piper")`)
		await(t, ctx, inner("installation")+`.startsWith("Installed.")`)
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
	})
	t.Run("it is not shown again, unless somebody asks", func(t *testing.T) {
		next()
		await(t, ctx, `document.getElementById("first").hidden`)
		do(t, ctx, chromedp.Reload())
		await(t, ctx, `window.tars?.connected && document.getElementById("first").hidden`)
		tab(t, ctx, "sound")
		do(t, ctx, chromedp.Click("#sound-first"))
		await(t, ctx, `!document.getElementById("board").open && `+inner("first")+`.includes("Step 1 of 3")`)
		do(t, ctx, chromedp.Click("#first .quiet"))
		await(t, ctx, `document.getElementById("first").hidden && !!localStorage.getItem("tars.visited")`)
	})
}

// TestThePageIsThereWhileTheServerIsAway loads the page twice: the service worker of the first
// time keeps what the second one loads.
func TestThePageIsThereWhileTheServerIsAway(t *testing.T) {
	need.Browser(t)
	s := start(t)
	n := between(t, s.url)
	ctx := openBrowser(t)
	do(t, ctx, chromedp.Navigate("http://"+n.Addr().String()))
	await(t, ctx, `window.tars?.connected && !!navigator.serviceWorker.controller`)
	if got := value[string](t, ctx, `document.querySelector("link[rel=manifest]").href`); got == "" {
		t.Error("the page has no manifest")
	}
	do(t, ctx, chromedp.Reload())
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	do(t, ctx, typing("What colour is the boat?"))
	await(t, ctx, `tars.speaking`)
	kept := `(async () => { window.kept = (await (await caches.open("tars-shell")).keys()).map((r) => new URL(r.url).pathname).sort().join(" "); })(); void 0`
	await(t, ctx, `(() => { `+kept+`; return window.kept?.includes("/talk.js"); })()`)
	if got := value[bool](t, ctx, `/\/(api|ws|healthz|logout)/.test(window.kept)`); got {
		t.Errorf("kept is more than the page: %s", value[string](t, ctx, `window.kept`))
	}
	n.die(true)
	_ = n.Close()
	do(t, ctx, chromedp.Reload())
	await(t, ctx, `document.getElementById("state")?.innerText === "no connection" && document.getElementById("text").placeholder === "Ask TARS"`)
	shoot(t, ctx, "away-1280")
}
