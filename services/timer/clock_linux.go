package timer

import (
	"time"

	"golang.org/x/sys/unix"
)

// sleptTime is how long the machine has slept since it was started: the clock of Go stands
// still meanwhile.
func sleptTime() time.Duration {
	var boot, awake unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &awake) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - awake.Nano()).Round(10 * time.Millisecond) // the two are read one after the other
}
