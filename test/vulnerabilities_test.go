package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVulnerabilitiesThatWereNotLookedUp are said loudly: a check that could not
// be made is not one that was passed.
func TestVulnerabilitiesThatWereNotLookedUp(t *testing.T) {
	for name, tt := range map[string]struct {
		says string // what govulncheck says
		code string // what it ends with
		env  string
		fail bool
		want string
	}{
		"nothing was found":                {says: "No vulnerabilities found.", code: "0"},
		"something was found":              {says: "GO-2026-0001 in x", code: "3", fail: true, want: "GO-2026-0001"},
		"no database":                      {says: "govulncheck: fetching vulnerabilities: no such host", code: "1", want: "NOT CHECKED"},
		"no database, where one is wanted": {says: "govulncheck: fetching vulnerabilities: no such host", code: "1", env: "VULNERABILITIES=required", fail: true, want: "NOT CHECKED"},
		"code that does not compile":       {says: "x.go:1: syntax error", code: "1", fail: true, want: "syntax error"},
	} {
		tool := filepath.Join(t.TempDir(), "govulncheck")
		if err := os.WriteFile(tool, []byte("#!/bin/sh\necho '"+tt.says+"' >&2\nexit "+tt.code+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("../ops/vulnerabilities.sh", "./...")
		cmd.Env = append(os.Environ(), "GOVULNCHECK="+tool, "VULNERABILITIES=")
		if tt.env != "" {
			cmd.Env = append(cmd.Env, tt.env)
		}
		out, err := cmd.CombinedOutput()
		if (err != nil) != tt.fail || !strings.Contains(string(out), tt.want) || tt.want == "" && len(out) > 0 {
			t.Errorf("%s: %v, %q, want %q", name, err, out, tt.want)
		}
	}
}
