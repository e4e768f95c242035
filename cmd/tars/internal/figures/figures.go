// Package figures writes what was measured for people.
package figures

import (
	"fmt"
	"time"

	"github.com/gotars/tars/engines/install"
)

// Duration is d with three digits at most. go-humanize has no such thing: it counts
// digits behind the point, which shows 86 ms as 86.12 ms.
func Duration(d time.Duration) string {
	switch {
	case d.Abs() >= 10*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d.Abs() >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d.Abs() >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
}

// Memory is a number of bytes; a dash stands for unknown.
func Memory(n int64) string {
	if n <= 0 {
		return "–"
	}
	return install.Bytes(n)
}
