package page

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/gotars/tars/test/need"
)

// TestPageThatCameInPartIsLoadedAgain refuses a file of the page at first, as happens where the
// network or the server behind a proxy is away for a moment: the page gets there all the same.
func TestPageThatCameInPartIsLoadedAgain(t *testing.T) {
	need.Browser(t)
	s := start(t)
	server, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"/app.js", "/turns.js", "/style.css"} {
		t.Run(file, func(t *testing.T) {
			proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(server)
				r.Out.Host = r.In.Host
			}}
			var loaded atomic.Int32
			between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/":
					loaded.Add(1)
				case r.URL.Path == file && loaded.Load() == 1:
					http.Error(w, "no answer from the server", http.StatusBadGateway)
					return
				}
				proxy.ServeHTTP(w, r)
			}))
			t.Cleanup(between.Close)
			ctx := openBrowser(t)
			do(t, ctx, chromedp.Navigate(between.URL))
			await(t, ctx, `window.tars?.connected && getComputedStyle(document.body).margin === "0px"`)
			if n := loaded.Load(); n != 2 {
				t.Errorf("the page was loaded %d times, want 2", n)
			}
		})
	}
}
