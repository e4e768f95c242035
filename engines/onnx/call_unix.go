//go:build !static && (darwin || linux) && (amd64 || arm64)

package onnx

import (
	"fmt"
	"path/filepath"

	"github.com/ebitengine/purego"
)

// linked tells whether this program can load a library.
const linked = true

// call calls a function of C. Pointers that are converted in its argument list stay
// alive and in place until it returns.
//
//go:uintptrescapes
func call(function uintptr, args ...uintptr) uintptr {
	result, _, _ := purego.SyscallN(function, args...)
	return result
}

// findSymbol loads the library at path and returns the address of its function.
func findSymbol(path, function string) (uintptr, error) {
	if !filepath.IsAbs(path) {
		return 0, errNoFullPath
	}
	library, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return 0, fmt.Errorf("%w: run make engines; on Linux it needs glibc 2.28 and libstdc++", err)
	}
	return purego.Dlsym(library, function)
}
