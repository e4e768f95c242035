package uiweb

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// closedSocket is the user of a socket that its program has closed.
const closedSocket = -1

// peerUser is the user of the program at the other end of a TCP connection
// within this machine, as the kernel knows it; ok is false for one that comes
// from elsewhere, another container included, or when the kernel does not tell.
func peerUser(peer, own netip.AddrPort) (uid int, ok bool) {
	told := false
	for file, from := range map[string]func(netip.AddrPort) netip.AddrPort{
		"/proc/net/tcp":  func(a netip.AddrPort) netip.AddrPort { return a },
		"/proc/net/tcp6": toIPv6,
	} {
		uid, found, err := findSocket(file, kernelAddress(from(peer)), kernelAddress(from(own)))
		if found {
			return uid, true
		}
		told = told || err == nil
	}
	return closedSocket, told && peer.Addr().IsLoopback()
}

// toIPv6 is an address as an IPv6 socket has it.
func toIPv6(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(a.Addr().As16()), a.Port())
}

// findSocket is the user of the socket from one address to another. To one that
// its program has closed, which has no inode, the kernel gives the user 0.
func findSocket(file, from, to string) (uid int, found bool, _ error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, false, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		x := strings.Fields(lines.Text())
		if len(x) < 10 || x[1] != from || x[2] != to {
			continue
		}
		if x[9] == "0" {
			return closedSocket, true, nil
		}
		uid, err = strconv.Atoi(x[7])
		return uid, err == nil, err
	}
	return 0, false, lines.Err()
}

// kernelAddress is an address as the tables of the kernel write it: words of 32
// bits in the order of this machine.
func kernelAddress(a netip.AddrPort) string {
	var text strings.Builder
	for word := a.Addr().AsSlice(); len(word) >= 4; word = word[4:] {
		fmt.Fprintf(&text, "%08X", binary.NativeEndian.Uint32(word))
	}
	fmt.Fprintf(&text, ":%04X", a.Port())
	return text.String()
}
