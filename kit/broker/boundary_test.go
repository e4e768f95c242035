package broker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	mochi "github.com/mochi-mqtt/server/v2/packets"
)

// dialUntrusted is a connection as over TCP: not trusted, and without a port.
func dialUntrusted(t testing.TB, b *Broker) net.Conn {
	t.Helper()
	near, far := net.Pipe()
	if !b.l.start(func() { b.l.serve(far, false) }) {
		t.Fatal("the broker is closed")
	}
	t.Cleanup(func() { _ = near.Close() })
	return near
}

// connectUntrusted logs in over a connection that is not trusted.
func connectUntrusted(t testing.TB, b *Broker, c packets.Connect) rawClient {
	t.Helper()
	r := rawClient{dialUntrusted(t, b), t}
	c.ProtocolName, c.ProtocolVersion = "MQTT", 5
	if c.Properties == nil {
		c.Properties = &packets.Properties{}
	}
	r.send(&c)
	return r
}

// login is stranger with CONNACK 0.
func loggedIn(t testing.TB, b *Broker, c packets.Connect) rawClient {
	t.Helper()
	r := connectUntrusted(t, b, c)
	if ack := r.next().(*packets.Connack); ack.ReasonCode != 0 {
		t.Fatalf("CONNACK %#x %s", ack.ReasonCode, ack.Properties.ReasonString)
	}
	return r
}

// readAll is what comes until the broker closes the link.
func readAll(t testing.TB, n net.Conn) []byte {
	t.Helper()
	_ = n.SetReadDeadline(time.Now().Add(time.Minute))
	b, err := io.ReadAll(n)
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the link is not closed: %v", err)
	}
	return b
}

// subscribe subscribes and returns the reason codes.
func (r rawClient) subscribe(filters ...string) []byte {
	r.t.Helper()
	s := &packets.Subscribe{PacketID: 1, Properties: &packets.Properties{}}
	for _, f := range filters {
		s.Subscriptions = append(s.Subscriptions, packets.SubOptions{Topic: f, QoS: 1})
	}
	r.send(s)
	return r.next().(*packets.Suback).Reasons
}

// publish publishes at QoS 1 and returns the reason code, 0 also when nobody subscribes.
func (r rawClient) publish(topic, text string, retain bool) byte {
	r.t.Helper()
	r.send(&packets.Publish{PacketID: 1, QoS: 1, Topic: topic, Payload: []byte(text), Retain: retain, Properties: &packets.Properties{}})
	code := r.next().(*packets.Puback).ReasonCode
	if code == packets.PubackNoMatchingSubscribers { // accepted all the same
		return 0
	}
	return code
}

func (r rawClient) ping() {
	r.t.Helper()
	r.send(&packets.Pingreq{})
	if p, ok := r.next().(*packets.Pingresp); !ok {
		r.t.Errorf("PINGREQ is answered by %v", p)
	}
}

// These panic in mochi, or did something worse, and end one link here.
func TestHostilePacketsEndOneLink(t *testing.T) {
	const connect5, connect4 = "100e 0004 4d515454 05 02 003c 00 0001 78", "100d 0004 4d515454 04 02 003c 0001 78"
	tests := map[string]struct {
		bytes string
		want  byte // reason of DISCONNECT, or 0 for none
	}{
		"SUBSCRIBE without its options":           {connect5 + "8206 0001 00 000161", 0x81},
		"SUBSCRIBE that is cut behind its filter": {connect5 + "820c 0001 00 000161 00 000162", 0}, // it never ends
		"PUBLISH on a tab":                        {connect5 + "3004 0001 09 00", 0x81},
		"PUBLISH with a topic alias":              {connect5 + "3006 0000 03 230001", 0x81},
		"a length of five bytes":                  {connect5 + "30 ffffffff7f", 0x81},
		"256 MiB":                                 {connect5 + "30 ffffff7f", 0x95},
		"AUTH":                                    {connect5 + "f000", 0x82},
		"a second CONNECT":                        {connect5 + connect5, 0x82},
		"SUBACK":                                  {connect5 + "9004 0001 00 00", 0x82},
		"type 0":                                  {connect4 + "0000", 0},
		"SUBSCRIBE of 3.1.1 without its options":  {connect4 + "8205 0001 000161", 0},
		"no CONNECT":                              {"c000", 0},
		"a name that is no name":                  {"100e 0004 4d515455 05 02 003c 00 0001 78", 0},
		"version 9":                               {"100e 0004 4d515454 09 02 003c 00 0001 78", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := startBroker(t, Options{})
			witness := newRaw(t, b, packets.Connect{ClientID: "witness"})
			witness.next()
			n := dialUntrusted(t, b)
			go func() { // a pipe takes no byte that is not read
				_, _ = n.Write(decodeHex(t, tt.bytes))
				if name == "SUBSCRIBE that is cut behind its filter" {
					_ = n.Close()
				}
			}()
			got := readAll(t, n)
			said := byte(0)
			if tail := got[min(len(got), 13):]; len(tail) > 2 && tail[0] == 0xe0 { // behind a CONNACK of 13 bytes
				said = tail[2]
			}
			if said != tt.want {
				t.Errorf("got % x, want DISCONNECT %#x", got, tt.want)
			}
			witness.subscribe("news")
			witness.publish("news", "all is well", false)
			witness.next()
		})
	}
}

