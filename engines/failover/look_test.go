package failover_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
)

// network is where looking finds servers, each by its model; the built-in engine
// is always there.
type network struct {
	servers []discovery.Server
	asked   []string
}

func (n *network) look(ctx context.Context) (all []failover.Candidate[string]) {
	if ctx.Err() == nil {
		for _, s := range n.servers {
			all = append(all, failover.Found(s, s.Model))
		}
	}
	return append(all, failover.Candidate[string]{Engine: "built in", Key: "built in"})
}

func (n *network) asks(t *testing.T, s *failover.Switch[string], want ...string) {
	t.Helper()
	n.asked = nil
	err := s.Do(t.Context(), func(_ context.Context, c failover.Candidate[string]) (bool, error) {
		if n.asked = append(n.asked, c.Engine); c.Engine == "gone" {
			return false, errDown
		}
		return false, nil
	})
	if err != nil || !slices.Equal(n.asked, want) {
		t.Errorf("asked %q, %v, want %q", n.asked, err, want)
	}
}

func server(url, model string) discovery.Server {
	return discovery.Server{Protocol: "openai", URL: "http://" + url, Model: model}
}

// A server that works hard may not answer within the half second of a look.
func TestAServerThatMissesOneLookIsKept(t *testing.T) {
	n := &network{servers: []discovery.Server{server("a", "busy"), server("b", "other")}}
	s := failover.NewSwitch(n.look)
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
			s := failover.NewSwitch((&network{servers: []discovery.Server{one}}).look)
			_ = s.Do(t.Context(), func(_ context.Context, c failover.Candidate[string]) (bool, error) {
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
	n := &network{servers: []discovery.Server{server("a", "gone")}}
	s := failover.NewSwitch(n.look)
	n.asks(t, s, "gone", "built in")
	n.servers = []discovery.Server{server("a", "new")}
	s.Look(t.Context())
	n.asks(t, s, "new")
}

// Who asks first may not wait for the end of the look.
func TestALookThatIsCutShortForgetsNothing(t *testing.T) {
	n := &network{servers: []discovery.Server{server("a", "model")}}
	s := failover.NewSwitch(n.look)
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
