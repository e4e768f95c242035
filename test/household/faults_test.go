package household

import (
	"testing"
	"time"

	"github.com/gotars/tars/kit"
)

// services are what may be cut off and started again.
var services = []string{"stt", "router", "llm", "memory", "tts"}

// trouble cuts links and starts services again, until the household is quiet.
func (h *house) trouble(t *testing.T, modules map[string]kit.Module) {
	const every = 9 * time.Minute
	r := h.random(1000)
	for h.sleep(r, every) {
		name := services[r.IntN(len(services))]
		h.checks.count("faults")
		x := r.Float64()
		note("fault", name, x)
		switch {
		case x < 0.4:
			h.checks.away(name, time.Now())
			h.b.Cut(name)
			time.Sleep(time.Second)
			h.checks.back(name, time.Now())
		case x < 0.65:
			h.checks.away(name, time.Now())
			h.b.Unplug(name)
			time.Sleep(between(r, 500*time.Millisecond, 15*time.Second))
			h.b.Plug(name)
			time.Sleep(5 * time.Second) // the longest wait before it connects again
			h.checks.back(name, time.Now())
		case x < 0.70: // as a broker that is started again
			for _, s := range services {
				h.checks.away(s, time.Now())
				h.b.Cut(s)
			}
			time.Sleep(2 * time.Second)
			for _, s := range services {
				h.checks.back(s, time.Now())
			}
		default:
			h.checks.away(name, time.Now())
			h.checks.stop(name, time.Now())
			h.b.Stop(t, name)
			time.Sleep(between(r, 0, 5*time.Second))
			h.b.Add(t, modules[name])
			time.Sleep(time.Second)
			h.checks.back(name, time.Now())
			if name == "router" {
				h.setLive(true)
			}
		}
	}
}
