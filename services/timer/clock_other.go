//go:build !linux

package timer

import "time"

// sleptTime is not known here: a timer whose machine sleeps rings that much later.
func sleptTime() time.Duration { return 0 }
