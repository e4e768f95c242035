package uiweb

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

const cookieName = "tars_token"

// guard decides who is let in. A page of another site may not listen in: not by
// its own name (Origin), not by a name of its own that leads here (Host), and,
// where others reach this machine, not without the token.
type guard struct {
	hosts []string // besides loopback ones
	anyIP bool     // an address is no name that somebody could point here
	token string   // empty: none is wanted
}

func newGuard(cfg Config) guard {
	g := guard{token: cfg.Token, anyIP: cfg.Token != ""}
	for _, h := range cfg.Hosts {
		g.hosts = append(g.hosts, strings.ToLower(h))
	}
	host, _, _ := net.SplitHostPort(cfg.Addr)
	if ip, err := netip.ParseAddr(host); host != "" && (err != nil || !ip.IsUnspecified()) {
		g.hosts = append(g.hosts, strings.ToLower(host))
	}
	return g
}

// host reports whether the page may be called by the Host of a request.
func (g guard) host(host string) bool {
	name := strings.ToLower(host)
	if slices.Contains(g.hosts, name) {
		return true
	}
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	if loopback(name) || slices.Contains(g.hosts, name) {
		return true
	}
	_, err := netip.ParseAddr(name)
	return g.anyIP && err == nil
}

// origin reports whether a request was made by this page, or by no page at all.
func (g guard) origin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	from, sent := r.Header["Origin"]
	if !sent {
		return true
	}
	u, err := url.Parse(strings.Join(from, ","))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return false
	}
	return strings.EqualFold(u.Host, r.Host) || slices.Contains(g.hosts, strings.ToLower(u.Host))
}

// known reports whether a request brings the token, in its cookie or as Bearer.
func (g guard) known(r *http.Request) bool {
	if g.token == "" {
		return true
	}
	if c, err := r.Cookie(cookieName); err == nil {
		return same(c.Value, g.ticket())
	}
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && same(bearer, g.token)
}

// admit gives a cookie to who knows the token. The cookie does not tell it.
func (g guard) admit(w http.ResponseWriter, r *http.Request, token string) bool {
	if g.token == "" || !same(token, g.token) {
		return false
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: g.ticket(), Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"})
	return true
}

// ticket is the value of the cookie.
func (g guard) ticket() string {
	sum := sha256.Sum256([]byte("tars page " + g.token))
	return hex.EncodeToString(sum[:])
}

// same compares in a time that tells nothing, not even the length.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
