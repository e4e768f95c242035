package admin

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAdminSettings(t *testing.T) {
	for name, tt := range map[string]struct {
		cfg  Config
		want string
	}{
		"nowhere":                     {Config{}, ""},
		"this machine":                {Config{Addr: "127.0.0.1:9090"}, ""},
		"this machine by name":        {Config{Addr: "localhost:9090"}, ""},
		"this machine by IPv6":        {Config{Addr: "[::1]:9090"}, ""},
		"everybody with a token":      {Config{Addr: "0.0.0.0:9090", Token: "correct horse"}, ""},
		"everybody":                   {Config{Addr: "0.0.0.0:9090"}, "ADMIN_ADDR is 0.0.0.0:9090, which others can reach: set ADMIN_TOKEN, or ADMIN_ADDR to 127.0.0.1:9090"},
		"everybody by no address":     {Config{Addr: ":9090"}, "ADMIN_ADDR is :9090, which others can reach: set ADMIN_TOKEN, or ADMIN_ADDR to 127.0.0.1:9090"},
		"everybody by IPv6":           {Config{Addr: "[::]:9090"}, "ADMIN_ADDR is [::]:9090, which others can reach: set ADMIN_TOKEN, or ADMIN_ADDR to 127.0.0.1:9090"},
		"a name others may resolve":   {Config{Addr: "tars.lan:9090"}, "ADMIN_ADDR is tars.lan:9090, which others can reach: set ADMIN_TOKEN, or ADMIN_ADDR to 127.0.0.1:9090"},
		"no port":                     {Config{Addr: "127.0.0.1"}, `ADMIN_ADDR is "127.0.0.1", want an address and a port such as 127.0.0.1:9090`},
		"a short token is not shown":  {Config{Addr: "127.0.0.1:9090", Token: "hunter2"}, "ADMIN_TOKEN has 7 characters, want 12 or more"},
		"a short token without a use": {Config{Token: "hunter2"}, "ADMIN_TOKEN has 7 characters, want 12 or more"},
	} {
		got := ""
		if err := tt.cfg.Validate(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestAdminGuard(t *testing.T) {
	home, away := Config{Addr: "127.0.0.1:9090"}, Config{Addr: "0.0.0.0:9090", Token: "correct horse battery"}
	for name, tt := range map[string]struct {
		cfg    Config
		path   string
		header map[string]string
		want   int
	}{
		"a program":                         {home, "/metrics", nil, 200},
		"localhost":                         {home, "/metrics", map[string]string{"Host": "localhost:9090"}, 200},
		"IPv6":                              {home, "/metrics", map[string]string{"Host": "[::1]:9090"}, 200},
		"the address of a pod":              {home, "/healthz", map[string]string{"Host": "10.1.2.3:9090"}, 200},
		"a name that was pointed here":      {home, "/metrics", map[string]string{"Host": "evil.example:9090"}, 421},
		"a profile by such a name":          {home, "/debug/pprof/heap", map[string]string{"Host": "localhost.evil.example"}, 421},
		"a page of this machine":            {home, "/metrics", map[string]string{"Origin": "http://127.0.0.1"}, 403},
		"a page without an origin":          {home, "/debug/pprof/profile", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"a page of another site":            {home, "/debug/pprof/profile", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"a page of an old browser":          {home, "/debug/pprof/profile", map[string]string{"Referer": "http://127.0.0.1/"}, 403},
		"a person":                          {home, "/debug/pprof/", map[string]string{"Sec-Fetch-Site": "none"}, 200},
		"a link of our own":                 {home, "/debug/pprof/heap", map[string]string{"Referer": "http://127.0.0.1:9090/debug/pprof/"}, 200},
		"without the token":                 {away, "/metrics", nil, 401},
		"with a wrong one":                  {away, "/debug/pprof/heap", map[string]string{"Authorization": "Bearer wrong"}, 401},
		"with another scheme":               {away, "/metrics", map[string]string{"Authorization": "Basic correct horse battery"}, 401},
		"with the token":                    {away, "/metrics", map[string]string{"Authorization": "Bearer correct horse battery"}, 200},
		"with the token by a name":          {away, "/metrics", map[string]string{"Authorization": "Bearer correct horse battery", "Host": "stt:9090"}, 200},
		"a probe":                           {away, "/readyz", nil, 200},
		"a profile that looks like a probe": {away, "/debug/pprof/../../healthz", nil, 401},
	} {
		h := tt.cfg.guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }))
		r := httptest.NewRequest("GET", "http://127.0.0.1:9090"+tt.path, nil)
		for k, v := range tt.header {
			r.Header.Set(k, v)
		}
		if host := tt.header["Host"]; host != "" {
			r.Host = host
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, tt.want)
		}
	}
}
