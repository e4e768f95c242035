package timer

import "time"

// Clock is the time of day, which people and servers set, and the time that passes
// whatever they do.
type Clock struct {
	Now    func() time.Time
	Steady func() time.Duration // since some moment; it goes on while the machine sleeps
}

// NewClock is the clock of this machine.
func NewClock() Clock {
	begin, slept := time.Now(), sleptTime()
	return Clock{Now: time.Now, Steady: func() time.Duration { return time.Since(begin) + sleptTime() - slept }}
}
