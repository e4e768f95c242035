package page

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/ui-web/turns"
	"github.com/gotars/tars/test/need"
)

// openTurnFile opens a file in the view of a turn, as a person does.
func openTurnFile(t *testing.T, ctx context.Context, file string) {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.getElementById("turn-body").replaceChildren()`), chromedp.SetUploadFiles("#turn-file", []string{path}))
	await(t, ctx, `document.getElementById("turn").open && document.querySelector("#turn-body .verdict")`)
}

// spokenTree is what a screen reader reads of the page, in its order.
func spokenTree(t *testing.T, ctx context.Context) string {
	t.Helper()
	tree, err := chromedp.Call(ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, n := range tree.Nodes {
		if n.Ignored || n.Name == nil || n.Role == nil {
			continue
		}
		var role, name string
		_ = json.Unmarshal([]byte(n.Role.Value), &role)
		_ = json.Unmarshal([]byte(n.Name.Value), &name)
		if role != "InlineTextBox" && name != "" {
			words = append(words, name)
		}
	}
	return strings.Join(words, "\n")
}

// shootTurn writes pictures of a whole turn, on a desk and on a phone, to the folder that TURN_SHOTS names, to ask
// somebody who knows nothing of it why it went as it did.
func shootTurn(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("TURN_SHOTS")
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for width, file := range map[int64]string{1280: name + ".png", 390: name + "-phone.png"} {
		do(t, ctx, chromedp.EmulateViewport(width, 800), chromedp.Sleep(100*time.Millisecond))
		high := value[int64](t, ctx, `document.getElementById("turn-body").scrollHeight + 120`)
		do(t, ctx, chromedp.EmulateViewport(width, max(800, high)), chromedp.Sleep(300*time.Millisecond))
		png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	do(t, ctx, chromedp.EmulateViewport(1280, 800))
}

// TestTenTurnsOnThePage opens the files of ten turns, and reads why each went as it did.
func TestTenTurnsOnThePage(t *testing.T) {
	need.Browser(t)
	s := start(t)
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	script := axe(t)
	for name, want := range tenTurns {
		t.Run(name, func(t *testing.T) {
			openTurnFile(t, ctx, filepath.Join("testdata", "turns", name+".json"))
			if hidden := value[float64](t, ctx, `document.querySelector(".turn-head").getBoundingClientRect().bottom - document.getElementById("turn-verdict").getBoundingClientRect().top`); hidden > 0 {
				t.Errorf("%v px of the verdict are hidden", hidden)
			}
			read := spokenTree(t, ctx)
			for _, words := range want.told {
				if !strings.Contains(read, words) {
					t.Errorf("nobody is told %q:\n%s", words, read)
				}
			}
			for _, odd := range []string{"undefined", "NaN", "[object", "turn ", "stage ", "event "} {
				if i := strings.Index(read, "\n"+odd); i >= 0 {
					t.Errorf("the page says %.60q", read[i:])
				}
			}
			shootTurn(t, ctx, name)
			for _, width := range []int64{1280, 390} {
				do(t, ctx, chromedp.EmulateViewport(width, 844))
				if wide := value[int64](t, ctx, `Math.max(document.documentElement.scrollWidth, document.getElementById("turn").scrollWidth)`); wide > width {
					t.Errorf("it is %d wide on a screen of %d", wide, width)
				}
				for _, scheme := range []string{"light", "dark"} {
					media(t, ctx, "prefers-color-scheme", scheme)
					if found := barriers(t, ctx, script); found != "" {
						t.Errorf("%s, %d wide:\n%s", scheme, width, found)
					}
					shoot(t, ctx, fmt.Sprintf("turn-%s-%d-%s", name, width, scheme))
				}
			}
			media(t, ctx, "prefers-color-scheme", "light")
			do(t, ctx, chromedp.EmulateViewport(1280, 800))
		})
	}
	t.Run("it is replayed", func(t *testing.T) {
		openTurnFile(t, ctx, filepath.Join("testdata", "turns", "nod.json"))
		do(t, ctx, chromedp.Click("#turn-play"))
		await(t, ctx, `document.querySelector("#turn .caption").innerText.includes("Mm-hm.") && [...document.querySelectorAll("#turn .cursor")].some((c) => !c.hidden)`)
		await(t, ctx, `document.getElementById("turn-play").ariaPressed === "false"`)
	})
	t.Run("a turn with its sound is heard", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "sound.json")
		withSound(t, filepath.Join("testdata", "turns", "nod.json"), file)
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`(() => { // what is played is counted
			const was = AudioBufferSourceNode.prototype.start;
			AudioBufferSourceNode.prototype.start = function (...a) { window.heard = [this.buffer.duration, Math.max(...this.buffer.getChannelData(0))]; was.apply(this, a); };
		})()`))
		openTurnFile(t, ctx, file)
		await(t, ctx, `document.getElementById("turn-play").innerText === "Replay with sound"`)
		do(t, ctx, chromedp.Click("#turn-play"))
		await(t, ctx, `window.heard && Math.abs(heard[0] - 0.5) < 0.01 && heard[1] > 0.2`)
		do(t, ctx, chromedp.Click("#turn-play"))
	})
	t.Run("a file that is dropped is opened", func(t *testing.T) {
		file, err := os.ReadFile(filepath.Join("testdata", "turns", "tool.json"))
		if err != nil {
			t.Fatal(err)
		}
		do(t, ctx, chromedp.KeyEvent(kb.Escape), chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => {
			const dataTransfer = new DataTransfer();
			dataTransfer.items.add(new File([%q], "tool.json", { type: "application/json" }));
			const drop = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
			document.getElementById("log").dispatchEvent(drop);
			window.leftAlone = !drop.defaultPrevented;
		})()`, file)))
		await(t, ctx, `document.getElementById("turn").open && document.querySelector("#turn-verdict").innerText === "Answered, with a tool" && !leftAlone`)
	})
	t.Run("Escape closes it, and what is no turn is told", func(t *testing.T) {
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
		await(t, ctx, `!document.getElementById("turn").open`)
		odd := filepath.Join(t.TempDir(), "holiday.json")
		if err := os.WriteFile(odd, []byte(`{"format":"tars-turn","version":7}`), 0o644); err != nil {
			t.Fatal(err)
		}
		openTurnFile(t, ctx, odd)
		await(t, ctx, `document.getElementById("turn-body").innerText === "holiday.json is no file of a turn."`)
	})
	t.Run("from right to left nothing leaves the page", func(t *testing.T) {
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.documentElement.dir = "rtl"`))
		openTurnFile(t, ctx, filepath.Join("testdata", "turns", "slow-model.json"))
		if wide := value[int64](t, ctx, `document.getElementById("turn").scrollWidth - document.getElementById("turn").clientWidth`); wide > 0 {
			t.Errorf("it is %d too wide", wide)
		}
		shoot(t, ctx, "turn-slow-model-1280-rtl")
	})
}

// withSound writes a turn with half a second of a tone in it.
func withSound(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	turn, err := turns.Read(in)
	if err != nil {
		t.Fatal(err)
	}
	turn.Sound = &turns.Sound{From: turn.Begun, Rate: 16000, PCM: tone(8000, 16000, 330)}
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(turn.Write(out), out.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestWhyOfALine asks lines of the conversation why they were answered.
func TestWhyOfALine(t *testing.T) {
	need.Browser(t)
	s := start(t)
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	do(t, ctx, typing("What colour is the boat?"))
	await(t, ctx, `document.querySelector("li.tars .meta")?.textContent.includes("first word")`)
	await(t, ctx, `!tars.speaking && document.getElementById("stop").hidden`)
	for _, line := range []string{"user", "tars"} {
		t.Run(line, func(t *testing.T) {
			do(t, ctx, chromedp.Click("#log li."+line+" .why"))
			await(t, ctx, `document.getElementById("turn").open && document.querySelector("#turn-verdict")?.innerText === "Answered"`)
			await(t, ctx, `document.getElementById("turn-body").innerText.includes("What colour is the boat?") && document.querySelectorAll("#turn .spoken .heard").length === 2`)
			if link := value[string](t, ctx, `document.getElementById("turn-save").getAttribute("href")`); !strings.HasPrefix(link, "/api/turns/") {
				t.Errorf("it is saved from %q", link)
			}
			do(t, ctx, chromedp.KeyEvent(kb.Escape))
			await(t, ctx, `!document.getElementById("turn").open`)
		})
	}
	t.Run("arrows lead from line to line", func(t *testing.T) {
		do(t, ctx, chromedp.Focus("#log li.tars .why"), chromedp.KeyEvent(kb.ArrowUp))
		await(t, ctx, `document.activeElement === document.querySelector("#log li.user .why") && document.querySelectorAll("#log .why[tabindex='0']").length === 1`)
	})
	t.Run("a turn that is saved is opened again", func(t *testing.T) {
		do(t, ctx, chromedp.Click("#log li.user .why"))
		await(t, ctx, `document.getElementById("turn").open && document.querySelector("#turn-verdict")`)
		file := filepath.Join(t.TempDir(), "turn.json")
		if err := os.WriteFile(file, []byte(savedAs(t, ctx, "#turn-save", "*.json")), 0o644); err != nil {
			t.Fatal(err)
		}
		openTurnFile(t, ctx, file)
		await(t, ctx, `document.querySelector("#turn-verdict").innerText === "Answered" && document.getElementById("turn-save").hidden`)
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
	})
	t.Run("a line of before a reload is explained too", func(t *testing.T) {
		do(t, ctx, chromedp.Reload())
		await(t, ctx, `document.querySelectorAll("#log li.earlier .why").length === 2`)
		do(t, ctx, chromedp.Click("#log li.user.earlier .why"))
		await(t, ctx, `document.getElementById("turn").open && document.querySelector("#turn-verdict").innerText === "Answered"`)
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
		await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	})
	t.Run("one that goes on is told to its end, and that its stop was pressed", func(t *testing.T) {
		lines := value[int](t, ctx, `document.querySelectorAll("#log li.tars").length`)
		do(t, ctx, typing("Tell me a story"))
		await(t, ctx, fmt.Sprintf(`tars.speaking && document.querySelectorAll("#log li.tars").length > %d`, lines))
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll("#log li.tars .why")].at(-1).click()`))
		await(t, ctx, `document.querySelector("#turn-verdict")?.innerText === "It still goes on"`)
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.getElementById("stop").click()`))
		await(t, ctx, `document.querySelector("#turn-verdict").innerText === "Cut off: the stop button was pressed"`)
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
	})
	t.Run("what was heard here and ignored has a line, of several in a row the last", func(t *testing.T) {
		bus := hostileTool(t)
		here := kit.WithBaggage(t.Context(), "room", value[string](t, ctx, `tars.room`))
		for i, reason := range []string{"no_speech", "unsure", "echo"} {
			if err := bus.Publish(here, contract.SpeechDropped{UttID: new(fmt.Sprint("dropped-", i)), Reason: reason}); err != nil {
				t.Fatal(err)
			}
		}
		if err := bus.Publish(kit.WithBaggage(t.Context(), "room", "attic"), contract.SpeechDropped{UttID: new("elsewhere"), Reason: "echo"}); err != nil {
			t.Fatal(err)
		}
		await(t, ctx, `document.querySelector("#log li.ignored")?.innerText.startsWith("Ignored: that was the echo of my own voice")`)
		if n := value[int](t, ctx, `document.querySelectorAll("#log li.ignored").length`); n != 1 {
			t.Errorf("%d lines say that something was ignored, want one", n)
		}
		shoot(t, ctx, "ignored-1280")
		do(t, ctx, chromedp.Click("#log li.ignored .why"))
		await(t, ctx, `document.getElementById("turn").open && document.querySelector("#turn-verdict").innerText === "Ignored: that was the echo of my own voice"`)
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
	})
	t.Run("the list has it", func(t *testing.T) {
		tab(t, ctx, "turns")
		await(t, ctx, inner("turns-list")+`.includes("What colour is the boat?")`)
		shoot(t, ctx, "turns-1280")
		await(t, ctx, inner("turns-list")+`.includes("Ignored: it was no speech")`)
		do(t, ctx, chromedp.Click("#turns-list li:last-child button.tone-good"))
		await(t, ctx, `document.getElementById("turn").open && document.querySelector("#turn-verdict").innerText === "Answered"`)
	})
	t.Run("two parts that were answered as one lead to the turn with the answer", func(t *testing.T) {
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
		id := value[string](t, ctx, `document.querySelector("#log li.user").dataset.id`)
		if err := hostileTool(t).Publish(t.Context(), contract.TurnRecord{TurnID: id, Outcome: contract.TurnInterrupted, Reason: new("joined")}); err != nil {
			t.Fatal(err)
		}
		await(t, ctx, `(fetch("/api/turns/`+id+`").then((r) => r.json()).then((turn) => { window.joined = !!turn.answered_in; }), window.joined)`)
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector("#log li.user .why").click()`))
		await(t, ctx, `document.querySelector("#turn-verdict")?.innerText.startsWith("Answered together with what you said next")`)
		do(t, ctx, chromedp.Click("#turn .verdict .pill"))
		await(t, ctx, `document.querySelector("#turn-verdict").innerText === "Cut off: the stop button was pressed"`)
	})
}
