// Package link is the transport under the MQTT client: TCP, TLS or WebSocket,
// read through a buffer and written in whole packets.
//
// The client writes a packet in four parts and reads one byte by byte, and it
// brackets the parts of a packet with Lock and Unlock of the connection. So
// Unlock is where a packet ends and may go, and packets of several writers that
// end while another is on its way go together.
package link

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"

	"github.com/gorilla/websocket"
	"golang.org/x/net/proxy"
)

// Dial connects to the broker at u, whose scheme is mqtt, mqtts, ws or wss and
// whose host has a port. t is for mqtts and wss, and must not be nil there. ctx
// bounds connecting, not the connection. The variable all_proxy names a proxy for
// mqtt and mqtts, HTTP_PROXY and HTTPS_PROXY one for ws and wss.
func Dial(ctx context.Context, u *url.URL, t *tls.Config) (net.Conn, error) {
	switch u.Scheme {
	case "mqtt":
		return dialTCP(ctx, u.Host)
	case "mqtts":
		c, err := dialTCP(ctx, u.Host)
		if err != nil {
			return nil, err
		}
		t = t.Clone()
		t.ServerName = cmp.Or(t.ServerName, u.Hostname())
		s := tls.Client(c, t)
		if err := s.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return nil, err
		}
		return s, nil
	case "ws", "wss":
		return dialWebSocket(ctx, u, t)
	}
	return nil, fmt.Errorf("no transport for %s", u.Scheme)
}

// dialTCP leaves TCP_NODELAY on, as Go sets it: a packet is complete when it is
// written, and there is nothing to wait for.
func dialTCP(ctx context.Context, addr string) (net.Conn, error) {
	if os.Getenv("all_proxy") != "" {
		return proxy.Dial(ctx, "tcp", addr)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}

func dialWebSocket(ctx context.Context, u *url.URL, t *tls.Config) (net.Conn, error) {
	d := websocket.Dialer{Proxy: http.ProxyFromEnvironment, TLSClientConfig: t, Subprotocols: []string{"mqtt"}}
	at := *u
	at.User = nil // user and password travel in CONNECT; a WebSocket URL must not hold them
	ws, resp, err := d.DialContext(ctx, at.String(), nil)
	if err != nil {
		if resp != nil {
			return nil, fmt.Errorf("%w: %s", err, resp.Status)
		}
		return nil, err
	}
	return &socket{Conn: ws}, nil
}
