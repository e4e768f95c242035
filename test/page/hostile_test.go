package page

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/services/ui-web/turns"
	"github.com/gotars/tars/test/hostile"
	"github.com/gotars/tars/test/need"
)

// untouched fails the test when something of a payload runs, or became an element that does
// something.
func untouched(t *testing.T, ctx context.Context, where string) {
	t.Helper()
	const places = "#log, #memories, #history-list, #services, #timer-list, #turns-list, #turn-body"
	found := value[string](t, ctx, `[...document.querySelectorAll("`+places+`")].flatMap((p) => [...p.querySelectorAll("*")]).filter((e) =>
		!["LI", "DIV", "P", "SPAN", "SMALL", "BUTTON", "B", "BR", "STRONG", "EM", "DEL", "CODE", "PRE", "BLOCKQUOTE", "UL", "OL", "HR", "H2", "H3", "H4", "H5", "H6", "TABLE", "THEAD", "TBODY", "TR", "TH", "TD", "A", "MARK", "Q",
			"SECTION", "FIGURE", "TIME", "METER", "svg", "rect", "path"].includes(e.tagName)
		|| [...e.attributes].some((a) => a.name.startsWith("on") || a.name === "srcdoc" || /^\s*(javascript|data|vbscript):/i.test(a.value))
		|| e.tagName === "A" && !/^https?:\/\/|^mailto:|^\/api\//.test(e.getAttribute("href") ?? "https://")).map((e) => e.outerHTML.slice(0, 200)).join("\n")`)
	if found != "" || value[bool](t, ctx, `window.injected !== undefined || !document.getElementById("composer") || document.querySelectorAll("#log").length !== 1`) {
		t.Errorf("%s: something of a payload became part of the page:\n%s", where, found)
	}
}

// TestHostileTextIsShownAndNeverRun says, answers, remembers and calls 50 payloads.
func TestHostileTextIsShownAndNeverRun(t *testing.T) {
	need.Browser(t)
	s := start(t)
	all := hostile.Payloads(t)
	for i, p := range all {
		s.remember([]string{"user", "assistant"}[i%2], "kitchen", p, "")
	}
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	bus := hostileTool(t)
	send := func(m msg.Message) {
		t.Helper()
		if err := bus.Publish(kit.WithBaggage(t.Context(), "room", "kitchen"), m); err != nil {
			t.Fatal(err)
		}
	}
	for i, p := range all {
		id := fmt.Sprintf("h%d", i)
		send(contract.FinalTranscript{Ident: msg.Ident{MessageID: "m" + id}, Text: p, UttID: &id})
		send(contract.LLMStreamDelta{ID: id, Seq: new(1), Delta: &p})
		send(contract.ToolCallRequest{CallID: id + "-1", Name: p, Arguments: map[string]any{"x": p}})
		send(contract.ToolCallResult{CallID: id + "-1", Result: map[string]any{"text": p}, Error: &p})
		send(contract.LLMResponse{ID: id, Reply: new("*x* " + p + "\n\n- " + p)})
		send(contract.TurnRecord{TurnID: "m" + id, Outcome: contract.TurnFailed, Reason: &p, AnswerID: &id})
		send(contract.SpeechDropped{Reason: "failed", UttID: new("d" + id), Err: &p})
	}
	send(contract.FinalTranscript{Text: "after all that"})
	await(t, ctx, `[...document.querySelectorAll("#log .bubble")].some((b) => b.textContent === "after all that")`)
	untouched(t, ctx, "the conversation")
	for _, p := range []string{`<script>window.injected=1</script>`, `<img src=x onerror="window.injected=1">`, `<a href="javascript:window.injected=1">click</a>`} {
		await(t, ctx, fmt.Sprintf(`[...document.querySelectorAll("#log li.user .bubble")].some((b) => b.textContent === %q) || [...document.querySelectorAll("#log li.tars .bubble")].some((b) => b.textContent.includes(%q))`, p, p))
	}
	shoot(t, ctx, "hostile-1280")
	for _, view := range []string{"memory", "history", "turns", "health"} {
		tab(t, ctx, view)
		if view == "history" {
			do(t, ctx, choose("history-room", ""))
		}
		do(t, ctx, chromedp.Sleep(400*ms))
		untouched(t, ctx, view)
	}
	t.Run("in a turn", func(t *testing.T) {
		dir := t.TempDir()
		for i, p := range all {
			file := filepath.Join(dir, fmt.Sprintf("%d.json", i))
			writeHostile(t, file, p)
			openTurnFile(t, ctx, file)
			untouched(t, ctx, "a turn with "+p)
		}
		await(t, ctx, `document.getElementById("turn-body").innerText.includes("evil.example")`)
		shoot(t, ctx, "hostile-turn-1280")
	})
	if where := value[string](t, ctx, `location.href`); !strings.HasPrefix(where, s.url) {
		t.Errorf("the page has gone to %s", where)
	}
}

