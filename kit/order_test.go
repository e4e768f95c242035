package kit_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// What many publish at once while there is no link goes out in the order of
// their calls, and before what is published later.
func TestOutageKeepsTheOrderOfCalls(t *testing.T) {
	const n = 300
	outages := map[string]struct{ during func(*kittest.Harness) }{
		"one":                 {func(b *kittest.Harness) { b.Plug("s") }},
		"one after the other": {func(b *kittest.Harness) { b.Plug("s"); time.Sleep(300 * time.Millisecond); b.Cut("s"); b.Cut("s") }},
		"a link that ends at once": {func(b *kittest.Harness) {
			b.Plug("s")
			time.Sleep(time.Second)
			b.Unplug("s")
			time.Sleep(time.Second)
			b.Plug("s")
		}},
	}
	for name, tt := range outages {
		var l diary
		var s *kit.Bus
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			b.Unplug("s")
			synctest.Wait()
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() {
					if err := s.Publish(t.Context(), Note{Text: fmt.Sprintf("%04d", i)}); err != nil {
						t.Error(err)
					}
				})
				synctest.Wait() // it waits for the link before the next one begins
			}
			gaveUp, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			if err := s.Publish(gaveUp, Note{Text: "given up"}); err == nil {
				t.Error("published without a link")
			}
			tt.during(b)
			all.Wait()
			if err := s.Publish(t.Context(), Note{Text: "last"}); err != nil {
				t.Error(err)
			}
			b.Settle()
			got := l.take()
			if name != "one" { // what was sent when a link was lost comes twice
				got = firsts(got)
			}
			if len(got) != n+1 || !slices.IsSorted(got) {
				t.Errorf("%d arrived, in this order: %q", len(got), got)
			}
		}, kittest.ServiceOf("s", kit.Sends[Note]()).With(fx.Populate(&s)), kittest.ServiceOf("ear", kit.On(func(_ context.Context, m Note) error { l.add("%s", m.Text); return nil })))
	}
}

// firsts is all without repeats.
func firsts(all []string) (out []string) {
	for _, s := range all {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
