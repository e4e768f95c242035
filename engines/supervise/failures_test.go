package supervise

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheTimeBetweenStartsGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f failures
		wait := func() time.Duration { return time.Until(f.until) }
		for _, want := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, maxRestartDelay, maxRestartDelay} {
			f.noteFailedStart()
			if wait() != want {
				t.Errorf("failure %d is followed by %v, want %v", f.inRow, wait(), want)
			}
		}
		good := time.Now()
		time.Sleep(stableAfter)
		for i, want := range []time.Duration{0, 500 * time.Millisecond, time.Second} {
			f.noteDeath(good)
			if wait() != want {
				t.Errorf("death %d is followed by %v, want %v", i+1, wait(), want)
			}
			good = time.Now() // the next one dies at once
		}
	})
}

func TestALogKeepsItsSizeAndItsEnd(t *testing.T) {
	name := filepath.Join(t.TempDir(), "logs", "x.log")
	l, err := openLog(name)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 1022)
	for i := range 3 * maxLogBytes / 1024 {
		fmt.Fprintf(l, "%s\n\n", line[:1000+i%20])
	}
	fmt.Fprint(l, "the cause\nthe consequence\n")
	if got, want := l.takeLastLines(), "the cause | the consequence"; got != want {
		t.Errorf("ends with %q, want %q", got, want)
	}
	if got := l.takeLastLines(); got != "" {
		t.Errorf("then ends with %q", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{name, name + ".1"} {
		if i, err := os.Stat(n); err != nil || i.Size() > maxLogBytes || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", n, i, err)
		}
	}
	if l, err = openLog(name); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.size == 0 {
		t.Error("a log begins anew")
	}
}
