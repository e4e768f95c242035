// Package enginetest has servers for tests of engines: they do what a script says,
// and every engine is expected to take it the same way.
package enginetest

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gotars/tars/engines/discovery"
)

// Patience is for what happens at once on a machine that is not busy.
const Patience = 30 * time.Second

// Nowhere is hosts of which none is looked at, but what is installed counts.
var Nowhere = []string{""}

// Main runs the tests of a package of engines, and keeps them from the servers of
// this machine.
func Main(m *testing.M) {
	os.Setenv("ENGINE_HOSTS", "none")
	os.Exit(m.Run())
}

// ServeTCP hands each connection to talk and closes it afterwards.
func ServeTCP(t testing.TB, talk func(net.Conn)) (uri string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				talk(c)
			}()
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return "tcp://" + l.Addr().String()
}

// Listen is a server that says nothing.
func Listen(t testing.TB) (uri string) { return ServeTCP(t, func(net.Conn) {}) }

// Install says in home that servers are installed.
func Install(t testing.TB, home string, servers ...discovery.Server) {
	t.Helper()
	b, err := json.Marshal(discovery.Running{Engines: []discovery.Engine{{Name: "installed", Serves: servers}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(discovery.File(home)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(discovery.File(home), b, 0o600); err != nil {
		t.Fatal(err)
	}
}
