package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

const minAdminToken = 12 // characters of ADMIN_TOKEN

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	if c.Token != "" && len(c.Token) < minAdminToken {
		return fmt.Errorf("ADMIN_TOKEN has %d characters, want %d or more", len(c.Token), minAdminToken)
	}
	if c.Addr == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(c.Addr)
	switch {
	case err != nil:
		return fmt.Errorf("ADMIN_ADDR is %q, want an address and a port such as 127.0.0.1:9090", c.Addr)
	case c.Token == "" && !isLoopback(host):
		return fmt.Errorf("ADMIN_ADDR is %s, which others can reach: set ADMIN_TOKEN, or ADMIN_ADDR to 127.0.0.1:%s", c.Addr, port)
	}
	return nil
}

// isLoopback reports whether host is this machine and nobody else.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// guard lets requests through to h that bring ADMIN_TOKEN, or, where there is
// none, that no web page made: profiles and metrics tell much, and a profile
// costs. Probes, /healthz and /readyz, need no token.
func (c *Config) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin") // no page may load it as a script or a picture
		probe := r.URL.Path == "/healthz" || r.URL.Path == "/readyz"
		switch {
		case c.Token == "" && !c.calledByAddress(r.Host):
			http.Error(w, "call this by an address or as localhost: another name may be a web page's (ADMIN_ADDR)", http.StatusMisdirectedRequest)
		case fromPage(r):
			http.Error(w, "this is for programs, not for web pages", http.StatusForbidden)
		case c.Token != "" && !probe && !c.hasToken(r):
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "ADMIN_TOKEN is missing: send Authorization: Bearer", http.StatusUnauthorized)
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// calledByAddress reports whether the Host of a request is no name that
// somebody could have pointed here: localhost, an address, or that of
// ADMIN_ADDR.
func (c *Config) calledByAddress(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	_, err := netip.ParseAddr(host)
	own, _, _ := net.SplitHostPort(c.Addr)
	return err == nil || isLoopback(host) || own != "" && strings.EqualFold(host, own)
}

// fromPage reports whether a browser made the request for a page. A person who
// opens the address is let in.
func fromPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	_, origin := r.Header["Origin"]
	same := site == "same-origin" || site == "none"
	return origin && !same || site != "" && !same || site == "" && r.Header.Get("Referer") != "" && !sameHost(r)
}

// sameHost reports whether the Referer is a page of this listener, as the links
// of /debug/pprof are.
func sameHost(r *http.Request) bool {
	return strings.HasPrefix(strings.ToLower(r.Header.Get("Referer")), "http://"+strings.ToLower(r.Host)+"/")
}

// hasToken compares in a time that tells nothing, not even the length.
func (c *Config) hasToken(r *http.Request) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	x, y := sha256.Sum256([]byte(strings.TrimSpace(given))), sha256.Sum256([]byte(c.Token))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
