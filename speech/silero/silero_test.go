package silero

import (
	"bufio"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gotars/tars/test/need"
)

// loadModel reads the weights that make assets fetches.
func loadModel(t testing.TB) *Model {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(need.Weights(t), "silero", FileName))
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseModel(data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// recording returns the samples of a recording, without the 44 bytes of its WAV header.
func recording(t *testing.T, name string) []float32 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../services/stt/testdata/speech", name))
	if err != nil {
		t.Fatal(err)
	}
	data = data[44:]
	samples := make([]float32, len(data)/2)
	for i := range samples {
		samples[i] = float32(int16(binary.LittleEndian.Uint16(data[2*i:]))) / 32768
	}
	return samples
}

func TestProbabilitiesAreThoseOfONNXRuntime(t *testing.T) {
	const maxDifference = 1e-4 // sums are added in another order
	m := loadModel(t)
	f, err := os.Open("testdata/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if words[0] == "#" {
			continue
		}
		samples, d := recording(t, words[0]), NewDetector(m)
		for i, text := range words[1:] {
			want, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			got := float64(d.SpeechProbability(samples[i*FrameSamples:][:FrameSamples]))
			if math.Abs(got-want) > maxDifference {
				t.Fatalf("%s, frame %d: %.6f, want %.6f", words[0], i, got, want)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

func TestSilenceIsNoSpeech(t *testing.T) {
	d := NewDetector(loadModel(t))
	frame := make([]float32, FrameSamples)
	for i := range 100 {
		if p := d.SpeechProbability(frame); p > 0.2 {
			t.Fatalf("frame %d of silence is speech with probability %.2f", i, p)
		}
	}
	if n := testing.AllocsPerRun(10, func() { d.SpeechProbability(frame) }); n > 0 {
		t.Errorf("%.0f allocations a frame, want none", n)
	}
}

func TestDetectorStartsAfreshAfterReset(t *testing.T) {
	d := NewDetector(loadModel(t))
	samples := recording(t, "cards-003.wav")[:20*FrameSamples]
	hear := func() (last float32) {
		for i := 0; i < len(samples); i += FrameSamples {
			last = d.SpeechProbability(samples[i:][:FrameSamples])
		}
		return last
	}
	first := hear()
	d.Reset()
	if again := hear(); again != first {
		t.Errorf("%v after a reset, want %v as at first", again, first)
	}
}

func TestDamagedModelIsRefused(t *testing.T) {
	tests := map[string][]byte{
		"nothing":              nil,
		"text":                 []byte("not a model"),
		"half a number":        {0x3a, 0xff},
		"a length beyond it":   {0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"a graph without data": {0x3a, 0x00},
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseModel(data); err == nil {
				t.Error("no error")
			}
		})
	}
}

func FuzzParseModel(f *testing.F) {
	f.Add([]byte{0x3a, 0x02, 0x2a, 0x00})
	f.Add([]byte{0x3a, 0x08, 0x2a, 0x06, 0x42, 0x01, 'a', 0x4a, 0x01, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := ParseModel(data); err == nil && m == nil {
			t.Error("neither a model nor an error")
		}
	})
}

func BenchmarkSpeechProbability(b *testing.B) {
	d := NewDetector(loadModel(b))
	frame := make([]float32, FrameSamples)
	for i := range frame {
		frame[i] = float32(math.Sin(float64(i) / 10))
	}
	b.ReportAllocs()
	for b.Loop() {
		d.SpeechProbability(frame)
	}
}
