package figures_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/figures"
)

func TestDurationsHaveThreeDigitsAtMost(t *testing.T) {
	for d, want := range map[time.Duration]string{
		321 * time.Microsecond: "0.3 ms", -1500 * time.Microsecond: "-1.5 ms", 86 * time.Millisecond: "86 ms", 1234 * time.Millisecond: "1.23 s", 65 * time.Second: "65 s",
	} {
		if got := figures.Duration(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestMemoryIsInRoundUnitsAndUnknownWhenItIsNone(t *testing.T) {
	for n, want := range map[int64]string{0: "–", 43e6: "43 MB", 1234e6: "1.2 GB"} {
		if got := figures.Memory(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
