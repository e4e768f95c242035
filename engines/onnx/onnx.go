// Package onnx runs neural networks in the ONNX format inside this process, with the
// C library ONNX Runtime. The library is loaded while the program runs, through
// purego, so that neither building nor running needs a C compiler.
//
// A [Library] is loaded once and stays. A [Session] is one network; any number of
// goroutines may run it. Nothing has to be closed for the program to be safe: a
// session that is forgotten is freed by the garbage collector.
//
// A program that is linked with purego needs the C library of its system, glibc on
// Linux, to start. The build tag static leaves purego out: such a program starts
// anywhere, and [Open] then says why it cannot.
package onnx

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"unsafe"
)

// Places of functions in the table of ONNX Runtime's C API (onnxruntime_c_api.h,
// struct OrtApi), counted from 0. Functions are only ever added at its end, so the
// places hold for every later version of the library.
const (
	fnGetErrorMessage        = 2
	fnCreateEnv              = 3
	fnDisableTelemetry       = 6
	fnCreateSessionFromArray = 8
	fnRun                    = 9
	fnCreateSessionOptions   = 10
	fnSetIntraOpThreads      = 24
	fnSetInterOpThreads      = 25
	fnCreateTensorWithData   = 49
	fnCreateCPUMemoryInfo    = 69
	fnReleaseStatus          = 93
	fnReleaseSession         = 95
	fnReleaseValue           = 96
	fnReleaseSessionOptions  = 100
	tableSize                = 101
)

// Values of enumerations of the same header.
const (
	apiVersion       = 11 // the oldest table with all of the above; every later library has it as well
	logLevelFatal    = 4  // errors are returned: printing them as well would put them on the terminal
	deviceAllocator  = 0
	defaultMemory    = 0
	elementIsFloat32 = 1
)

// telemetryOff is the variable that keeps ONNX Runtime from reporting its use and from
// writing a number of this machine below the user's cache. It is read when the library
// is loaded, so it has to be set before.
const telemetryOff = "ORT_DISABLE_TELEMETRY"

// ErrClosed is the error of a run after the session was closed.
var ErrClosed = errors.New("onnx: the session is closed")

// Library is a loaded ONNX Runtime.
type Library struct {
	// Version is what the library calls itself: "1.32.0".
	Version string

	functions   *[tableSize]uintptr
	environment uintptr // of all sessions
	memory      uintptr // tells the library that tensors are in ordinary memory
}

// opened are the libraries of this process by their path. They cannot be unloaded.
var opened struct {
	sync.Mutex
	byPath map[string]*Library
}

// Open loads the library whose file is path, which has to be a full path: a bare name
// would find whatever library the system has. A second call returns the same Library.
func Open(path string) (*Library, error) {
	opened.Lock()
	defer opened.Unlock()
	if l := opened.byPath[path]; l != nil {
		return l, nil
	}
	if err := os.Setenv(telemetryOff, "1"); err != nil {
		return nil, fmt.Errorf("onnx: turn the telemetry of ONNX Runtime off: %w", err)
	}
	l, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("onnx: load %s: %w", path, err)
	}
	if opened.byPath == nil {
		opened.byPath = map[string]*Library{}
	}
	opened.byPath[path] = l
	return l, nil
}

// load loads a library that is not loaded.
func load(path string) (*Library, error) {
	getBase, err := findSymbol(path, "OrtGetApiBase")
	if err != nil {
		return nil, err
	}
	base := (*[2]uintptr)(pointerTo(call(getBase))) // OrtApiBase: GetApi, GetVersionString
	if base == nil {
		return nil, errors.New("it has no API: is this ONNX Runtime?")
	}
	l := &Library{Version: goString(call(base[1]))}
	l.functions = (*[tableSize]uintptr)(pointerTo(call(base[0], apiVersion)))
	if l.functions == nil {
		return nil, fmt.Errorf("ONNX Runtime %s lacks version %d of its API: run tars engines update", l.Version, apiVersion)
	}
	err = l.check(call(l.functions[fnCreateEnv], logLevelFatal, uintptr(unsafe.Pointer(cString("tars"))), uintptr(unsafe.Pointer(&l.environment))))
	if err == nil {
		err = l.check(call(l.functions[fnDisableTelemetry], l.environment))
	}
	if err == nil {
		err = l.check(call(l.functions[fnCreateCPUMemoryInfo], deviceAllocator, defaultMemory, uintptr(unsafe.Pointer(&l.memory))))
	}
	return l, err
}

