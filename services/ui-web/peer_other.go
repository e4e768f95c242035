//go:build !linux

package uiweb

import "net/netip"

// peerUser is not known on this system.
func peerUser(netip.AddrPort, netip.AddrPort) (uid int, ok bool) { return 0, false }
