package guard

import (
	"net/url"

	"github.com/gotars/tars/ops/engines/find"
)

// Found is the candidate e, which asks the server s.
func Found[E any](s find.Server, e E) Candidate[E] {
	from := "installed by make engines"
	if u, err := url.Parse(s.URL); err == nil && !s.Installed {
		from = "found at " + u.Host
	}
	return Candidate[E]{Engine: e, Key: s.Protocol + " " + s.URL + " " + s.Model, Name: s.Name, From: from}
}
