//go:build static || !(amd64 || arm64) || !(darwin || linux || windows)

package onnx

import (
	"errors"
	"runtime"
)

// linked tells whether this program can load a library.
const linked = false

// call is never reached: no library is ever loaded.
func call(uintptr, ...uintptr) uintptr { return 0 }

// findSymbol says why this program loads no library.
func findSymbol(string, string) (uintptr, error) {
	return 0, errors.New("this program was built without ONNX Runtime, with the tag static or for " + runtime.GOOS + " on " + runtime.GOARCH + ", which has no build of it")
}