func TestLengthsTakeNoMemory(t *testing.T) {
	b := startBroker(t, Options{Limits: Limits{ConnectionsBeforeLogin: 1000}})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 200 {
		n := dialUntrusted(t, b)
		_, _ = n.Write(decodeHex(t, "10ffffff7f"))
		_ = n.SetDeadline(time.Now().Add(time.Minute))
		if _, err := n.Read(make([]byte, 1)); err == nil {
			t.Fatal("the link is not closed")
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 20<<20 {
		t.Errorf("%d bytes for 200 connections that claim 256 MiB each", used)
	}
	if got := b.Stats().Refused[refusedTooLarge]; got != 200 {
		t.Errorf("%d counted, want 200", got)
	}
}

func TestWhoDoesNotLogInIsCutOff(t *testing.T) {
	tests := map[string]func(*Broker, net.Conn){
		"silence": func(*Broker, net.Conn) {},
		"a byte a second": func(_ *Broker, n net.Conn) {
			for _, c := range []byte{0x10, 0x20, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 60, 0, 0, 9} {
				if _, err := n.Write([]byte{c}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		},
	}
	for name, send := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, began := startBroker(t, Options{}), time.Now()
				n := dialUntrusted(t, b)
				var sending sync.WaitGroup
				sending.Go(func() { send(b, n) })
				readAll(t, n)
				if took := time.Since(began); took != 10*time.Second {
					t.Errorf("closed after %v, want 10s", took)
				}
				_ = n.Close()
				sending.Wait()
				if got := b.Stats().Refused[refusedLoginTimeout]; got != 1 {
					t.Errorf("%d counted, want 1", got)
				}
			})
		})
	}
}

func TestTheOldestGoesBeforeItsLogin(t *testing.T) {
	b := startBroker(t, Options{Limits: Limits{ConnectionsBeforeLogin: 3}})
	first := dialUntrusted(t, b)
	for b.Stats().BeforeLogin == 0 {
		runtime.Gosched()
	}
	for range 3 {
		dialUntrusted(t, b)
	}
	readAll(t, first)
	loggedIn(t, b, packets.Connect{ClientID: "quick"}).ping()
	if got := b.Stats().Refused[refusedBeforeLogin]; got < 1 {
		t.Error("nothing counted")
	}
}

