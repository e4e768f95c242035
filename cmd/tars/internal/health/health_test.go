package health_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/cmd/tars/internal/health"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// ailing is a service whose engine is missing, which it learns after a look for it.
type ailing struct{ look time.Duration }

func (*ailing) Handlers() []kit.Handler { return nil }

func (a *ailing) Healthy(context.Context) error {
	time.Sleep(a.look)
	return errors.New("no recogniser answers")
}

func TestAServiceThatIsReadyBeforeItIsDegradedIsShownAsDegraded(t *testing.T) {
	const look = time.Second // as long as services look for servers
	module := kit.Service[*ailing]("stt", kit.As(kit.Identity{ClientID: "tars-stt", Source: "tars-stt"}), fx.Supply(&ailing{look}))
	kittest.Run(t, "its engine is missing", func(t *testing.T, b *kittest.Harness) {
		board := health.NewBoard()
		b.Add(t, kittest.ServiceOf("up", board.Handler()))
		b.Add(t, module)
		if err := board.Wait(t.Context(), []string{"stt"}, time.Minute); err != nil {
			t.Fatal(err)
		}
		h, _ := board.Of("stt")
		if !h.OK {
			t.Fatal("the service was not ready first: this test shows nothing")
		}
		time.Sleep(look - 100*time.Millisecond) // the table looks for engines meanwhile
		if err := board.Settle(t.Context(), 200*time.Millisecond, time.Minute); err != nil {
			t.Fatal(err)
		}
		if h, _ := board.Of("stt"); health.Text(h) != contract.HealthDegraded {
			t.Errorf("it is shown as %s", health.Text(h))
		}
	})
}

func TestWaitingForHealthEnds(t *testing.T) {
	tests := map[string]struct {
		services []string
		told     []string // events of the service a, a second apart
		want     time.Duration
	}{
		"when all services work":       {[]string{"a"}, []string{contract.HealthError, contract.HealthReady}, 2 * time.Second},
		"when one is degraded":         {[]string{"a"}, []string{contract.HealthDegraded}, time.Second},
		"at the limit when one fails":  {[]string{"a"}, []string{contract.HealthError}, 10 * time.Second},
		"at the limit when one is off": {[]string{"a", "b"}, []string{contract.HealthReady}, 10 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				board := health.NewBoard()
				go func() {
					for _, event := range tt.told {
						time.Sleep(time.Second)
						health.Note(board, contract.HealthPing{Name: "a", OK: event == contract.HealthReady, Event: &event})
					}
				}()
				begin := time.Now()
				if err := board.Wait(t.Context(), tt.services, 10*time.Second); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begin); took != tt.want {
					t.Errorf("it ended after %v, want %v", took, tt.want)
				}
			})
		})
	}
}

func TestSettlingEndsAtItsLimitWhenHealthKeepsChanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := health.NewBoard()
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			for range 100 {
				health.Note(board, contract.HealthPing{Name: "a", OK: true})
				time.Sleep(100 * time.Millisecond)
			}
		})
		begin := time.Now()
		if err := board.Settle(t.Context(), time.Second, 3*time.Second); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("it ended after %v, want 3s", took)
		}
	})
}
