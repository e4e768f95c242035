package onnx

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gotars/tars/test/need"
)

// sumModel is a network of one operator, z = x + y, over any number of float32. Field
// numbers are those of onnx.proto3.
func sumModel() []byte {
	bytesField := func(number protowire.Number, parts ...[]byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), slices.Concat(parts...))
	}
	text := func(number protowire.Number, s string) []byte { return bytesField(number, []byte(s)) }
	integer := func(number protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), v)
	}
	value := func(number protowire.Number, name string) []byte { // float32 of one dimension called n
		dimensions := bytesField(2, bytesField(1, text(2, "n")))
		return bytesField(number, text(1, name), bytesField(2, bytesField(1, integer(1, 1), dimensions)))
	}
	node := bytesField(1, text(1, "x"), text(1, "y"), text(2, "z"), text(4, "Add"))
	graph := bytesField(7, node, text(2, "sum"), value(11, "x"), value(11, "y"), value(12, "z"))
	return slices.Concat(integer(1, 8), graph, bytesField(8, integer(2, 13)))
}

func openLibrary(t testing.TB) *Library {
	t.Helper()
	if !linked {
		t.Skip("this program was built without ONNX Runtime")
	}
	path, err := FindLibrary(filepath.Join(need.Installed(t), "engines"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newSession(t testing.TB) *Session {
	t.Helper()
	s, err := openLibrary(t).NewSession(sumModel())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sum runs the network on x and y.
func sum(s *Session, x, y []float32) ([]float32, error) {
	n := []int64{int64(len(x))}
	z := make([]float32, len(x))
	return z, s.Run([]Tensor{{"y", n, y}, {"x", n, x}}, []Tensor{{"z", n, z}})
}

func TestANetworkComputes(t *testing.T) {
	s := newSession(t)
	defer s.Close()
	z, err := sum(s, []float32{1, 2, 3}, []float32{10, 20, 30})
	if want := []float32{11, 22, 33}; err != nil || !slices.Equal(z, want) {
		t.Errorf("the sum is %v, want %v (error %v)", z, want, err)
	}
}

func TestALibraryIsLoadedOnce(t *testing.T) {
	if a, b := openLibrary(t), openLibrary(t); a != b || a.Version == "" {
		t.Errorf("opened twice: %p and %p of version %q", a, b, a.Version)
	}
}

func TestErrorsNameTheThing(t *testing.T) {
	l := openLibrary(t)
	s := newSession(t)
	defer s.Close()
	three := []float32{1, 2, 3}
	run := func(inputs []Tensor, output Tensor) error { return s.Run(inputs, []Tensor{output}) }
	x, y, z := Tensor{"x", []int64{3}, three}, Tensor{"y", []int64{3}, three}, Tensor{"z", []int64{3}, make([]float32, 3)}
	session := func(model []byte) error { _, err := l.NewSession(model); return err }
	tests := map[string]struct {
		err  error
		want string
	}{
		"an empty model":                     {session(nil), "empty"},
		"bytes that are no model":            {session([]byte("not a model")), "cannot be loaded"},
		"a model that was cut":               {session(sumModel()[:30]), "cannot be loaded"},
		"no inputs":                          {run(nil, z), "needs inputs"},
		"an input that the model has not":    {run([]Tensor{{"w", []int64{3}, three}, y}, z), "w"},
		"a shape for more values":            {run([]Tensor{{"x", []int64{4}, three}, y}, z), "x has 3 values for the shape [4]"},
		"a shape that is none":               {run([]Tensor{{"x", []int64{-3}, three}, y}, z), "x has 3 values"},
		"a shape without end":                {run([]Tensor{{"x", []int64{3, 1 << 62, 1 << 62}, three}, y}, z), "x has 3 values"},
		"an input without values":            {run([]Tensor{{"x", []int64{0}, nil}, y}, z), "x has 0 values"},
		"an input of more dimensions":        {run([]Tensor{{"x", []int64{1, 3}, three}, y}, z), "rank"},
		"an output of another size":          {run([]Tensor{x, y}, Tensor{"z", []int64{2}, three[:2]}), "shape"},
		"a file that is not there":           {openError("/nowhere/libonnxruntime.so"), "/nowhere/libonnxruntime.so"},
		"a file that is no library":          {openError(fileWith(t, "text")), "make engines"},
		"a bare name, which finds any build": {openError("libonnxruntime.so"), "full"},
	}
	for name, tt := range tests {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, tt.err, tt.want)
		}
	}
	if z, err := sum(s, three, three); err != nil || z[2] != 6 {
		t.Errorf("after the errors the sum is %v, %v", z, err)
	}
}

func openError(path string) error {
	_, err := Open(path)
	return err
}

func fileWith(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "library")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAClosedSessionDoesNotRun(t *testing.T) {
	s := newSession(t)
	s.Close()
	s.Close()
	if _, err := sum(s, []float32{1}, []float32{2}); !errors.Is(err, ErrClosed) {
		t.Errorf("a run after Close: %v", err)
	}
}

// TestTheCollectorTakesNothingThatIsInUse runs networks on many goroutines, whose
// stacks grow, while garbage is collected without a pause. Half of the sessions are
// never closed.
func TestTheCollectorTakesNothingThatIsInUse(t *testing.T) {
	shared := newSession(t)
	defer shared.Close()
	stop := make(chan struct{})
	var collector, runners sync.WaitGroup
	collector.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	})
	for g := range 8 {
		own := newSession(t)
		runners.Go(func() {
			for i := range 100 {
				s := shared
				if i%4 == 0 {
					s = own
				}
				growStack(i)
				z, err := sum(s, []float32{float32(g), float32(i)}, []float32{1, 2})
				if err != nil || z[0] != float32(g+1) || z[1] != float32(i+2) {
					t.Errorf("the sum is %v, error %v", z, err)
					return
				}
			}
			if g%2 == 0 {
				own.Close()
			}
		})
	}
	runners.Wait()
	close(stop)
	collector.Wait()
}

func growStack(n int) byte {
	var frame [4096]byte
	if n <= 0 {
		return frame[0]
	}
	return frame[n] + growStack(n-20)
}

func TestAProgramWithoutTheLibrarySaysSo(t *testing.T) {
	_, err := Open(fileWith(t, "text"))
	if err == nil || errors.Is(err, errors.ErrUnsupported) == linked || (Supported() == nil) != linked {
		t.Errorf("error %v, supported: %v", err, Supported())
	}
}

func TestALibraryThatIsNotInstalledIsNamed(t *testing.T) {
	dir := t.TempDir()
	if _, err := FindLibrary(dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "make engines") {
		t.Errorf("error %v", err)
	}
	file := filepath.Join(dir, "packages", "onnxruntime-1.32.0-cp311-cp311-any", "onnxruntime", "capi", strings.ReplaceAll(libraryPattern(runtime.GOOS), "*", "1.32.0"))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := FindLibrary(dir); err != nil || got != file {
		t.Errorf("found %q, want %q (error %v)", got, file, err)
	}
}

func TestLibrariesHaveTheNamesOfTheirSystems(t *testing.T) {
	for goos, want := range map[string]string{"linux": "libonnxruntime.so.1.32.0", "darwin": "libonnxruntime.1.32.0.dylib", "windows": "onnxruntime.dll"} {
		if ok, err := filepath.Match(libraryPattern(goos), want); !ok || err != nil {
			t.Errorf("%s is not found on %s", want, goos)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	s := newSession(b)
	defer s.Close()
	x := []float32{1, 2, 3}
	for b.Loop() {
		if _, err := sum(s, x, x); err != nil {
			b.Fatal(err)
		}
	}
}
