package test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// kitReadme is kit/README.md.
func kitReadme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "kit", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each promise, decision and trap of kit/README.md has its test, and every test
// that it names exists.
func TestKitReadmeNamesItsTests(t *testing.T) {
	var known []string
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	for _, s := range sources(t) {
		if s.test && under(s.dir, "kit", "test") {
			for _, m := range declared.FindAllStringSubmatch(string(s.text), -1) {
				known = append(known, m[1])
			}
		}
	}
	named := regexp.MustCompile("`(Test\\w+)`")
	rows, tests := 0, false
	for line := range strings.Lines(kitReadme(t)) {
		line = strings.TrimSpace(line)
		for _, m := range named.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("kit/README.md names %s, which is no test", m[1])
			}
		}
		switch {
		case !strings.HasPrefix(line, "|"):
			tests = false
		case strings.HasSuffix(line, "| test |"):
			tests = true
		case tests && !strings.HasPrefix(line, "|---"):
			rows++
			if !named.MatchString(line) {
				t.Errorf("kit/README.md gives no test for %s", line)
			}
		}
	}
	if rows < 50 {
		t.Errorf("%d rows with a test: where are the tables?", rows)
	}
}

// The Go that kit/README.md shows stands in the examples, which are built and
// tested.
func TestKitReadmeShowsTheExamples(t *testing.T) {
	var code string
	for _, s := range sources(t) {
		if under(s.dir, "kit/examples") {
			code += string(s.text) + "\n"
		}
	}
	shown := 0
	for _, m := range fence.FindAllStringSubmatch(kitReadme(t), -1) {
		if m[1] == "go" {
			shown++
			if !strings.Contains(code, m[2]) {
				t.Errorf("no example has\n%s", m[2])
			}
		}
	}
	if shown < 4 {
		t.Errorf("%d blocks of Go, want a contract, a service, a main and a test", shown)
	}
}

// The metrics that kit/README.md lists are those of the kit.
func TestKitReadmeListsTheMetrics(t *testing.T) {
	admin, err := os.ReadFile(filepath.Join(root, "kit", "admin", "metrics.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := func(text, pattern string) (all []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			all = append(all, m[1])
		}
		slices.Sort(all)
		return all
	}
	have, listed := names(string(admin), `"(kit_[a-z_]+)"`), names(kitReadme(t), "`(kit_[a-z_]+)`")
	if len(have) == 0 || !slices.Equal(have, listed) {
		t.Errorf("lists %q, the kit has %q", listed, have)
	}
}

// The folder of the kit can be taken alone: a link stays in it, or is a whole URL.
// Those that lead to this repository name a page that is there.
func TestKitReadmeLinksHoldWhenTheFolderIsTakenAlone(t *testing.T) {
	const home = "https://github.com/gotars/tars/blob/main/"
	for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(kitReadme(t), ""), -1) {
		to, base := m[1], filepath.Join(root, "kit")
		switch page, ours := strings.CutPrefix(to, home); {
		case ours:
			to, base = page, root
		case strings.Contains(to, "://"):
			continue
		case !filepath.IsLocal(to):
			t.Errorf("kit/README.md links to %s, which leaves the folder: write the whole URL, %s…", to, home)
			continue
		}
		if _, err := os.Stat(filepath.Join(base, to)); err != nil {
			t.Errorf("kit/README.md links to %s, which is not there", m[1])
		}
	}
}

// Nagle's algorithm on the broker's side makes every round trip wait.
func TestMosquittoSendsAtOnce(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "ops", "mosquitto", "*.conf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no settings of Mosquitto: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains("\n"+string(text), "\nset_tcp_nodelay true\n") {
			t.Errorf("%s lacks set_tcp_nodelay true", name)
		}
	}
}
