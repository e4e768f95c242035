// Command bench compares the kit with the MQTT client beneath it, used by hand:
// messages a second, CPU time and allocations per message, latency and memory.
//
//	go run ./kit/bench            # all cells, about ten minutes
//	go run ./kit/bench -short     # the five that matter most, under a minute
//	go run ./kit/bench -cells 'in qos1 350B' -pairs 9
//	go run ./kit/bench -cells '(in|out) qos. 350B x1' -peer 'other=./other --quiet'
//
// The system under test, the driver of its load and the broker are processes of
// their own, and CPU time is of the first alone. Every sample is a fresh
// process. Samples of the contenders alternate, so that a busy machine is busy
// for all of them, and what counts is the ratio within a pair.
//
// The broker is Mosquitto: at -broker, else the program mosquitto, else a
// container of the image eclipse-mosquitto:2. Without any of them both clients
// are measured on the broker of the kit.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// runPlan is what one run measures.
type runPlan struct {
	cells   []cell
	pairs   int
	scale   float64     // of the messages in a round
	rounds  int         // of a sample
	profile string      // folder for profiles of the system under test, or empty
	broker  string      // URL of a Mosquitto, or empty
	senders int         // that publish at once in out; 0 is the usual
	peers   []contender // other clients, without a URL
}

func main() {
	if runRole() {
		return
	}
	var p runPlan
	short := flag.Bool("short", false, "the five cells that matter most, 3 pairs each")
	list := flag.Bool("list", false, "list the cells and stop")
	only := flag.String("cells", "", "regular expression: the cells to measure")
	flag.IntVar(&p.pairs, "pairs", 0, "pairs of a cell; 0 is 5, or 3 with -short")
	flag.IntVar(&p.rounds, "rounds", 2, "how often the messages of in and out are sent in one sample")
	flag.Float64Var(&p.scale, "scale", 1, "messages of a round, as a multiple of the usual")
	flag.IntVar(&p.senders, "publishers", 0, "how many publish at once in out; 0 is 64")
	flag.StringVar(&p.broker, "broker", "", "URL of a Mosquitto that runs already: mqtt://127.0.0.1:1883")
	flag.StringVar(&p.profile, "profile", "", "write CPU and allocation profiles of the systems under test into this folder")
	flag.Func("peer", "measure `name=command` too: a system under test of another make, as sut.go says; in and out of one service only", func(text string) error {
		name, command, ok := strings.Cut(text, "=")
		if !ok || name == "" || command == "" {
			return errors.New("want name=command")
		}
		p.peers = append(p.peers, contender{client: name, broker: "mosquitto", command: strings.Fields(command)})
		return nil
	})
	flag.Parse()
	want, err := regexp.Compile(*only)
	if err != nil {
		exitWith(err)
	}
	for _, c := range allCells() {
		if want.MatchString(c.String()) && (!*short || c.short) {
			p.cells = append(p.cells, c)
		}
	}
	if p.pairs == 0 {
		p.pairs = map[bool]int{true: 3, false: 5}[*short]
	}
	if *list {
		for _, c := range p.cells {
			fmt.Println(c)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := p.run(ctx, os.Stdout); err != nil {
		stop()
		exitWith(err)
	}
}

func exitWith(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

// run measures and prints.
func (p runPlan) run(ctx context.Context, out *os.File) error {
	brokers, err := startBrokers(ctx, p.broker)
	if err != nil {
		return err
	}
	defer brokers.stop()
	begin := time.Now()
	fmt.Fprintf(out, "%d cells, %d pairs each, %d CPUs, %s %s/%s, Mosquitto: %s\n",
		len(p.cells), p.pairs, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, brokers.note)
	fmt.Fprint(out, "Median (least..most) of the pairs. CPU and allocations are those of the system under test, per message; broker is the CPU time of the broker.\n\n")
	for _, c := range p.cells {
		got := make(map[string][]sample)
		arms := p.contendersOf(c, brokers.contenders)
		for pair := range p.pairs {
			for i := range arms {
				a := arms[(i+pair)%len(arms)] // each goes first in its turn
				s, err := p.measure(ctx, c, a, pair)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", c, a, err)
				}
				got[a.String()] = append(got[a.String()], s)
			}
		}
		printCell(out, c, arms, got)
	}
	fmt.Fprintf(out, "took %s\n", time.Since(begin).Round(time.Second))
	return nil
}

// contendersOf of a cell: peers need know no more than in and out of one service.
func (p runPlan) contendersOf(c cell, own []contender) []contender {
	if c.Services > 1 || c.Mode != "in" && c.Mode != "out" {
		return own
	}
	all := slices.Clone(own)
	for _, a := range p.peers {
		a.url, a.pid = own[0].url, own[0].pid
		all = append(all, a)
	}
	return all
}

// cell is one thing to measure.
type cell struct {
	Mode     string // in, out, ask, flood
	QoS      byte
	Size     int // bytes of a payload
	Services int // in the process under test
	short    bool
}

func (c cell) String() string {
	size := fmt.Sprintf("%dB", c.Size)
	if c.Size >= 1<<10 {
		size = fmt.Sprintf("%dKiB", c.Size>>10)
	}
	return fmt.Sprintf("%s qos%d %s x%d", c.Mode, c.QoS, size, c.Services)
}

// modeTexts is what a mode measures.
var modeTexts = map[string]string{
	"in":    "broker to typed handler; each message reaches every service",
	"out":   "publish a typed message, many at a time",
	"ask":   "request and reply, 200 a second, the other services idle",
	"flood": "request and reply, 16 at a time, the other services idle",
}

func allCells() (all []cell) {
	for _, mode := range []string{"in", "out", "ask", "flood"} {
		for _, services := range []int{1, 6, 50} {
			for _, size := range []int{350, 16 << 10} {
				for qos := range byte(2) {
					if (mode == "ask" || mode == "flood") && size > 350 { // what matters there is the way, not the load
						continue
					}
					short := services == 1 && size == 350 && (mode == "in" || mode == "out" || mode == "ask" && qos == 1)
					all = append(all, cell{mode, qos, size, services, short})
				}
			}
		}
	}
	return all
}

// messages is how many a sample has.
func (c cell) messages(scale float64) int {
	n := 12000
	switch {
	case c.Mode == "ask":
		n = 300
	case c.Mode == "flood":
		n = 5000
	}
	if c.Size > 350 {
		n /= 4
	}
	n = max(int(float64(n)*scale), 2*c.Services)
	return n / c.Services * c.Services
}

// contender is a contender: a client on a broker. A command is one of another make.
type contender struct {
	client, broker, url string
	pid                 int // of the broker; 0 is unknown
	command             []string
}

func (a contender) String() string { return a.client + " on " + a.broker }
