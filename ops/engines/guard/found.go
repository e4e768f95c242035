package guard

import (
	"context"
	"net/url"

	"github.com/gotars/tars/ops/engines/find"
)

// Look returns the servers of kind that answer at hosts or are installed in
// home, best first. Without hosts, and for the host "none", it returns nothing.
func Look(ctx context.Context, hosts []string, home string, kind find.Kind) []find.Server {
	if len(hosts) == 0 || hosts[0] == "none" {
		return nil
	}
	return find.Look(ctx, hosts, home, kind)
}

// Found is the candidate e, which asks the server s.
func Found[E any](s find.Server, e E) Candidate[E] {
	from := "installed by make engines"
	if u, err := url.Parse(s.URL); err == nil && !s.Installed {
		from = "found at " + u.Host
	}
	return Candidate[E]{Engine: e, Key: s.Protocol + " " + s.URL + " " + s.Model, Name: s.Name, From: from}
}
