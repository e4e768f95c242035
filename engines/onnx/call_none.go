//go:build static || !(amd64 || arm64) || !(darwin || linux || windows)

package onnx

// linked tells whether this program can load a library.
const linked = false

// call is never reached: no library is ever loaded.
func call(uintptr, ...uintptr) uintptr { return 0 }

// findSymbol says why this program loads no library.
func findSymbol(string, string) (uintptr, error) {
	return 0, Supported()
}
