package page

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/test/need"
)

// axe is axe-core, which knows the rules of accessibility.
func axe(t *testing.T) string {
	t.Helper()
	f, err := os.Open("testdata/axe-core-4.14.1.min.js.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	script, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// media makes the browser prefer what features say: name, value, name, value.
func media(t *testing.T, ctx context.Context, features ...string) {
	t.Helper()
	var p emulation.SetEmulatedMediaParams
	for f := range slices.Chunk(features, 2) {
		p.Features = append(p.Features, &emulation.MediaFeature{Name: f[0], Value: f[1]})
	}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, p); err != nil {
		t.Fatal(err)
	}
}

// barriers are the serious and critical findings of axe on what is seen now.
func barriers(t *testing.T, ctx context.Context, script string) string {
	t.Helper()
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`window.axe || (() => { `+script+` })(); void 0`), chromedp.Sleep(350*time.Millisecond),
		chromedp.Evaluate[chromedp.Void](`window.found = undefined; axe.run().then((r) => {
			window.found = r.violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => v.id + ": " + v.nodes.map((n) => n.html.slice(0, 120) + " " + (n.any[0]?.message ?? "")).join("; ")).join("\n");
		}); void 0`))
	await(t, ctx, `window.found !== undefined`)
	return value[string](t, ctx, `window.found`)
}

// view is something that a person sees.
type view struct {
	name string
	show func()
}

