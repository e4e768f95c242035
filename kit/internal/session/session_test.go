package session

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/eclipse/paho.golang/packets"

	"github.com/gotars/tars/kit/internal/link"
)

// connectSession is a session on a fresh connection that keeps what is written to it.
func connectSession(t *testing.T, s *State) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	expiry := uint32(60)
	if err := s.ConAckReceived(&out, &packets.Connect{Properties: &packets.Properties{SessionExpiryInterval: &expiry}}, &packets.Connack{SessionPresent: true}); err != nil {
		t.Fatal(err)
	}
	return &out
}

// writtenPackets is what was written, in words, and no longer there.
func writtenPackets(t *testing.T, out io.Reader) (all []string) {
	t.Helper()
	for {
		p, err := packets.ReadPacket(out)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %d", p.PacketType(), p.PacketID()))
	}
}

func TestAcknowledgedInOrderOfArrival(t *testing.T) {
	tests := map[string]struct {
		qos  []byte   // of messages 1, 2, 3, ...
		done []int    // in this order
		want []string // after each of them, joined
	}{
		"in order of arrival":                    {[]byte{1, 1, 1}, []int{1, 2, 3}, []string{"[PUBACK 1]", "[PUBACK 2]", "[PUBACK 3]"}},
		"not before what came earlier":           {[]byte{1, 1, 1}, []int{3, 2, 1}, []string{"[]", "[]", "[PUBACK 1 PUBACK 2 PUBACK 3]"}},
		"up to the first that is not done":       {[]byte{1, 1, 1, 1}, []int{2, 4, 1, 3}, []string{"[]", "[]", "[PUBACK 1 PUBACK 2]", "[PUBACK 3 PUBACK 4]"}},
		"QoS 2 keeps its place among the others": {[]byte{1, 2, 1}, []int{3, 2, 1}, []string{"[]", "[]", "[PUBACK 1 PUBREC 2 PUBACK 3]"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := New()
			out := connectSession(t, s)
			receipts := make([]*Receipt, len(tt.qos))
			for i, q := range tt.qos {
				receipts[i] = s.Arrive(uint16(i+1), q)
				if err := s.Ack(&packets.Publish{PacketID: uint16(i + 1), QoS: q}); err != nil { // the callback of the client returned
					t.Error(err)
				}
			}
			if got := writtenPackets(t, out); got != nil {
				t.Errorf("before anything is done: %q", got)
			}
			for i, n := range tt.done {
				receipts[n-1].Done()
				if got := fmt.Sprint(writtenPackets(t, out)); got != tt.want[i] {
					t.Errorf("after %d: %s, want %s", n, got, tt.want[i])
				}
			}
		})
	}
}

func TestReceiptAcknowledgesAfterItsLastHolder(t *testing.T) {
	s := New()
	out := connectSession(t, s)
	r := s.Arrive(1, 1)
	r.Hold()
	r.Done()
	if got := writtenPackets(t, out); got != nil {
		t.Errorf("acknowledged while held: %q", got)
	}
	r.Done()
	if got := writtenPackets(t, out); !slices.Equal(got, []string{"PUBACK 1"}) {
		t.Errorf("got %q", got)
	}
	none := s.Arrive(0, 0)
	none.Hold()
	none.Done()
	none.Done()
	if got := writtenPackets(t, out); got != nil {
		t.Errorf("QoS 0 is acknowledged: %q", got)
	}
}

// What arrived on a connection is acknowledged there or nowhere.
func TestReceiptsEndWithTheirConnection(t *testing.T) {
	ends := map[string]func(s *State){
		"lost":     func(s *State) { _ = s.ConnectionLost(nil) },
		"replaced": func(*State) {},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			s := New()
			first := connectSession(t, s)
			before := []*Receipt{s.Arrive(1, 1), s.Arrive(2, 2)}
			end(s)
			if name == "lost" {
				before = append(before, s.Arrive(3, 1)) // the client still hands on what it had read
			}
			second := connectSession(t, s)
			again := s.Arrive(1, 1)
			for _, r := range before {
				r.Done()
			}
			if a, b := writtenPackets(t, first), writtenPackets(t, second); a != nil || b != nil {
				t.Errorf("the first got %q, the second %q", a, b)
			}
			again.Done()
			if got := writtenPackets(t, second); !slices.Equal(got, []string{"PUBACK 1"}) {
				t.Errorf("the second got %q", got)
			}
		})
	}
}