// runFakeTime is a subtest under a fake clock.
func runFakeTime(t *testing.T, name string, f func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// panicHook panics in one place of mochi.
type panicHook struct {
	auth.AllowHook
	place byte
	armed atomic.Bool
}

func (h *panicHook) Provides(b byte) bool { return b == h.place || h.AllowHook.Provides(b) }
func (h *panicHook) panicIfHere(cl *mqtt.Client) {
	if cl.ID == "victim" && !cl.Net.Inline && h.armed.Load() {
		panic("a trap")
	}
}
func (h *panicHook) OnConnect(cl *mqtt.Client, _ mochi.Packet) error { h.panicIfHere(cl); return nil }
func (h *panicHook) OnSessionEstablish(cl *mqtt.Client, _ mochi.Packet) {
	h.panicIfHere(cl)
}
func (h *panicHook) OnSessionEstablished(cl *mqtt.Client, _ mochi.Packet) { h.panicIfHere(cl) }
func (h *panicHook) OnPublish(cl *mqtt.Client, p mochi.Packet) (mochi.Packet, error) {
	h.panicIfHere(cl)
	return p, nil
}
func (h *panicHook) OnSubscribe(cl *mqtt.Client, p mochi.Packet) mochi.Packet {
	h.panicIfHere(cl)
	return p
}
func (h *panicHook) OnPacketProcessed(cl *mqtt.Client, _ mochi.Packet, _ error) {
	h.panicIfHere(cl)
}
func (h *panicHook) OnDisconnect(cl *mqtt.Client, _ error, _ bool) { h.panicIfHere(cl) }

func TestPanicEndsOneConnection(t *testing.T) {
	for name, place := range map[string]byte{
		"at its login": mqtt.OnConnect, "before its session": mqtt.OnSessionEstablish, "with its session": mqtt.OnSessionEstablished,
		"as it publishes": mqtt.OnPublish, "as it subscribes": mqtt.OnSubscribe, "after a packet": mqtt.OnPacketProcessed, "as it goes": mqtt.OnDisconnect,
	} {
		runFakeTime(t, name, func(t *testing.T) {
			h := &panicHook{place: place}
			h.armed.Store(true)
			b := startBroker(t, Options{Auth: h})
			witness := newRaw(t, b, packets.Connect{ClientID: "witness"})
			witness.next()
			witness.subscribe("wills")
			n := dialUntrusted(t, b)
			go func() { // CONNECT with a will, SUBSCRIBE, PUBLISH with retain, DISCONNECT with the will
				_, _ = n.Write(decodeHex(t, "101e 0004 4d515454 05 06 003c 00 0006 76696374696d 00 0005 77696c6c73 0001 21"+
					"8207 0001 00 000161 01 3306 000161 0002 00 e001 04"))
			}()
			readAll(t, n)
			synctest.Wait()
			established := place != mqtt.OnConnect && place != mqtt.OnSessionEstablish
			if established {
				if p := witness.next().(*packets.Publish); string(p.Payload) != "!" {
					t.Errorf("got %q, want the will", p.Payload)
				}
			}
			h.armed.Store(false)
			again := loggedIn(t, b, packets.Connect{ClientID: "victim"})
			if established { // the session is gone with its connection
				again.ping()
			}
			witness.ping()
			if got := b.Stats(); got.Refused[refusedPanic] != 1 || got.Sessions != 2 || got.Connections != 1 {
				t.Errorf("%+v, want a panic and two sessions", got)
			}
		})
	}
}

// The log tells of each reason at most every 10s, and nothing that a client chose.
func TestRefusalsAreLoggedSparingly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		b := startBroker(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil)), User: "tars", Password: "right"})
		for range 50 {
			r := connectUntrusted(t, b, packets.Connect{ClientID: "evil\u00a0id", UsernameFlag: true, Username: "evil user", PasswordFlag: true, Password: []byte("evil password")})
			if got := r.next().(*packets.Connack).ReasonCode; got != codeLogin {
				t.Fatalf("CONNACK %#x", got)
			}
		}
		time.Sleep(11 * time.Second)
		connectUntrusted(t, b, packets.Connect{ClientID: "evil"}).next()
		synctest.Wait()
		text := log.String()
		if n := strings.Count(text, "\n"); n != 2 || !strings.Contains(text, "times=50") || strings.Contains(text, "evil") {
			t.Errorf("the log is\n%s", text)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := b.Retained(RefusedTopic + refusedLogin); len(got) != 1 || string(got[0]) != "51" {
			t.Errorf("%q is told on %s, want 51", got, RefusedTopic)
		}
	})
}

func TestPasswordDecidesWhoConnects(t *testing.T) {
	b := startBroker(t, Options{User: "tars", Password: "right"})
	for name, tt := range map[string]struct {
		c    packets.Connect
		want byte
	}{
		"right":      {packets.Connect{UsernameFlag: true, Username: "tars", PasswordFlag: true, Password: []byte("right")}, 0},
		"wrong":      {packets.Connect{UsernameFlag: true, Username: "tars", PasswordFlag: true, Password: []byte("wrong")}, codeLogin},
		"too long":   {packets.Connect{UsernameFlag: true, Username: "tars", PasswordFlag: true, Password: []byte("right ")}, codeLogin},
		"other user": {packets.Connect{UsernameFlag: true, Username: "root", PasswordFlag: true, Password: []byte("right")}, codeLogin},
		"none":       {packets.Connect{}, codeLogin},
	} {
		t.Run(name, func(t *testing.T) {
			tt.c.ClientID = fmt.Sprint("client ", name)
			r := connectUntrusted(t, b, tt.c)
			if got := r.next().(*packets.Connack).ReasonCode; got != tt.want {
				t.Errorf("CONNACK %#x, want %#x", got, tt.want)
			}
			if tt.want != 0 {
				readAll(t, r)
			}
		})
	}
	ours := newRaw(t, b, packets.Connect{ClientID: "ours"})
	if got := ours.next().(*packets.Connack).ReasonCode; got != 0 {
		t.Errorf("CONNACK %#x for a client of this process, which has no password", got)
	}
	n := dialUntrusted(t, b)
	go func() { _, _ = n.Write(decodeHex(t, "100d 0004 4d515454 04 02 003c 0001 78")) }()
	if got := readAll(t, n); !bytes.Equal(got, []byte{0x20, 2, 0, 4}) {
		t.Errorf("CONNACK of 3.1.1 is % x", got)
	}
}
