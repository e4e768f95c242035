package uiweb_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gotars/tars/kit/kittest"
	uiweb "github.com/gotars/tars/services/ui-web"
)

var tokenQuery = "/?token=" + strings.ReplaceAll(token, " ", "+")

// form sends a token as the form does, and returns the answer and the cookie.
func form(t *testing.T, b *kittest.Harness, given string, header map[string]string) (status int, answer http.Header, cookie string) {
	t.Helper()
	sent := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://" + addr}
	for k, v := range header {
		sent[k] = v
	}
	status, answer, _ = do(t, b, http.MethodPost, "/", sent, "token="+strings.ReplaceAll(given, " ", "+"))
	cookie, _, _ = strings.Cut(answer.Get("Set-Cookie"), ";")
	return status, answer, cookie
}

func dial(t *testing.T, b *kittest.Harness, cookie string) (*websocket.Conn, error) {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), "ws://"+addr+"/ws?id=3f2a", &websocket.DialOptions{HTTPClient: b.HTTP("ui-web"), HTTPHeader: http.Header{"Cookie": {cookie}}})
	if err == nil {
		t.Cleanup(func() { _ = c.CloseNow() })
	}
	return c, err
}

func TestToken(t *testing.T) {
	away := module(uiweb.Config{Addr: "0.0.0.0:8080", Token: token})
	kittest.Run(t, "is asked for once", func(t *testing.T, b *kittest.Harness) {
		status, _, body := get(t, b, "/", nil)
		if status != 401 || !strings.Contains(body, `name="token"`) {
			t.Fatalf("%d %s, want a form", status, body)
		}
		status, header, cookie := form(t, b, token, nil)
		set := header.Get("Set-Cookie")
		for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"} {
			if status != 303 || header.Get("Location") != "/" || !strings.Contains(set, want) {
				t.Errorf("%d to %q, cookie %q without %s", status, header.Get("Location"), set, want)
			}
		}
		if strings.Contains(set, "horse") || strings.Contains(set, "Secure") {
			t.Errorf("the cookie tells the token, or does not come back over plain HTTP: %q", set)
		}
		if status, _, body := get(t, b, "/", map[string]string{"Cookie": "tars_session=stale; " + cookie}); status != 200 || !strings.Contains(body, "composer") {
			t.Errorf("%d %s, want the page", status, body)
		}
		if _, err := dial(t, b, cookie); err != nil {
			t.Fatal(err)
		}
		if _, _, other := form(t, b, token, nil); other == cookie || len(other) < 40 {
			t.Errorf("two logins have the cookies %q and %q", cookie, other)
		}
	}, away)
	kittest.Run(t, "is not taken from another site", func(t *testing.T, b *kittest.Harness) {
		for _, origin := range []string{"https://evil.example", "http://127.0.0.1", "null"} {
			if status, header, _ := form(t, b, token, map[string]string{"Origin": origin}); status != 403 || header.Get("Set-Cookie") != "" {
				t.Errorf("%s: %d with cookie %q", origin, status, header.Get("Set-Cookie"))
			}
		}
	}, away)
	kittest.Run(t, "leaves the address", func(t *testing.T, b *kittest.Harness) {
		for from, tt := range map[string]struct {
			path   string
			header map[string]string
			want   string
		}{
			"the address bar":           {tokenQuery, map[string]string{"Sec-Fetch-Site": "none"}, "/"},
			"a browser without the sec": {tokenQuery, nil, "/"},
			"a test that has more":      {tokenQuery + "&raw=1", nil, "/?raw=1"},
			"a link of another site":    {tokenQuery, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, "/enter"},
			"a link, without the sec":   {tokenQuery, map[string]string{"Referer": "http://mail.example/"}, "/enter"},
		} {
			status, header, body := get(t, b, tt.path, tt.header)
			if status != 303 || header.Get("Location") != tt.want || header.Get("Set-Cookie") == "" || header.Get("Referrer-Policy") != "no-referrer" || header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d, %v %s, want %s", from, status, header, body, tt.want)
			}
		}
		if status, _, body := get(t, b, "/enter", nil); status != 200 || !strings.Contains(body, "url=/") {
			t.Errorf("/enter is %d %s", status, body)
		}
	}, away)
	kittest.Run(t, "that nobody wants leaves the address as well", func(t *testing.T, b *kittest.Harness) {
		if status, header, _ := get(t, b, tokenQuery, nil); status != 303 || header.Get("Location") != "/" || header.Get("Set-Cookie") != "" {
			t.Errorf("%d, %v", status, header)
		}
	}, module(uiweb.Config{}))
	kittest.Run(t, "is kept to HTTPS behind a proxy", func(t *testing.T, b *kittest.Harness) {
		for name, tt := range map[string]struct {
			header map[string]string
			secure bool
		}{
			"by its host":   {map[string]string{"Host": "tars.example.org"}, true},
			"by the scheme": {map[string]string{"X-Forwarded-Proto": "https"}, true},
			"beside it":     {nil, false},
		} {
			if _, header, _ := get(t, b, tokenQuery, tt.header); strings.Contains(header.Get("Set-Cookie"), "Secure") != tt.secure {
				t.Errorf("%s: cookie %q", name, header.Get("Set-Cookie"))
			}
		}
	}, module(uiweb.Config{Token: token, Origins: []string{"https://tars.example.org"}}))
}

