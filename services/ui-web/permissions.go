package uiweb

import (
	"fmt"
	"net"
	"net/http"
	"slices"
)

// permission is something that the page can do beside talking, and that not everybody who
// may talk needs to be able to.
type permission string

// What UI_ALLOW may name.
const (
	mayInspect permission = "inspect" // see every message of the house
	mayPublish permission = "publish" // send any message
	mayInstall permission = "install" // install engines on this machine
	mayNothing permission = "none"
)

// permissions are those that a page has.
type permissions []permission

// permissionsOf reads UI_ALLOW. Without it, who is at this machine may look: they could
// run `tars listen` as well. To change something takes a word of the owner.
func permissionsOf(cfg Config) (permissions, error) {
	given := permissions{}
	for _, word := range cfg.Allow {
		p := permission(word)
		if !slices.Contains([]permission{mayInspect, mayPublish, mayInstall, mayNothing}, p) {
			return nil, fmt.Errorf("UI_ALLOW has %q, want inspect, publish, install or none", word)
		}
		given = append(given, p)
	}
	if slices.Contains(given, mayNothing) {
		if len(given) > 1 {
			return nil, fmt.Errorf("UI_ALLOW has none beside others")
		}
		return permissions{}, nil
	}
	if len(given) == 0 && ofThisMachine(cfg) {
		given = permissions{mayInspect}
	}
	return given, nil
}

// ofThisMachine reports whether the page can be reached from this machine only, as far as
// the settings tell: a proxy may stand before it.
func ofThisMachine(cfg Config) bool {
	host, _, _ := net.SplitHostPort(cfg.Addr)
	return len(cfg.Origins) == 0 && (cfg.Loopback || isLoopback(host))
}

func (p permissions) has(what permission) bool { return slices.Contains(p, what) }

// needing is serve for pages that have a permission.
func (p permissions) needing(what permission, serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.has(what) {
			writeError(w, http.StatusForbidden, fmt.Sprintf("This page may not do that: UI_ALLOW does not name %s.", what))
			return
		}
		serve(w, r)
	}
}
