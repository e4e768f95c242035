// Command mutants breaks the kit in one place after the other and looks whether
// a test turns red. It writes docs/mutations.md; call it at the root of the
// repository: go run ./test/mutants. It takes some minutes; with -only it tries
// those whose text holds a word, and writes nothing.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Mutant is one seeded mistake.
type Mutant struct {
	What     string // that it does wrong
	File     string // below kit/
	Old, New string // Old stands once in File
}

func main() {
	if err := runMutant(); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func runMutant() error {
	only := flag.String("only", "", "a word of what the mistake does")
	flag.Parse()
	var page bytes.Buffer
	fmt.Fprintf(&page, "# Mutations\n\nWritten by `go run ./test/mutants`: do not edit. Each line is a mistake seeded into the kit, and the first test that turned\nred for it.\n\n| mistake | in | red |\n|---|---|---|\n")
	alive := 0
	for _, m := range Mutants {
		if !strings.Contains(m.What, *only) {
			continue
		}
		test, err := m.kill()
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", m.What, err)
		}
		if test == "" {
			alive++
			test = "**none**"
		}
		fmt.Printf("%-60s %s\n", m.What, test)
		fmt.Fprintf(&page, "| %s | `kit/%s` | %s |\n", m.What, m.File, test)
	}
	if alive > 0 {
		return fmt.Errorf("%d of %d live", alive, len(Mutants))
	}
	if *only != "" {
		return nil
	}
	return os.WriteFile("docs/mutations.md", page.Bytes(), 0o644)
}

var red = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// kill returns the first test that fails in a copy of the kit with the mistake,
// or nothing when all pass.
func (m Mutant) kill() (test string, err error) {
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := copyKit(dir); err != nil {
		return "", err
	}
	file := filepath.Join(dir, m.File)
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.Old); n != 1 {
		return "", fmt.Errorf("%q stands %d times in %s", m.Old, n, m.File)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), m.Old, m.New, 1)), 0o644); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-failfast", "-timeout", "60s", ".", "./internal/...", "./kittest/...")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	out, err := cmd.CombinedOutput()
	switch found := red.FindSubmatch(out); {
	case err == nil:
		return "", nil
	case found != nil:
		return "`" + string(found[1]) + "`", nil
	case bytes.Contains(out, []byte("panic: test timed out")):
		return isHung(out), nil
	case bytes.Contains(out, []byte("[build failed]")):
		return "", fmt.Errorf("it does not compile:\n%s", bytes.SplitN(out, []byte("FAIL"), 2)[0])
	case bytes.Contains(out, []byte("panic: ")), bytes.Contains(out, []byte("DATA RACE")), bytes.Contains(out, []byte("deadlock")):
		return "a panic of the test run", nil
	}
	return "", fmt.Errorf("the tests end without a word:\n%s", out)
}

var running = regexp.MustCompile(`running tests:\s+(\S+)`)

func isHung(out []byte) string {
	if m := running.FindSubmatch(out); m != nil {
		return "`" + string(m[1]) + "`, which never ends"
	}
	return "a test that never ends"
}

func copyKit(to string) error {
	return filepath.WalkDir("kit", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("kit", path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && rel == "bench":
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o644)
	})
}
