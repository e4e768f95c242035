package broker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	mochi "github.com/mochi-mqtt/server/v2/packets"
)

const tcp = "127.0.0.1:0"

// askUnderCuts runs n requests with replies from 64 askers, and returns how many were
// answered before the first loss, which is a reply later than a minute.
func askUnderCuts(t testing.TB, b *Broker, n int, window uint16, cut time.Duration) int {
	t.Helper()
	server := newPeer(t, b, "server", window, "ask")
	client := newPeer(t, b, "client", window, "reply")
	for range 8 {
		go func() {
			for r := range server.all {
				_ = server.publish(t.Context(), &paho.Publish{Topic: "reply", QoS: 1, Payload: r.Packet.Payload})
				server.ack(r)
			}
		}()
	}
	waiting := make([]chan struct{}, n)
	for i := range waiting {
		waiting[i] = make(chan struct{}, 1)
	}
	go func() {
		for r := range client.all {
			select {
			case waiting[binary.BigEndian.Uint32(r.Packet.Payload)] <- struct{}{}:
			default: // a repeat
			}
			client.ack(r)
		}
	}()
	keepCutting(t, cut, server, client)
	var next, answered, lost atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && lost.Load() == 0; i = next.Add(1) - 1 {
				ctx, stop := context.WithTimeout(t.Context(), time.Minute)
				_ = client.publish(ctx, &paho.Publish{Topic: "ask", QoS: 1, Payload: binary.BigEndian.AppendUint32(nil, uint32(i))})
				select {
				case <-waiting[i]:
					answered.Add(1)
				case <-ctx.Done():
					lost.Add(1)
				}
				stop()
			}
		})
	}
	wg.Wait()
	if over := server.over.Load() + client.over.Load(); cut == 0 && over > 0 {
		t.Errorf("%d messages beyond the Receive Maximum of %d", over, window)
	}
	if got := b.Dropped(); got != 0 {
		t.Errorf("%d messages dropped", got)
	}
	return int(answered.Load())
}

func TestEveryAskIsAnswered(t *testing.T) {
	const cut = 30 * time.Millisecond
	tests := map[string]struct {
		n      int
		addr   string
		window uint16
		cut    time.Duration
	}{
		"one message in flight":                {n: 300, window: 1},
		"a window of 16":                       {n: 3000, window: 16},
		"a window of 64":                       {n: 3000, window: 64},
		"a window of 16, over TCP":             {n: 3000, window: 16, addr: tcp},
		"a window of 16, connections cut":      {n: 3000, window: 16, cut: cut},
		"a window of 64, connections cut":      {n: 3000, window: 64, cut: cut},
		"a window of 64, TCP, connections cut": {n: 3000, window: 64, cut: cut, addr: tcp},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := askUnderCuts(t, startBroker(t, Options{Addr: tt.addr}), tt.n, tt.window, tt.cut); got != tt.n {
				t.Errorf("answered %d of %d", got, tt.n)
			}
		})
	}
}

func TestOrderSurvivesCuts(t *testing.T) {
	const n, streams = 2000, 8
	tests := map[string]struct {
		addr string
		cut  time.Duration
	}{
		"no cut":                    {},
		"cut every 20 ms":           {cut: 20 * time.Millisecond},
		"cut every 20 ms, over TCP": {cut: 20 * time.Millisecond, addr: tcp},
		"no cut, over TCP":          {addr: tcp},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := startBroker(t, Options{Addr: tt.addr})
			sub, pub := newPeer(t, b, "sub", 4, "seq"), newPeer(t, b, "pub", 16)
			keepCutting(t, tt.cut, sub, pub)
			for k := range streams {
				go func() {
					for i := range n / streams {
						body := binary.BigEndian.AppendUint32([]byte{byte(k)}, uint32(i))
						_ = pub.publish(t.Context(), &paho.Publish{Topic: "seq", QoS: 1, Payload: body})
					}
				}()
			}
			var want [streams]int
			for left := n; left > 0; {
				select {
				case r := <-sub.lane:
					k, got := r.Packet.Payload[0], int(binary.BigEndian.Uint32(r.Packet.Payload[1:]))
					if got > want[k] {
						t.Fatalf("stream %d: got %d, want %d", k, got, want[k])
					}
					if got == want[k] { // else a repeat, whose ack was lost
						want[k]++
						left--
					}
					sub.ack(r)
				case <-time.After(time.Minute):
					t.Fatalf("stuck with %d of %d to come", left, n)
				}
			}
		})
	}
}

func TestSessionKeepsWhatIsMissed(t *testing.T) {
	synctest.Test(t, keepsWhatIsMissed)
}

