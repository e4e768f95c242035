package uiweb_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/gotars/tars/kit/kittest"
	uiweb "github.com/gotars/tars/services/ui-web"
)

const token = "correct horse battery"

func TestGuard(t *testing.T) {
	home := uiweb.Config{}
	away := uiweb.Config{Addr: "192.168.1.5:8080", Token: token, Hosts: []string{"tars.example.org"}}
	plain := uiweb.Config{Addr: "192.168.1.5:8080", Token: token}
	proxied := uiweb.Config{Addr: "127.0.0.1:8080", Token: token, Origins: []string{"https://tars.example.org", "https://Tars.Example.org:8443"}}
	inside := uiweb.Config{Addr: "0.0.0.0:8080", Loopback: true} // a container, published on loopback
	bearer := func(h map[string]string) map[string]string {
		h["Authorization"] = "Bearer " + token
		return h
	}
	tests := map[string]struct {
		cfg    uiweb.Config
		path   string
		header map[string]string
		want   int
	}{
		"the page":                             {home, "/", nil, 200},
		"the page as localhost":                {home, "/", map[string]string{"Host": "localhost:8080"}, 200},
		"the page at another port":             {home, "/", map[string]string{"Host": "127.0.0.1:9999"}, 200},
		"the page by IPv6":                     {home, "/", map[string]string{"Host": "[::1]:8080"}, 200},
		"a name that was pointed here":         {home, "/", map[string]string{"Host": "evil.example"}, 421},
		"a name that looks like home":          {home, "/", map[string]string{"Host": "localhost.evil.example"}, 421},
		"an address of somebody else":          {home, "/", map[string]string{"Host": "10.0.0.1:8080"}, 421},
		"the address of everybody":             {inside, "/", map[string]string{"Host": "0.0.0.0:8080"}, 421},
		"health by a wrong name":               {home, "/healthz", map[string]string{"Host": "evil.example"}, 421},
		"health":                               {home, "/healthz", nil, 200},
		"nothing there":                        {home, "/config.go", nil, 404},
		"nothing above":                        {home, "/%2e%2e/config.go", nil, 404},
		"the memory for our page":              {home, "/api/memory?q=", map[string]string{"Origin": "http://" + addr}, 400},
		"the turns for another site":           {home, "/api/turns", map[string]string{"Origin": "https://evil.example"}, 403},
		"a turn for a sandboxed page":          {home, "/api/turns/x", map[string]string{"Origin": "null"}, 403},
		"away, the turns without":              {away, "/api/turns", nil, 401},
		"away, the turns for a program":        {away, "/api/turns", bearer(map[string]string{}), 200},
		"the memory for a program":             {home, "/api/memory?q=", nil, 400},
		"the memory for another site":          {home, "/api/memory?q=", map[string]string{"Origin": "https://evil.example"}, 403},
		"the memory for a neighbour's port":    {home, "/api/memory?q=", map[string]string{"Origin": "http://127.0.0.1:3000"}, 403},
		"the memory for a sandboxed page":      {home, "/api/memory?q=", map[string]string{"Origin": "null"}, 403},
		"the memory as somebody's picture":     {home, "/api/memory?q=", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"the socket for another site":          {home, "/ws?id=3f2a", map[string]string{"Origin": "https://evil.example"}, 403},
		"the socket for the same-named":        {home, "/ws?id=3f2a", map[string]string{"Origin": "http://evil.example", "Host": "evil.example"}, 421},
		"a container lets its page in":         {inside, "/", map[string]string{"Host": "127.0.0.1:18080"}, 200},
		"a container refuses a name":           {inside, "/", map[string]string{"Host": "evil.example"}, 421},
		"a container refuses a site":           {inside, "/api/memory?q=", map[string]string{"Origin": "https://evil.example"}, 403},
		"away, without the token":              {away, "/", nil, 401},
		"away, with a wrong one":               {away, "/?token=guess", nil, 401},
		"away, with the token":                 {away, "/?token=" + strings.ReplaceAll(token, " ", "+"), nil, 303},
		"away, the script without":             {away, "/app.js", nil, 401},
		"away, the socket without":             {away, "/ws?id=3f2a", nil, 401},
		"away, the memory without":             {away, "/api/memory?q=", nil, 401},
		"away, the memory with a wrong cookie": {away, "/api/memory?q=", map[string]string{"Cookie": "tars_token=" + token}, 401},
		"away, the memory for a program":       {away, "/api/memory?q=", bearer(map[string]string{}), 400},
		"away, by its address":                 {away, "/", bearer(map[string]string{"Host": "192.168.1.5:8080"}), 200},
		"away, by a name of UI_HOSTS":          {away, "/", bearer(map[string]string{"Host": "TARS.example.org"}), 200},
		"away, by another name":                {away, "/", bearer(map[string]string{"Host": "evil.example"}), 421},
		"away, a name of UI_HOSTS by HTTPS":    {away, "/api/memory?q=", bearer(map[string]string{"Origin": "https://tars.example.org"}), 403},
		"away, a name of UI_HOSTS":             {away, "/api/memory?q=", bearer(map[string]string{"Host": "tars.example.org", "Origin": "http://tars.example.org"}), 400},
		"away, another site with the token":    {away, "/api/memory?q=", bearer(map[string]string{"Origin": "https://evil.example"}), 403},
		"away, health for a probe":             {away, "/healthz", nil, 200},

		"port 80 of this machine":                {home, "/api/memory?q=", map[string]string{"Origin": "http://127.0.0.1"}, 403},
		"port 80 of this machine, spelled out":   {home, "/api/memory?q=", map[string]string{"Origin": "http://127.0.0.1:80"}, 403},
		"another name of this machine":           {home, "/api/memory?q=", map[string]string{"Origin": "http://localhost:8080"}, 403},
		"our address by HTTPS":                   {home, "/api/memory?q=", map[string]string{"Origin": "https://127.0.0.1:8080"}, 403},
		"port 443 of this machine":               {home, "/api/memory?q=", map[string]string{"Origin": "https://127.0.0.1"}, 403},
		"our address with another scheme":        {home, "/api/memory?q=", map[string]string{"Origin": "ws://127.0.0.1:8080"}, 403},
		"our address as a user of another":       {home, "/api/memory?q=", map[string]string{"Origin": "http://127.0.0.1:8080@evil.example"}, 403},
		"our address with a path":                {home, "/api/memory?q=", map[string]string{"Origin": "http://127.0.0.1:8080/"}, 403},
		"our address with a dot":                 {home, "/api/memory?q=", map[string]string{"Origin": "http://127.0.0.1.:8080"}, 403},
		"a name that begins like our address":    {home, "/api/memory?q=", map[string]string{"Origin": "http://127.0.0.1:8080.evil.example"}, 403},
		"an origin that is empty":                {home, "/api/memory?q=", map[string]string{"Origin": ""}, 403},
		"a port that is none":                    {home, "/api/memory?q=", map[string]string{"Origin": "http://127.0.0.1:99999"}, 403},
		"our page by IPv6":                       {home, "/api/memory?q=", map[string]string{"Host": "[::1]:8080", "Origin": "http://[::1]:8080"}, 400},
		"our page by IPv6 written out":           {home, "/api/memory?q=", map[string]string{"Host": "[::1]:8080", "Origin": "http://[0:0:0:0:0:0:0:1]:8080"}, 400},
		"port 80 by IPv6":                        {home, "/api/memory?q=", map[string]string{"Host": "[::1]:8080", "Origin": "http://[::1]"}, 403},
		"our page in capitals":                   {home, "/api/memory?q=", map[string]string{"Host": "LOCALHOST:8080", "Origin": "HTTP://localhost:8080"}, 400},
		"our page by its full name":              {home, "/api/memory?q=", map[string]string{"Host": "localhost.:8080", "Origin": "http://localhost.:8080"}, 400},
		"our page on port 80":                    {home, "/api/memory?q=", map[string]string{"Host": "localhost", "Origin": "http://localhost:80"}, 400},
		"our page through a forwarded port":      {home, "/api/memory?q=", map[string]string{"Host": "localhost:9000", "Origin": "http://localhost:9000"}, 400},
		"no origin, from a neighbour's page":     {home, "/api/memory?q=", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"no origin, from our page":               {home, "/api/memory?q=", map[string]string{"Sec-Fetch-Site": "same-origin"}, 400},
		"no origin, typed by a person":           {home, "/api/memory?q=", map[string]string{"Sec-Fetch-Site": "none"}, 400},
		"no origin, led by a neighbour":          {home, "/api/memory?q=", map[string]string{"Referer": "http://127.0.0.1/x"}, 403},
		"no origin, led by our page":             {home, "/api/memory?q=", map[string]string{"Referer": "http://127.0.0.1:8080/"}, 400},
		"our origin, but from another site":      {home, "/api/memory?q=", map[string]string{"Origin": "http://" + addr, "Sec-Fetch-Site": "cross-site"}, 403},
		"a logout by a neighbour":                {home, "/api/session", map[string]string{"Origin": "http://127.0.0.1"}, 403},
		"the socket for port 80":                 {home, "/ws?id=3f2a", map[string]string{"Origin": "http://127.0.0.1"}, 403},
		"away, port 80 of the host of UI_ADDR":   {plain, "/api/memory?q=", bearer(map[string]string{"Host": "192.168.1.5:8080", "Origin": "http://192.168.1.5"}), 403},
		"away, a port of the host of UI_ADDR":    {plain, "/api/memory?q=", bearer(map[string]string{"Host": "192.168.1.5:8080", "Origin": "http://192.168.1.5:3000"}), 403},
		"away, the host of UI_ADDR by HTTPS":     {plain, "/api/memory?q=", bearer(map[string]string{"Host": "192.168.1.5:8080", "Origin": "https://192.168.1.5:8080"}), 403},
		"away, our page":                         {plain, "/api/memory?q=", bearer(map[string]string{"Host": "192.168.1.5:8080", "Origin": "http://192.168.1.5:8080"}), 400},
		"a container's page on port 80":          {inside, "/api/memory?q=", map[string]string{"Host": "127.0.0.1:18080", "Origin": "http://127.0.0.1"}, 403},
		"a container's own page":                 {inside, "/api/memory?q=", map[string]string{"Host": "127.0.0.1:18080", "Origin": "http://127.0.0.1:18080"}, 400},
		"a proxy that keeps the host":            {proxied, "/api/memory?q=", bearer(map[string]string{"Host": "tars.example.org", "Origin": "https://tars.example.org"}), 400},
		"a proxy that changes the host":          {proxied, "/api/memory?q=", bearer(map[string]string{"Origin": "https://tars.example.org:443"}), 400},
		"a proxy on another port":                {proxied, "/api/memory?q=", bearer(map[string]string{"Origin": "https://tars.example.org:8443"}), 400},
		"a port that is not the proxy's":         {proxied, "/api/memory?q=", bearer(map[string]string{"Origin": "https://tars.example.org:9443"}), 403},
		"plain HTTP on the host of the proxy":    {proxied, "/api/memory?q=", bearer(map[string]string{"Host": "tars.example.org", "Origin": "http://tars.example.org"}), 403},
		"a proxy of another name":                {proxied, "/", bearer(map[string]string{"Host": "evil.example"}), 421},
		"this machine beside the proxy":          {proxied, "/api/memory?q=", bearer(map[string]string{"Origin": "http://" + addr}), 400},
		"a stale cookie beside a good header":    {away, "/api/memory?q=", bearer(map[string]string{"Cookie": "tars_session=stale; tars_token=old"}), 400},
		"a stale cookie beside a good token":     {away, "/?token=" + strings.ReplaceAll(token, " ", "+"), map[string]string{"Cookie": "tars_session=stale"}, 303},
		"a header with another way to log in":    {away, "/api/memory?q=", map[string]string{"Authorization": "Basic " + token}, 401},
		"a header in lower case":                 {away, "/api/memory?q=", map[string]string{"Authorization": "bearer " + token}, 400},
		"a token that a page loads for somebody": {away, "/?token=guess", map[string]string{"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site"}, 403},
	}
	for name, tt := range tests {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			b.Settle() // until the page knows of its own link
			if got, _, body := get(t, b, tt.path, tt.header); got != tt.want {
				t.Errorf("%d %.80q, want %d", got, body, tt.want)
			}
		}, module(tt.cfg))
	}
}

