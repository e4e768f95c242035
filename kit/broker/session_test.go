package broker

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

// A session ends when its time is over: with its subscriptions, which a later
// client of the same name does not get, and with what waited for it.
func TestSessionsEndInTime(t *testing.T) {
	tests := map[string]struct {
		first   packets.Connect
		leave   *packets.Disconnect // nil: the link is cut
		limit   time.Duration
		after   time.Duration
		present bool
	}{
		"it is there before":                      {packets.Connect{Properties: sessionExpiry(60)}, nil, 0, 59 * time.Second, true},
		"it is gone after":                        {packets.Connect{Properties: sessionExpiry(60)}, nil, 0, 61 * time.Second, false},
		"no session is endless":                   {packets.Connect{Properties: sessionExpiry(1<<32 - 1)}, nil, time.Minute, 61 * time.Second, false},
		"an endless one until the limit":          {packets.Connect{Properties: sessionExpiry(1<<32 - 1)}, nil, time.Minute, 59 * time.Second, true},
		"DISCONNECT makes it shorter":             {packets.Connect{Properties: sessionExpiry(60)}, &packets.Disconnect{Properties: sessionExpiry(10)}, 0, 11 * time.Second, false},
		"DISCONNECT makes it longer":              {packets.Connect{Properties: sessionExpiry(10)}, &packets.Disconnect{Properties: sessionExpiry(60)}, 0, 50 * time.Second, true},
		"DISCONNECT ends it":                      {packets.Connect{Properties: sessionExpiry(60)}, &packets.Disconnect{Properties: sessionExpiry(0)}, 0, 0, false},
		"without an expiry it ends with the link": {packets.Connect{}, nil, 0, 0, false},
	}
	for name, tt := range tests {
		runFakeTime(t, name, func(t *testing.T) {
			b := startBroker(t, Options{Limits: Limits{SessionExpiry: tt.limit}})
			tt.first.ClientID = "x"
			r := connectUntrusted(t, b, tt.first)
			granted := r.next().(*packets.Connack).Properties.SessionExpiryInterval
			if tt.limit > 0 && (granted == nil || *granted != uint32(tt.limit/time.Second)) {
				t.Errorf("CONNACK grants %v", granted)
			}
			r.subscribe("news")
			if tt.leave != nil {
				r.send(tt.leave)
			}
			_ = r.Close()
			synctest.Wait()
			pub := loggedIn(t, b, packets.Connect{ClientID: "pub"})
			pub.publish("news", "old", false)
			time.Sleep(tt.after)
			synctest.Wait()
			if s := b.Stats(); !tt.present && (s.Subscriptions != 0 || s.WaitingBytes != 0 || s.Sessions != 1 || b.Clients() != 1) {
				t.Errorf("left over: %+v, %d clients", s, b.Clients())
			}
			again := connectUntrusted(t, b, packets.Connect{ClientID: "x"})
			if got := again.next().(*packets.Connack).SessionPresent; got != tt.present {
				t.Errorf("session present %t, want %t", got, tt.present)
			}
			pub.publish("news", "new", false)
			if tt.present {
				if p := again.next().(*packets.Publish); string(p.Payload) != "old" {
					t.Errorf("got %q", p.Payload)
				}
			} else {
				again.ping()
			}
		})
	}
}

// A will waits as long as its client wants, and no longer than the session.
func TestDelayedWill(t *testing.T) {
	seconds := func(n uint32) *uint32 { return &n }
	tests := map[string]struct {
		delay   uint32
		session *packets.Properties
		back    time.Duration // when the client connects again, or never
		wants   time.Duration // when the will comes, or never
	}{
		"without a session it comes at once":    {1<<32 - 1, nil, 0, 0},
		"it comes when its time is over":        {10, sessionExpiry(60), 0, 10 * time.Second},
		"it comes with the end of the session":  {60, sessionExpiry(10), 0, 10 * time.Second},
		"not when the client is back in time":   {10, sessionExpiry(60), 9 * time.Second, -1},
		"it comes when the client is back late": {10, sessionExpiry(60), 11 * time.Second, 10 * time.Second},
	}
	for name, tt := range tests {
		runFakeTime(t, name, func(t *testing.T) {
			b := startBroker(t, Options{})
			watch := loggedIn(t, b, packets.Connect{ClientID: "watch", KeepAlive: 0})
			watch.subscribe("gone")
			began := time.Now()
			_ = loggedIn(t, b, packets.Connect{ClientID: "x", Properties: tt.session, WillFlag: true, WillTopic: "gone", WillMessage: []byte("x"),
				WillProperties: &packets.Properties{WillDelayInterval: seconds(tt.delay)}}).Close()
			if tt.back > 0 {
				time.AfterFunc(tt.back, func() { loggedIn(t, b, packets.Connect{ClientID: "x", Properties: sessionExpiry(60)}) })
			}
			if tt.wants < 0 {
				time.Sleep(2 * time.Minute)
				watch.ping()
				return
			}
			if _, ok := watch.next().(*packets.Publish); !ok || time.Since(began).Round(time.Second) != tt.wants {
				t.Errorf("the will came after %v, want %v", time.Since(began), tt.wants)
			}
		})
	}
}

