package supervise

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestPagesAreNotAnswered(t *testing.T) {
	for name, tt := range map[string]struct {
		listens string // address that the request came in by
		header  map[string]string
		want    bool // it is from a page
	}{
		"a program":                           {"127.0.0.1", nil, false},
		"localhost":                           {"127.0.0.1", map[string]string{"Host": "localhost:8000"}, false},
		"IPv6":                                {"::1", map[string]string{"Host": "[::1]:8000"}, false},
		"a page of this machine":              {"127.0.0.1", map[string]string{"Origin": "http://127.0.0.1"}, true},
		"a sandboxed page":                    {"127.0.0.1", map[string]string{"Origin": "null"}, true},
		"a picture on a page":                 {"127.0.0.1", map[string]string{"Sec-Fetch-Site": "cross-site"}, true},
		"a person":                            {"127.0.0.1", map[string]string{"Sec-Fetch-Site": "none"}, false},
		"a name that was pointed here":        {"127.0.0.1", map[string]string{"Host": "evil.example:8000"}, true},
		"the name of a container":             {"172.18.0.3", map[string]string{"Host": "engines:8000"}, false},
		"a page that knows that name":         {"172.18.0.3", map[string]string{"Host": "engines:8000", "Origin": "http://engines:8000"}, true},
		"a name that looks like this machine": {"127.0.0.1", map[string]string{"Host": "localhost.evil.example"}, true},
	} {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8000/v1/chat/completions", nil)
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP(tt.listens)}))
		for k, v := range tt.header {
			r.Header.Set(k, v)
		}
		if host := tt.header["Host"]; host != "" {
			r.Host = host
		}
		if got := fromPage(r); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8000/v1/models", nil)
	r.Header.Set("Origin", "http://127.0.0.1")
	if new(httpProxy).ServeHTTP(w, r); w.Code != http.StatusForbidden { // before the engine is touched
		t.Errorf("answered with %d", w.Code)
	}
}
