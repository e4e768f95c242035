package uiweb

import (
	"net"
	"net/http"
	"net/netip"
	"os"
)

// ofAnotherUser reports whether a program of another user of this machine made
// the request. Everybody here reaches a loopback address, and the page tells what
// is said in a home. Root may look anyway.
func ofAnotherUser(r *http.Request) bool {
	at, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if at == nil {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	own, failed := netip.ParseAddrPort(at.String())
	if err != nil || failed != nil {
		return false
	}
	plain := func(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
	uid, known := peerUser(plain(peer), plain(own))
	return known && uid != 0 && uid != os.Geteuid()
}
