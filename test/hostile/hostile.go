// Package hostile has texts that would do something in a page that is careless.
package hostile

import (
	_ "embed"
	"encoding/json"
	"strings"
	"testing"
)

//go:embed hostile.jsonl
var lines string

// Payloads are the texts.
func Payloads(t testing.TB) (all []string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var p string
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		all = append(all, p)
	}
	return all
}
