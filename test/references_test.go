package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// outsideReference finds what a reader of this repository alone could not follow: paths
// that leave it, and documents that are not in it.
var outsideReference = regexp.MustCompile(`\.\./shared\b|/work/|\bCONTRACTS\b|\bKIT(\.md\b| §)|\bSTYLE(\.md\b| §)|\bBEHAVIOUR\b|\bDESIGN\.md\b|\bNAMES\.md\b`)

// mayReferOutside are files that name a place outside, with the reason.
var mayReferOutside = map[string]string{
	".ci/run":                 "uses servers for tests when the machine has them beside the repository",
	"test/references_test.go": "lists what is looked for",
}

// Everything that code and pages refer to is in the repository.
func TestNothingOutsideTheRepositoryIsReferredTo(t *testing.T) {
	out, err := exec.Command("git", "-C", root, "ls-files", "-co", "--exclude-standard").Output()
	if err != nil {
		t.Skipf("no Git, which knows the files of the repository: %v", err)
	}
	for _, name := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if mayReferOutside[name] != "" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || strings.ContainsRune(string(text), 0) {
			continue // removed meanwhile, or binary
		}
		for i, line := range strings.Split(string(text), "\n") {
			if m := outsideReference.FindString(line); m != "" {
				t.Errorf("%s:%d refers to %s, which is not in the repository: name a page of docs", name, i+1, m)
			}
		}
	}
}

func TestOutsideReferencesAreRecognised(t *testing.T) {
	for line, want := range map[string]bool{
		"see CONTRACTS 1.3":                   true,
		"the budget of KIT §8":                true,
		"as ../shared/STYLE.md says":          true,
		"ROUTER_WAKE_ACK_STYLE is a variable": false,
		"see docs/wire.md":                    false,
	} {
		if got := outsideReference.MatchString(line); got != want {
			t.Errorf("%q: %t, want %t", line, got, want)
		}
	}
}

// A decision that the index lacks is not found by who looks for it.
func TestEveryDecisionIsListed(t *testing.T) {
	index, err := os.ReadFile(filepath.Join(root, "docs", "decisions", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "decisions", "0*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no decisions: %v", err)
	}
	for _, page := range pages {
		if name := filepath.Base(page); !strings.Contains(string(index), "("+name+")") {
			t.Errorf("docs/decisions/README.md does not list %s: add its line", name)
		}
	}
}
