package failover

import (
	"context"
	"net/url"

	"github.com/gotars/tars/engines/discovery"
)

// DiscoveryEnabled reports whether hosts are to be looked at: there are some, and the first
// is not "none".
func DiscoveryEnabled(hosts []string) bool { return len(hosts) > 0 && hosts[0] != "none" }

// Look returns the servers of kind that answer at hosts or are installed in
// home, best first; nothing when hosts are not to be looked at.
func Look(ctx context.Context, hosts []string, home string, kind discovery.Kind) []discovery.Server {
	if !DiscoveryEnabled(hosts) {
		return nil
	}
	return discovery.Look(ctx, hosts, home, kind)
}

// FromSettings is the candidate e, called name for people, which a variable of the
// settings names. The host of its address, which may be empty, is shown.
func FromSettings[E any](e E, name, variable, address string) Candidate[E] {
	from := variable
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		from += ", " + u.Host
	}
	return Candidate[E]{Engine: e, Key: "set", Name: name, From: from, Address: address}
}

// Installed is where a candidate is from that make engines installed.
const Installed = "installed by make engines"

// Found is the candidate e, which asks the server s.
func Found[E any](s discovery.Server, e E) Candidate[E] {
	from := Installed
	if u, err := url.Parse(s.URL); err == nil && !s.Installed {
		from = "found at " + u.Host
	}
	at := s.Protocol + " " + s.URL
	return Candidate[E]{Engine: e, Key: at + " " + s.Model, Name: s.Name, From: from, Address: s.URL, server: at, supervised: s.Installed}
}
