package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// usage is what the system under test has used since its start, and where it
// stands.
type usage struct {
	At      time.Time
	CPU     time.Duration
	Mallocs uint64
	Bytes   uint64 // allocated
	RSS     uint64 // bytes
	Handled int64
}

// spec is what a system under test is to be.
type spec struct {
	cell
	Client     string // hand or kit
	URL        string
	Profile    string // path without its end, or empty
	Publishers int    // goroutines in one service
}

// systemUnderTest is one process of services. It obeys lines on its standard input and
// says usages, as JSON, on its standard output: one when it is ready, one for
// each order, and a second one when the messages that it was told to await have
// come ("await 12000") or those that it was told to send are accepted ("send
// 12000"). It ends with its standard input. What it is to be stands in BENCH_SPEC.
type systemUnderTest struct {
	spec
	handled atomic.Int64
	goal    atomic.Int64
	reached chan struct{} // capacity 1
	// publish sends a message with the text from service i.
	publish func(ctx context.Context, i int, text string) error
}

func runSystem(s spec) error {
	sys := &systemUnderTest{spec: s, reached: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	start := sys.byHand
	if s.Client == "kit" {
		start = sys.byKit
	}
	stop, err := start(ctx)
	if err != nil {
		return err
	}
	sys.reportUsage()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		order, arg, _ := strings.Cut(lines.Text(), " ")
		n, _ := strconv.Atoi(arg)
		if err := sys.runOrder(ctx, order, n); err != nil {
			return err
		}
	}
	return stop()
}

func (s *systemUnderTest) runOrder(ctx context.Context, order string, n int) error {
	switch order {
	case "profile":
		f, err := os.Create(s.Profile + ".cpu")
		if err != nil {
			return err
		}
		return pprof.StartCPUProfile(f)
	case "profiled":
		pprof.StopCPUProfile()
		f, err := os.Create(s.Profile + ".allocs")
		if err != nil {
			return err
		}
		defer f.Close()
		return pprof.Lookup("allocs").WriteTo(f, 0)
	case "await":
		s.goal.Store(s.handled.Load() + int64(n))
		s.reportUsage()
		go func() { <-s.reached; s.reportUsage() }()
	case "send":
		s.reportUsage()
		go func() { s.publishAll(ctx, n); s.reportUsage() }()
	default:
		s.reportUsage()
	}
	return nil
}

// reportUsage writes the usage down.
func (s *systemUnderTest) reportUsage() {
	at := time.Now()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	text, err := json.Marshal(usage{at, cpuTime(), m.Mallocs, m.TotalAlloc, residentSet(), s.handled.Load()})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

// countHandled is the handler of all systems, after the message was understood.
func (s *systemUnderTest) countHandled(text string) {
	if len(text) == 0 {
		panic("a message without text")
	}
	if s.handled.Add(1) == s.goal.Load() {
		s.reached <- struct{}{}
	}
}

// publishAll publishes n messages from all services.
func (s *systemUnderTest) publishAll(ctx context.Context, n int) {
	text := s.messageText()
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for i := range s.Services {
		for range s.Publishers {
			wg.Go(func() {
				for left.Add(-1) >= 0 {
					if err := s.publish(ctx, i, text); err != nil {
						panic(err)
					}
				}
			})
		}
	}
	wg.Wait()
}

// messageText makes a message as long as the driver's.
func (s *systemUnderTest) messageText() string {
	return englishText(s.Size - len(publishPacket(topicOut, newID(), 0)))
}
