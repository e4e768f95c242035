package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// sample is one measurement.
type sample struct {
	rate     float64 // messages a second
	cpu      float64 // microseconds a message
	allocs   float64 // a message
	broker   float64 // microseconds of the broker, a message
	p50, p99 float64 // microseconds; 0 but for ask and flood
	rss      float64 // MiB, when all is done
}

// warmupShare is the part of a sample that runs before it, unmeasured.
const warmupShare = 0.2

// measure starts a fresh system under test, and takes one sample of it.
func (p runPlan) measure(ctx context.Context, c cell, a contender, pair int) (_ sample, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(1+p.rounds)*stepTimeout)
	defer cancel()
	s, err := p.specOf(c, a, pair)
	if err != nil {
		return sample{}, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return sample{}, err
	}
	sut, err := startChild(a.command, "system", string(text))
	if err != nil {
		return sample{}, err
	}
	defer func() {
		if end := sut.stop(); err == nil {
			err = end
		}
	}()
	if _, err := sut.usage(); err != nil {
		return sample{}, err
	}
	t := &loadRun{cell: c, sut: sut, broker: a.pid}
	if t.driver, err = newDriver(ctx, a.url, t.arrived); err != nil {
		return sample{}, err
	}
	defer t.driver.close()
	n := c.messages(p.scale)
	if _, err := t.run(ctx, max(int(float64(n)*warmupShare)/c.Services, 1)*c.Services); err != nil {
		return sample{}, fmt.Errorf("rehearsal: %w", err)
	}
	if s.Profile != "" {
		if err := sut.sendOrder("profile"); err != nil {
			return sample{}, err
		}
	}
	var got []sample
	for range p.roundsOf(c) {
		s, err := t.run(ctx, n)
		if err != nil {
			return sample{}, err
		}
		got = append(got, s)
	}
	if s.Profile != "" {
		err = sut.sendOrder("profiled")
	}
	return meanOf(got), err
}

// specOf is what the system under test is to be.
func (p runPlan) specOf(c cell, a contender, pair int) (spec, error) {
	s := spec{cell: c, Client: a.client, URL: a.url, Publishers: max(1, cmp.Or(p.senders, 64)/c.Services)}
	if p.profile == "" {
		return s, nil
	}
	name := fmt.Sprintf("%s.%s.%d", c, a, pair)
	s.Profile = filepath.Join(p.profile, strings.ReplaceAll(name, " ", "-"))
	return s, os.MkdirAll(p.profile, 0o755)
}

// roundsOf is how often the messages of a sample are sent. A round ends when
// all are through, so no queue of a broker overflows. At QoS 0 it takes a tenth
// of a second, which one collection of garbage decides, so there are more.
func (p runPlan) roundsOf(c cell) int {
	switch {
	case c.Mode == "ask" || c.Mode == "flood":
		return 1
	case c.QoS == 0:
		return 4 * p.rounds
	}
	return p.rounds
}

// meanOf of rounds with the same number of messages.
func meanOf(rounds []sample) (m sample) {
	n := float64(len(rounds))
	for _, s := range rounds {
		m.rate += 1 / s.rate / n
		m.cpu += s.cpu / n
		m.allocs += s.allocs / n
		m.broker += s.broker / n
		m.p50 += s.p50 / n
		m.p99 += s.p99 / n
		m.rss = max(m.rss, s.rss)
	}
	m.rate = 1 / m.rate
	return m
}

// loadRun is a system under test together with the driver that loads it.
type loadRun struct {
	cell
	sut      *child
	broker   int // pid
	driver   *driver
	requests atomic.Pointer[requestLog]
}

// requestLog are the requests of one run. A request has its number in its id.
type requestLog struct {
	sent    []atomic.Int64 // Unix nanoseconds
	took    []time.Duration
	replies chan struct{} // one for each reply; who received all of them may read took
}

// arrived takes a message that the system under test sent.
func (t *loadRun) arrived(payload []byte) {
	c := t.requests.Load()
	if c == nil {
		return
	}
	mark := []byte(`"id":"`)
	at := bytes.Index(payload, mark) + len(mark)
	if at < len(mark) || len(payload) < at+32 {
		return
	}
	n, err := strconv.Atoi(string(payload[at : at+32]))
	if err != nil || n >= len(c.sent) {
		return
	}
	if sent := c.sent[n].Swap(0); sent != 0 {
		c.took[n] = time.Duration(time.Now().UnixNano() - sent)
		c.replies <- struct{}{}
	}
}

