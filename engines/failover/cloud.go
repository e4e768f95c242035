package failover

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// homeNames end the names of hosts of one's own: those of a local network (RFC 6762,
// RFC 8375 and what routers use) and of Tailscale's.
var homeNames = []string{".local", ".lan", ".internal", ".home", ".home.arpa", ".localdomain", ".localhost", ".ts.net"}

// sharedAddresses are those that carriers and Tailscale hand out (RFC 6598).
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// CloudHost is the host of an address, a URL or host:port, if it is one of somebody else:
// no loopback or private address, and no name of a local network. Names are not looked up;
// one with a dot that is not known to be local counts as somebody else's. Empty: it is none.
func CloudHost(address string) string {
	host := address
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	} else if h, _, err := net.SplitHostPort(address); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if a, err := netip.ParseAddr(host); err == nil {
		a = a.Unmap()
		if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || sharedAddresses.Contains(a) {
			return ""
		}
		return host
	}
	if !strings.Contains(host, ".") || slices.ContainsFunc(homeNames, func(end string) bool { return strings.HasSuffix(host, end) }) {
		return ""
	}
	return host
}

// InUse says for people which engine the next call takes.
type InUse struct {
	Name, From string
	Cloud      string // the host of somebody else that gets what it is given; empty: it stays here
}

// CloudOf is Cloud as messages have it: nil for none.
func (u InUse) CloudOf() *string {
	if u.Cloud == "" {
		return nil
	}
	return &u.Cloud
}

// WarnOfCloud names a cloud that gets what a service hears, says, asks or remembers, in the
// log: what is what it is for the service.
func (u InUse) WarnOfCloud(ctx context.Context, log *slog.Logger, what string) {
	if u.Cloud != "" {
		log.WarnContext(ctx, "the "+what+" is in a cloud: what it is given leaves this house", "host", u.Cloud)
	}
}

// InUse is what the next call takes.
func (s *Switch[E]) InUse(ctx context.Context) InUse {
	best := s.Best(ctx)
	return InUse{Name: best.Name, From: best.From, Cloud: CloudHost(best.Address)}
}

// InUseOf is what the next call of engine takes, if it is a [Switch] or holds one.
func InUseOf(ctx context.Context, engine any) (InUse, bool) {
	if s, ok := engine.(interface{ InUse(context.Context) InUse }); ok {
		return s.InUse(ctx), true
	}
	return InUse{}, false
}