func TestTries(t *testing.T) {
	kittest.Run(t, "wrong tokens are slowed, a session is not", func(t *testing.T, b *kittest.Harness) {
		_, _, cookie := form(t, b, token, nil)
		for i := range 5 {
			if status, _, _ := form(t, b, "a wrong one", nil); status != 401 {
				t.Errorf("try %d is answered with %d", i+1, status)
			}
		}
		status, header, _ := form(t, b, token, nil)
		if status != 429 || header.Get("Retry-After") != "5" || header.Get("Set-Cookie") != "" {
			t.Errorf("a try too many is answered with %d, Retry-After %q and cookie %q", status, header.Get("Retry-After"), header.Get("Set-Cookie"))
		}
		for name, header := range map[string]map[string]string{"a header": {"Authorization": "Bearer " + token}, "a wrong header": {"Authorization": "Bearer x"}} {
			if status, _, body := get(t, b, "/api/memory?q=", header); status != 429 {
				t.Errorf("%s is answered with %d %s", name, status, body)
			}
		}
		if status, _, _ := get(t, b, tokenQuery, nil); status != 429 {
			t.Errorf("the address is answered with %d", status)
		}
		if status, _, _ := get(t, b, "/", map[string]string{"Cookie": cookie}); status != 200 {
			t.Errorf("a browser that is logged in is answered with %d", status)
		}
		time.Sleep(5 * time.Second)
		if status, _, _ := form(t, b, token, nil); status != 303 {
			t.Errorf("five seconds later: %d", status)
		}
	}, module(uiweb.Config{Token: token}))
}