// ackGrace is how long a system under test has to acknowledge what it handled.
const ackGrace = 20 * time.Millisecond

// run has n messages handled, sent or answered.
func (t *loadRun) run(ctx context.Context, n int) (s sample, err error) {
	order := map[string]string{"in": "await", "out": "send"}[t.Mode]
	goal := t.driver.got.Load() + int64(n)
	if err := t.sut.sendOrder("%s %d", cmp.Or(order, "usage"), n); err != nil {
		return s, err
	}
	before, err := t.sut.usage()
	if err != nil {
		return s, err
	}
	end, broker := time.Time{}, processCPU(t.broker)
	switch t.Mode {
	case "in":
		before.At = time.Now()
		end, err = t.feed(ctx, n)
	case "out":
		end, err = t.collect(ctx, goal)
	default:
		s.p50, s.p99, err = t.request(ctx, n)
		end = time.Now()
	}
	if err != nil {
		return s, err
	}
	time.Sleep(ackGrace)
	if err := t.sut.sendOrder("usage"); err != nil {
		return s, err
	}
	after, err := t.sut.usage()
	if err != nil {
		return s, err
	}
	s.broker = float64((processCPU(t.broker) - broker).Nanoseconds()) / 1e3 / float64(n)
	s.rate = float64(n) / end.Sub(before.At).Seconds()
	s.cpu = float64((after.CPU - before.CPU).Nanoseconds()) / 1e3 / float64(n)
	s.allocs = float64(after.Mallocs-before.Mallocs) / float64(n)
	s.rss = float64(after.RSS) / (1 << 20)
	return s, nil
}

// feed publishes what n handlers take, and returns when the last took it.
func (t *loadRun) feed(ctx context.Context, n int) (time.Time, error) {
	if err := t.driver.publishMany(ctx, topicIn, t.QoS, publishPacket(topicIn, newID(), t.Size), n/t.Services); err != nil {
		return time.Time{}, err
	}
	u, err := t.sut.usage()
	return u.At, err
}

// collect takes messages up to the goal, and returns when the last of them was
// accepted and has come.
func (t *loadRun) collect(ctx context.Context, goal int64) (time.Time, error) {
	u, err := t.sut.usage()
	if err != nil {
		return time.Time{}, err
	}
	if t.driver.got.Load() >= goal {
		return u.At, nil
	}
	err = t.driver.awaitMessages(ctx, goal)
	return time.Now(), err
}

const (
	asksPerSecond    = 200
	floodConcurrency = 16
)

// request makes n requests and returns the median and the 99th percentile of what
// they took, in microseconds.
func (t *loadRun) request(ctx context.Context, n int) (p50, p99 float64, err error) {
	c := &requestLog{sent: make([]atomic.Int64, n), took: make([]time.Duration, n), replies: make(chan struct{}, n)}
	t.requests.Store(c)
	defer t.requests.Store(nil)
	tick := time.NewTicker(time.Second / asksPerSecond)
	defer tick.Stop()
	for k, answered := 0, 0; answered < n; {
		free := k < n && (t.Mode == "ask" || k-answered < floodConcurrency)
		if free && t.Mode == "ask" {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return 0, 0, fmt.Errorf("%d of %d replies came: %w", answered, n, ctx.Err())
			}
		}
		if free {
			payload := publishPacket(topicAsk, fmt.Sprintf("%032d", k), t.Size)
			c.sent[k].Store(time.Now().UnixNano())
			if err := t.driver.publishOne(topicAsk, t.QoS, payload); err != nil {
				return 0, 0, err
			}
			k++
			if k < n {
				continue
			}
		}
		select {
		case <-c.replies:
			answered++
		case <-ctx.Done():
			return 0, 0, fmt.Errorf("%d of %d replies came: %w", answered, n, ctx.Err())
		}
	}
	slices.Sort(c.took)
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	return us(c.took[n/2]), us(c.took[n*99/100]), nil
}
