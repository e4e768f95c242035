// Package smartturn tells by the sound of an utterance whether its speaker has
// finished, with Smart Turn v3.2, a neural network that hears how the voice falls and
// slows down, which words do not have. It looks at the last 8 s, and takes about 0.1 s
// for them on one core, so nothing that hears audio may wait for it.
//
// The network computes with 8-bit integers whose scales depend on all of its input:
// audio that ends 1 ms earlier can move the probability by 0.4. Bounds on it have to be
// coarse.
package smartturn

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/gotars/tars/engines/onnx"
	"github.com/gotars/tars/speech/pcm"
)

// FileName is what the Python package pipecat-ai calls the network.
const FileName = "smart-turn-v3.2-cpu.onnx"

// ErrBusy is the error of a question that came while another one was answered.
var ErrBusy = errors.New("smartturn: the model still judges another pause")

// Model is the network. It answers one question at a time.
type Model struct {
	session *onnx.Session

	mu        sync.Mutex // while a question is answered
	extractor *extractor
	inputs    []onnx.Tensor
	outputs   []onnx.Tensor
}

// Load reads the network from the folder that make engines fills. The error is
// [fs.ErrNotExist] when it is not there, and [errors.ErrUnsupported] when this program
// could not run it.
func Load(engines string) (*Model, error) {
	library, weights, err := find(engines)
	if err != nil {
		return nil, err
	}
	runtime, err := onnx.Open(library)
	if err != nil {
		return nil, fmt.Errorf("smartturn: %w", err)
	}
	data, err := os.ReadFile(weights)
	if err != nil {
		return nil, fmt.Errorf("smartturn: %w", err)
	}
	session, err := runtime.NewSession(data)
	if err != nil {
		return nil, fmt.Errorf("smartturn: %s: %w: run tars engines install turn", weights, err)
	}
	return &Model{
		session: session, extractor: newExtractor(),
		inputs:  []onnx.Tensor{{Name: "input_features", Shape: []int64{1, bands, frames}, Data: make([]float32, bands*frames)}},
		outputs: []onnx.Tensor{{Name: "logits", Shape: []int64{1, 1}, Data: make([]float32, 1)}}, // a probability, whatever its name
	}, nil
}

// Installed is nil when [Load] finds its files, and else the error that Load returns.
func Installed(engines string) error {
	_, _, err := find(engines)
	return err
}

// find returns the files of the library and of the network.
func find(engines string) (library, weights string, err error) {
	if err := onnx.Supported(); err != nil {
		return "", "", fmt.Errorf("smartturn: %w", err)
	}
	found, err := filepath.Glob(filepath.Join(engines, "models", "turn-*", FileName))
	if err != nil || len(found) == 0 {
		return "", "", fmt.Errorf("smartturn: no %s in %s: %w: run make engines", FileName, engines, errors.Join(err, fs.ErrNotExist))
	}
	library, err = onnx.FindLibrary(engines)
	return library, slices.Max(found), err
}

// Finished is the probability that the speaker of audio has finished. Audio goes from
// half a second before the first word, or earlier, to a pause of 0.2 s or more.
func (m *Model) Finished(audio pcm.Audio) (float64, error) {
	if !m.mu.TryLock() {
		return 0, ErrBusy
	}
	defer m.mu.Unlock()
	m.extractor.features(audio, m.inputs[0].Data)
	if err := m.session.Run(m.inputs, m.outputs); err != nil {
		return 0, fmt.Errorf("smartturn: %w", err)
	}
	p := float64(m.outputs[0].Data[0])
	if !(p >= 0 && p <= 1) {
		return 0, fmt.Errorf("smartturn: the model says %v, which is no probability", p)
	}
	return p, nil
}

// Close frees the network.
func (m *Model) Close() { m.session.Close() }