func keepsWhatIsMissed(t *testing.T) {
	b := startBroker(t, Options{})
	expiry, window := uint32(60), uint16(2)
	connect := packets.Connect{ClientID: "away", Properties: &packets.Properties{SessionExpiryInterval: &expiry, ReceiveMaximum: &window}}
	r := newRaw(t, b, connect)
	r.next()
	r.send(&packets.Subscribe{PacketID: 1, Subscriptions: []packets.SubOptions{{Topic: "news", QoS: 1}}, Properties: &packets.Properties{}})
	r.next()
	_ = r.Close()
	synctest.Wait() // until the broker knows: what it sends into a broken link comes again as a duplicate
	pub := newPeer(t, b, "pub", 16)
	for i := range 5 {
		if err := pub.publish(t.Context(), &paho.Publish{Topic: "news", QoS: 1, Payload: []byte{byte(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	r = newRaw(t, b, connect)
	if ack := r.next().(*packets.Connack); !ack.SessionPresent {
		t.Error("no session")
	}
	for i := range 5 {
		p := r.next().(*packets.Publish)
		if int(p.Payload[0]) != i || p.Duplicate {
			t.Errorf("got message %d, duplicate %t, want message %d for the first time", p.Payload[0], p.Duplicate, i)
		}
		r.send(&packets.Puback{PacketID: p.PacketID, Properties: &packets.Properties{}})
	}
	if got := b.Clients(); got != 2 {
		t.Errorf("%d sessions, want 2", got)
	}
}

func TestUnacknowledgedComesAgainAsDuplicate(t *testing.T) {
	b := startBroker(t, Options{Addr: tcp})
	expiry, window := uint32(60), uint16(1)
	connect := packets.Connect{ClientID: "crash", Properties: &packets.Properties{SessionExpiryInterval: &expiry, ReceiveMaximum: &window}}
	r := newRaw(t, b, connect)
	r.next()
	r.send(&packets.Subscribe{PacketID: 1, Subscriptions: []packets.SubOptions{{Topic: "news", QoS: 1}}, Properties: &packets.Properties{}})
	r.next()
	pub := newPeer(t, b, "pub", 16)
	for i := range 2 {
		if err := pub.publish(t.Context(), &paho.Publish{Topic: "news", QoS: 1, Payload: []byte{byte(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	r.next()
	r = newRaw(t, b, connect) // while the other is open: a takeover
	r.next()
	for i, again := range []bool{true, false} {
		p := r.next().(*packets.Publish)
		if int(p.Payload[0]) != i || p.Duplicate != again {
			t.Errorf("got message %d, duplicate %t, want message %d, %t", p.Payload[0], p.Duplicate, i, again)
		}
		r.send(&packets.Puback{PacketID: p.PacketID, Properties: &packets.Properties{}})
	}
}

// Packet by packet, because paho 0.23 races with itself at QoS 2. The ids of
// both directions are the same on purpose.
func TestExactlyOnce(t *testing.T) {
	b := startBroker(t, Options{})
	props := &packets.Properties{}
	r := newRaw(t, b, packets.Connect{ClientID: "echo"})
	r.next()
	r.send(&packets.Subscribe{PacketID: 1, Subscriptions: []packets.SubOptions{{Topic: "news", QoS: 2}}, Properties: props})
	r.next()
	var heard []*packets.Publish
	next := func() any { // puts messages aside: they come any time after they were sent
		for {
			switch p := r.next().(type) {
			case *packets.Publish:
				heard = append(heard, p)
			default:
				return p
			}
		}
	}
	for i := range 20 {
		say := &packets.Publish{Topic: "news", QoS: 2, PacketID: 1, Payload: []byte{byte(i)}, Properties: props}
		for _, say.Duplicate = range []bool{false, true} { // the repeat is known, and no fault
			r.send(say)
			if p, ok := next().(*packets.Pubrec); !ok || p.PacketID != 1 || p.ReasonCode != 0 {
				t.Fatalf("message %d, duplicate %t: got %v, want its PUBREC", i, say.Duplicate, p)
			}
		}
		r.send(&packets.Pubrel{PacketID: 1, Properties: props})
		if p, ok := next().(*packets.Pubcomp); !ok || p.PacketID != 1 {
			t.Fatalf("message %d: got %v, want its PUBCOMP", i, p)
		}
		if len(heard) == 0 {
			heard = append(heard, r.next().(*packets.Publish))
		}
		if len(heard) != 1 || int(heard[0].Payload[0]) != i {
			t.Fatalf("message %d: heard %v", i, heard)
		}
		id := heard[0].PacketID
		heard = nil
		r.send(&packets.Pubrec{PacketID: id, Properties: props})
		if p, ok := next().(*packets.Pubrel); !ok || p.PacketID != id {
			t.Fatalf("message %d: got %v, want PUBREL of %d", i, p, id)
		}
		r.send(&packets.Pubcomp{PacketID: id, Properties: props})
	}
}

// slowWillHook lets everyone in, and wills take their time.
type slowWillHook struct{ auth.AllowHook }

func (h *slowWillHook) Provides(b byte) bool { return b == mqtt.OnWill || h.AllowHook.Provides(b) }
func (h *slowWillHook) OnWill(_ *mqtt.Client, w mqtt.Will) (mqtt.Will, error) {
	time.Sleep(50 * time.Millisecond)
	return w, nil
}

// A client that comes back says "up" at once; the will of its old connection
// must not arrive after that and leave "lost" behind.
func TestOldWillComesBeforeWhatTheNextConnectionSays(t *testing.T) {
	b := startBroker(t, Options{Addr: tcp, Auth: new(slowWillHook)})
	connect := packets.Connect{
		ClientID: "health", WillFlag: true, WillTopic: "state", WillMessage: []byte("lost"), WillRetain: true,
		Properties: &packets.Properties{}, WillProperties: &packets.Properties{},
	}
	for range 2 {
		r := newRaw(t, b, connect)
		r.next()
		r.send(&packets.Publish{Topic: "state", QoS: 1, PacketID: 1, Retain: true, Payload: []byte("up"), Properties: &packets.Properties{}})
		r.next()
	}
	time.Sleep(100 * time.Millisecond)
	if got := b.Retained("state"); len(got) != 1 || string(got[0]) != "up" {
		t.Errorf("retained %q, want up", got)
	}
}

func TestFullQueueDropsAndCounts(t *testing.T) {
	b := startBroker(t, Options{Queue: 4})
	newPeer(t, b, "slow", 1, "news") // never acknowledges
	pub := newPeer(t, b, "pub", 16)
	for range 10 {
		_ = pub.publish(t.Context(), &paho.Publish{Topic: "news", QoS: 1})
	}
	if b.Dropped() == 0 {
		t.Error("nothing dropped")
	}
}

type loginHook struct{ mqtt.HookBase }

func (loginHook) ID() string { return "door" }
func (loginHook) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck
}
func (loginHook) OnACLCheck(*mqtt.Client, string, bool) bool { return true }
func (loginHook) OnConnectAuthenticate(_ *mqtt.Client, p mochi.Packet) bool {
	return string(p.Connect.Password) == "open"
}

func TestAuthDecidesWhoConnects(t *testing.T) {
	b := startBroker(t, Options{Auth: new(loginHook), Addr: tcp})
	for password, want := range map[string]byte{"open": 0, "shut": packets.ConnackBadUsernameOrPassword} {
		r := newRaw(t, b, packets.Connect{ClientID: password, UsernameFlag: true, Username: "tars", PasswordFlag: true, Password: []byte(password)})
		if got := r.next().(*packets.Connack).ReasonCode; got != want {
			t.Errorf("password %s: reason %#x, want %#x", password, got, want)
		}
	}
}

func TestCloseEndsEveryConnection(t *testing.T) {
	b := startBroker(t, Options{Addr: tcp})
	silent, err := net.Dial("tcp", b.Addr()) // never says CONNECT
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	r := newRaw(t, b, packets.Connect{ClientID: "a"})
	r.next()
	began := time.Now()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("closed after %v", took)
	}
	if d, ok := r.next().(*packets.Disconnect); !ok || d.ReasonCode != packets.DisconnectServerShuttingDown {
		t.Errorf("got %v, want a DISCONNECT that says why", d)
	}
	if _, err := b.Dial(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("dial after Close: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

func TestTakenAddressIsAnError(t *testing.T) {
	b := startBroker(t, Options{Addr: tcp})
	if _, err := New(Options{Addr: b.Addr()}); err == nil {
		t.Error("two brokers on one address")
	}
}

// Nothing here keeps a bubble of fake time from going idle, or alive.
func TestBrokerRunsUnderAFakeClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if got := askUnderCuts(t, startBroker(t, Options{}), 200, 16, 0); got != 200 {
			t.Fatalf("answered %d of 200", got)
		}
		began := time.Now()
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := time.Since(began); got != time.Minute {
			t.Fatalf("a minute took %v", got)
		}
	})
}

// BenchmarkAsk is also the long proof: go test -run '^$' -bench Ask -benchtime 1000000x.
func BenchmarkAsk(b *testing.B) {
	for _, window := range []uint16{16, 64} {
		b.Run(fmt.Sprintf("window %d", window), func(b *testing.B) {
			b.ReportAllocs()
			if got := askUnderCuts(b, startBroker(b, Options{}), b.N, window, 0); got != b.N {
				b.Fatalf("answered %d of %d", got, b.N)
			}
		})
	}
}
