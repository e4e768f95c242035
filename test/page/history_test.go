package page

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/gotars/tars/test/need"
)

func TestHistory(t *testing.T) {
	need.Browser(t)
	s := start(t)
	s.remember("user", "kitchen", "Said in the kitchen", "")
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	const log = `document.getElementById("log").innerText`

	t.Run("what was said is there after a reload", func(t *testing.T) {
		do(t, ctx, typing("What colour is the boat?"))
		await(t, ctx, `[...document.querySelectorAll("li.tars .bubble")].some((b) => b.textContent.endsWith("next to the lighthouse."))`)
		do(t, ctx, chromedp.Reload())
		await(t, ctx, `window.tars?.connected && `+log+`.startsWith("Earlier\n") && `+log+`.includes("What colour is the boat?") && `+log+`.includes("next to the lighthouse.")`)
		if value[bool](t, ctx, log+`.includes("kitchen")`) {
			t.Error("another room is shown in the conversation of this one")
		}
		shoot(t, ctx, "earlier-1280")
	})
	t.Run("what was said is there on a new device", func(t *testing.T) {
		other := browse(t, s.url)
		await(t, other, `window.tars?.connected && `+log+`.startsWith("Earlier, on other pages\n") && `+log+`.includes("What colour is the boat?")`)
		if mine, theirs := value[string](t, ctx, `tars.room`), value[string](t, other, `tars.room`); mine == theirs {
			t.Errorf("both devices are %s", mine)
		}
		await(t, other, `document.querySelector("li.user .meta").innerText === "on another page"`)
	})
	t.Run("the history is searched and other rooms are chosen", func(t *testing.T) {
		tab(t, ctx, "history")
		await(t, ctx, inner("history-list")+`.includes("What colour is the boat?") && !`+inner("history-list")+`.includes("kitchen")`)
		do(t, ctx, chromedp.SendKeys("#history-query", "LIGHThouse\r"))
		await(t, ctx, `document.querySelectorAll("#history-list li").length === 1 && `+inner("history-list")+`.startsWith("The boat is red")`)
		shoot(t, ctx, "history-1280")
		do(t, ctx, empty("history-query"), choose("history-room", "kitchen"))
		await(t, ctx, inner("history-list")+`.startsWith("Said in the kitchen")`)
		do(t, ctx, choose("history-room", ""))
		await(t, ctx, inner("history-list")+`.includes("Said in the kitchen") && `+inner("history-list")+`.includes("What colour")`)
		do(t, ctx, chromedp.SendKeys("#history-query", "nobody said this\r"))
		await(t, ctx, inner("history-status")+` === "Nothing matches." && document.getElementById("history-save").hidden`)
		do(t, ctx, empty("history-query"))
	})
	t.Run("a room is saved as a file", func(t *testing.T) {
		do(t, ctx, choose("history-room", value[string](t, ctx, `tars.room`)))
		await(t, ctx, inner("history-list")+`.includes("What colour is the boat?") && !`+inner("history-list")+`.includes("kitchen")`)
		if got := saved(t, ctx, "#history-save"); strings.Count(got, "\n") != 2 || !strings.Contains(got, `"What colour is the boat?"`) {
			t.Errorf("saved %q", got)
		}
	})
	t.Run("older lines follow on demand", func(t *testing.T) {
		for i := range 120 {
			s.remember("user", "cellar", fmt.Sprintf("Cellar line %d.", i), "")
		}
		do(t, ctx, choose("history-room", ""))
		await(t, ctx, inner("history-list")+`.includes("Cellar line 119.") && document.querySelectorAll("#history-list li").length === 50`)
		do(t, ctx, choose("history-room", "cellar"))
		await(t, ctx, `document.querySelectorAll("#history-list li").length === 50 && !document.getElementById("history-older").hidden`)
		do(t, ctx, chromedp.Click("#history-older"))
		await(t, ctx, `document.querySelectorAll("#history-list li").length === 100 && `+inner("history-list")+`.startsWith("Cellar line 20.")`)
		do(t, ctx, chromedp.Click("#history-older"))
		await(t, ctx, `document.querySelectorAll("#history-list li").length === 120 && document.getElementById("history-older").hidden`)
	})
	t.Run("a room is forgotten after a question, and others are kept", func(t *testing.T) {
		do(t, ctx, chromedp.Click("#history-clear"))
		await(t, ctx, `document.querySelector("#panel-history .confirm").innerText.includes("(cellar) for good?")`)
		shoot(t, ctx, "history-clear-1280")
		do(t, ctx, chromedp.Click("#panel-history .confirm .bad"))
		await(t, ctx, inner("history-status")+` === "Forgotten: 120 lines. Nothing was said here."`)
		if n := s.kept(); n != 3 {
			t.Errorf("%d lines are kept, want 3", n)
		}
	})
	t.Run("the conversation forgets with it", func(t *testing.T) {
		do(t, ctx, choose("history-room", value[string](t, ctx, `tars.room`)))
		await(t, ctx, inner("history-list")+`.includes("What colour is the boat?")`)
		do(t, ctx, chromedp.Click("#history-clear"), chromedp.Click("#panel-history .confirm .bad"))
		await(t, ctx, inner("history-status")+`.startsWith("Forgotten: 2 lines.") && !document.getElementById("log").textContent.includes("What colour")`)
	})
}

// choose chooses an option of a list as a person does.
func choose(id, option string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.value = %q; e.dispatchEvent(new Event("change")); })()`, id, option))
}

// empty empties a field.
func empty(id string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.getElementById(%q).value = ""`, id))
}