// check turns the status that a function returned into an error, and frees it.
func (l *Library) check(status uintptr) error {
	if status == 0 {
		return nil
	}
	defer call(l.functions[fnReleaseStatus], status)
	return errors.New(goString(call(l.functions[fnGetErrorMessage], status))) // the text is freed with the status
}

// Session is one network, ready to run.
type Session struct {
	library *Library
	mu      sync.RWMutex // held for reading by runs, so that Close waits for them
	address uintptr      // of the library's session; 0 after Close
	cleanup runtime.Cleanup
}

// NewSession makes a network of the bytes of an ONNX file, which it does not keep. It
// runs on the thread of its caller alone.
func (l *Library) NewSession(model []byte) (*Session, error) {
	if len(model) == 0 {
		return nil, errors.New("onnx: the model is empty")
	}
	var options uintptr
	if err := l.check(call(l.functions[fnCreateSessionOptions], uintptr(unsafe.Pointer(&options)))); err != nil {
		return nil, fmt.Errorf("onnx: options of a session: %w", err)
	}
	defer call(l.functions[fnReleaseSessionOptions], options)
	err := errors.Join( // without these the library takes every core
		l.check(call(l.functions[fnSetIntraOpThreads], options, 1)),
		l.check(call(l.functions[fnSetInterOpThreads], options, 1)))
	if err != nil {
		return nil, fmt.Errorf("onnx: threads of a session: %w", err)
	}
	s := &Session{library: l}
	err = l.check(call(l.functions[fnCreateSessionFromArray], l.environment, uintptr(unsafe.Pointer(&model[0])), uintptr(len(model)),
		options, uintptr(unsafe.Pointer(&s.address))))
	if err != nil {
		return nil, fmt.Errorf("onnx: the model cannot be loaded: %w", err)
	}
	s.cleanup = runtime.AddCleanup(s, func(address uintptr) { call(l.functions[fnReleaseSession], address) }, s.address)
	return s, nil
}

// Close waits for the runs that go on and frees the network.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.address != 0 {
		s.cleanup.Stop()
		call(s.library.functions[fnReleaseSession], s.address)
		s.address = 0
	}
}

// Tensor is an input or output of a network by its name in the model. Data has as many
// values as Shape says; of an output, it is where the result is written.
type Tensor struct {
	Name  string
	Shape []int64
	Data  []float32
}

// elements is how many values the shape of t says; -1 for a shape that is none.
func (t Tensor) elements() int {
	n := 1
	for _, d := range t.Shape {
		if d <= 0 || d > int64(len(t.Data)) || n > len(t.Data) {
			return -1
		}
		n *= int(d)
	}
	return n
}

// Run computes the outputs of inputs.
func (s *Session) Run(inputs, outputs []Tensor) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.address == 0 {
		return ErrClosed
	}
	if len(inputs) == 0 || len(outputs) == 0 {
		return errors.New("onnx: a run needs inputs and outputs")
	}
	var pins runtime.Pinner // the library must find all of this where it was while it runs
	defer pins.Unpin()
	all := slices.Concat(inputs, outputs)
	names, values := make([]*byte, len(all)), make([]uintptr, len(all))
	defer s.release(values)
	for i, t := range all {
		if len(t.Data) == 0 || t.elements() != len(t.Data) {
			return fmt.Errorf("onnx: %s has %d values for the shape %v", t.Name, len(t.Data), t.Shape)
		}
		names[i] = cString(t.Name)
		pins.Pin(names[i])
		pins.Pin(&t.Data[0])
		shape := append(slices.Clone(t.Shape), 0) // has an address also when t is a single value
		err := s.library.check(call(s.library.functions[fnCreateTensorWithData], s.library.memory, uintptr(unsafe.Pointer(&t.Data[0])), uintptr(4*len(t.Data)),
			uintptr(unsafe.Pointer(&shape[0])), uintptr(len(t.Shape)), elementIsFloat32, uintptr(unsafe.Pointer(&values[i]))))
		if err != nil {
			return fmt.Errorf("onnx: %s: %w", t.Name, err)
		}
	}
	n := len(inputs)
	err := s.library.check(call(s.library.functions[fnRun], s.address, 0,
		uintptr(unsafe.Pointer(&names[0])), uintptr(unsafe.Pointer(&values[0])), uintptr(n),
		uintptr(unsafe.Pointer(&names[n])), uintptr(len(outputs)), uintptr(unsafe.Pointer(&values[n]))))
	if err != nil {
		return fmt.Errorf("onnx: run: %w", err)
	}
	return nil
}

// release frees tensors, those that were made.
func (s *Session) release(values []uintptr) {
	for _, v := range values {
		if v != 0 {
			call(s.library.functions[fnReleaseValue], v)
		}
	}
}
