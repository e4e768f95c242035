package install

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/dustin/go-humanize"
	"golang.org/x/term"
)

// Progress tells a person how far an installation is: on a terminal in one
// line that changes, elsewhere in a line for each step.
type Progress struct {
	out      io.Writer
	terminal bool
	mu       sync.Mutex
	what     string
	size     int64 // of this step
	before   int64 // of the steps that are over
	total    int64
	watch    func(Step) // is told each change; nil: nobody watches
}

// Step is how far an installation is.
type Step struct {
	What        string // that is done now
	Done, Total int64  // bytes that were fetched, of all; a total of 0 is not known
}

// NewWatch is a progress that is told to watch and printed nowhere. Calls come one at a
// time.
func NewWatch(watch func(Step)) *Progress { return &Progress{out: io.Discard, watch: watch} }

// tell tells who watches that n bytes of this step are done. The caller holds the lock.
func (p *Progress) tell(n int64) {
	if p.watch != nil {
		p.watch(Step{What: p.what, Done: min(p.before+n, p.total), Total: p.total})
	}
}

// NewProgress writes to f.
func NewProgress(f *os.File) *Progress {
	return &Progress{out: f, terminal: Terminal(f)}
}

// Terminal reports whether a person may be at f.
func Terminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// begin starts counting to total bytes.
func (p *Progress) begin(total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.size, p.before, p.total = "", 0, 0, total
}

// step starts a step of size bytes, or of none that count.
func (p *Progress) step(what string, size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before += p.size
	p.what, p.size = what, size
	p.tell(0)
	switch {
	case p.terminal:
		p.show(0)
	case size > 0:
		fmt.Fprintf(p.out, "%s, %s\n", what, Bytes(size))
	default:
		fmt.Fprintln(p.out, what)
	}
}

// at says how many bytes of this step are done.
func (p *Progress) at(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell(min(n, p.size))
	if p.terminal {
		p.show(min(n, p.size))
	}
}

func (p *Progress) show(n int64) {
	percent := int64(0)
	if p.total > 0 {
		percent = 100 * min(p.before+n, p.total) / p.total
	}
	if p.size > 0 {
		fmt.Fprintf(p.out, "\r\033[K  %3d %%  %s  %s of %s", percent, p.what, Bytes(n), Bytes(p.size))
		return
	}
	fmt.Fprintf(p.out, "\r\033[K  %3d %%  %s", percent, p.what)
}

// say prints a line that stays.
func (p *Progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal {
		fmt.Fprint(p.out, "\r\033[K")
	}
	fmt.Fprintf(p.out, format+"\n", args...)
}

// end leaves the terminal as it was.
func (p *Progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal {
		fmt.Fprint(p.out, "\r\033[K")
	}
}

// Bytes is a size for people: "1.2 GB", "43 MB", "1 B".
func Bytes(n int64) string { return humanize.Bytes(uint64(max(0, n))) }
