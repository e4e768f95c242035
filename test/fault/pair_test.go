package fault

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// soak asks for the long form: hundreds of faults instead of a few.
var soak = os.Getenv("TARS_SOAK") != ""

// times is how often a fault is repeated in the short and in the long form.
func times(short, long int) int {
	if soak {
		return long
	}
	return short
}

// rate is how many messages a second a pair sends. The short form runs beside
// other packages.
var rate = times(200, 500)

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "8") // they wait for brokers more than they compute
	code := m.Run()
	sweep()
	rows.print()
	os.Exit(code)
}

// rows is the table of what was counted, for docs/faults.md.
var rows table

type table struct {
	mu   sync.Mutex
	rows []string
}

func (r *table) add(columns ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var cells []string
	for _, c := range columns {
		cells = append(cells, strings.ReplaceAll(fmt.Sprint(c), "_", " "))
	}
	r.rows = append(r.rows, "| "+strings.Join(cells, " \t| ")+" \t|")
}

func (r *table) print() {
	if len(r.rows) == 0 {
		return
	}
	slices.Sort(r.rows)
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 0, ' ', 0)
	fmt.Fprintln(w, "| fault \t| rounds \t| sent \t| lost \t| twice \t| ready again after, median \t| most \t| goroutines \t| heap MiB \t| RSS MiB \t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, row := range r.rows {
		fmt.Fprintln(w, row)
	}
	_ = w.Flush()
}

// pair is a service that sends a constant load to another.
type pair struct {
	send, take *worker
	books      [2]string // what was sent, what was handled
	was        [2]state
	broken     []time.Duration // from the broker's answer to ready, both services
}

// state is what a worker holds while nothing happens.
type state struct {
	Stats
	rss int
}

// startPair starts both and their load.
func startPair(t *testing.T, prefix, url string, env ...string) *pair {
	t.Helper()
	p := &pair{books: [2]string{filepath.Join(t.TempDir(), "sent"), filepath.Join(t.TempDir(), "handled")}}
	env = append([]string{"MQTT_URL=" + url, "MQTT_DEDUPE_TTL=60s", "MQTT_DEDUPE_MAX_ENTRIES=100000", fmt.Sprintf("%s=%d", Rate, rate)}, env...)
	p.take = start(t, prefix+"take", append(env, Ledger+"="+p.books[1])...)
	p.take.ready(t, 1)
	p.send = start(t, prefix+"send", append(env, Ledger+"="+p.books[0])...)
	p.send.ready(t, 1)
	p.send.tell(t, Go)
	time.Sleep(time.Second) // buffers and pools grow to their size
	p.was = p.hold(t)
	return p
}

func (p *pair) hold(t *testing.T) (s [2]state) {
	t.Helper()
	for i, w := range []*worker{p.send, p.take} {
		s[i] = state{w.tell(t, Tally), w.memory(t, "VmRSS")}
	}
	return s
}

// ups is how often the links were ready.
func (p *pair) ups(t *testing.T) (n [2]int) {
	t.Helper()
	for i, w := range []*worker{p.send, p.take} {
		n[i] = len(w.tell(t, Tally).Ups)
	}
	return n
}

// back waits until both links are ready once more than before, and notes how
// long that took from the moment in which the broker was there again.
func (p *pair) back(t *testing.T, before [2]int, there time.Time) {
	t.Helper()
	for i, w := range []*worker{p.send, p.take} {
		s := w.ready(t, before[i]+1)
		p.broken = append(p.broken, max(0, s.Ups[before[i]].Sub(there)))
	}
}

// outcome is what became of a load.
type outcome struct {
	sent, lost, twice int
	withheld, failed  int64
	median, most      time.Duration
	was, is           [2]state
}

// finish ends the load, lets what is under way arrive, and counts.
func (p *pair) finish(t *testing.T) (o outcome) {
	t.Helper()
	s := p.send.tell(t, Stop)
	o.withheld, o.failed, o.was = s.Withheld, s.Failed, p.was
	var sent, handled map[int]int
	for last, since := int64(-1), time.Now(); time.Since(since) < 12*time.Second; time.Sleep(200 * time.Millisecond) {
		n := p.take.tell(t, Tally).Handled
		if n != last {
			last, since = n, time.Now()
		}
		sent, handled = read(t, p.books[0]), read(t, p.books[1])
		if o.lost = missing(sent, handled); o.lost == 0 && time.Since(since) > time.Second {
			break
		}
	}
	o.sent, o.lost = len(sent), missing(sent, handled)
	for _, n := range handled {
		if n > 1 {
			o.twice++
		}
	}
	slices.Sort(p.broken)
	if n := len(p.broken); n > 0 {
		o.median, o.most = p.broken[n/2].Round(time.Millisecond), p.broken[n-1].Round(time.Millisecond)
	}
	o.is = p.hold(t)
	return o
}

func read(t *testing.T, path string) map[int]int {
	t.Helper()
	counts, err := ReadBook(path)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func missing(sent, handled map[int]int) (n int) {
	for k := range sent {
		if handled[k] == 0 {
			n++
		}
	}
	return n
}

// show adds the outcome to the table.
func (o outcome) show(name string, rounds int) {
	change := func(of func(state) float64, form string) string {
		return fmt.Sprintf(form+" → "+form+", "+form+" → "+form, of(o.was[0]), of(o.is[0]), of(o.was[1]), of(o.is[1]))
	}
	rows.add(name, rounds, o.sent, o.lost, o.twice, o.median, o.most,
		change(func(s state) float64 { return float64(s.Goroutines) }, "%.0f"),
		change(func(s state) float64 { return float64(s.Heap) / (1 << 20) }, "%.1f"),
		change(func(s state) float64 { return float64(s.rss) / (1 << 20) }, "%.0f"))
}

// sound fails the test unless everything arrived once and nothing grew.
func (o outcome) sound(t *testing.T) {
	t.Helper()
	if o.sent == 0 || o.failed > 0 {
		t.Errorf("%d sent, %d failed", o.sent, o.failed)
	}
	if o.lost > 0 || o.twice > 0 {
		t.Errorf("of %d, %d were lost and %d handled twice, want none", o.sent, o.lost, o.twice)
	}
	if o.withheld > 0 {
		t.Logf("%d were not tried because too many waited", o.withheld)
	}
	o.flat(t)
}

// flat fails the test when a service holds more than before its faults.
func (o outcome) flat(t *testing.T) {
	t.Helper()
	for i, name := range []string{"the sender", "the taker"} {
		was, is := o.was[i], o.is[i]
		if is.Goroutines > was.Goroutines+20 {
			t.Errorf("%s has %d goroutines, had %d", name, is.Goroutines, was.Goroutines)
		}
		if is.Heap > was.Heap+16<<20 {
			t.Errorf("%s holds %d MiB, held %d", name, is.Heap>>20, was.Heap>>20)
		}
		if !racing && is.rss > was.rss+96<<20 {
			t.Errorf("%s takes %d MiB, took %d", name, is.rss>>20, was.rss>>20)
		}
	}
}
