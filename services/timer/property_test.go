package timer_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// TestNoTimerIsLostAndNoneRingsTwice does things in random order: timers are set, cancelled
// and made longer, the clock is set, and the service is restarted.
func TestNoTimerIsLostAndNoneRingsTwice(t *testing.T) {
	seeds := uint64(12)
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		run(t, fmt.Sprint("order ", seed), func(t *testing.T, h *house) {
			rnd := rand.New(rand.NewPCG(seed, 15))
			set, cancelled := map[string]bool{}, map[string]bool{}
			rang := map[string]int{} // how often it began to ring, or was missed
			last := map[string]string{}
			follow := func() {
				h.Settle()
				for _, s := range h.state.All() {
					now := map[string]string{}
					for _, x := range s.Timers {
						now[*x.Name] = x.State
						if loud := x.State == contract.TimerRinging || x.State == contract.TimerMissed; loud && last[*x.Name] != x.State && !(last[*x.Name] == contract.TimerRinging) {
							rang[*x.Name]++
						}
					}
					last = now
				}
			}
			rooms := []string{"kitchen", "hall", "bedroom"}
			for i := range 60 {
				room := rooms[rnd.IntN(len(rooms))]
				switch what := rnd.IntN(10); {
				case what < 5:
					name := fmt.Sprintf("nr%d", i)
					if r := command(t, h, room, contract.TimerCommand{Action: contract.TimerSet, When: new(fmt.Sprintf("%d seconds", 1+rnd.IntN(300))), Name: &name}); r.Error == nil {
						set[name] = true
					}
				case what < 6 && len(last) > 0:
					for name := range last {
						if command(t, h, room, contract.TimerCommand{Action: contract.TimerCancel, Name: &name}).Error == nil {
							cancelled[name] = true
						}
						break
					}
				case what < 7:
					for name := range last {
						h.ask(t, room, "Add one minute to the "+name+" timer")
						break
					}
				case what < 8:
					h.clock.set(time.Duration(rnd.IntN(7200)-3600) * time.Second)
				case what < 9:
					time.Sleep(200 * time.Millisecond) // a change of the clock that the service did not live to see is one of the time in which it is away
					follow()
					h.Stop(t, "timer")
					time.Sleep(time.Duration(rnd.IntN(100)) * time.Second)
					h.Add(t, h.mod)
				}
				time.Sleep(time.Duration(rnd.IntN(20)) * time.Second)
				follow()
			}
			time.Sleep(8 * time.Minute)
			follow()
			for name := range set {
				if rang[name] == 0 && !cancelled[name] {
					t.Errorf("%s was lost", name)
				}
			}
			for name, state := range last {
				t.Errorf("at the end %s is %s", name, state)
			}
		})
	}
}
