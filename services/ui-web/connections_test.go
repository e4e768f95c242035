package uiweb

import (
	"net"
	"testing"
)

// comer is a connection of an address.
type comer struct {
	net.Conn
	from   string
	closed bool
}

func (c *comer) RemoteAddr() net.Addr {
	a, _ := net.ResolveTCPAddr("tcp", c.from)
	return a
}

func (c *comer) Close() error {
	c.closed = true
	return nil
}

// queue accepts what is in it, and ends.
type queue []*comer

func (q *queue) Accept() (net.Conn, error) {
	if len(*q) == 0 {
		return nil, net.ErrClosed
	}
	c := (*q)[0]
	*q = (*q)[1:]
	return c, nil
}

func (*queue) Close() error   { return nil }
func (*queue) Addr() net.Addr { return nil }

func TestConnectionsAreBounded(t *testing.T) {
	many := func(n int, from string) (all queue) {
		for range n {
			all = append(all, &comer{from: from})
		}
		return all
	}
	for name, tt := range map[string]struct {
		come     queue
		loopback bool
		want     int
	}{
		"one address of the network":        {come: many(1000, "192.0.2.1:1"), want: maxConnectionsPerAddress},
		"one network of IPv6":               {come: append(many(60, "[2001:db8::1]:1"), many(60, "[2001:db8::2]:1")...), want: maxConnectionsPerAddress},
		"two addresses":                     {come: append(many(1000, "192.0.2.1:1"), many(10, "192.0.2.2:1")...), want: maxConnectionsPerAddress + 10},
		"this machine":                      {come: many(1000, "127.0.0.1:1"), want: maxConnections},
		"a container published on loopback": {come: many(200, "172.18.0.1:1"), loopback: true, want: 200},
	} {
		all := tt.come
		l := boundListener(&tt.come, tt.loopback)
		var open []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			open = append(open, c)
		}
		closed := 0
		for _, c := range all {
			if c.closed {
				closed++
			}
		}
		if len(open) != tt.want || closed != len(all)-tt.want {
			t.Errorf("%s: %d are open and %d were closed, want %d of %d", name, len(open), closed, tt.want, len(all))
		}
		for _, c := range open {
			_ = c.Close()
			_ = c.Close()
		}
		if l.all != 0 || len(l.by) != 0 {
			t.Errorf("%s: %d are counted that are closed", name, l.all)
		}
	}
}
