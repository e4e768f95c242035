package page

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/gotars/tars/test/need"
)

// network stands between the page and the server. What it carries can go dead without
// being closed, as when a phone sleeps or a router forgets a connection.
type network struct {
	net.Listener
	to string

	mu    sync.Mutex
	links []*deadLink
	down  bool // links begin dead
}

// deadLink is one connection. Once it is dead, nothing more of it arrives on either side.
type deadLink struct {
	mu   sync.Mutex
	dead bool
}

func (l *deadLink) kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
}

// copy carries bytes until the link is dead.
func (l *deadLink) copy(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		l.mu.Lock()
		dead := l.dead
		l.mu.Unlock()
		if dead {
			_, _ = io.Copy(io.Discard, from) // taken, as by a buffer that nobody empties
			return
		}
		if n > 0 {
			_, _ = to.Write(buf[:n])
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

// between starts a network before a server, until the test ends.
func between(t *testing.T, url string) *network {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{Listener: l, to: strings.TrimPrefix(url, "http://")}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n.carry(t, c)
		}
	}()
	return n
}

func (n *network) carry(t *testing.T, c net.Conn) {
	s, err := net.Dial("tcp", n.to)
	if err != nil {
		_ = c.Close()
		return
	}
	t.Cleanup(func() { _, _ = c.Close(), s.Close() })
	n.mu.Lock()
	l := &deadLink{dead: n.down}
	n.links = append(n.links, l)
	n.mu.Unlock()
	go l.copy(s, c)
	go l.copy(c, s)
}

// die kills what is open; with down also what is opened from now on.
func (n *network) die(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
	for _, l := range n.links {
		l.kill()
	}
}

// heal lets through what is opened from now on.
func (n *network) heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = false
}

// within waits for a script to say true, and fails when it took longer than limit, as the
// browser measures it.
func within(t *testing.T, ctx context.Context, limit time.Duration, script string) {
	t.Helper()
	before := time.Now()
	await(t, ctx, script)
	if took := time.Since(before); took > limit {
		t.Errorf("%s after %s, want at most %s", script, took.Round(10*time.Millisecond), limit)
	}
}

// shown is how often a text is shown as delivered.
func shown(text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("li.user:not(.pending) .bubble")].filter((b) => b.textContent === %q).length`, text)
}

func TestDeadLine(t *testing.T) {
	need.Browser(t)
	s := start(t)
	n := between(t, s.url)
	ctx := openBrowser(t) // a line that dies is an error of the browser, so those are not looked at
	do(t, ctx, chromedp.Navigate("http://"+n.Addr().String()+"/?raw=1"))
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	const state = `document.getElementById("state").innerText`

	t.Run("a dead line is noticed within 5 s and a text typed into it arrives once", func(t *testing.T) {
		n.die(true)
		do(t, ctx, typing("Typed into a dead line"))
		within(t, ctx, 5*time.Second, state+` === "no connection"`)
		await(t, ctx, `document.querySelector("li.user.pending .meta").innerText === "waiting for the connection…"`)
		do(t, ctx, typing("Typed without a line"))
		shoot(t, ctx, "no-line-1280")
		n.heal()
		await(t, ctx, shown("Typed into a dead line")+` === 1 && `+shown("Typed without a line")+` === 1`)
		await(t, ctx, `!document.querySelector("li.pending, li.failed")`)
		await(t, ctx, `[...document.querySelectorAll("li.tars .bubble")].at(-1)?.textContent.endsWith("next to the lighthouse.")`) // the second ended the answer to the first
	})
	t.Run("a text whose confirmation was lost is not said twice", func(t *testing.T) {
		asked := value[int](t, ctx, `document.querySelectorAll("li.tars").length`)
		do(t, ctx, chromedp.Evaluate[chromedp.Void](`(() => { // the page is told nothing from here on
			const was = WebSocket.prototype.send;
			WebSocket.prototype.send = function (data) {
				was.call(this, data);
				if (!String(data).includes("Said once")) return;
				this.onmessage = () => {};
				WebSocket.prototype.send = was;
			};
		})()`), typing("Said once"))
		await(t, ctx, `!document.querySelector("li.pending")`)
		await(t, ctx, shown("Said once")+` === 1`)
		do(t, ctx, typing("And after that"))
		await(t, ctx, shown("And after that")+` === 1`)
		do(t, ctx, chromedp.Sleep(time.Second))
		if got := s.asked("Said once"); got != 1 {
			t.Errorf("the model was asked %d times, want once (%d answers were there)", got, asked)
		}
	})
	t.Run("an answer that ended while the line was dead is shown whole", func(t *testing.T) {
		await(t, ctx, `tars.connected && tars.answering.length === 0`)
		lines := value[int](t, ctx, `document.querySelectorAll("li.tars").length`)
		do(t, ctx, typing("Say it slowly"))
		await(t, ctx, fmt.Sprintf(`document.querySelectorAll("li.tars").length === %d`, lines+1))
		n.die(true)
		await(t, ctx, state+` === "no connection"`)
		if value[bool](t, ctx, `[...document.querySelectorAll("li.tars .bubble")].at(-1)?.textContent.endsWith("next to the lighthouse.")`) {
			t.Error("the whole answer came before the line died, so this says nothing")
		}
		n.heal()
		await(t, ctx, `[...document.querySelectorAll("li.tars .bubble")].at(-1)?.textContent.endsWith("next to the lighthouse.") && !document.querySelector("li.writing")`)
		await(t, ctx, fmt.Sprintf(`document.querySelectorAll("li.tars").length === %d && `, lines+1)+shown("Say it slowly")+` === 1`)
	})
	for name, wake := range map[string]string{
		"page is seen again": `document.dispatchEvent(new Event("visibilitychange"))`,
		"network is back":    `dispatchEvent(new Event("online"))`,
		"page is restored":   `dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))`,
	} {
		t.Run("a phone that slept has a new line within 2 s of waking: "+name, func(t *testing.T) {
			await(t, ctx, `tars.connected && tars.answering.length === 0`)
			do(t, ctx, chromedp.Sleep(1600*time.Millisecond)) // the last question is answered
			lines := value[int](t, ctx, `tars.lines`)
			n.die(false)
			do(t, ctx, chromedp.Evaluate[chromedp.Void](wake))
			within(t, ctx, 2*time.Second, fmt.Sprintf(`tars.lines > %d && tars.connected`, lines))
		})
	}
	t.Run("what is said before the line stands is heard", func(t *testing.T) {
		s.forget()
		n.die(true)
		await(t, ctx, state+` === "no connection"`)
		do(t, ctx, chromedp.Click("#mic"))
		await(t, ctx, `tars.listening`)
		do(t, ctx, chromedp.Sleep(3*time.Second))
		n.heal()
		await(t, ctx, `tars.connected`)
		do(t, ctx, chromedp.Sleep(4*time.Second), chromedp.Click("#mic"))
		await(t, ctx, `[...document.querySelectorAll("li.user:not(.other) .bubble")].at(-1)?.textContent === "And where does it lie?"`)
		s.mu.Lock()
		defer s.mu.Unlock()
		if heard := float64(len(s.heard)) / 2 / 16000; heard < 5.5 {
			t.Errorf("%.1f s were heard of more than 7", heard)
		}
	})
}

// asked is how often the model was asked a text.
func (s *stage) asked(text string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(s.questions), func(q string) bool { return !strings.Contains(q, text) }))
}

// forget lets the stage forget what its microphone heard.
func (s *stage) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = nil
}
