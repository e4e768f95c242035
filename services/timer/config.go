package timer

import (
	"fmt"
	"time"
)

// Config is read from TIMER_* variables.
type Config struct {
	Path   string        `default:"timers.json" desc:"file the timers are kept in, below TARS_HOME"`
	Ring   time.Duration `default:"60s" desc:"how long something rings that nobody stops"`
	Snooze time.Duration `default:"9m" desc:"how long snooze is where nothing else is said"`
	Zone   string        `desc:"time zone of the people, for example Europe/Berlin; empty: that of the machine, or TZ"`
	Max    int           `default:"100" desc:"how many there may be at a time"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	switch {
	case c.Ring < time.Second || c.Ring > time.Hour:
		return fmt.Errorf("TIMER_RING is %s, want 1s to 1h", c.Ring)
	case c.Snooze < time.Second || c.Snooze > 24*time.Hour:
		return fmt.Errorf("TIMER_SNOOZE is %s, want 1s to 24h", c.Snooze)
	case c.Max < 1 || c.Max > 1000:
		return fmt.Errorf("TIMER_MAX is %d, want 1 to 1000", c.Max)
	}
	if _, err := c.location(); err != nil {
		return fmt.Errorf("TIMER_ZONE is %q: %w; want a name such as Europe/Berlin", c.Zone, err)
	}
	return nil
}

func (c *Config) location() (*time.Location, error) {
	if c.Zone == "" {
		return time.Local, nil
	}
	return time.LoadLocation(c.Zone)
}
