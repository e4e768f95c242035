//go:build !static && windows && (amd64 || arm64)

package onnx

import (
	"fmt"
	"path/filepath"
	"syscall"
)

// linked tells whether this program can load a library.
const linked = true

// call calls a function of C. Pointers that are converted in its argument list stay
// alive and in place until it returns.
//
//go:uintptrescapes
func call(function uintptr, args ...uintptr) uintptr {
	result, _, _ := syscall.SyscallN(function, args...)
	return result
}

// findSymbol loads the library at path and returns the address of its function. Windows
// has an older onnxruntime.dll of its own, which a bare name would find.
func findSymbol(path, function string) (uintptr, error) {
	if !filepath.IsAbs(path) {
		return 0, errNoFullPath
	}
	library, err := syscall.LoadLibrary(path)
	if err != nil {
		return 0, fmt.Errorf("%w: put the onnxruntime.dll of ONNX Runtime there", err)
	}
	return syscall.GetProcAddress(library, function)
}
