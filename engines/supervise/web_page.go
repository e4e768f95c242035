package supervise

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// fromPage reports whether a browser made a request for a web page. A request
// wakes an engine, which costs memory and a processor, so a page that happens to
// be open on this machine must not cause one; programs send no Origin. A name
// that a page had pointed here (DNS rebinding) is known by the Host: what
// listens on loopback is called by an address or by a name of this house.
func fromPage(r *http.Request) bool {
	_, origin := r.Header["Origin"]
	site := r.Header.Get("Sec-Fetch-Site")
	if origin || site != "" && site != "none" {
		return true
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return local != nil && local.IP.IsLoopback() && !namedLocally(r.Host)
}

// namedLocally reports whether host, of a Host header, is an address or a name
// without a dot, such as localhost: nobody on the internet owns those.
func namedLocally(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	_, err := netip.ParseAddr(host)
	return err == nil || !strings.Contains(host, ".")
}
