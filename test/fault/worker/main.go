// Command worker is one service under fault. FAULT_ROLE says which: send and
// take are made with the kit, bare-send and bare-take by hand with paho.golang.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/test/fault"
)

func main() {
	role := os.Getenv(fault.Role)
	w, err := newWorker()
	if err == nil {
		switch role {
		case "send":
			runModule[*sender](role, w, newSender)
		case "take":
			runModule[*taker](role, w, newTaker)
		case "bare-send", "bare-take":
			err = runByHand(role, w)
		default:
			err = fmt.Errorf("%s is %q", fault.Role, role)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// runModule runs a service of the kit until it is told to stop.
func runModule[S kit.HandlerProvider](role string, w *worker, constructor any) {
	kit.Main(kit.Service[S](role, kit.As(kit.Identity{ClientID: "fault-" + role, Source: "fault-" + role}), fx.Supply(w), fx.Provide(constructor)))
}

// worker is what all roles have.
type worker struct {
	book *fault.Book
	rate float64
	work time.Duration

	begin sync.Once
	on    chan struct{} // closed when sending begins
	off   atomic.Bool   // sending is over

	sent, failed, withheld, open, began, handled atomic.Int64

	mu  sync.Mutex
	ups []time.Time
}

func newWorker() (w *worker, err error) {
	w = &worker{on: make(chan struct{}), rate: 500}
	if s := os.Getenv(fault.Rate); s != "" {
		if w.rate, err = strconv.ParseFloat(s, 64); err != nil {
			return nil, err
		}
	}
	if s := os.Getenv(fault.Work); s != "" {
		if w.work, err = time.ParseDuration(s); err != nil {
			return nil, err
		}
	}
	if path := os.Getenv(fault.Ledger); path != "" {
		if w.book, err = fault.OpenBook(path); err != nil {
			return nil, err
		}
	}
	go w.obey()
	return w, nil
}

// obey answers the commands on standard input until it ends.
func (w *worker) obey() {
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case fault.Go:
			w.begin.Do(func() { close(w.on) })
		case fault.Stop:
			w.off.Store(true)
			for w.open.Load() > 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		_ = out.Encode(w.stats())
	}
}

func (w *worker) stats() fault.Stats {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.mu.Lock()
	defer w.mu.Unlock()
	return fault.Stats{Goroutines: runtime.NumGoroutine(), Heap: m.HeapAlloc, Sent: w.sent.Load(), Failed: w.failed.Load(),
		Withheld: w.withheld.Load(), Open: w.open.Load(), Began: w.began.Load(), Handled: w.handled.Load(), Ups: w.ups}
}

// up notes that the link is ready.
func (w *worker) up() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ups = append(w.ups, time.Now())
}

// write enters n into the ledger.
func (w *worker) write(n int) {
	if w.book == nil {
		return
	}
	if err := w.book.Add(n); err != nil {
		panic(err)
	}
}