func TestClientIDsOfThisProcessAreReserved(t *testing.T) {
	refused := func(t *testing.T, b *Broker, id string) {
		t.Helper()
		ack := connectUntrusted(t, b, packets.Connect{ClientID: id}).next().(*packets.Connack)
		owner, _, _ := strings.Cut(id, ".")
		if ack.ReasonCode != codeClientID || ack.Properties.ReasonString != owner+" is a service of the running tars up" {
			t.Errorf("CONNACK %#x %q", ack.ReasonCode, ack.Properties.ReasonString)
		}
	}
	o := Options{ClientIDs: []string{"tars-tts"}, Process: "the running tars up"}
	runFakeTime(t, "before they connect, while they are here, and when they are away", func(t *testing.T) {
		b := startBroker(t, o)
		refused(t, b, "tars-tts")
		refused(t, b, "tars-tts.desk") // its next connection
		loggedIn(t, b, packets.Connect{ClientID: "tars-tts-2"}).ping()
		ours := newRaw(t, b, packets.Connect{ClientID: "tars-tts"})
		ours.next()
		refused(t, b, "tars-tts")
		ours.ping()
		other := newRaw(t, b, packets.Connect{ClientID: "not told before"})
		other.next()
		refused(t, b, "not told before")
		other.ping()
		_ = ours.Close()
		synctest.Wait()
		refused(t, b, "tars-tts")
		n := dialUntrusted(t, b)
		go func() { _, _ = n.Write(decodeHex(t, "1014 0004 4d515454 04 02 003c 0008 746172732d747473")) }()
		if got := readAll(t, n); !bytes.Equal(got, []byte{0x20, 2, 0, 2}) {
			t.Errorf("CONNACK of 3.1.1 is % x", got)
		}
	})
	runFakeTime(t, "a session that a stranger made is not inherited", func(t *testing.T) {
		b := startBroker(t, Options{})
		thief := loggedIn(t, b, packets.Connect{ClientID: "x", Properties: sessionExpiry(60)})
		thief.subscribe("#")
		ours := newRaw(t, b, packets.Connect{ClientID: "x", Properties: sessionExpiry(60)}) // no Clean Start
		if ack := ours.next().(*packets.Connack); ack.SessionPresent || ack.ReasonCode != 0 {
			t.Errorf("CONNACK %+v", ack)
		}
		loggedIn(t, b, packets.Connect{ClientID: "pub"}).publish("secret", "x", false)
		ours.ping() // and nothing before
		_ = ours.Close()
		synctest.Wait()
		again := newRaw(t, b, packets.Connect{ClientID: "x"})
		if ack := again.next().(*packets.Connack); !ack.SessionPresent {
			t.Error("its own session is gone")
		}
	})
}

// Wills are retained while others subscribe: also the wills of clients whose CONNACK
// is larger than what they take, and those that wait.
func TestWillsAreRetainedBesideSubscriptions(t *testing.T) {
	b := startBroker(t, Options{})
	tiny, moment := uint32(1), uint32(1)
	wills := map[string]packets.Connect{
		"lost before CONNACK": {Properties: &packets.Properties{MaximumPacketSize: &tiny}},
		"delayed":             {Properties: sessionExpiry(60), WillProperties: &packets.Properties{WillDelayInterval: &moment}},
	}
	subscriber := newRaw(t, b, packets.Connect{ClientID: "subscriber"})
	subscriber.next()
	var connecting sync.WaitGroup
	for name, c := range wills {
		connecting.Go(func() {
			for i := range 100 {
				c.ClientID, c.WillFlag, c.WillRetain = fmt.Sprint(name, i), true, true
				c.WillTopic, c.WillMessage = "gone/"+name, []byte("x")
				r := connectUntrusted(t, b, c)
				_, _ = packets.ReadPacket(r)
				_ = r.Close()
			}
		})
	}
	connected := make(chan struct{})
	go func() { connecting.Wait(); close(connected) }()
	for retained := 0; retained < len(wills) || !isClosed(connected); {
		subscriber.send(&packets.Subscribe{PacketID: 1, Properties: &packets.Properties{},
			Subscriptions: slices.Repeat([]packets.SubOptions{{Topic: "gone/+"}}, 200)})
		for suback := false; !suback; {
			_, suback = subscriber.next().(*packets.Suback)
		}
		b.h.mu.Lock()
		retained = len(b.h.retained)
		b.h.mu.Unlock()
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
