package onnx

import "unsafe"

// pointerTo is the pointer to an address in memory of C. Converting it through its own
// address tells go vet that this is meant: the collector does not know such memory.
func pointerTo(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}

// cString is s as C has it, with a zero at its end.
func cString(s string) *byte {
	return &append([]byte(s), 0)[0]
}

// goString copies a string of C.
func goString(address uintptr) string {
	p := (*byte)(pointerTo(address))
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}
