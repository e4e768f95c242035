package test

import (
	"slices"
	"testing"
)

// Whoever tells the time or writes it down does so in the zone of the host: each service
// gets its file, and TZ names another one.
func TestContainersHaveTheZoneOfTheHost(t *testing.T) {
	c := compose(t)
	for name, s := range c.Services {
		if s.Image != "tars:local" {
			continue
		}
		if name != "tars" { // compose sets what the shell has
			if _, ok := s.Environment["TZ"]; !ok {
				t.Errorf("%s is not given TZ", name)
			}
		}
		zone := slices.IndexFunc(s.Volumes, func(v volume) bool { return v.Target == "/etc/localtime" })
		if zone < 0 {
			t.Errorf("%s is not given the time zone of the host", name)
			continue
		}
		if v := s.Volumes[zone]; v.Source != "/etc/localtime" || !v.ReadOnly || v.Bind.CreateHostPath {
			t.Errorf("%s gets its zone from %+v: want the file of the host, to read, and no folder made in its place", name, v)
		}
	}
}
