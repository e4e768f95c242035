package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A mistake that cannot be seeded any more proves nothing.
func TestMutantsStillApply(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "mutations.md"))
	if err != nil {
		t.Error(err)
	}
	for _, m := range Mutants {
		text, err := os.ReadFile(filepath.Join("../../kit", m.File))
		if err != nil {
			t.Error(err)
			continue
		}
		if n := strings.Count(string(text), m.Old); n != 1 {
			t.Errorf("%s: %q stands %d times in kit/%s", m.What, m.Old, n, m.File)
		}
		if !strings.Contains(string(page), "| "+m.What+" |") {
			t.Errorf("docs/mutations.md lacks %q: go run ./test/mutants", m.What)
		}
	}
	if len(Mutants) < 20 {
		t.Errorf("%d mistakes, want at least 20", len(Mutants))
	}
}
