package guard_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/ops/engines/find"
	"github.com/gotars/tars/ops/engines/guard"
)

// network is where looking finds servers, each by its model; the built-in engine
// is always there.
type network struct {
	servers []find.Server
	asked   []string
}

func (n *network) look(ctx context.Context) (all []guard.Candidate[string]) {
	if ctx.Err() == nil {
		for _, s := range n.servers {
			all = append(all, guard.Found(s, s.Model))
		}
	}
	return append(all, guard.Candidate[string]{Engine: "built in", Key: "built in"})
}

func (n *network) asks(t *testing.T, s *guard.Switch[string], want ...string) {
	t.Helper()
	n.asked = nil
	err := s.Do(t.Context(), func(_ context.Context, c guard.Candidate[string]) (bool, error) {
		if n.asked = append(n.asked, c.Engine); c.Engine == "gone" {
			return false, errDown
		}
		return false, nil
	})
	if err != nil || !slices.Equal(n.asked, want) {
		t.Errorf("asked %q, %v, want %q", n.asked, err, want)
	}
}

func server(url, model string) find.Server {
	return find.Server{Protocol: "openai", URL: "http://" + url, Model: model}
}

// A server that works hard may not answer within the half second of a look.
func TestAServerThatMissesOneLookIsKept(t *testing.T) {
	n := &network{servers: []find.Server{server("a", "busy"), server("b", "other")}}
	s := guard.NewSwitch(n.look)
	n.asks(t, s, "busy")
	n.servers = n.servers[1:]
	if s.Look(t.Context()); s.Best(t.Context()).Engine != "busy" {
		t.Error("it is not the best any more")
	}
	n.asks(t, s, "busy")
	s.Look(t.Context())
	n.asks(t, s, "other")
	n.servers = nil
	s.Look(t.Context())
	n.asks(t, s, "other")
	s.Look(t.Context())
	n.asks(t, s, "built in")
}

// Who runs an installed engine replaces it when it hangs, which is over when the
// call is.
func TestAnInstalledEngineThatHungIsAskedAgain(t *testing.T) {
	for installed, want := range map[bool]string{true: "model", false: "built in"} {
		synctest.Test(t, func(t *testing.T) {
			one := server("a", "model")
			one.Installed = installed
			s := guard.NewSwitch((&network{servers: []find.Server{one}}).look)
			_ = s.Do(t.Context(), func(_ context.Context, c guard.Candidate[string]) (bool, error) {
				if c.Engine == "model" {
					time.Sleep(30 * time.Second)
					return false, errDown
				}
				return false, nil
			})
			if got := s.Best(t.Context()).Engine; got != want {
				t.Errorf("installed %t: the best is %s, want %s", installed, got, want)
			}
		})
	}
}

func TestAServerWithAnotherModelIsAnotherOne(t *testing.T) {
	n := &network{servers: []find.Server{server("a", "gone")}}
	s := guard.NewSwitch(n.look)
	n.asks(t, s, "gone", "built in")
	n.servers = []find.Server{server("a", "new")}
	s.Look(t.Context())
	n.asks(t, s, "new")
}

// Who asks first may not wait for the end of the look.
func TestALookThatIsCutShortForgetsNothing(t *testing.T) {
	n := &network{servers: []find.Server{server("a", "model")}}
	s := guard.NewSwitch(n.look)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if got := s.Best(over).Engine; got != "model" {
		t.Errorf("the first look found %s", got)
	}
	for range 3 {
		s.Look(over)
	}
	n.asks(t, s, "model")
}
