package page

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/gotars/tars/test/need"
)

const token = "correct-horse-battery"

// TestLogin logs in and out as a person does, at an address of this machine and
// at one of the network.
func TestLogin(t *testing.T) {
	need.Browser(t)
	s := start(t, "UI_TOKEN="+token)
	ctx := openBrowser(t)
	shown := `window.tars?.connected && location.pathname === "/" && location.search === ""`

	t.Run("a wrong token is told, and the right one leads to the page", func(t *testing.T) {
		do(t, ctx, chromedp.Navigate(s.url), chromedp.WaitVisible("#token"))
		shoot(t, ctx, "form-1280")
		do(t, ctx, chromedp.SendKeys("#token", "a-wrong-token\r"), chromedp.WaitVisible("#trouble"))
		if text := value[string](t, ctx, `document.getElementById("trouble").innerText`); !strings.Contains(text, "not the token") {
			t.Errorf("the form says %q", text)
		}
		shoot(t, ctx, "form-wrong-1280")
		do(t, ctx, chromedp.SendKeys("#token", token+"\r"), chromedp.WaitVisible("#text"))
		await(t, ctx, shown)
		if value[bool](t, ctx, `!document.getElementById("exposed").hidden`) {
			t.Error("the page warns of a connection that does not leave the machine")
		}
	})
	t.Run("the control logs out", func(t *testing.T) {
		do(t, ctx, chromedp.Click("#board-open"), chromedp.WaitVisible("#logout"))
		shoot(t, ctx, "logout-1280")
		do(t, ctx, chromedp.Click("#logout"), chromedp.WaitVisible("#token"))
	})
	t.Run("a token in the address is gone from it", func(t *testing.T) {
		do(t, ctx, chromedp.Navigate(s.url+"/?token="+token), chromedp.WaitVisible("#text"))
		await(t, ctx, shown)
		if text := value[string](t, ctx, `JSON.stringify([location.href, document.referrer, performance.getEntriesByType("navigation")[0].name])`); strings.Contains(text, token) {
			t.Errorf("the page knows the token: %s", text)
		}
	})
	t.Run("a logout of all browsers reaches this one", func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/logout/all", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		do(t, ctx, chromedp.WaitVisible("#token"))
	})
	t.Run("a link on another site logs in", func(t *testing.T) {
		mail := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprintf(w, `<a id="link" href="%s/?token=%s">my page</a>`, s.url, token)
		}))
		defer mail.Close()
		do(t, ctx, chromedp.Navigate(strings.Replace(mail.URL, "127.0.0.1", "localhost", 1)), chromedp.Click("#link"), chromedp.WaitVisible("#text"))
		await(t, ctx, shown)
	})
	t.Run("a neighbour on this machine hears nothing", func(t *testing.T) { neighbour(t, s) })
	t.Run("the network is warned", func(t *testing.T) {
		host := networkAddress(t)
		_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.url, "http://"))
		do(t, ctx, chromedp.Navigate("http://"+net.JoinHostPort(host, port)), chromedp.WaitVisible("#exposed"))
		shoot(t, ctx, "form-network-1280")
		do(t, ctx, chromedp.SendKeys("#token", token+"\r"), chromedp.WaitVisible("#text"))
		await(t, ctx, shown+` && !document.getElementById("exposed").hidden`)
		shoot(t, ctx, "network-1280")
		resize(t, ctx, 390, 844, chromedp.EmulateMobile)
		shoot(t, ctx, "network-390")
		do(t, ctx, chromedp.Click("#board-open"), chromedp.WaitVisible("#logout"))
		shoot(t, ctx, "logout-390")
	})
}

// neighbour is a page on another port of this machine, in a browser that is
// logged in: the cookie goes along with what it asks, and still it gets nothing.
func neighbour(t *testing.T, s *stage) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<p>a neighbour</p>")
	}))
	defer page.Close()
	ctx := openBrowser(t)
	do(t, ctx, chromedp.Navigate(s.url+"/?token="+token))
	await(t, ctx, `window.tars?.connected`)
	do(t, ctx, chromedp.Navigate(page.URL))
	do(t, ctx, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`
		const socket = new WebSocket("ws" + %q.slice(4) + "/ws?id=evil");
		window.heard = [];
		socket.onopen = () => heard.push("open");
		socket.onmessage = (e) => heard.push(e.data);
		socket.onclose = () => { window.over = true; };
		void 0`, s.url)))
	await(t, ctx, `window.over`)
	if heard := value[[]string](t, ctx, `heard`); len(heard) > 0 {
		t.Errorf("the neighbour heard %q", heard)
	}
}

// networkAddress is an address of this machine that others can reach.
func networkAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but its own")
	return ""
}