func TestSession(t *testing.T) {
	away := func(cfg uiweb.Config) uiweb.Config { cfg.Token = token; return cfg }
	in := func(t *testing.T, b *kittest.Harness, cookie string) bool {
		t.Helper()
		status, _, _ := get(t, b, "/api/session", map[string]string{"Cookie": cookie})
		return status == 200
	}
	closed := func(t *testing.T, c *websocket.Conn) {
		t.Helper()
		for { // what was on its way
			if _, _, err := c.Read(t.Context()); err != nil {
				return
			}
		}
	}
	kittest.Run(t, "ends with a logout, and its sockets with it", func(t *testing.T, b *kittest.Harness) {
		_, _, one := form(t, b, token, nil)
		_, _, two := form(t, b, token, nil)
		c, err := dial(t, b, one)
		if err != nil {
			t.Fatal(err)
		}
		status, header, _ := do(t, b, http.MethodPost, "/logout", map[string]string{"Cookie": one, "Origin": "http://" + addr}, "")
		if status != 204 || !strings.Contains(header.Get("Set-Cookie"), "tars_session=; Path=/; Max-Age=0") {
			t.Errorf("%d, cookie %q", status, header.Get("Set-Cookie"))
		}
		closed(t, c)
		if in(t, b, one) || !in(t, b, two) {
			t.Errorf("after the logout one is in: %v, two is in: %v", in(t, b, one), in(t, b, two))
		}
	}, module(away(uiweb.Config{})))
	kittest.Run(t, "ends with a logout of all", func(t *testing.T, b *kittest.Harness) {
		_, _, one := form(t, b, token, nil)
		_, _, two := form(t, b, token, nil)
		c, err := dial(t, b, two)
		if err != nil {
			t.Fatal(err)
		}
		if status, _, _ := do(t, b, http.MethodPost, "/logout/all", map[string]string{"Cookie": one, "Origin": "http://" + addr}, ""); status != 204 {
			t.Errorf("answered with %d", status)
		}
		closed(t, c)
		if in(t, b, one) || in(t, b, two) {
			t.Error("a session goes on")
		}
	}, module(away(uiweb.Config{})))
	kittest.Run(t, "is not ended by another page", func(t *testing.T, b *kittest.Harness) {
		_, _, one := form(t, b, token, nil)
		for path, header := range map[string]map[string]string{"/logout": {"Origin": "http://127.0.0.1"}, "/logout/all": {"Origin": "null"}} {
			header["Cookie"] = one
			if status, _, _ := do(t, b, http.MethodPost, path, header, ""); status != 403 {
				t.Errorf("%s is answered with %d", path, status)
			}
		}
		if status, _, _ := get(t, b, "/logout", map[string]string{"Cookie": one}); status == 204 {
			t.Error("a link logs out")
		}
		if !in(t, b, one) {
			t.Error("the session ended")
		}
	}, module(away(uiweb.Config{})))
	kittest.Run(t, "expires on the server, and its sockets with it", func(t *testing.T, b *kittest.Harness) {
		_, _, one := form(t, b, token, nil)
		c, err := dial(t, b, one)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			closed(t, c)
		}()
		time.Sleep(59 * time.Minute)
		select {
		case <-ended:
			t.Error("the socket ended early")
		default:
		}
		if !in(t, b, one) {
			t.Error("the session ended early")
		}
		time.Sleep(2 * time.Minute)
		<-ended
		if in(t, b, one) {
			t.Error("the session goes on after UI_SESSION")
		}
	}, module(away(uiweb.Config{Session: time.Hour})))
	kittest.Run(t, "is one of 64: the one unused for longest ends", func(t *testing.T, b *kittest.Harness) {
		cookies := make([]string, 65)
		for i := range cookies {
			_, _, cookies[i] = form(t, b, token, nil)
			time.Sleep(time.Second)
			if i == 63 && !in(t, b, cookies[0]) {
				t.Error("the first of 64 ended")
			}
		}
		if !in(t, b, cookies[0]) || in(t, b, cookies[1]) || !in(t, b, cookies[64]) {
			t.Errorf("in are the one just used %v, the one unused for longest %v, the last %v", in(t, b, cookies[0]), in(t, b, cookies[1]), in(t, b, cookies[64]))
		}
	}, module(away(uiweb.Config{})))
	kittest.Run(t, "knows who can log out, and who reads along", func(t *testing.T, b *kittest.Harness) {
		_, _, one := form(t, b, token, nil)
		for name, tt := range map[string]struct {
			header map[string]string
			want   string
		}{
			"on this machine": {map[string]string{"Cookie": one}, `{"exposed":false,"lang":"","login":true,"may":["inspect"]}`},
			"a program":       {map[string]string{"Authorization": "Bearer " + token}, `{"exposed":false,"lang":"","login":false,"may":["inspect"]}`},
			"on the network":  {map[string]string{"Cookie": one, "Host": "192.168.1.5:8080"}, `{"exposed":true,"lang":"","login":true,"may":["inspect"]}`},
			"through HTTPS":   {map[string]string{"Cookie": one, "Host": "192.168.1.5:8080", "X-Forwarded-Proto": "https"}, `{"exposed":false,"lang":"","login":true,"may":["inspect"]}`},
		} {
			if _, _, body := get(t, b, "/api/session", tt.header); strings.TrimSpace(body) != tt.want {
				t.Errorf("%s: %s, want %s", name, body, tt.want)
			}
		}
		for host, want := range map[string]bool{"192.168.1.5:8080": true, "127.0.0.1:8080": false, "[::1]:8080": false} {
			if _, _, body := get(t, b, "/", map[string]string{"Host": host}); strings.Contains(body, "not encrypted") != want {
				t.Errorf("the form on %s warns: %v, want %v", host, !want, want)
			}
		}
	}, module(away(uiweb.Config{})))
}
