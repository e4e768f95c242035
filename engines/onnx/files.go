package onnx

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
)

var errNoFullPath = errors.New("the path of the library has to be a full one")

// Supported is nil when this program can load the library, and says why not else: it is
// [errors.ErrUnsupported] then.
func Supported() error {
	if linked {
		return nil
	}
	return fmt.Errorf("this program was built without ONNX Runtime, with the tag static or for a system without a build of it (%s, %s): %w", runtime.GOOS, runtime.GOARCH, errors.ErrUnsupported)
}

// libraryPattern is what Python's package onnxruntime calls the library on goos.
func libraryPattern(goos string) string {
	switch goos {
	case "darwin":
		return "libonnxruntime.*.dylib"
	case "windows":
		return "onnxruntime.dll"
	}
	return "libonnxruntime.so.*"
}

// FindLibrary returns the full path of the library in the folder that make engines
// fills, where it came with Python's package onnxruntime. The error is
// [fs.ErrNotExist] when it is not there.
func FindLibrary(engines string) (string, error) {
	engines, err := filepath.Abs(engines)
	if err != nil {
		return "", fmt.Errorf("onnx: %w", err)
	}
	found, err := filepath.Glob(filepath.Join(engines, "packages", "onnxruntime-*", "onnxruntime", "capi", libraryPattern(runtime.GOOS)))
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("onnx: no ONNX Runtime in %s: %w: run make engines", engines, errors.Join(err, fs.ErrNotExist))
	}
	return slices.Max(found), nil // the newer one, while an update replaces it
}
