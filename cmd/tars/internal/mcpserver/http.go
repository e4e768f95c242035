package mcpserver

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	minTokenLength = 12
	maxBody        = 1 << 20
	// sessionTimeout is after how long a session ends of which nothing more is heard.
	sessionTimeout = time.Hour
)

// CheckAddress reports why a server at address may not be opened: off this machine it wants
// a token.
func CheckAddress(address, token string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--http is %q, want host:port such as 127.0.0.1:8765", address)
	}
	ip := net.ParseIP(host)
	switch loopback := strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback(); {
	case token != "" && len(token) < minTokenLength:
		return fmt.Errorf("TARS_MCP_TOKEN has %d characters, want %d or more", len(token), minTokenLength)
	case token == "" && !loopback:
		return fmt.Errorf("--http is %q, which others can reach: set TARS_MCP_TOKEN to %d characters or more, or use 127.0.0.1", address, minTokenLength)
	}
	return nil
}

// Handler serves the protocol over HTTP at /mcp. With a token it wants it as a bearer.
// Requests of pages of other origins, and for other hosts at a loopback address, are refused.
func Handler(s *mcp.Server, token string, log *slog.Logger) http.Handler {
	h := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s },
		&mcp.StreamableHTTPOptions{Logger: log, SessionTimeout: sessionTimeout, MaxRequestBodyBytes: maxBody})
	mux := http.NewServeMux()
	mux.Handle("/mcp", http.NewCrossOriginProtection().Handler(withToken(h, token)))
	return mux
}

// withToken lets those in who know the token. Sums are compared, in a time that does not
// depend on what is right of it.
func withToken(next http.Handler, token string) http.Handler {
	if token == "" {
		return next
	}
	want := sha256.Sum256([]byte("Bearer " + token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := sha256.Sum256([]byte(r.Header.Get("Authorization"))); subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="tars"`)
			http.Error(w, "send the token of TARS_MCP_TOKEN as Authorization: Bearer", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Serve serves h on l until ctx ends.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	web := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	stopped := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		defer close(stopped)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if web.Shutdown(end) != nil { // streams stay open for as long as their clients like
			_ = web.Close()
		}
	})()
	err := web.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		<-stopped
		return nil
	}
	return err
}
