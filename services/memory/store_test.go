package memory_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotars/tars/services/memory"
)

// open opens a store in dir for as long as the test runs.
func open(t testing.TB, dir string) *memory.Store {
	t.Helper()
	s := memory.StoreAt(filepath.Join(dir, "memory.db"))
	if err := s.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func add(t testing.TB, s *memory.Store, id, role, utt, text string, at time.Time) {
	t.Helper()
	if err := s.Add(context.Background(), id, memory.Line{Role: role, Text: text, UttID: utt, At: at}); err != nil {
		t.Fatal(err)
	}
}

func TestJoins(t *testing.T) {
	s, noon := open(t, t.TempDir()), time.Unix(1_730_800_000, 0)
	add(t, s, "1", "user", "a", "Say yes and no.", noon)
	add(t, s, "2", "assistant", "a", "Yes.", noon)
	add(t, s, "3", "assistant", "a", "No.", noon.Add(time.Minute))
	add(t, s, "3", "assistant", "a", "No.", noon.Add(time.Minute))
	add(t, s, "4", "assistant", "", "Without an id.", noon)
	add(t, s, "5", "assistant", "a", "An hour later.", noon.Add(time.Hour))
	lines, err := s.Recent(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range lines {
		got = append(got, l.Text)
	}
	want := []string{"An hour later.", "Without an id.", "Yes. No.", "Say yes and no."}
	if !slices.Equal(got, want) || !lines[2].At.Equal(noon) {
		t.Errorf("kept %q, want %q", got, want)
	}
}

func TestReopens(t *testing.T) {
	tests := map[string]struct {
		spoil func(t *testing.T, path string)
		want  string
	}{
		"a file as it was left":        {func(*testing.T, string) {}, ""},
		"a file of a later version":    {func(t *testing.T, path string) { execute(t, path, "PRAGMA user_version = 99") }, "it has format 99"},
		"a file that is no memory":     {func(t *testing.T, path string) { write(t, path, strings.Repeat("not a database ", 1000)) }, "move the file away"},
		"a folder in place of a file":  {func(t *testing.T, path string) { remove(t, path); _ = os.Mkdir(path, 0o700) }, "is a directory"},
		"a name with odd characters":   {func(*testing.T, string) {}, ""},
		"a half written last sentence": {func(t *testing.T, path string) { write(t, path+"-wal", "half") }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a b?c#d%20e")
			path := filepath.Join(dir, "memory.db")
			s := open(t, dir)
			add(t, s, "1", "user", "", "the boat", time.Now())
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			tt.spoil(t, path)
			s = memory.StoreAt(path)
			err := s.Open(t.Context())
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("error %v, want %q and the path", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if lines, err := s.Find(t.Context(), "boats", 9); len(lines) != 1 {
				t.Errorf("found %d: %v", len(lines), err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v: others may read it (%v)", info.Mode(), err)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func execute(t *testing.T, path, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err == nil {
		_, err = db.Exec(query)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
}

// FuzzSearch looks for syntax that gets through to the index.
func FuzzSearch(f *testing.F) {
	s := open(f, f.TempDir())
	add(f, s, "1", "user", "", "the boat is red", time.Now())
	for _, text := range []string{"boat", `"boat" AND`, "NEAR(a b, 2)", "text:boat", "-boat ^x *", "a\x00b", "ﬀ İ ẞ", `\"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := s.Find(t.Context(), text, 5); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// sentence is n words out of 5000, the small numbers more often, as in speech.
func sentence(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, "word%d ", int(5000*r.Float64()*r.Float64()*r.Float64()))
	}
	return b.String()
}

func filled(b *testing.B, lines int) *memory.Store {
	b.Helper()
	s := open(b, b.TempDir())
	r := rand.New(rand.NewPCG(1, 2))
	if err := s.Fill(b.Context(), lines, func() string { return sentence(r, 12) }); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkAdd must stay below 5 ms at 10 000 lines.
func BenchmarkAdd(b *testing.B) {
	for _, lines := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			s, r := filled(b, lines), rand.New(rand.NewPCG(3, 4))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				add(b, s, fmt.Sprint("new", i), "user", "", sentence(r, 12), time.Now())
			}
		})
	}
}

// BenchmarkSearch must stay below 20 ms at 100 000 lines.
func BenchmarkSearch(b *testing.B) {
	for _, lines := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) { search(b, filled(b, lines)) })
	}
}

// BenchmarkSearchBesideAdd searches while lines come in without a pause.
func BenchmarkSearchBesideAdd(b *testing.B) {
	s := filled(b, 10_000)
	ctx, stop := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		r := rand.New(rand.NewPCG(5, 6))
		for i := 0; ctx.Err() == nil; i++ {
			add(b, s, fmt.Sprint("beside", i), "user", "", sentence(r, 12), time.Now())
		}
	})
	search(b, s)
	stop()
	wg.Wait()
}

func search(b *testing.B, s *memory.Store) {
	b.Helper()
	r := rand.New(rand.NewPCG(7, 8))
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		begin := time.Now()
		if _, err := s.Find(b.Context(), sentence(r, 4), 23); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

func TestWhatIsSpokenIsBounded(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range 600 {
		if err := s.Speak(t.Context(), "a", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := s.Spoken(t.Context(), "a"); err != nil || len(all) != 512 {
		t.Errorf("%d sentences are kept, want 512; %v", len(all), err)
	}
}
