package kit_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
)

// These need real sockets, hence real time.

func settings(t *testing.T, addr string) kit.Settings {
	t.Helper()
	s, err := kit.Load("tool")
	if err != nil {
		t.Fatal(err)
	}
	s.URL = "mqtt://" + addr
	return s
}

func TestOpen(t *testing.T) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	got := make(chan string, 1)
	a, err := kit.Open(t.Context(), "a", settings(t, srv.Addr()), kit.On(func(_ context.Context, n Note) error { got <- n.Text; return nil }))
	if err != nil {
		t.Fatal(err)
	}
	b, err := kit.Open(t.Context(), "b", settings(t, srv.Addr()), kit.Sends[Note]())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), Note{Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != "x" {
		t.Errorf("got %q", s)
	}
	if h := srv.Retained("system/health/#"); len(h) != 0 {
		t.Errorf("a tool published health: %s", h)
	}
	if err := errors.Join(a.Close(t.Context()), b.Close(t.Context())); err != nil {
		t.Error(err)
	}
}

// An address that makes no sense costs no goroutine.
func TestOpenRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kit.Settings{URL: "nonsense"}
		if _, err := kit.Open(t.Context(), "tool", s, kit.Tap("#", func(context.Context, *kit.Delivery) error { return nil })); err == nil {
			t.Error("opened")
		}
	})
}

func TestOpenGivesUp(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := kit.Open(ctx, "tool", settings(t, ln.Addr().String()), kit.Asks[Question]()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open = %v", err)
	}
}

// door lets nobody in.
type door struct{ mqtt.HookBase }

func (door) ID() string                                              { return "door" }
func (door) Provides(b byte) bool                                    { return b == mqtt.OnConnectAuthenticate }
func (door) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return false }

func TestRefusedLogin(t *testing.T) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0", Auth: new(door)})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	s := settings(t, "u:secret@"+srv.Addr())
	_, err = kit.Open(t.Context(), "tool", s)
	if err == nil || !strings.Contains(err.Error(), "bad user name or password") || strings.Contains(err.Error(), "secret") {
		t.Errorf("Open = %v", err)
	}
	t.Setenv("MQTT_URL", s.URL)
	if err := kit.Run(t.Context(), kittest.ServiceOf("s")); err == nil || !strings.Contains(err.Error(), "bad user name or password") {
		t.Errorf("Run = %v although the login is refused", err)
	}
}

func TestTwoOfOneName(t *testing.T) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	t.Setenv("MQTT_URL", "mqtt://"+srv.Addr())
	t.Setenv("LOG_LEVEL", "error")
	first := make(chan error, 1)
	up := make(chan struct{}, 2)
	s := kittest.ServiceOf("s", kit.OnConnect(func(context.Context) error { up <- struct{}{}; return nil }))
	go func() { first <- kit.Run(context.Background(), s) }()
	<-up
	ctx, stop := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() { second <- kit.Run(ctx, s) }()
	<-up
	if err := <-first; err == nil || err.Error() != "s: another s is connected" {
		t.Errorf("the first ended with %v", err)
	}
	stop()
	if err := <-second; err != nil {
		t.Errorf("the second ended with %v", err)
	}
}
