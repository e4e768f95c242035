package memory_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/memory"
)

// kept are the lines of the memory, as "role: text".
func keptLines(t *testing.T, b *kittest.Harness) (out []string) {
	t.Helper()
	for _, l := range kittest.Ask(t, b, contract.MemoryList{}).Lines {
		out = append(out, l.Role+": "+l.Text)
	}
	return out
}

func TestForgetting(t *testing.T) {
	said := []string{"My cat is called Miso.", "A: Miso is a lovely name.", "The key is under the mat.", "A: You said: The key is under the mat.", "The door is green."}
	roles := func(texts ...string) (out []string) {
		for _, s := range texts {
			if a, ok := strings.CutPrefix(s, "A: "); ok {
				out = append(out, "assistant: "+a)
			} else {
				out = append(out, "user: "+s)
			}
		}
		return out
	}
	tests := map[string]struct {
		ask   contract.MemoryForget
		count int
		left  []string
	}{
		"by number":                        {contract.MemoryForget{IDs: []int64{1, 99}}, 1, roles(said[1:]...)},
		"and what repeats it":              {contract.MemoryForget{IDs: []int64{3}}, 2, roles(said[0], said[1], said[4])},
		"by words":                         {contract.MemoryForget{About: "the key"}, 2, roles(said[0], said[1], said[4])},
		"by words of which one is nowhere": {contract.MemoryForget{About: "the silver key"}, 0, roles(said...)},
		"what was told last":               {contract.MemoryForget{Last: true}, 1, roles(said[:4]...)},
		"all":                              {contract.MemoryForget{All: true}, 5, nil},
		"nothing":                          {contract.MemoryForget{}, 0, roles(said...)},
		"numbers come before all":          {contract.MemoryForget{IDs: []int64{5}, All: true}, 1, roles(said[:4]...)},
	}
	for name, tt := range tests {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			for _, s := range said {
				if a, ok := strings.CutPrefix(s, "A: "); ok {
					speak(t, b, s, a)
				} else {
					hear(t, b, s)
				}
			}
			if r := kittest.Ask(t, b, tt.ask); r.Count != tt.count {
				t.Errorf("forgot %d lines, want %d", r.Count, tt.count)
			}
			if got := keptLines(t, b); !slices.Equal(got, tt.left) {
				t.Errorf("left are %q, want %q", got, tt.left)
			}
			if got := kittest.Ask(t, b, contract.MemoryQuery{Text: "the cat, the key and the green door", TopK: 9}); got.K > len(tt.left) {
				t.Errorf("recalled %q", texts(got))
			}
		}, memory.Module)
	}
}

// TestWhatIsForgottenIsNowhere reads the files of the memory as somebody would who finds
// the disk.
func TestWhatIsForgottenIsNowhere(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	const secret = "zanzibar"
	for i := range 300 {
		add(t, s, "before"+string(rune('a'+i%26))+time.Duration(i).String(), "user", "", "some other line of no interest", time.Now())
		if i == 100 {
			add(t, s, "secret", "user", "u", "my password is "+secret, time.Now())
			add(t, s, "said", "assistant", "u2", "noted, "+secret, time.Now())
			if err := s.SpeakText(t.Context(), "u2", "say", "noted, "+secret); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !holds(t, dir, secret) {
		t.Fatal("it was never written")
	}
	lines, err := s.Find(t.Context(), secret, 9)
	if err != nil || len(lines) != 2 {
		t.Fatalf("found %v, %v", lines, err)
	}
	if _, err := s.ForgetLines(t.Context(), []int64{lines[0].ID, lines[1].ID}); err != nil {
		t.Fatal(err)
	}
	if holds(t, dir, secret) {
		t.Error("it is still in a file")
	}
}

func holds(t *testing.T, dir, text string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(text)) {
			return true
		}
	}
	return false
}

func TestListAndImport(t *testing.T) {
	kittest.Run(t, "an export is kept once, with all that it says", func(t *testing.T, b *kittest.Harness) {
		all := []contract.MemoryLine{
			{Role: "user", Text: "My boat is red.", TS: 1_700_000_000.25, Room: "kitchen", Speaker: "Ann", UttID: "u"},
			{Role: "assistant", Text: "Red it is.", TS: 1_700_000_001},
			{Role: "user", Text: "My boat is red.", TS: 1_700_000_002},
		}
		for i, want := range []int{3, 0} {
			if r := kittest.Ask(t, b, contract.MemoryImport{Lines: all}); r.Added != want {
				t.Errorf("import %d added %d, want %d", i, r.Added, want)
			}
		}
		r := kittest.Ask(t, b, contract.MemoryList{After: 0, Limit: 2})
		if r.Total != 3 || len(r.Lines) != 2 || r.Lines[0].ID != 1 {
			t.Errorf("listed %+v", r)
		}
		r.Lines[0].ID = 0
		if r.Lines[0] != all[0] {
			t.Errorf("listed %+v, want %+v", r.Lines[0], all[0])
		}
		if r := kittest.Ask(t, b, contract.MemoryList{Last: true, Limit: 1}); len(r.Lines) != 1 || r.Lines[0].ID != 3 {
			t.Errorf("the last is %+v", r)
		}
		x := kittest.Ask(t, b, contract.MemoryQuery{Text: "boat", TopK: 1}).Results[0].Document.(map[string]any)
		if x["id"] != 3. || x["sure"] != true {
			t.Errorf("recalled %v", x)
		}
	}, memory.Module)
}
