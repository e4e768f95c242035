package failover

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/gotars/tars/engines/discovery"
)

// LookEvery is how often a service looks for engines again: they come and go. A
// look costs at most a second and a few requests to each server.
const LookEvery = 30 * time.Second

// Choice says which engines a service may take: those that its settings name, and
// nothing else; or with none named the servers that are found, and what is built
// in.
type Choice[E any] struct {
	Set []Candidate[E] // what the settings name, best first; empty: look for servers

	Kind    discovery.Kind                          // of the servers to look for
	Hosts   []string                                // where; see [DiscoveryEnabled]
	Home    string                                  // where installed ones are listed
	Connect func([]discovery.Server) []Candidate[E] // the engines of servers, best first; see [Each]
	BuiltIn []Candidate[E]                          // what comes after the servers
	None    []Candidate[E]                          // stands for an engine when there is no other
}

// Candidates returns the engines in the order in which they are to be taken. When
// the settings name none it looks for servers, for at most a second.
func (c Choice[E]) Candidates(ctx context.Context) []Candidate[E] {
	if len(c.Set) > 0 {
		return slices.Clone(c.Set)
	}
	var all []Candidate[E]
	if servers := Look(ctx, c.Hosts, c.Home, c.Kind); len(servers) > 0 {
		all = c.Connect(servers)
	}
	all = append(all, c.BuiltIn...)
	if len(all) == 0 {
		return slices.Clone(c.None)
	}
	return all
}

// Switch returns a switch between the candidates, of which there must be one
// always.
func (c Choice[E]) Switch() *Switch[E] { return NewSwitch(c.Candidates) }

// Describe says for people which engine is taken of c, where it was found, and
// what would be better; empty when nothing is missing. When err is not nil the
// settings cannot work, and c does not count.
func (c Choice[E]) Describe(ctx context.Context, err error) (name, from, better string) {
	if err != nil {
		return "misconfigured", "", err.Error()
	}
	all := c.Candidates(ctx)
	if len(all) == 0 {
		return "none", "nothing is set up", ""
	}
	return all[0].Name, all[0].From, all[0].Better
}

// Each returns a [Choice.Connect] with the engine that connect makes of each
// server. A server that connect has no engine for is left out.
func Each[E any](connect func(discovery.Server) (E, error)) func([]discovery.Server) []Candidate[E] {
	return func(servers []discovery.Server) (all []Candidate[E]) {
		for _, s := range servers {
			if e, err := connect(s); err == nil {
				all = append(all, Found(s, e))
			}
		}
		return all
	}
}

// LookAgain has engine look for a better one, or for another one when that
// failed, if it is a [Switch] or holds one. It reports whether another one is taken
// than before, and logs which: message is what it is for the service. One of a cloud,
// which gets what the service hears, says or asks, is named by a warning.
func LookAgain(ctx context.Context, engine any, log *slog.Logger, message string) (changed bool) {
	s, ok := engine.(interface {
		Look(context.Context) bool
		InUse(context.Context) InUse
	})
	if !ok || !s.Look(ctx) {
		return false
	}
	now := s.InUse(ctx)
	log.InfoContext(ctx, message, "engine", now.Name, "from", now.From)
	now.WarnOfCloud(ctx, log, message)
	return true
}

// Ready reports why engine cannot work, if it tells: an engine does that has a
// method Ready, and so does a [Switch] for its best one.
func Ready(ctx context.Context, engine any) error {
	if e, ok := engine.(interface{ Ready(context.Context) error }); ok {
		return e.Ready(ctx)
	}
	return nil
}

// Ready reports why the best engine cannot work; nil when it does not tell.
func (s *Switch[E]) Ready(ctx context.Context) error { return Ready(ctx, s.Best(ctx).Engine) }
