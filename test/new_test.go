package test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/test/need"
)

// clone is a copy of the repository's files that a test may change.
type clone string

// copyRepository copies what is tracked, and what could be.
func copyRepository(t *testing.T) clone {
	t.Helper()
	list := exec.Command("git", "ls-files", "-co", "--exclude-standard", "-z")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Skipf("no git checkout to copy: %v", err)
	}
	to := t.TempDir()
	for _, name := range strings.Split(strings.Trim(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // tracked and deleted
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return clone(to)
}

// run runs a go command in the copy.
func (c clone) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = string(c)
	cmd.Env = append(os.Environ(), "PWD="+string(c), "CGO_ENABLED=0", "GOWORK=", "GOFLAGS=") // as a shell there would have it
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// rules runs the tests that hold the wiring. One file needs only the standard
// library, so this is quick.
func (c clone) rules(t *testing.T) (string, error) {
	t.Helper()
	return c.run(t, "test", "-count=1", "-timeout", "1m", "-run", "^(TestImports|TestEveryServiceIsWired|TestTopics.*|TestSize)$", "./test/arch_test.go")
}

func (c clone) has(name string) bool {
	_, err := os.Stat(filepath.Join(string(c), name))
	return err == nil
}

// TestNewCompilesACopyOfTheRepository does what README.md says of make new.
func TestNewCompilesACopyOfTheRepository(t *testing.T) {
	need.Time(t, "compiles a copy of the repository")
	c := copyRepository(t)
	for _, args := range [][]string{{"newcomer"}, {"newcomer-two"}, {"-data", "newcomer-three"}} {
		if out, err := c.run(t, append([]string{"run", "./ops/new"}, args...)...); err != nil {
			t.Fatalf("make new of %s: %v\n%s", args, err, out)
		}
	}
	for _, name := range []string{"services/newcomer/newcomer.go", "services/newcomer/newcomer_test.go", "docs/services/newcomer.md"} {
		text, err := os.ReadFile(filepath.Join(string(c), name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(string(text)), "template") || strings.Contains(string(text), "every new service") {
			t.Errorf("%s still speaks of the template:\n%s", name, text)
		}
	}
	compose, err := os.ReadFile(filepath.Join(string(c), "compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n      - password-newcomer:/run/passwords/newcomer\n", "\n  newcomer:\n    <<: *service\n    extends: {file: ops/settings.yml, service: newcomer}\n",
		"MQTT_USERNAME: newcomer}\n    volumes: [\"password-newcomer:/run/mqtt:ro\", *zone]\n", "\n  password-newcomer:\n  password-newcomer-two:\n",
		"\n    tmpfs: [/tmp]\n    volumes: [\"password-newcomer-three:/run/mqtt:ro\", \"newcomer-three:/data\", *zone]\n", "\n  password-newcomer-three:\n  newcomer-three:\n"} {
		if !strings.Contains(string(compose), want) {
			t.Errorf("compose.yml lacks %q", want)
		}
	}
	for _, args := range [][]string{
		{"vet", "./services/newcomer/...", "./services/newcomer-two/...", "./cmd/tars"},
		{"test", "-count=1", "-timeout", "2m", "./services/newcomer/...", "./services/newcomer-two/..."},
	} {
		if out, err := c.run(t, args...); err != nil {
			t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	if out, err := c.rules(t); err != nil {
		t.Errorf("the rules refuse a new service: %v\n%s", err, out)
	}
}

func TestNewRefuses(t *testing.T) {
	need.Time(t, "compiles make new for each name")
	c := copyRepository(t)
	tests := map[string]struct{ name, want string }{
		"a name in capitals":         {"Weather", "no name for a service"},
		"a path":                     {"../newcomer", "no name for a service"},
		"a word of Go":               {"go", "cannot name a Go package"},
		"a service that there is":    {"stt", "exists already"},
		"a name that cmd/tars knows": {"cli", "is taken"},
		"a package of the template":  {"time", "is taken"},
		"a container of compose.yml": {"broker", "is taken"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			was := c.has(filepath.Join("services", tt.name))
			out, err := c.run(t, "run", "./ops/new", tt.name)
			if err == nil || !strings.Contains(out, tt.want) {
				t.Errorf("said %q (%v), want %q", out, err, tt.want)
			}
			if !was && c.has(filepath.Join("services", tt.name)) {
				t.Errorf("services/%s is there all the same", tt.name)
			}
		})
	}
	if out, err := c.run(t, "run", "./ops/new"); err == nil || !strings.Contains(out, "make new SERVICE=weather") {
		t.Errorf("without a name it said %q (%v), want how to give one", out, err)
	}
}

// A service copied by hand is told everything that it lacks.
func TestCopiedByHand(t *testing.T) {
	need.Time(t, "compiles the rules in a copy of the repository")
	c := copyRepository(t)
	from, to := filepath.Join(string(c), "services", "template"), filepath.Join(string(c), "services", "copied-by-hand")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	out, err := c.rules(t)
	if err == nil {
		t.Fatal("a service that nothing runs passes the rules")
	}
	for _, want := range []string{
		"cmd/tars does not run copied-by-hand: add its Module",
		"compose.yml does not run copied-by-hand: copy the block",
		filepath.Join("docs", "services", "copied-by-hand.md") + " is missing: write what copied-by-hand does",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the rules do not say %q but\n%s", want, out)
		}
	}
}
