// Package hits reads what the memory found: its documents may come from another
// memory than ours, and have other keys.
package hits

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
)

// Text is the text of a hit: the first of the usual keys, else all its values.
func Text(x contract.MemoryResult) string {
	doc, ok := x.Document.(map[string]any)
	if !ok {
		return phraseOf(x.Document)
	}
	for _, key := range []string{"text", "user_input", "bot_response", "content", "message"} {
		if s := phraseOf(doc[key]); s != "" {
			return s
		}
	}
	var all []string
	for _, key := range slices.Sorted(maps.Keys(doc)) {
		if doc[key] != nil {
			all = append(all, fmt.Sprint(doc[key]))
		}
	}
	return strings.Join(all, " ")
}

// Time is when a hit was said, by the clock of this machine; false when it does
// not tell.
func Time(x contract.MemoryResult) (time.Time, bool) {
	if x.Timestamp == nil {
		return time.Time{}, false
	}
	s, err := strconv.ParseFloat(*x.Timestamp, 64)
	if err != nil || s <= 0 || s > 1e11 {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(s * 1e6)), true
}

// Speaker is who said a hit: user, assistant, or empty when nobody knows.
func Speaker(x contract.MemoryResult) string {
	doc, _ := x.Document.(map[string]any)
	return phraseOf(doc["role"])
}

func phraseOf(v any) string { s, _ := v.(string); return strings.TrimSpace(s) }
