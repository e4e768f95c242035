package clock

import (
	"maps"
	"slices"
)

// Places are the zones of the places that are known.
func Places() []string { return slices.Collect(maps.Values(zones())) }
