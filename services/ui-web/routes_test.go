package uiweb_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gotars/tars/kit/kittest"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// openRoutes are served to who is not logged in, each for a reason.
var openRoutes = map[string]string{
	"/":            "the form that asks for the token, and the files of the page to who is logged in",
	"GET /enter":   "leads on to the page and tells nothing",
	"GET /healthz": "for probes: whether there is a broker",
}

// changing are the routes that change something beside a conversation, and the permission
// that each wants.
var changing = map[string]string{
	"GET /api/bus": "inspect", "POST /api/bus": "publish", "POST /api/letters": "publish",
	"POST /api/engines/install": "install", "POST /api/engines/cancel": "install",
}

// ask sends a request to a route and returns the status. Streams are cut off.
func askRoute(t *testing.T, b *kittest.Harness, route string, header map[string]string) int {
	t.Helper()
	method, path, ok := strings.Cut(route, " ")
	if !ok {
		method, path = http.MethodGet, route
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+path, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		if k == "Host" {
			r.Host = v
			continue
		}
		r.Header.Set(k, v)
	}
	answer, err := b.HTTP("ui-web").Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// TestEveryRouteIsGuarded takes the routes from the server itself, so that one that is
// added is looked at too.
func TestEveryRouteIsGuarded(t *testing.T) {
	const token = "a long enough token"
	away := uiweb.Config{Addr: "192.168.1.5:8080", Token: token}
	kittest.Run(t, "with a token", func(t *testing.T, b *kittest.Harness) {
		b.Settle()
		routes := uiweb.Routes(t)
		if len(routes) < 20 {
			t.Fatalf("%d routes, want all of them", len(routes))
		}
		for _, route := range routes {
			bearer := func(more map[string]string) map[string]string {
				all := map[string]string{"Host": "192.168.1.5:8080", "Authorization": "Bearer " + token}
				maps.Copy(all, more)
				return all
			}
			if got := askRoute(t, b, route, bearer(map[string]string{"Host": "evil.example"})); got != http.StatusMisdirectedRequest {
				t.Errorf("%s under a name that is not ours: %d, want 421", route, got)
			}
			if openRoutes[route] != "" {
				continue
			}
			for _, origin := range []string{"https://evil.example", "http://192.168.1.5", "http://192.168.1.5:9999", "https://192.168.1.5:8080", "null", ""} {
				if got := askRoute(t, b, route, bearer(map[string]string{"Origin": origin})); got != http.StatusForbidden {
					t.Errorf("%s from the origin %q: %d, want 403", route, origin, got)
				}
			}
			if got := askRoute(t, b, route, bearer(map[string]string{"Sec-Fetch-Site": "cross-site"})); got != http.StatusForbidden {
				t.Errorf("%s from another site: %d, want 403", route, got)
			}
			if got := askRoute(t, b, route, map[string]string{"Host": "192.168.1.5:8080"}); got != http.StatusUnauthorized {
				t.Errorf("%s without the token: %d, want 401", route, got)
			}
			if got := askRoute(t, b, route, map[string]string{"Host": "192.168.1.5:8080", "Authorization": "Bearer wrong"}); got != http.StatusUnauthorized && got != http.StatusTooManyRequests {
				t.Errorf("%s with a wrong token: %d, want 401 or 429", route, got)
			}
		}
	}, module(away))
}

// TestWhatIsNotAllowedIsRefused asks each route that wants a permission, with all others
// given.
func TestWhatIsNotAllowedIsRefused(t *testing.T) {
	const token = "a long enough token"
	for name, c := range map[string]struct {
		cfg     uiweb.Config
		allowed []string
	}{
		"on this machine, looking is allowed":       {uiweb.Config{Addr: addr}, []string{"inspect"}},
		"in a container of this machine, too":       {uiweb.Config{Addr: "0.0.0.0:8080", Loopback: true}, []string{"inspect"}},
		"for others, nothing is allowed":            {uiweb.Config{Addr: "192.168.1.5:8080", Token: token}, nil},
		"behind a proxy, nothing is allowed":        {uiweb.Config{Addr: addr, Token: token, Origins: []string{"https://tars.example.org"}}, nil},
		"for others, what is named is allowed":      {uiweb.Config{Addr: "192.168.1.5:8080", Token: token, Allow: []string{"publish"}}, []string{"publish"}},
		"installing is a permission of its own":     {uiweb.Config{Addr: addr, Allow: []string{"install"}}, []string{"install"}},
		"on this machine, none means not even that": {uiweb.Config{Addr: addr, Allow: []string{"none"}}, nil},
	} {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			b.Settle()
			for route, permission := range changing {
				if !slices.Contains(uiweb.Routes(t), route) {
					t.Fatalf("%s is no route", route)
				}
				host := c.cfg.Addr
				if c.cfg.Loopback {
					host = addr
				}
				got := askRoute(t, b, route, map[string]string{"Host": host, "Authorization": "Bearer " + token})
				if want := slices.Contains(c.allowed, permission); want == (got == http.StatusForbidden) {
					t.Errorf("%s is answered with %d, allowed: %v", route, got, want)
				}
			}
		}, module(c.cfg))
	}
}

func TestWhatUIAllowMayName(t *testing.T) {
	for name, c := range map[string]struct {
		allow []string
		want  string
	}{
		"nothing":            {nil, ""},
		"all there is":       {[]string{"inspect", "publish", "install"}, ""},
		"a word without use": {[]string{"everything"}, `UI_ALLOW has "everything", want inspect, publish, install or none`},
		"none and something": {[]string{"none", "publish"}, "UI_ALLOW has none beside others"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := (&uiweb.Config{Addr: addr, Allow: c.allow}).Validate(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("says %q, want %q", got, c.want)
			}
		})
	}
}
