package page

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gotars/tars/test/need"
)

// firefoxSettings give Firefox a microphone that hears a tone, let it play without a
// gesture, and keep it from asking for news.
const firefoxSettings = `user_pref("media.navigator.streams.fake", true);
user_pref("media.navigator.permission.disabled", true);
user_pref("media.autoplay.default", 0);
user_pref("media.autoplay.blocking_policy", 0);
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("toolkit.telemetry.server", "");
`

// firefox is a Firefox that is driven by WebDriver BiDi, the protocol of the standard,
// which it speaks without a driver beside it.
type firefox struct {
	c       *websocket.Conn
	last    int
	context string // the tab
}

// openFirefox starts Firefox with the page at url.
func openFirefox(t *testing.T, url string) *firefox {
	t.Helper()
	profile := t.TempDir()
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(firefoxSettings), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, need.Firefox(t), "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0")
	cmd.Env = append(os.Environ(), "HOME="+profile, "MOZ_CRASHREPORTER_DISABLE=1", "PULSE_SERVER=unix:"+loudspeaker(t, ctx))
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	at, lines := "", bufio.NewScanner(out)
	for at == "" && lines.Scan() {
		_, at, _ = strings.Cut(lines.Text(), "WebDriver BiDi listening on ")
	}
	if at == "" {
		t.Fatal("Firefox does not offer WebDriver BiDi")
	}
	go func() { // else it stands when the pipe is full
		for lines.Scan() {
		}
	}()
	c, _, err := websocket.Dial(ctx, at+"/session", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	c.SetReadLimit(64 << 20)
	f := &firefox{c: c}
	f.call(t, "session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	var tree struct{ Contexts []struct{ Context string } }
	f.call(t, "browsingContext.getTree", map[string]any{}, &tree)
	f.context = tree.Contexts[0].Context
	f.call(t, "browsingContext.navigate", map[string]any{"context": f.context, "url": url, "wait": "complete"}, nil)
	return f
}

// loudspeaker starts a PulseAudio with a loudspeaker that nobody hears, and returns its
// socket: without one Firefox plays nothing, and its clock of sound stands still.
func loudspeaker(t *testing.T, ctx context.Context) string {
	t.Helper()
	dir := t.TempDir()
	socket := filepath.Join(dir, "sound")
	cmd := exec.CommandContext(ctx, "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disallow-exit=yes",
		"-L", "module-null-sink", "-L", "module-native-protocol-unix auth-anonymous=1 socket="+socket)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_RUNTIME_DIR="+dir, "PULSE_RUNTIME_PATH="+dir, "PULSE_STATE_PATH="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for range 100 {
		if _, err := os.Stat(socket); err == nil {
			return socket
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("PulseAudio does not start")
	return ""
}

// call sends a command and reads its result.
func (f *firefox) call(t *testing.T, method string, params map[string]any, into any) {
	t.Helper()
	f.last++
	text, err := json.Marshal(map[string]any{"id": f.last, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := f.c.Write(ctx, websocket.MessageText, text); err != nil {
		t.Fatal(err)
	}
	for {
		_, data, err := f.c.Read(ctx)
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		var answer struct {
			ID      int
			Type    string
			Message string
			Result  json.RawMessage
		}
		if err := json.Unmarshal(data, &answer); err != nil {
			t.Fatal(err)
		}
		switch {
		case answer.ID != f.last: // an event
			continue
		case answer.Type != "success":
			t.Fatalf("%s: %s", method, answer.Message)
		case into != nil:
			if err := json.Unmarshal(answer.Result, into); err != nil {
				t.Fatalf("%s: %s: %v", method, answer.Result, err)
			}
		}
		return
	}
}

// value is what a script says, as text.
func (f *firefox) value(t *testing.T, script string) string {
	t.Helper()
	var r struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	f.call(t, "script.evaluate", map[string]any{"expression": "String(" + script + ")", "target": map[string]any{"context": f.context}, "awaitPromise": true}, &r)
	if r.Type != "success" {
		return "exception: " + r.ExceptionDetails.Text
	}
	return r.Result.Value
}

// await waits until a script says true.
func (f *firefox) await(t *testing.T, script string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		got := f.value(t, script)
		if got == "true" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %s\n%s", script, got, f.value(t, `document.body.innerText`))
		}
	}
}

// keys are pressed and let go, one after the other; with hold they are held for that long.
func (f *firefox) keys(t *testing.T, text string, hold time.Duration) {
	t.Helper()
	var actions []map[string]any
	for _, key := range text {
		actions = append(actions, map[string]any{"type": "keyDown", "value": string(key)})
		if hold > 0 {
			actions = append(actions, map[string]any{"type": "pause", "duration": hold.Milliseconds()})
		}
		actions = append(actions, map[string]any{"type": "keyUp", "value": string(key)})
	}
	f.call(t, "input.performActions", map[string]any{"context": f.context, "actions": []any{map[string]any{"type": "key", "id": "keyboard", "actions": actions}}}, nil)
}

// click presses the left button of a mouse on an element, for as long as is said.
func (f *firefox) click(t *testing.T, selector string, hold time.Duration) {
	t.Helper()
	var at [2]float64
	where := f.value(t, fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return JSON.stringify([r.x + r.width / 2, r.y + r.height / 2]); })()`, selector))
	if err := json.Unmarshal([]byte(where), &at); err != nil {
		t.Fatalf("%s: %s", selector, where)
	}
	actions := []map[string]any{{"type": "pointerMove", "x": int(at[0]), "y": int(at[1])}, {"type": "pointerDown", "button": 0}, {"type": "pause", "duration": hold.Milliseconds()}, {"type": "pointerUp", "button": 0}}
	f.call(t, "input.performActions", map[string]any{"context": f.context, "actions": []any{map[string]any{"type": "pointer", "id": "mouse", "actions": actions}}}, nil)
}

const (
	enterKey  = "\uE007" // as WebDriver names keys
	escapeKey = "\uE00C"
)

// TestTalkingInFirefox goes the way of somebody who talks: types, reads, hears, and holds to
// be heard.
func TestTalkingInFirefox(t *testing.T) {
	need.Firefox(t)
	s := start(t)
	f := openFirefox(t, s.url+"/?raw=1")
	f.await(t, `!!window.tars?.connected && tars.ready === 6`)

	t.Run("a typed question is answered and spoken", func(t *testing.T) {
		f.click(t, "#text", 0)
		f.keys(t, "What colour is the boat?"+enterKey, 0)
		f.await(t, `document.querySelector("li.user:not(.pending) .bubble")?.textContent === "What colour is the boat?"`)
		f.await(t, `tars.speaking && !document.getElementById("stop").hidden`)
		f.await(t, `!!document.querySelector("li.tars .bubble")?.textContent.endsWith("next to the lighthouse.")`)
		f.await(t, `!tars.speaking && document.getElementById("stop").hidden`)
		s.mu.Lock()
		want := base64.StdEncoding.EncodeToString(s.spoken)
		s.mu.Unlock()
		if got := f.value(t, `tars.pcm()`); got != want || want == "" {
			t.Errorf("played %d bytes in base64, want the %d that were sent", len(got), len(want))
		}
	})
	t.Run("Escape stops the answer", func(t *testing.T) {
		f.keys(t, "Tell me a story"+enterKey, 0)
		f.await(t, `tars.speaking`)
		f.keys(t, escapeKey, 0)
		f.await(t, `!tars.speaking && tars.answering.length === 0`)
	})
	const said = `[...document.querySelectorAll("li.user .bubble")].filter((e) => e.textContent === "And where does it lie?").length`
	t.Run("the space bar is held to talk", func(t *testing.T) {
		s.forget()
		f.keys(t, " ", 3*time.Second)
		f.await(t, `!tars.listening && `+said+` === 1 && document.getElementById("text").value === ""`)
		s.mu.Lock()
		heard := float64(len(s.heard)) / 2 / 16000
		s.mu.Unlock()
		if heard < 1 {
			t.Errorf("%.1f s were heard of 3", heard)
		}
		f.await(t, `!tars.speaking && tars.answering.length === 0`)
	})
	t.Run("the button is held to talk", func(t *testing.T) {
		f.click(t, "#mic", 2*time.Second)
		f.await(t, `!tars.listening && `+said+` === 2`)
		f.await(t, `!tars.speaking && tars.answering.length === 0`)
	})
	t.Run("a tap leaves the microphone on", func(t *testing.T) {
		f.click(t, "#mic", 50*time.Millisecond)
		f.await(t, `tars.listening && tars.sent > 0`)
		f.click(t, "#mic", 50*time.Millisecond)
		f.await(t, `!tars.listening`)
	})
	t.Run("the house and the bus are there, too", func(t *testing.T) {
		f.await(t, `!tars.speaking && tars.answering.length === 0`)
		f.click(t, "#board-open", 0)
		f.await(t, `/messages a second .* up \d+ s/.test(document.querySelector("#service-tars-router .facts")?.innerText)`)
		f.click(t, "#tab-bus", 0)
		f.await(t, `document.querySelectorAll("#bus-list .message").length > 5`)
	})
}
