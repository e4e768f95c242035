package fault

import (
	"fmt"
	"testing"
	"time"
)

// settled is how long a link must live until the next attempt after it is an
// immediate one again.
const settled = 5500 * time.Millisecond

// TestRestarts stops the broker with SIGTERM under load and starts it again.
func TestRestarts(t *testing.T) {
	t.Parallel()
	m := broker(t, conf(t, "mosquitto.conf"))
	p := startPair(t, "", m.url)
	n := times(3, 100)
	for range n {
		before := p.ups(t)
		p.back(t, before, m.restart(t, "SIGTERM"))
		time.Sleep(settled)
	}
	o := p.finish(t)
	o.show("restart (SIGTERM)", n)
	o.sound(t)
	if soak && o.median > time.Second { // beside other tests on two cores it is no measure
		t.Errorf("ready again %s after the broker (median), want at most 1s", o.median)
	}
}

// TestPauses stops the broker's clock for 10 s with its links open.
func TestPauses(t *testing.T) {
	t.Parallel()
	m := broker(t, conf(t, "mosquitto.conf"))
	p := startPair(t, "", m.url)
	n := times(1, 20)
	for range n {
		m.pause(t, 10*time.Second)
		time.Sleep(2 * time.Second)
	}
	o := p.finish(t)
	o.show("pause of 10 s", n)
	o.sound(t)
}

// TestDurableKills kills a broker that writes down what it has acknowledged.
func TestDurableKills(t *testing.T) {
	t.Parallel()
	m := broker(t, conf(t, "mosquitto.durable.conf"))
	// Each message is some writes of the whole database: more than this piles up
	// while the broker is away, and what waits makes each write dearer.
	p := startPair(t, "", m.url, fmt.Sprintf("%s=%d", Rate, 40))
	n := times(2, 100)
	for range n {
		before := p.ups(t)
		p.back(t, before, m.restart(t, "SIGKILL"))
		time.Sleep(settled)
	}
	o := p.finish(t)
	o.show("kill (SIGKILL), durable settings", n)
	o.sound(t)
}

// TestKills kills a broker that has promised more than it has written down. What
// it had not handed on is the broker's loss. What comes before the handler has
// subscribed again is lost to a pair made by hand with paho.golang, and not to
// ours.
func TestKills(t *testing.T) {
	t.Parallel()
	m := broker(t, conf(t, "mosquitto.conf"))
	ours, theirs := startPair(t, "", m.url), startPair(t, "bare-", m.url)
	n := times(2, 100)
	for range n {
		before, beside := ours.ups(t), theirs.ups(t)
		there := m.restart(t, "SIGKILL")
		ours.back(t, before, there)
		theirs.back(t, beside, there)
		time.Sleep(settled)
	}
	o, h := ours.finish(t), theirs.finish(t)
	o.show("kill (SIGKILL), default settings: kit", n)
	h.show("kill (SIGKILL), default settings: paho by hand", n)
	o.flat(t)
	// By luck either may lose next to nothing; and with two kills beside other
	// work, what waits at the broker when it is killed decides.
	slack := rate
	if !soak {
		slack = 5 * rate * n
	}
	if o.lost > h.lost+slack {
		t.Errorf("%d were lost, and %d of the pair by hand", o.lost, h.lost)
	}
}

// TestLinks cuts, blinds, delays and resets the links between the services and
// a broker that lives.
func TestLinks(t *testing.T) {
	t.Parallel()
	_, proxy := proxied(t, conf(t, "mosquitto.conf"))
	alive := time.Duration(times(2, 4)) * time.Second
	env := []string{"MQTT_KEEPALIVE=" + alive.String()}
	if !soak {
		env = append(env, "MQTT_RECONNECT_MAX_DELAY=1s")
	}
	p := startPair(t, "", proxy.url, env...)
	hold := func(d time.Duration) func() { return func() { time.Sleep(d) } }
	faults := []struct {
		name        string
		short, long int
		run         func()
	}{
		{"link cut for 1 s", 2, 50, func() {
			before := p.ups(t)
			proxy.enable(t, false)
			time.Sleep(time.Second)
			proxy.enable(t, true)
			p.back(t, before, time.Now())
		}},
		{"half-open link, nothing comes back", 1, 10, func() {
			before := p.ups(t)
			proxy.with(t, hold(2*alive), toxic{Type: "timeout", Stream: "downstream", Toxicity: 1})
			p.back(t, before, time.Now())
		}},
		{"half-open link, both ways", 1, 10, func() {
			before := p.ups(t)
			proxy.with(t, hold(2*alive), both("timeout", 1, nil)...)
			p.back(t, before, time.Now())
		}},
		{"slow close", 1, 20, func() {
			before := p.ups(t)
			proxy.with(t, func() {
				proxy.enable(t, false)
				proxy.enable(t, true)
				time.Sleep(time.Second)
			}, both("slow_close", 1, map[string]int{"delay": 800})...)
			p.back(t, before, time.Now())
		}},
		{"latency of 400 ms", 1, 20, func() {
			proxy.with(t, hold(3*time.Second), both("latency", 1, map[string]int{"latency": 400})...)
		}},
		{"resets, 1 in 20", 20, 400, func() { // the dice roll when a toxic is added
			proxy.with(t, hold(100*time.Millisecond), both("reset_peer", 0.05, nil)...)
		}},
	}
	total := 0
	for _, f := range faults {
		n := times(f.short, f.long)
		total += n
		before := p.ups(t)
		for range n {
			f.run()
		}
		after := p.ups(t)
		t.Logf("%s, %d times: connected again %d and %d times", f.name, n, after[0]-before[0], after[1]-before[1])
	}
	o := p.finish(t)
	o.show("links cut, half-open, slow to close, late, reset", total)
	o.sound(t)
}
