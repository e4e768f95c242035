// Package process runs services in this process, and returns memory to the machine
// that they no longer use.
package process

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/admin"
	"github.com/gotars/tars/kit/otel"
)

const (
	lookAtMemoryEvery = 15 * time.Second
	muchAllocated     = 32 << 20 // bytes since the last time, of which some are spare
)

// memoryReturner gives memory back to the machine that something large has left
// behind. Go does so after it has collected garbage, which a process that has
// nothing to do puts off for two minutes and longer.
type memoryReturner struct {
	allocated uint64 // bytes up to the last time
	again     bool   // what was in use at the last time may be spare now
}

// Run runs mods until ctx ends, and returns spare memory meanwhile.
func Run(ctx context.Context, mods []kit.Module) error {
	watch, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer end()
	wg.Go(func() { new(memoryReturner).run(watch) })
	return admin.Run(ctx, otel.Trace(mods...)...)
}

// run looks again and again until ctx ends.
func (r *memoryReturner) run(ctx context.Context) {
	t := time.NewTicker(lookAtMemoryEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			r.look()
		}
	}
}

// look returns what is spare when much was allocated since the last time, and
// once more at the next look: what is in use during a flood is not when it is
// over. That costs some hundredths of a second. It reports whether it did.
func (r *memoryReturner) look() bool {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	much := s[0].Value.Uint64()-r.allocated > muchAllocated
	if !much && !r.again {
		return false
	}
	r.allocated, r.again = s[0].Value.Uint64(), much
	debug.FreeOSMemory()
	return true
}