func TestSocketRefusals(t *testing.T) {
	for name, id := range map[string]string{"no id": "", "a short one": "abc", "a long one": "abcdefghijklm", "capitals": "ABCD", "a topic": "ab/+"} {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			_, r, err := websocket.Dial(t.Context(), "ws://"+addr+"/ws?id="+strings.ReplaceAll(id, "+", "%2B"), &websocket.DialOptions{HTTPClient: b.HTTP("ui-web")})
			if err == nil || r == nil || r.StatusCode != 400 {
				t.Errorf("%v, %v", r, err)
			}
		}, module(uiweb.Config{}))
	}
	kittest.Run(t, "too many pages", func(t *testing.T, b *kittest.Harness) {
		for range 64 {
			open(t, b, "3f2a")
		}
		_, r, err := websocket.Dial(t.Context(), "ws://"+addr+"/ws?id=3f2a", &websocket.DialOptions{HTTPClient: b.HTTP("ui-web")})
		if err == nil || r == nil || r.StatusCode != 503 {
			t.Errorf("%v, %v", r, err)
		}
	}, module(uiweb.Config{}))
}

func TestHeaders(t *testing.T) {
	kittest.Run(t, "on every answer", func(t *testing.T, b *kittest.Harness) {
		for path, kind := range map[string]string{"/": "text/html", "/app.js": "text/javascript", "/reload.js": "text/javascript", "/ear-worklet.js": "text/javascript", "/style.css": "text/css", "/icon.svg": "image/svg+xml", "/nothing": "text/plain"} {
			_, h, _ := get(t, b, path, nil)
			if !strings.HasPrefix(h.Get("Content-Type"), kind) || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s is %s, %s", path, h.Get("Content-Type"), h.Get("X-Content-Type-Options"))
			}
			csp := h.Get("Content-Security-Policy")
			if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self';") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
				t.Errorf("%s has the policy %q", path, csp)
			}
			if kind != "text/plain" && h.Get("Cache-Control") != "no-cache" {
				t.Errorf("%s may be kept: %q", path, h.Get("Cache-Control"))
			}
		}
		_, h, _ := get(t, b, "/", nil)
		if status, _, _ := get(t, b, "/", map[string]string{"If-None-Match": h.Get("ETag")}); status != 304 {
			t.Errorf("the same page again is %d, want 304", status)
		}
		if status, _, _ := do(t, b, http.MethodPut, "/app.js", nil, "x"); status != 405 {
			t.Errorf("PUT is %d, want 405", status)
		}
	}, module(uiweb.Config{}))
}
