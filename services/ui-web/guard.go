package uiweb

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// originGuard decides which pages may speak to this server. A page of another site
// may not listen in: not under its own address (Origin), and not under a name
// of its own that leads here (Host). The [authenticator]
// decides who may log in.
type originGuard struct {
	hosts   []string // names in lower case, with or without a port; loopback names need no entry
	anyIP   bool     // the page may be called by any IP address: unlike a name, it cannot be made to lead here by another site
	origins []string // of UI_ORIGINS, as parseOrigin spells them
}

func newOriginGuard(cfg Config) originGuard {
	g := originGuard{anyIP: cfg.Token != ""}
	for _, h := range cfg.Hosts {
		g.hosts = append(g.hosts, strings.ToLower(h))
	}
	for _, o := range cfg.Origins {
		if origin, ok := parseOrigin(o); ok {
			g.origins = append(g.origins, origin)
			host, _, _ := net.SplitHostPort(authorityOf(origin))
			g.hosts = append(g.hosts, host)
		}
	}
	host, _, _ := net.SplitHostPort(cfg.Addr)
	if ip, err := netip.ParseAddr(host); host != "" && (err != nil || !ip.IsUnspecified()) {
		g.hosts = append(g.hosts, strings.ToLower(host))
	}
	return g
}

// host reports whether the page may be called by the Host of a request.
func (g originGuard) host(host string) bool {
	name := strings.ToLower(host)
	if slices.Contains(g.hosts, name) {
		return true
	}
	name = hostName(name)
	if isLoopback(name) || slices.Contains(g.hosts, name) {
		return true
	}
	_, err := netip.ParseAddr(name)
	return g.anyIP && err == nil
}

// hostName is the name in a Host header: without the port, the brackets of IPv6
// and the dot that ends a full name.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
}

// origin reports whether a request was made by this page, or by no page at all.
// stranger is the address of the page that made it, when another one did.
func (g originGuard) origin(r *http.Request) (ok bool, stranger string) {
	from, sent := r.Header["Origin"]
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false, strings.Join(from, ",")
	}
	if !sent {
		return g.referer(r)
	}
	stranger = strings.Join(from, ",")
	origin, ok := parseOrigin(stranger)
	if !ok || !g.ours(r, origin) {
		return false, stranger
	}
	return true, ""
}

// referer stands in for an Origin, which browsers leave out of a GET. Our own
// page sends none, nor do programs.
func (g originGuard) referer(r *http.Request) (ok bool, stranger string) {
	text := r.Header.Get("Referer")
	if text == "" {
		return true, ""
	}
	u, err := url.Parse(text)
	if err != nil {
		return false, text
	}
	stranger = u.Scheme + "://" + u.Host
	origin, ok := parseOrigin(stranger)
	return ok && g.ours(r, origin), stranger
}

// ours reports whether origin is the address of this page: the one that the
// request was sent to, with scheme, host and port, or one of UI_ORIGINS. What
// was sent to the host of UI_ORIGINS came through the proxy, and then that is
// the only address: the same host may serve somebody else's page by plain HTTP.
func (g originGuard) ours(r *http.Request, origin string) bool {
	if slices.Contains(g.origins, origin) {
		return true
	}
	if g.proxied(r) {
		return false
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	own, ok := parseOrigin(scheme + "://" + r.Host)
	return ok && own == origin
}

// proxied reports whether a request was sent to an address of UI_ORIGINS.
func (g originGuard) proxied(r *http.Request) bool {
	return slices.ContainsFunc(g.origins, func(o string) bool {
		scheme, _, _ := strings.Cut(o, "://")
		sent, ok := parseOrigin(scheme + "://" + r.Host)
		return ok && sent == o
	})
}

// encrypted reports whether the browser speaks HTTPS, as far as is known.
func (g originGuard) encrypted(r *http.Request) bool {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" || strings.HasPrefix(r.Header.Get("Origin"), "https://") {
		return true
	}
	secure := func(o string) bool { return strings.HasPrefix(o, "https://") }
	return g.proxied(r) && !slices.ContainsFunc(g.origins, func(o string) bool { return !secure(o) })
}

// exposed reports whether others can read what the browser and this server say:
// plain HTTP that leaves the machine.
func (g originGuard) exposed(r *http.Request) bool {
	return !g.encrypted(r) && !isLoopback(hostName(r.Host))
}

// parseOrigin returns scheme://host:port with nothing left out, so that two
// spellings of one origin are equal. It reports false for what is no origin of
// a page on the web.
func parseOrigin(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#") {
		return "", false
	}
	port, ok := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	host := strings.ToLower(u.Hostname())
	if !ok || host == "" || strings.HasSuffix(u.Host, ":") || strings.ContainsAny(host, " ,*") {
		return "", false
	}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return "", false
		}
		port = strconv.FormatUint(n, 10)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Zone() != "" {
			return "", false
		}
		host = ip.String()
	}
	return u.Scheme + "://" + net.JoinHostPort(host, port), true
}

// authorityOf is host:port of what parseOrigin returned.
func authorityOf(origin string) string {
	_, authority, _ := strings.Cut(origin, "://")
	return authority
}
