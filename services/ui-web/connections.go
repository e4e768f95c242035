package uiweb

import (
	"net"
	"net/netip"
	"sync"
)

const (
	maxConnections           = 512 // open at once, those of pages among them
	maxConnectionsPerAddress = 64  // of them from one address of the network
)

// boundedListener closes connections beyond the bounds as soon as they come, so
// that who only opens them, which needs no token, does not use up memory.
type boundedListener struct {
	net.Listener
	loopback bool // all connections come from this machine, whatever their address

	mu  sync.Mutex
	all int
	by  map[netip.Prefix]int
}

func boundListener(l net.Listener, loopback bool) *boundedListener {
	return &boundedListener{Listener: l, loopback: loopback, by: map[netip.Prefix]int{}}
}

// Accept implements net.Listener.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := l.networkOf(c)
		if l.admit(from) {
			return &countedConn{Conn: c, over: sync.OnceFunc(func() { l.leave(from) })}, nil
		}
		_ = c.Close()
	}
}

// networkOf is whose connection it is; not valid: of this machine.
func (l *boundedListener) networkOf(c net.Conn) netip.Prefix {
	peer, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil || l.loopback || peer.Addr().Unmap().IsLoopback() {
		return netip.Prefix{}
	}
	return networkOf(peer.Addr())
}

func (l *boundedListener) admit(from netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= maxConnections || from.IsValid() && l.by[from] >= maxConnectionsPerAddress {
		return false
	}
	l.all++
	l.by[from]++
	return true
}

func (l *boundedListener) leave(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.by[from]--; l.by[from] == 0 {
		delete(l.by, from)
	}
}

// countedConn tells when it is closed.
type countedConn struct {
	net.Conn
	over func()
}

// Close implements net.Conn.
func (c *countedConn) Close() error {
	c.over()
	return c.Conn.Close()
}
