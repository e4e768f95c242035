package supervise

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

const maxRequestBytes = 64 << 20 // bytes of a request: half an hour of speech

// httpProxy is an engine that speaks HTTP. Clients keep their connections while the
// engine behind comes, goes, and closes its own after each answer.
type httpProxy struct {
	engine *engine
	proxy  *httputil.ReverseProxy
	server *http.Server
}

func newHTTPProxy(e *engine) *httpProxy {
	w := &httpProxy{engine: e}
	w.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: e.listener.Addr().String()})
		},
		Transport: &http.Transport{
			DisableKeepAlives:  true, // an engine may be another one for the next request
			DisableCompression: true,
			DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return e.dial(ctx) },
		},
		FlushInterval: -1, // words and sounds are handed on as they come
		ErrorHandler:  writeError,
		ErrorLog:      slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	w.server = &http.Server{Handler: w, ReadHeaderTimeout: 10 * time.Second, ErrorLog: w.proxy.ErrorLog}
	return w
}

// ServeHTTP passes a request on, and starts the engine if it must. It reads all
// of the request first: then it sees when the client goes, and an answer that
// begins early does not meet a question that is still on its way.
func (w *httpProxy) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if fromPage(r) {
		http.Error(out, "engines answer programs on this machine, and no web pages", http.StatusForbidden)
		return
	}
	if !w.engine.beginRequest() {
		writeError(out, r, errClosed)
		return
	}
	began := time.Now()
	defer func() { w.engine.finishRequest(time.Since(began)) }()
	_, _ = w.engine.childOrStart() // it starts meanwhile; the proxy hears of errors
	b, err := io.ReadAll(http.MaxBytesReader(out, r.Body, maxRequestBytes))
	if err != nil {
		http.Error(out, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(b)), int64(len(b)), nil
	w.proxy.ServeHTTP(out, r)
}

// writeError tells why there is no engine, as OpenAI's servers tell errors.
func writeError(out http.ResponseWriter, _ *http.Request, why error) {
	var broken *net.OpError
	if errors.Is(why, io.EOF) || errors.Is(why, io.ErrUnexpectedEOF) || errors.As(why, &broken) && broken.Op == "read" {
		why = errors.New("the engine died with this request; the next one starts it again")
	}
	type reason struct {
		Message string `json:"message"`
		Type    string `json:"type"`
		Code    string `json:"code"`
	}
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(http.StatusServiceUnavailable)
	_ = json.NewEncoder(out).Encode(map[string]reason{"error": {why.Error(), "server_error", "engine_unavailable"}})
}

// beginRequest counts a request in, unless the engine is closed.
func (e *engine) beginRequest() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.wg.Add(1)
	e.openRequests++
	return true
}

// finishRequest counts a request out.
func (e *engine) finishRequest(took time.Duration) {
	e.mu.Lock()
	e.openRequests--
	e.lastUsed = time.Now()
	e.mu.Unlock()
	e.noteAnswer(took)
	e.wg.Done()
}
