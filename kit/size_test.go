package kit_test

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// codeLines counts the lines that hold anything but comments.
func codeLines(t *testing.T, file string) int {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	f := set.AddFile(file, -1, len(src))
	var s scanner.Scanner
	s.Init(f, src, nil, 0)
	lines := map[int]bool{}
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return len(lines)
		}
		if tok == token.SEMICOLON && lit == "\n" {
			continue
		}
		for n := range strings.Count(lit, "\n") + 1 {
			lines[f.Line(pos)+n] = true
		}
	}
}

// TestSizes holds the parts of the kit to what they may cost a reader, and
// prints what they do.
func TestSizes(t *testing.T) {
	total, parts := 0, map[string]int{}
	core, lanes := 0, 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dir, _, _ := strings.Cut(filepath.ToSlash(path), "/")
		if d.IsDir() && (dir == "kittest" || dir == "broker" || dir == "bench" || dir == "examples") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		n := codeLines(t, path)
		total += n
		if dir == path {
			dir = "kit itself"
		}
		parts[dir] += n
		for _, prefix := range []string{"conn", "publish", "receive", "ask"} {
			if strings.HasPrefix(path, prefix) {
				core += n
			}
		}
		for _, prefix := range []string{"handler", "lane"} {
			if strings.HasPrefix(path, prefix) {
				lanes += n
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("code lines: client core %d (less than 500), handlers and lanes %d (less than 700), in all %d: %v", core, lanes, total, parts)
	if core >= 500 || lanes >= 700 {
		t.Errorf("client core %d, want less than 500; handlers and lanes %d, want less than 700", core, lanes)
	}
}
