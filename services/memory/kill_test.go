package memory_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotars/tars/services/memory"
)

// writers is how many goroutines write at once in the process that is killed.
const writers, inserts = 10, 1000

// insertMany writes lines and their vectors, and says which lines are kept.
func insertMany(t *testing.T, dir string) {
	s := open(t, dir)
	ctx := context.Background()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < inserts; i += writers {
				text := fmt.Sprintf("boat number%d", i)
				if err := s.Add(ctx, fmt.Sprint("m", i), memory.Line{Role: "user", Text: text, At: time.Now()}); err != nil {
					t.Error(err)
				}
				fmt.Println("kept", i)
				if err := s.GiveVector(ctx, text); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	fmt.Println("all")
	time.Sleep(time.Minute) // until it is killed
}

// TestKillLosesNothing kills a process with kill -9 while it writes, 20 times, at other
// moments. What it had reported as kept must be there, words must find it, and vectors be
// those of lines that are there.
func TestKillLosesNothing_RealTime(t *testing.T) {
	if dir := os.Getenv("MEMORY_TEST_WRITE"); dir != "" {
		insertMany(t, dir)
		return
	}
	times := 20
	if testing.Short() {
		times = 3
	}
	for n := range times {
		dir := t.TempDir()
		kept := killAfter(t, dir, (n*inserts)/times+1)
		s := open(t, dir)
		for _, i := range kept {
			if lines, err := s.Find(t.Context(), "number"+i, 2); err != nil || len(lines) != 1 {
				t.Errorf("kill %d of %d: line %s was kept, and is found %d times (%v)", n+1, times, i, len(lines), err)
			}
		}
		orphans, bare, err := s.Agreement(t.Context())
		if err != nil || orphans > 0 || bare > inserts {
			t.Errorf("kill %d: %d vectors without a line, %d lines without a vector, %v", n+1, orphans, bare, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// killAfter has a process write, kills it when it has kept n lines, and returns which those
// are that it said it had.
func killAfter(t *testing.T, dir string, n int) (kept []string) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestKillLosesNothing_RealTime$")
	c.Env = append(os.Environ(), "MEMORY_TEST_WRITE="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	for lines := bufio.NewScanner(out); lines.Scan(); { // also what is in the pipe when it is dead
		i, ok := strings.CutPrefix(lines.Text(), "kept ")
		if ok {
			kept = append(kept, i)
		}
		if !killed && len(kept) >= n {
			killed = true
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = c.Wait()
	if len(kept) < n {
		t.Fatalf("the process ended after %d lines of %d", len(kept), n)
	}
	return kept
}