// viewsOf are all views of the page, in an order in which each can be reached from the one
// before.
func viewsOf(t *testing.T, ctx context.Context) []view {
	in := func(name string, steps ...chromedp.Action[chromedp.Void]) func() {
		return func() {
			tab(t, ctx, name)
			do(t, ctx, steps...)
		}
	}
	return []view{
		{"first", func() {
			if !value[bool](t, ctx, `document.getElementById("board").open`) {
				do(t, ctx, chromedp.Click("#menu"))
			}
			do(t, ctx, chromedp.Click("#tab-sound"), chromedp.Click("#sound-first"), chromedp.WaitVisible("#first meter, #first button"))
		}},
		{"conversation", func() {
			do(t, ctx, typing("What colour is the boat?"))
			await(t, ctx, `tars.speaking`)
		}},
		{"health", func() { part(t, ctx, "health", "services") }},
		{"history", in("history", choose("history-room", ""))},
		{"turns", in("turns", chromedp.WaitVisible("#turns-list button"))},
		{"rooms", func() { part(t, ctx, "health", "rooms") }},
		{"engines", func() { part(t, ctx, "health", "engines"); await(t, ctx, `!!document.querySelector("[data-part]")`) }},
		{"letters", func() {
			part(t, ctx, "health", "letters")
			await(t, ctx, `!!document.querySelector("#letters details")`)
			do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector("#letters details").open = true; void 0`))
		}},
		{"memory", in("memory", chromedp.Click("#mind-segments [data-segment=memory]"), chromedp.WaitVisible("#memories .forget"), chromedp.Click("#memories .forget"))},
		{"character", func() { part(t, ctx, "memory", "character"); do(t, ctx, chromedp.WaitVisible("[data-trait=humor]")) }},
		{"tools", func() { part(t, ctx, "memory", "tools"); do(t, ctx, chromedp.WaitVisible("#servers [role=switch]")) }},
		{"sound", in("sound")},
		{"bus", func() {
			part(t, ctx, "bus", "live")
			await(t, ctx, `document.querySelectorAll("#bus-list .message").length > 5`)
			do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector("#bus-list details").open = document.getElementById("bus-send").open = true; void 0`))
		}},
		{"channels", func() {
			part(t, ctx, "bus", "channels")
			await(t, ctx, `document.querySelectorAll("#channel-list .channel").length > 40`)
			do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("#channel-list details")[20].open = true; void 0`))
		}},
		{"timers", in("timers", chromedp.SendKeys("#timer-when", "10 minutes\r"), chromedp.WaitVisible("#timer-list button"))},
	}
}

func TestNobodyIsKeptOut(t *testing.T) {
	need.Browser(t)
	s := start(t, allowAll)
	s.remember("user", "kitchen", "The boat is red", "")
	s.remember("assistant", "kitchen", "A red boat, I see.", "")
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	among(t, &s.household, func() bool { s.broken = true; return true })
	publish(t, tool(t), contract.CameraCaptureRequest{})
	script := axe(t)
	views := viewsOf(t, ctx)
	for _, width := range []int64{1280, 390} {
		resize(t, ctx, width, 844)
		for _, v := range views {
			v.show()
			for _, scheme := range []string{"light", "dark"} {
				media(t, ctx, "prefers-color-scheme", scheme)
				if found := barriers(t, ctx, script); found != "" {
					t.Errorf("%s, %s, %d wide:\n%s", v.name, scheme, width, found)
				}
				if wide := value[int64](t, ctx, `document.documentElement.scrollWidth`); wide > width {
					t.Errorf("%s is %d wide on a screen of %d", v.name, wide, width)
				}
				shoot(t, ctx, fmt.Sprintf("%s-%d-%s", v.name, width, scheme))
			}
		}
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
		await(t, ctx, `!document.getElementById("board").open`)
	}
	resize(t, ctx, 1280, 800)

	t.Run("everything is reached by the keyboard", func(t *testing.T) {
		reach := func(from string, n int) string {
			var seen []string
			do(t, ctx, chromedp.Focus(from))
			for range n {
				seen = append(seen, value[string](t, ctx, `document.activeElement.id || document.activeElement.className`))
				do(t, ctx, chromedp.KeyEvent(kb.Tab))
			}
			return strings.Join(seen, " ")
		}
		if got := reach("#board-open", 8); got != "board-open menu mute scroll why mic text send" {
			t.Errorf("tab leads through %q", got)
		}
		tab(t, ctx, "timers")
		if got := reach("#tab-timers", 6); !strings.HasPrefix(got, "tab-timers board-close pill small pill small timer-when timer-about") {
			t.Errorf("tab leads through %q", got)
		}
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
		await(t, ctx, `document.activeElement.id === "menu"`)
	})
	t.Run("nothing moves for those who ask for that", func(t *testing.T) {
		moving := func() bool {
			do(t, ctx, typing("Tell me a story"))
			await(t, ctx, `!!document.querySelector("li.writing .bubble")`)
			moves := value[bool](t, ctx, `document.getAnimations().length > 0`)
			do(t, ctx, chromedp.Click("#stop"))
			await(t, ctx, `!document.querySelector("li.writing")`)
			return moves
		}
		if !moving() {
			t.Error("nothing moves for anybody, so this test says nothing")
		}
		media(t, ctx, "prefers-reduced-motion", "reduce")
		if moving() {
			t.Error("something moves")
		}
	})
}

func TestTheDoorKeepsNobodyOut(t *testing.T) {
	need.Browser(t)
	s := start(t, "UI_TOKEN=a long enough token")
	ctx := openBrowser(t)
	do(t, ctx, chromedp.Navigate(s.url), chromedp.WaitVisible("#token"))
	script := axe(t)
	for _, scheme := range []string{"light", "dark"} {
		media(t, ctx, "prefers-color-scheme", scheme)
		if found := barriers(t, ctx, script); found != "" {
			t.Errorf("%s:\n%s", scheme, found)
		}
	}
	shoot(t, ctx, "door-1280-dark")
}

// TestLanguages opens the page in the languages it has.
func TestLanguages(t *testing.T) {
	need.Browser(t)
	for name, c := range map[string]struct{ setting, browser, want string }{
		"the language of UI_LANG is that of the page":                {"UI_LANG=de", "en-US", "de"},
		"without one the browser says":                               {"UI_LANG=en", "de-AT", "de"},
		"a language without texts leaves it to the browser":          {"UI_LANG=fr", "de-DE", "de"},
		"a browser whose language has no texts is spoken English to": {"UI_LANG=auto", "fr-FR", "en"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, c.setting)
			ctx := openBrowser(t)
			listenForErrors(t, ctx)
			if _, err := chromedp.Call(ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "test", AcceptLanguage: c.browser}); err != nil {
				t.Fatal(err)
			}
			do(t, ctx, chromedp.Navigate(s.url))
			await(t, ctx, `window.tars?.connected && tars.ready === 6`)
			ready, hint, send := "6 of 6 ready", "Ask TARS", "Send"
			if c.want == "de" {
				ready, hint, send = "6 von 6 bereit", "Frag TARS", "Senden"
			}
			await(t, ctx, fmt.Sprintf(`document.documentElement.lang === %q && document.getElementById("ready").innerText === %q && document.getElementById("text").placeholder === %q && document.getElementById("send").ariaLabel === %q`, c.want, ready, hint, send))
			if c.want != "de" {
				return
			}
			tab(t, ctx, "timers")
			do(t, ctx, chromedp.SendKeys("#timer-when", "in zehn Minuten"), chromedp.SendKeys("#timer-about", "Nudeln\r"))
			await(t, ctx, inner("timer-status")+`.startsWith("Gestellt: Nudeln, noch ")`)
			shoot(t, ctx, "timers-1280-german")
		})
	}
}
