package kit

import (
	"log/slog"
	"strconv"
	"testing"
)

// A bridge that publishes on many topics fills neither memory nor metrics.
func TestPublishedTypesAreBounded(t *testing.T) {
	b := newBus("x", busParams{Log: slog.New(slog.DiscardHandler)})
	const all = 3 * maxNames
	for i := range all {
		b.sent.count(strconv.Itoa(i))
		b.sent.count("0")
	}
	published := b.Stats().Published
	sum := int64(0)
	for _, n := range published {
		sum += n
	}
	if len(published) > maxNames+1 || published["0"] != all+1 || sum != 2*all {
		t.Errorf("%d types, %d of the first, %d in all", len(published), published["0"], sum)
	}
}