// A message of QoS 2 that was handled does not come again, and is released.
func TestExactlyOnce(t *testing.T) {
	s := New()
	out := connectSession(t, s)
	came := make(chan *packets.Publish, 2)
	receive := func(p *packets.Publish) {
		if err := s.PacketReceived(&packets.ControlPacket{Content: p}, came); err != nil {
			t.Fatal(err)
		}
	}
	receive(&packets.Publish{PacketID: 7, QoS: 2})
	p := <-came
	s.Arrive(p.PacketID, p.QoS).Done()
	receive(&packets.Publish{PacketID: 7, QoS: 2, Duplicate: true})
	if err := s.PacketReceived(&packets.ControlPacket{FixedHeader: packets.FixedHeader{Type: packets.PUBREL}, Content: &packets.Pubrel{PacketID: 7, Properties: &packets.Properties{}}}, came); err != nil {
		t.Fatal(err)
	}
	if len(came) > 0 {
		t.Error("it came twice")
	}
	if got := writtenPackets(t, out); !slices.Equal(got, []string{"PUBREC 7", "PUBREC 7", "PUBCOMP 7"}) {
		t.Errorf("got %q", got)
	}
}

// Whoever is done does not wait for a broker that does not read.
func TestDoneDoesNotWaitForTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := link.New(near)
		s := New()
		if err := s.ConAckReceived(c, &packets.Connect{}, &packets.Connack{}); err != nil {
			t.Fatal(err)
		}
		go func() { // its first part is on its way, and the rest of it follows
			_, _ = (&packets.Publish{Topic: "t", Payload: make([]byte, 1<<20), Properties: &packets.Properties{}}).WriteTo(c)
		}()
		synctest.Wait()
		const n = 1000
		for i := range uint16(n) {
			s.Arrive(i+1, 1).Done()
		}
		for i := range n + 1 {
			p, err := packets.ReadPacket(far)
			if err != nil {
				t.Fatal(err)
			}
			if i > 0 && (p.Type != packets.PUBACK || p.PacketID() != uint16(i)) {
				t.Fatalf("packet %d is %s %d", i, p.PacketType(), p.PacketID())
			}
		}
		_ = c.Close()
	})
}

// Workers of old connections are done while others come and go.
func TestReceiptsOfLostConnectionsAreSafe(t *testing.T) {
	s := New()
	var wg sync.WaitGroup
	for range 50 {
		out := &writerUntilLost{}
		if err := s.ConAckReceived(out, &packets.Connect{}, &packets.Connack{SessionPresent: true}); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			r := s.Arrive(uint16(i+1), 1+byte(i%2))
			wg.Go(r.Done)
		}
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_ = s.AddToSession(ctx, &packets.Publish{QoS: 1}, make(chan packets.ControlPacket, 1))
		})
		if err := s.ConnectionLost(nil); err != nil {
			t.Fatal(err)
		}
		out.lost()
	}
	wg.Wait()
}

// writerUntilLost fails a write after the connection was lost.
type writerUntilLost struct {
	mu   sync.Mutex
	gone bool
}

func (w *writerUntilLost) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		panic("written after the loss")
	}
	return len(p), nil
}

func (w *writerUntilLost) lost() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = true
}

// A broker that forgot the session answers nothing of it.
func TestNobodyWaitsForAForgottenSession(t *testing.T) {
	s := New()
	connectSession(t, s)
	answers := make([]chan packets.ControlPacket, 3)
	for i := range answers {
		answers[i] = make(chan packets.ControlPacket, 1)
		if err := s.AddToSession(s.Bind(t.Context(), nil), &packets.Publish{QoS: 1, Properties: &packets.Properties{}}, answers[i]); err != nil {
			t.Fatal(err)
		}
	}
	ack := &packets.ControlPacket{FixedHeader: packets.FixedHeader{Type: packets.PUBACK}, Content: &packets.Puback{PacketID: 1, Properties: &packets.Properties{}}}
	if err := s.PacketReceived(ack, nil); err != nil {
		t.Fatal(err)
	}
	stale := s.Bind(t.Context(), nil)
	if err := s.ConnectionLost(nil); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.ConAckReceived(&out, &packets.Connect{}, &packets.Connack{SessionPresent: false}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []byte{packets.PUBACK, 0, 0} {
		select {
		case got := <-answers[i]:
			if got.Type != want {
				t.Errorf("publication %d was answered by %d, want %d", i+1, got.Type, want)
			}
		default:
			t.Errorf("publication %d waits for ever", i+1)
		}
	}
	err := s.AddToSession(stale, &packets.Publish{QoS: 1, Properties: &packets.Properties{}}, make(chan packets.ControlPacket, 1))
	if err == nil {
		t.Error("a publication that began on the connection before enters the session, where nothing writes it")
	}
}
