//go:build !static && (darwin || linux) && (amd64 || arm64)

package onnx

import (
	"testing"
	"unsafe"

	"github.com/ebitengine/purego"
)

// TestTelemetryIsOffForTheLibrary asks the C library, since that is whom ONNX Runtime
// asks: the environment of Go and that of C are two.
func TestTelemetryIsOffForTheLibrary(t *testing.T) {
	openLibrary(t)
	getenv, err := purego.Dlsym(purego.RTLD_DEFAULT, "getenv")
	if err != nil {
		t.Fatal(err)
	}
	if got := goString(call(getenv, uintptr(unsafe.Pointer(cString(telemetryOff))))); got != "1" {
		t.Errorf("%s is %q for the library, want 1", telemetryOff, got)
	}
}
