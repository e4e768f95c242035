package stt

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gotars/tars/services/stt/vad"
	"github.com/gotars/tars/speech/echo"
)

// sweeps are tones that go up and down by chance, each of a tenth of a second.
func sweeps(seed uint64, d time.Duration) []float64 {
	random := rand.New(rand.NewPCG(seed, 6))
	out := make([]float64, samplesIn(d))
	hertz, level := 0.0, 0.0
	for i := range out {
		if i%(echo.Rate/10) == 0 {
			hertz, level = 150*math.Pow(20, random.Float64()), 0.2*random.Float64()
		}
		out[i] = level * math.Sin(2*math.Pi*hertz*float64(i)/echo.Rate)
	}
	return out
}

func TestWhatWasHeardIsCompared(t *testing.T) {
	const late = 150 * time.Millisecond
	own, person := sweeps(1, 20*time.Second), sweeps(2, 20*time.Second)
	heard := append(make([]float64, samplesIn(late)), own...)[:len(own)]
	hear := func(m *soundMemory, heard, played []float64) {
		for i := 0; i+echo.Block <= len(heard); i += echo.Block {
			if played == nil {
				m.add(heard[i:i+echo.Block], nil)
				continue
			}
			m.add(heard[i:i+echo.Block], played[i:i+echo.Block])
		}
	}
	tests := map[string]struct {
		hear     func(*soundMemory)
		from, to time.Duration // ago
		known    bool
		is       bool
	}{
		"nothing was heard":                {func(*soundMemory) {}, time.Second, 0, false, false},
		"nothing was played":               {func(m *soundMemory) { hear(m, heard, nil) }, time.Second, 0, false, false},
		"an echo":                          {func(m *soundMemory) { hear(m, heard, own) }, time.Second, 0, true, true},
		"a person":                         {func(m *soundMemory) { hear(m, person, own) }, time.Second, 0, true, false},
		"an echo a while ago":              {func(m *soundMemory) { hear(m, heard, own); hear(m, person[:2*echo.Rate], nil) }, 3 * time.Second, 2 * time.Second, true, true},
		"a person after it":                {func(m *soundMemory) { hear(m, heard, own); hear(m, person[:2*echo.Rate], nil) }, time.Second, 0, false, false},
		"an echo longer ago than is known": {func(m *soundMemory) { hear(m, heard, own); hear(m, person, nil) }, 21 * time.Second, 20 * time.Second, false, false},
		"the begin of an echo":             {func(m *soundMemory) { hear(m, heard[:echo.Rate], own[:echo.Rate]) }, 1100 * time.Millisecond, 0, true, true},
		"what was heard before it":         {func(m *soundMemory) { hear(m, heard[:echo.Rate], own[:echo.Rate]) }, 2 * time.Second, 0, false, false},
		"from the end to the begin":        {func(m *soundMemory) { hear(m, heard, own) }, time.Second, 2 * time.Second, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var m soundMemory
			tt.hear(&m)
			l, known := m.likeness(tt.from, tt.to)
			if known != tt.known || l.IsEcho() != tt.is {
				t.Errorf("%+v, known %v, want an echo %v, known %v", l, known, tt.is, tt.known)
			}
			if n := len(m.heard); n != len(m.played) || n > 2*memorySamples {
				t.Errorf("%d and %d samples are kept", n, len(m.played))
			}
		})
	}
}

// Detectors of wake words find their phrase now and then in other words.
func TestTheAssistantDoesNotWakeItselfWithOtherWords(t *testing.T) {
	own, person := sweeps(1, 3*time.Second), sweeps(2, 3*time.Second)
	for name, tt := range map[string]struct {
		heard []float64
		want  bool
	}{"its voice": {own, true}, "a person": {person, false}} {
		t.Run(name, func(t *testing.T) {
			s := &Service{sources: newSources(vad.Segmentation{}, func() vad.Detector { return &scriptedDetector{} })}
			e, err := s.sources.find("hall")
			if err != nil {
				t.Fatal(err)
			}
			e.loudspeaker.memory.add(tt.heard, own)
			e.segmenter.Hear(-1, samplesOf(tt.heard))
			if is := s.isWokenByItself("hall"); is != tt.want {
				t.Errorf("%v, want %v", is, tt.want)
			}
			if s.isWokenByItself("kitchen") {
				t.Error("in another room")
			}
		})
	}
}
