//go:build unix

package memory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// scaled is a file with n lines of a household and a vector for each.
func scaled(b *testing.B, n int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "memory.db")
	s := newStore(path)
	if err := s.Open(context.Background()); err != nil {
		b.Fatal(err)
	}
	all := chatter(n)
	if _, err := s.AddAll(context.Background(), all); err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	kept, err := s.lines(context.Background(), "SELECT "+columns+" FROM line ORDER BY id")
	if err != nil {
		b.Fatal(err)
	}
	some := make([][]float32, 200)
	for i := range some {
		some[i] = random(r, 384)
	}
	for part := range slices.Chunk(kept, 5000) {
		vs := make([][][]float32, len(part))
		for i := range part {
			vs[i] = [][]float32{around(r, some[r.IntN(len(some))], 0.6)}
		}
		if _, err := s.SetVectors(context.Background(), "model", part, vs); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkReady opens a memory: how long until words answer, and until vectors do.
func BenchmarkReady(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			path := scaled(b, n)
			var words, vectors time.Duration
			for b.Loop() {
				s, m := newStore(path), &SemanticIndex{}
				begun := time.Now()
				if err := s.Open(context.Background()); err != nil {
					b.Fatal(err)
				}
				words += time.Since(begun)
				m.store = s
				if err := m.load(context.Background(), &vectorSpace{model: "model"}); err != nil {
					b.Fatal(err)
				}
				vectors += time.Since(begun)
				_ = s.Close()
			}
			b.ReportMetric(float64(words.Milliseconds())/float64(b.N), "words-ms")
			b.ReportMetric(float64(vectors.Milliseconds())/float64(b.N), "vectors-ms")
		})
	}
}

// BenchmarkRecall answers queries as the service does, but for the embedding of the question.
func BenchmarkRecall(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchRecall(b, n) })
	}
}

func benchRecall(b *testing.B, n int) {
	s := newStore(scaled(b, n))
	if err := s.Open(context.Background()); err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	space, m := &vectorSpace{model: "model"}, &SemanticIndex{store: s}
	if err := m.load(context.Background(), space); err != nil {
		b.Fatal(err)
	}
	debug.FreeOSMemory()
	rss := residentMB(b)
	r := rand.New(rand.NewPCG(3, 4))
	facts, meant := readFacts(b, "facts.tsv"), make([][]float32, 100)
	for i := range meant {
		meant[i] = random(r, 384)
	}
	var took []time.Duration
	cpu := processorTime(b)
	for b.Loop() {
		i := len(took) % len(facts)
		ask := facts[i].same
		if len(took)%2 == 1 {
			ask = fill(r, templates[r.IntN(len(templates))])
		}
		q := recollection{store: s, mean: func(context.Context, string) *meaning { return &meaning{vector: meant[i], index: &space.index} },
			q: contract.MemoryQuery{Text: ask, TopK: 5, MaxTokens: new(2000), IncludeContext: true}}
		begun := time.Now()
		if _, err := q.results(context.Background()); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begun))
	}
	spent := processorTime(b) - cpu
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(spent.Microseconds())/1000/float64(len(took)), "cpu-ms")
	b.ReportMetric(rss, "rss-MB")
	runtime.KeepAlive(space)
}

// processorTime is what this process has used of the processors: what other processes do
// does not count.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// residentMB is what this process has in memory, 0 where that is not known.
func residentMB(b *testing.B) float64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), "VmRSS:")
	kb := 0
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		b.Log(err)
	}
	return float64(kb) / 1024
}

// BenchmarkAddAll keeps lines by the hundred, as an import does.
func BenchmarkAddAll(b *testing.B) {
	s := newStore(filepath.Join(b.TempDir(), "memory.db"))
	if err := s.Open(context.Background()); err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const n = 100
	all, begun, i := chatter(n), time.Now(), 0
	for b.Loop() {
		i++
		for k := range all {
			all[k].ID, all[k].Line.UttID = fmt.Sprint(i, " ", k), fmt.Sprint(i, " ", k)
		}
		if _, err := s.AddAll(context.Background(), all); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*i)/time.Since(begun).Seconds(), "lines/s")
}
