package broker

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

// testBacklog is a client of this process that handles a message in a millisecond,
// and one that handles nothing.
func testBacklog(t *testing.T, b *Broker) {
	t.Helper()
	window := uint16(64)
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	for _, name := range []string{"work", "stuck"} {
		ours := newRaw(t, b, packets.Connect{ClientID: name, Properties: &packets.Properties{ReceiveMaximum: &window}})
		ours.next()
		ours.subscribe(name)
		if name == "stuck" {
			continue
		}
		wg.Go(func() {
			for {
				p, err := packets.ReadPacket(ours)
				if err != nil {
					return
				}
				if m, ok := p.Content.(*packets.Publish); ok {
					time.Sleep(time.Millisecond)
					_, _ = (&packets.Puback{PacketID: m.PacketID, Properties: &packets.Properties{}}).WriteTo(ours)
				}
			}
		})
	}
}

// floodFor publishes on topic as fast as it can, and returns how much it got rid
// of in a time d.
func floodFor(t *testing.T, b *Broker, topic string, d time.Duration) <-chan int {
	t.Helper()
	r := loggedIn(t, b, packets.Connect{ClientID: "flood-" + topic})
	over, sent := time.Now().Add(d), make(chan int, 1)
	go func() {
		n := 0
		for id := uint16(1); time.Now().Before(over); id = max(1, id+1) {
			p := packets.Publish{QoS: 1, PacketID: id, Topic: topic, Payload: []byte("x"), Properties: &packets.Properties{}}
			if _, err := p.WriteTo(r); err != nil {
				break
			}
			if _, err := packets.ReadPacket(r); err != nil {
				break
			}
			n++
		}
		sent <- n
	}()
	return sent
}

// ask publishes at QoS 1 and returns the time until it is acknowledged.
func (r rawClient) ask(id uint16, topic string) time.Duration {
	began := time.Now()
	r.send(&packets.Publish{QoS: 1, PacketID: id, Topic: topic, Payload: []byte("x"), Properties: &packets.Properties{}})
	r.next()
	return time.Since(began)
}

// due is how many messages the session of a client waits to be rid of.
func (b *Broker) due(client string) int {
	b.h.mu.Lock()
	defer b.h.mu.Unlock()
	return len(b.h.sessions[client].unacked)
}

func TestFloodDoesNotQueueUpForThisProcess(t *testing.T) {
	const most = 64 + maxExtraBacklog + 16 // the window, what may wait, and one for each of the untrusted clients
	runFakeTime(t, "strangers are as fast as the client that gets their messages", func(t *testing.T) {
		b := startBroker(t, Options{})
		testBacklog(t, b)
		quiet := loggedIn(t, b, packets.Connect{ClientID: "quiet"})
		done := floodFor(t, b, "work", 10*time.Second)
		for i := range 20 {
			time.Sleep(450 * time.Millisecond)
			if n := b.due("work"); n > most {
				t.Errorf("%d messages wait, want at most %d", n, most)
			}
			if took := quiet.ask(uint16(i+1), "work"); took > 50*time.Millisecond {
				t.Errorf("who sends little waits %v", took)
			}
		}
		if n := <-done; n < 5000 || n > 11_000 {
			t.Errorf("%d messages in 10 s, of 10 000 that can be handled", n)
		}
		synctest.Wait()
	})
	runFakeTime(t, "a client that handles nothing slows its own flood down alone", func(t *testing.T) {
		b := startBroker(t, Options{})
		testBacklog(t, b)
		stuck, other := floodFor(t, b, "stuck", 20*time.Second), loggedIn(t, b, packets.Connect{ClientID: "other"})
		time.Sleep(5 * time.Second)
		began := time.Now()
		for i := range uint16(1000) {
			other.ask(i+1, "elsewhere")
		}
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("1000 messages on another topic took %v", took)
		}
		if n := <-stuck; n < 64 || n > most+200 {
			t.Errorf("%d messages in 20 s, want some in a second when the backlog is full", n)
		}
	})
	runFakeTime(t, "clients of this process are not slowed down", func(t *testing.T) {
		b := startBroker(t, Options{})
		testBacklog(t, b)
		ours := newRaw(t, b, packets.Connect{ClientID: "ours"})
		ours.next()
		began := time.Now()
		for i := range uint16(5000) {
			ours.ask(i+1, "stuck")
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("5000 messages took %v", took)
		}
	})
}

func TestWorkOfUntrustedClientsIsBounded(t *testing.T) {
	tests := map[string]struct {
		work        func(r rawClient)
		least, most time.Duration // that it takes
	}{
		"as many filters as a session may have": {func(r rawClient) {
			for i := range 256 {
				r.subscribe(fmt.Sprint("filter/", i))
			}
		}, 0, 100 * time.Millisecond},
		"filters that are refused, and others": {func(r rawClient) {
			for i := range 2000 {
				r.subscribe(fmt.Sprint("filter/", i))
			}
		}, 10 * time.Second, 30 * time.Second},
		"one wildcard again and again": {func(r rawClient) {
			for range 2000 {
				r.subscribe("#")
			}
		}, 10 * time.Second, 30 * time.Second},
		"large messages for many": {func(r rawClient) {
			for i := range 20 {
				r.send(&packets.Publish{QoS: 1, PacketID: uint16(i + 1), Topic: "many", Payload: make([]byte, 1<<20), Properties: &packets.Properties{}})
				for _, isAck := r.next().(*packets.Puback); !isAck; _, isAck = r.next().(*packets.Puback) {
				}
			}
		}, 5 * time.Second, 20 * time.Second},
		"small messages for many": {func(r rawClient) {
			for i := range 500 {
				r.ask(uint16(i+1), "many")
			}
		}, 0, 100 * time.Millisecond},
	}
	for name, tt := range tests {
		runFakeTime(t, name, func(t *testing.T) {
			b := startBroker(t, Options{})
			for i := range 50 {
				loggedIn(t, b, packets.Connect{ClientID: fmt.Sprint(i)}).subscribe("many") // and reads nothing more
			}
			r := loggedIn(t, b, packets.Connect{ClientID: "busy"})
			began := time.Now()
			tt.work(r)
			if took := time.Since(began); took < tt.least || took > tt.most {
				t.Errorf("took %v, want %v to %v", took, tt.least, tt.most)
			}
		})
	}
}

// An untrusted client that floods the clients of this process is as slow as they are.
func TestFloodOfThisProcessIsSlowedDown(t *testing.T) {
	runFakeTime(t, "at QoS 0", func(t *testing.T) {
		b := startBroker(t, Options{})
		ours, other := newRaw(t, b, packets.Connect{ClientID: "ours"}), newRaw(t, b, packets.Connect{ClientID: "other"})
		ours.next()
		ours.subscribe("flood") // and reads nothing
		other.next()
		flood, began := loggedIn(t, b, packets.Connect{ClientID: "flood"}), time.Now()
		for range 20 {
			_, _ = flood.Write(buildPacket(0x30, []byte{0, 5}, []byte("flood"), []byte{0}, make([]byte, 1<<20)))
		}
		flood.ping()
		if took := time.Since(began); took < 5*time.Second || took > 20*time.Second {
			t.Errorf("20 messages took %v, want a second for each from the 9th on", took)
		}
		began = time.Now()
		other.publish("quick", "x", false)
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("a client of this process waits %v", took)
		}
	})
}
