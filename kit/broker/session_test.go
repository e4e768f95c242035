package broker

import (
	"bytes"
	"strings"
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

// A will waits no longer than the session of its client.
func TestDelayedWillComesWithTheEndOfTheSession(t *testing.T) {
	runFakeTime(t, "without a session it comes at once", func(t *testing.T) {
		b, delay := startBroker(t, Options{}), uint32(1<<32-1)
		watch := loggedIn(t, b, packets.Connect{ClientID: "watch"})
		watch.subscribe("gone")
		_ = loggedIn(t, b, packets.Connect{ClientID: "x", WillFlag: true, WillTopic: "gone", WillMessage: []byte("x"),
			WillProperties: &packets.Properties{WillDelayInterval: &delay}}).Close()
		watch.next()
	})
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
