package broker

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

const (
	stalled = 20 * time.Second // nothing here takes so long, on any machine
	hearing = "witness/hears"
)

// fuzzedBroker is a broker with small limits, and a client on it that must never notice
// the others.
type fuzzedBroker struct {
	*Broker
	witness rawClient
	n       int
}

func newArena(t testing.TB) *fuzzedBroker {
	t.Helper()
	b := startBroker(t, Options{Limits: Limits{SessionExpiry: time.Second, WaitingBytes: 1 << 20, Retained: 50, Sessions: 50}})
	w := newRaw(t, b, packets.Connect{ClientID: "witness"})
	w.next()
	w.subscribe(hearing)
	return &fuzzedBroker{Broker: b, witness: w}
}

// exchange lets a client send what it likes, and returns when the broker is through
// with it. Half of the clients read what they get.
func (a *fuzzedBroker) exchange(t testing.TB, sent []byte, reads bool) {
	near, far := net.Pipe()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		a.l.serve(far, false)
	}()
	var reading sync.WaitGroup
	if reads {
		reading.Go(func() { _, _ = io.Copy(io.Discard, near) })
	}
	_, _ = near.Write(sent)
	_ = near.Close()
	select {
	case <-gone:
	case <-time.After(stalled):
		buf := make([]byte, 1<<20)
		t.Errorf("a stall after % x\n%s", sent, buf[:runtime.Stack(buf, true)])
		panic("stalled")
	}
	reading.Wait()
}

// check lets the witness publish and hear itself.
func (a *fuzzedBroker) check(t testing.TB) {
	t.Helper()
	a.n++
	want := fmt.Sprint("message ", a.n)
	w := rawClient{a.witness.Conn, t} // the test at work
	w.send(&packets.Publish{Topic: hearing, Payload: []byte(want), Properties: &packets.Properties{}})
	if p, ok := w.next().(*packets.Publish); !ok || string(p.Payload) != want {
		t.Fatalf("the witness heard %v, want %s", p, want)
	}
	if n := a.Stats().Refused[refusedPanic]; n > 0 {
		t.Fatalf("%d panics", n)
	}
}

// handled counts the packets that were read, the refused ones included.
func (a *fuzzedBroker) handled() (n int64) {
	n = a.srv.Info.Clone().PacketsReceived
	for _, refused := range a.Stats().Refused {
		n += refused
	}
	return n
}

// empty waits until nothing of the clients is left but what they retained.
func (a *fuzzedBroker) empty(t testing.TB, goroutines int) {
	t.Helper()
	for end := time.Now().Add(stalled); ; time.Sleep(50 * time.Millisecond) {
		s := a.Stats()
		clean := s.Connections == 0 && s.BeforeLogin == 0 && s.Sessions == 1 && a.Clients() == 1 && s.Subscriptions == 1 &&
			s.WaitingBytes == 0 && s.UnfinishedPackets == 0 && a.h.unresolvedSessions == 0 && a.h.untrustedSessions == 0
		if clean && runtime.NumGoroutine() <= goroutines {
			return
		}
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Fatalf("left over: %+v, %d clients, %d goroutines of %d\n%s", s, a.Clients(), runtime.NumGoroutine(), goroutines, buf[:runtime.Stack(buf, true)])
		}
	}
}

// Clients of all versions send packets of which many are wrong, four at a time.
// BROKER_PACKETS=10000000 in the environment makes it the long proof, and
// BROKER_SEED another one.
func TestMutatedConnections(t *testing.T) {
	want, seed := int64(20000), uint64(1)
	if n, err := strconv.ParseInt(os.Getenv("BROKER_PACKETS"), 10, 64); err == nil {
		want = n
	}
	if n, err := strconv.ParseUint(os.Getenv("BROKER_SEED"), 10, 64); err == nil {
		seed = n
	}
	a := newArena(t)
	a.check(t)
	goroutines, began := runtime.NumGoroutine(), time.Now()
	for round := uint64(0); a.handled() < want; round++ {
		var all sync.WaitGroup
		for i := range uint64(4) {
			all.Go(func() {
				m := mutator{rand.New(rand.NewPCG(seed, 4*round+i))}
				for range 20 {
					a.exchange(t, m.connection(1+m.IntN(40)), !m.one(100))
				}
			})
		}
		all.Wait()
		a.check(t)
		if round%1000 == 999 && testing.Verbose() {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			t.Logf("%d packets in %v, heap %d MiB, %d goroutines", a.handled(), time.Since(began).Round(time.Second), m.HeapAlloc>>20, runtime.NumGoroutine())
		}
	}
	a.empty(t, goroutines)
	t.Logf("%d packets in %v, seed %d: %v refused", a.handled(), time.Since(began).Round(time.Millisecond), seed, a.Stats().Refused)
}

// FuzzConnections reads what one client sends, from CONNECT on: as bytes, or as
// packets of a first byte, a length of two bytes and a body, so that changes of
// the content keep the length right.
func FuzzConnections(f *testing.F) {
	f.Add(false, []byte("\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01x\x82\x06\x00\x01\x00\x00\x01a"))
	f.Add(false, []byte("\x10\xff\xff\xff\x7f\x00\x04MQTT"))
	for i := range uint64(30) {
		f.Add(false, mutator{rand.New(rand.NewPCG(1, i))}.connection(8))
	}
	a := newArena(f)
	f.Fuzz(func(t *testing.T, packed bool, sent []byte) {
		if packed {
			sent = unpackSeed(sent)
		}
		a.exchange(t, sent, true)
		a.check(t)
	})
}

func unpackSeed(b []byte) []byte {
	var out bytes.Buffer
	for len(b) >= 3 {
		n := min(int(binary.BigEndian.Uint16(b[1:])), len(b)-3)
		out.Write(buildPacket(b[0], b[3:3+n]))
		b = b[3+n:]
	}
	return out.Bytes()
}
