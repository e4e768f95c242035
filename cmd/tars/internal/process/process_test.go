package process

import (
	"runtime"
	"runtime/metrics"
	"testing"
)

// heldMemory is how many bytes Go has from the machine.
func heldMemory() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// TestSpareMemoryIsReturned drops 200 MiB, which Go alone would keep for minutes.
// Half of it is in use still when memory is returned for the first time.
func TestSpareMemoryIsReturned(t *testing.T) {
	var r memoryReturner
	for r.look() {
	}
	before := heldMemory()
	large := make([][]byte, 200)
	for i := range large {
		large[i] = make([]byte, 1<<20)
	}
	clear(large[:100])
	if held := heldMemory(); held < before+150<<20 {
		t.Fatalf("%d MiB are held with 200 MiB in use", held>>20)
	}
	if !r.look() {
		t.Error("100 MiB were not returned")
	}
	runtime.KeepAlive(large)
	clear(large)
	if !r.look() {
		t.Error("the other 100 MiB were not returned")
	}
	if held := heldMemory(); held > before+32<<20 {
		t.Errorf("%d MiB are held, were %d before", held>>20, before>>20)
	}
	if r.look() {
		t.Error("nothing was spare, and yet it was returned")
	}
}
