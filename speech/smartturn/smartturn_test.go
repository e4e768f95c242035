package smartturn

import (
	"bufio"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gotars/tars/engines/onnx"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/test/need"
)

// reference is what Python computed for the beginning of a recording.
type reference struct {
	name        string
	audio       pcm.Audio
	probability float64
	features    []float64 // each 499th
}

const referenceStep = 499

// references reads testdata/reference.txt, which testdata/reference.py writes.
func references(t testing.TB) (all []reference) {
	t.Helper()
	f, err := os.Open("testdata/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if words[0] == "#" {
			continue
		}
		r := reference{name: words[0] + ", samples: " + words[1], audio: recordings(t, words[0])[:2*int(number(words[1]))], probability: number(words[2])}
		for _, w := range words[3:] {
			r.features = append(r.features, number(w))
		}
		all = append(all, r)
	}
	return all
}

// recordings returns the audio of recordings, one after the other.
func recordings(t testing.TB, pattern string) (all pcm.Audio) {
	t.Helper()
	const header = 44 // bytes of a WAV file before its samples
	files, err := filepath.Glob(filepath.Join("../../services/stt/testdata/speech", pattern))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data[header:]...)
	}
	return all
}

func featuresOf(audio pcm.Audio) []float32 {
	out := make([]float32, bands*frames)
	newExtractor().features(audio, out)
	return out
}

func TestFeaturesAreThoseOfPython(t *testing.T) {
	const maxDifference = 5e-5 // Python normalises the audio in 32 bits, we in 64
	all := references(t)
	for _, r := range all {
		got := featuresOf(r.audio)
		for i, want := range r.features {
			if d := math.Abs(float64(got[i*referenceStep]) - want); !(d <= maxDifference) {
				t.Errorf("%s: feature %d is %v, want %v", r.name, i*referenceStep, got[i*referenceStep], want)
				break
			}
		}
	}
	if len(all) < 12 {
		t.Errorf("only %d references", len(all))
	}
}

func TestSilenceBeforeShortAudioIsNotLeftOut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, samples := range []int{1, 159, 160, 161, 333, 5000, 64000, windowSamples - 201, windowSamples - 1, windowSamples, windowSamples + 7} {
		audio := make(pcm.Audio, 2*samples)
		for i := range audio {
			audio[i] = byte(random.UintN(256))
		}
		padded := append(make(pcm.Audio, max(0, 2*windowSamples-len(audio))), audio...)
		short, long := featuresOf(audio), featuresOf(padded)
		for i := range short {
			if math.Abs(float64(short[i]-long[i])) > 1e-6 {
				t.Errorf("%d samples, feature %d: %v, with silence before them %v", samples, i, short[i], long[i])
				break
			}
		}
	}
}

func FuzzFeatures(f *testing.F) {
	f.Add([]byte("ab"))
	f.Add(make([]byte, 2*windowSamples+3))
	f.Fuzz(func(t *testing.T, audio []byte) {
		for i, v := range featuresOf(audio) {
			if !(v >= -4 && v <= 4) {
				t.Fatalf("feature %d of %d bytes is %v", i, len(audio), v)
			}
		}
	})
}

func loadModel(t testing.TB) *Model {
	t.Helper()
	m, err := Load(need.TurnModel(t))
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err) // by the tag static
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// TestTheModelJudgesAsInPython leaves room for the noise of the model itself, which
// moves by 0.2 for features that differ by 1e-5.
func TestTheModelJudgesAsInPython(t *testing.T) {
	const maxDifference = 0.25
	m := loadModel(t)
	for _, r := range references(t) {
		got, err := m.Finished(r.audio)
		t.Logf("%s: %.3f, in Python %.3f", r.name, got, r.probability)
		if err != nil || math.Abs(got-r.probability) > maxDifference {
			t.Errorf("%s: the probability is %v, want %v (error %v)", r.name, got, r.probability, err)
		}
	}
}

func TestQuestionsAtOnceAreRefusedOrAnswered(t *testing.T) {
	m := loadModel(t)
	audio := references(t)[0].audio
	var answered, refused int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := m.Finished(audio)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				answered++
			case errors.Is(err, ErrBusy):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if answered == 0 || answered+refused != 8 {
		t.Errorf("%d answered, %d refused", answered, refused)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	dir := t.TempDir()
	if onnx.Supported() != nil {
		if _, err := Load(dir); !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("without ONNX Runtime: %v", err)
		}
		return
	}
	if err := Installed(dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), FileName) || !strings.Contains(err.Error(), "make engines") {
		t.Errorf("without the weights: %v", err)
	}
	folder := filepath.Join(dir, "models", "turn-smart-turn-00000000")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, FileName), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "ONNX Runtime") {
		t.Errorf("without the library: %v", err)
	}
}

func BenchmarkFeatures(b *testing.B) {
	e, out := newExtractor(), make([]float32, bands*frames)
	for _, seconds := range []int{2, 4, 8} {
		b.Run(strconv.Itoa(seconds)+"s", func(b *testing.B) {
			audio := make(pcm.Audio, seconds*pcm.BytesPerSecond)
			for i := range audio {
				audio[i] = byte(i * i)
			}
			for b.Loop() {
				e.features(audio, out)
			}
		})
	}
}

// BenchmarkFinished tells what a question costs.
func BenchmarkFinished(b *testing.B) {
	m := loadModel(b)
	audio := references(b)[0].audio
	for b.Loop() {
		if _, err := m.Finished(audio); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoad tells how long the first pause after the first word waits for the model,
// when the library is in memory.
func BenchmarkLoad(b *testing.B) {
	loadModel(b) // the library is in memory then
	for b.Loop() {
		m, err := Load(need.TurnModel(b))
		if err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
}
