package link

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/gorilla/websocket"
)

// serve is a server that sends back what it gets, at a URL of the scheme.
func serve(t *testing.T, scheme string) (*url.URL, *tls.Config) {
	t.Helper()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{Subprotocols: []string{"mqtt"}}
		ws, err := up.Upgrade(w, r, nil)
		if err != nil || ws.Subprotocol() != "mqtt" {
			return
		}
		defer ws.Close()
		for {
			_, p, err := ws.ReadMessage()
			if err != nil || len(p) == 0 {
				return
			}
			half := len(p) / 2 // packets need not begin where messages do
			if ws.WriteMessage(websocket.BinaryMessage, p[:half]) != nil || ws.WriteMessage(websocket.BinaryMessage, p[half:]) != nil {
				return
			}
		}
	})
	s := httptest.NewUnstartedServer(h)
	if scheme == "wss" || scheme == "mqtts" {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	if cert := s.Certificate(); cert != nil {
		pool.AddCert(cert)
	}
	u := &url.URL{Scheme: scheme, Host: s.Listener.Addr().String(), User: url.UserPassword("ann", "secret")}
	conf := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	if !strings.HasPrefix(scheme, "ws") {
		u.Host = echo(t, s.TLS)
	}
	return u, conf
}

// echo is the address of a TCP server that sends back what it gets.
func echo(t *testing.T, conf *tls.Config) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if conf != nil {
		conf = conf.Clone()
		conf.NextProtos = nil
		l = tls.NewListener(l, conf)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); _, _ = io.Copy(c, c) }()
		}
	}()
	return l.Addr().String()
}

// Every transport carries packets of all sizes, in both directions.
func TestDialOfEachScheme(t *testing.T) {
	for _, scheme := range []string{"mqtt", "mqtts", "ws", "wss"} {
		t.Run(scheme, func(t *testing.T) {
			u, conf := serve(t, scheme)
			c, err := Dial(t.Context(), u, conf)
			if err != nil {
				t.Fatal(err)
			}
			c = New(c)
			defer c.Close()
			sizes := []int{8, 350, minDirectWrite, 5 * minDirectWrite}
			go func() {
				for n, size := range sizes {
					if err := publish(c, 1, n, size); err != nil {
						t.Error(err)
					}
				}
			}()
			for _, size := range sizes {
				p, err := packets.ReadPacket(c)
				if err != nil {
					t.Fatal(err)
				}
				if got := len(p.Content.(*packets.Publish).Payload); got != size {
					t.Errorf("got %d bytes, want %d", got, size)
				}
			}
		})
	}
}

// A deadline ends a read of every transport, and Close ends it at once.
func TestCloseEndsARead(t *testing.T) {
	for _, scheme := range []string{"mqtt", "mqtts", "ws", "wss"} {
		for name, end := range map[string]func(net.Conn) error{
			"by a deadline": func(c net.Conn) error { return c.SetDeadline(time.Now()) },
			"by Close":      net.Conn.Close,
		} {
			t.Run(scheme+" "+name, func(t *testing.T) {
				u, conf := serve(t, scheme)
				c, err := Dial(t.Context(), u, conf)
				if err != nil {
					t.Fatal(err)
				}
				c = New(c)
				defer c.Close()
				read := make(chan error)
				go func() { _, err := c.Read(make([]byte, 1)); read <- err }()
				if err := end(c); err != nil {
					t.Error(err)
				}
				if err := <-read; err == nil {
					t.Error("the read succeeded")
				}
			})
		}
	}
}

// Connecting takes no longer than its context, whatever the other side does.
func TestContextEndsADial(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, scheme := range []string{"mqtts", "ws", "wss"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := Dial(ctx, &url.URL{Scheme: scheme, Host: silent.Addr().String()}, &tls.Config{ServerName: "127.0.0.1"})
		var n net.Error
		if timeout := errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout(); !timeout {
			t.Errorf("%s: %v, want a timeout", scheme, err)
		}
		cancel()
	}
}

// What cannot be connected says why, and no password.
func TestDialErrorsNameTheCause(t *testing.T) {
	page := httptest.NewServer(http.NotFoundHandler())
	defer page.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	foreign, _ := serve(t, "mqtts")
	tests := map[string]struct{ url, want string }{
		"nobody listens":        {"mqtt://ann:secret@" + gone.Addr().String(), "refused"},
		"no MQTT at that page":  {"ws://ann:secret@" + strings.TrimPrefix(page.URL, "http://"), "404 Not Found"},
		"a foreign certificate": {foreign.String(), "certificate"},
		"a foreign scheme":      {"http://ann:secret@127.0.0.1:1", "no transport for http"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Dial(t.Context(), u, &tls.Config{ServerName: "127.0.0.1"})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
