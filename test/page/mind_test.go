package page

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/gotars/tars/test/need"
)

// tab opens the sheet at a tab, as a person does.
func tab(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if !value[bool](t, ctx, `document.getElementById("board").open`) {
		do(t, ctx, chromedp.Click("#menu"))
	}
	do(t, ctx, chromedp.Click("#tab-"+name), chromedp.WaitVisible("#panel-"+name))
}

// inner is a script for what a person reads in an element.
func inner(id string) string { return fmt.Sprintf(`document.getElementById(%q).innerText`, id) }

func TestMind(t *testing.T) {
	need.Browser(t)
	s := start(t)
	s.remember("user", "kitchen", "The boat is red", "")
	s.remember("assistant", "kitchen", "A red boat, I see.", "")
	s.remember("user", "kitchen", `My <b>key</b> is under the <img src=x onerror="window.injected=true">mat`, "")
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)

	t.Run("a memory is found and the page says why", func(t *testing.T) {
		tab(t, ctx, "memory")
		await(t, ctx, inner("memories")+`.includes("under the <img src=x")`)
		do(t, ctx, chromedp.SendKeys("#query", "boat\r"))
		await(t, ctx, inner("memory-status")+`.startsWith("2 found")`)
		await(t, ctx, inner("memories")+`.includes("found by “boat” · certainty 0.83") && document.querySelector("#memories mark").innerText === "boat"`)
		shoot(t, ctx, "memory-1280")
	})
	t.Run("a memory is forgotten after a question", func(t *testing.T) {
		do(t, ctx, chromedp.Click("#memories .forget"))
		await(t, ctx, `document.activeElement.innerText === "Keep" && document.querySelector(".confirm").innerText.includes("for good?")`)
		shoot(t, ctx, "memory-forget-1280")
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
		await(t, ctx, `!document.querySelector(".confirm") && document.getElementById("board").open`)
		if n := s.kept(); n != 3 {
			t.Fatalf("%d lines are kept after the person thought better of it, want 3", n)
		}
		do(t, ctx, chromedp.Click("#memories .forget"), chromedp.Click(".confirm .bad"))
		await(t, ctx, inner("memory-status")+`.startsWith("Forgotten: 1 lines. 1 found") && !`+inner("memories")+`.includes("I see")`)
		if n := s.kept(); n != 2 {
			t.Errorf("%d lines are kept, want 2", n)
		}
	})
	t.Run("all memories are saved as a file of JSON lines", func(t *testing.T) {
		got := saved(t, ctx, "#memory-save")
		if lines := strings.Split(strings.TrimSpace(got), "\n"); len(lines) != 2 || !strings.Contains(lines[0], `"text":"The boat is red"`) || !strings.Contains(lines[1], `<b>key</b>`) {
			t.Errorf("saved %q", got)
		}
	})
	t.Run("what was remembered is shown and never run", func(t *testing.T) {
		if value[bool](t, ctx, `!!window.injected || !!document.querySelector("#memories img, #memories b")`) {
			t.Error("markup of a memory became part of the page")
		}
	})
	t.Run("a timer is set, counts down and is cancelled", func(t *testing.T) {
		tab(t, ctx, "timers")
		await(t, ctx, inner("timer-list")+` === "No timer is set."`)
		do(t, ctx, chromedp.SendKeys("#timer-when", "10 minutes"), chromedp.SendKeys("#timer-about", "pasta\r"))
		await(t, ctx, inner("timer-status")+`.startsWith("Set: pasta")`)
		await(t, ctx, `/^9:\d\d left$/.test(document.querySelector("#timer-list .left").innerText)`)
		before := value[string](t, ctx, `document.querySelector("#timer-list .left").innerText`)
		await(t, ctx, fmt.Sprintf(`document.querySelector("#timer-list .left").innerText !== %q`, before))
		shoot(t, ctx, "timers-1280")
		do(t, ctx, chromedp.Click(`#timer-list [data-action=cancel]`))
		await(t, ctx, inner("timer-list")+` === "No timer is set." && `+inner("timer-status")+` === "Cancelled: pasta."`)
	})
	t.Run("a reminder says what it is about", func(t *testing.T) {
		do(t, ctx, chromedp.SendKeys("#timer-when", "in two hours"), chromedp.SendKeys("#timer-about", "call Anna"), chromedp.SetValue("#timer-kind", "reminder"), chromedp.Click("#timer-add"))
		await(t, ctx, inner("timer-list")+`.includes("call Anna") && `+inner("timer-list")+`.includes("Reminder · at")`)
	})
	t.Run("a time that makes no sense is told", func(t *testing.T) {
		do(t, ctx, chromedp.SendKeys("#timer-when", "when pigs fly\r"))
		await(t, ctx, inner("timer-status")+`.includes("want a length or a time") && document.activeElement.id === "timer-when"`)
	})
	t.Run("a timer is there after a reload", func(t *testing.T) {
		do(t, ctx, chromedp.Reload())
		await(t, ctx, `window.tars?.connected && document.getElementById("timer-list").textContent.includes("call Anna")`)
	})
	t.Run("the tabs are reached by arrow keys", func(t *testing.T) {
		do(t, ctx, chromedp.Click("#board-open"))
		for _, want := range []string{"history", "memory", "timers", "turns", "sound", "bus", "health"} {
			do(t, ctx, chromedp.KeyEvent(kb.ArrowRight))
			await(t, ctx, fmt.Sprintf(`document.activeElement.id === "tab-%s" && !document.getElementById("panel-%s").hidden`, want, want))
		}
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
		await(t, ctx, `!document.getElementById("board").open`)
	})
}

// kept is how many lines the memory has.
func (s *stage) kept() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.lines)
}

// saved clicks a link and returns the file of JSON lines that the browser saves.
func saved(t *testing.T, ctx context.Context, link string) string {
	t.Helper()
	return savedAs(t, ctx, link, "*.jsonl")
}

// savedAs clicks a link and returns the file that the browser saves under a name.
func savedAs(t *testing.T, ctx context.Context, link, name string) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := chromedp.Call(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir}); err != nil {
		t.Fatal(err)
	}
	do(t, ctx, chromedp.Click(link))
	for range 200 {
		if files, _ := filepath.Glob(filepath.Join(dir, name)); len(files) == 1 {
			data, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("nothing was saved")
	return ""
}