// writeHostile writes a turn that has a payload in every text.
func writeHostile(t *testing.T, file, p string) {
	t.Helper()
	turn := turns.Turn{Format: turns.Format, Version: turns.Version, ID: p, Room: p, Begun: 1763000000, Text: p, Outcome: contract.TurnInterrupted, Reason: p, Error: p, Into: p, By: p, Reply: p, Asked: 1763000001,
		Partials: []turns.Partial{{At: 1763000000, Text: p}}, Tools: []turns.Tool{{Name: p, Arguments: p, Result: p, Error: p}}, Spoken: []turns.Spoken{{Text: p, State: turns.Partly, Heard: p}, {Text: p, State: p}},
		Engines: []turns.Engine{{Service: p, Engine: p, Model: p, From: p, Cloud: p}}, Events: []turns.Event{{At: 1763000000, What: p, Text: p}}, Stages: []turns.Stage{{Name: p, Of: p, From: 1763000000, To: 1763000001, Note: p}},
		Made:   &contract.AnswerDetail{ID: p, Memories: []contract.PromptMemory{{Text: p, Role: &p, Score: new(0.5)}}, MemoryError: &p, Tools: []string{p}, Rounds: []contract.ModelRound{{Model: &p, Error: &p}}},
		Speech: &contract.SpeechDetail{UttID: p, Begun: 1763000000, StepMS: 20, Levels: []int{20, 60, 20}, Text: &p, Pauses: []contract.SpeechPause{{To: 1, Text: &p}}}}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := turn.Write(f); err != nil {
		t.Fatal(err)
	}
}

// hostileTool is a bus that may send all that a page shows.
func hostileTool(t *testing.T) *kit.Bus {
	t.Helper()
	set, err := kit.Load("test")
	if err != nil {
		t.Fatal(err)
	}
	bus, err := kit.Open(t.Context(), "test", set, kit.Sends[contract.FinalTranscript](), kit.Sends[contract.LLMStreamDelta](), kit.Sends[contract.LLMResponse](), kit.Sends[contract.ToolCallRequest](),
		kit.Sends[contract.ToolCallResult](), kit.Sends[contract.TurnRecord](), kit.Sends[contract.SpeechDropped]())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close(context.Background()) })
	return bus
}

const manyMarks = "# Three boats\n\nHere is **what I know**, in `code` too:\n\n1. The *red* one\n2. The ~~blue~~ green one\n   - is fast\n   - is small\n\n| boat | length |\n|---|--:|\n| red | 7.5 m |\n| green | 9 m |\n\n```go\nfmt.Println(\"ahoy, all hands on deck and then some more words to make it long enough to scroll sideways\")\n```\n\n> As the [guide](https://example.org/boats) says."

// TestMarksOfAnAnswer shows lists, tables, code and links.
func TestMarksOfAnAnswer(t *testing.T) {
	need.Browser(t)
	s := start(t)
	s.remember("user", "kitchen", "What do you know about boats?", "")
	s.remember("assistant", "kitchen", manyMarks, "")
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	bus := hostileTool(t)
	if err := bus.Publish(kit.WithBaggage(t.Context(), "room", value[string](t, ctx, `tars.room`)), contract.LLMResponse{ID: "b1", Reply: new(manyMarks)}); err != nil {
		t.Fatal(err)
	}
	const want = `.querySelectorAll("h3, strong, code, em, del, ol > li > ul > li, td, pre, blockquote a[href='https://example.org/boats'][target=_blank]").length`
	await(t, ctx, `document.querySelector("#log li.tars:last-child .rich")?`+want+` === 14`)
	script := axe(t)
	for _, width := range []int64{1280, 390} {
		do(t, ctx, chromedp.EmulateViewport(width, 844))
		for _, scheme := range []string{"light", "dark"} {
			media(t, ctx, "prefers-color-scheme", scheme)
			if found := barriers(t, ctx, script); found != "" {
				t.Errorf("%s, %d wide:\n%s", scheme, width, found)
			}
			if wide := value[int64](t, ctx, `document.documentElement.scrollWidth`); wide > width {
				t.Errorf("the page is %d wide on a screen of %d", wide, width)
			}
			shoot(t, ctx, fmt.Sprintf("marks-%d-%s", width, scheme))
		}
	}
	do(t, ctx, chromedp.EmulateViewport(1280, 800))
	tab(t, ctx, "history")
	do(t, ctx, choose("history-room", ""))
	await(t, ctx, `document.querySelector("#history-list .rich")?`+want+` === 14`)
	shoot(t, ctx, "marks-history-1280")
}
