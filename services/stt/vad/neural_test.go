package vad_test

import (
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/services/stt/vad"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/speech/silero"
	"github.com/gotars/tars/test/need"
	"github.com/gotars/tars/test/sound"
)

func model(t testing.TB) *silero.Model {
	t.Helper()
	m, err := vad.LoadModel(need.Weights(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func neuralSegmenter(m *silero.Model) *vad.Segmenter {
	return vad.NewSegmenter(segmentation(), vad.NewNeural(m, 70))
}

// kinds of sound that nobody speaks in, of an RMS, in units of a 16-bit sample.
var backgrounds = map[string]func(d time.Duration, rms float64) pcm.Audio{
	"white noise": func(d time.Duration, rms float64) pcm.Audio {
		dice := rand.New(rand.NewPCG(3, 4))
		return sound.Wave(d, func(float64) float64 { return rms * dice.NormFloat64() })
	},
	"hum": func(d time.Duration, rms float64) pcm.Audio {
		return sound.Wave(d, func(t float64) float64 {
			return rms * (math.Sin(2*math.Pi*50*t) + 0.6*math.Sin(2*math.Pi*150*t) + 0.3*math.Sin(2*math.Pi*250*t))
		})
	},
	"music":    func(d time.Duration, rms float64) pcm.Audio { return sound.Music(d, rms) },
	"keyboard": func(d time.Duration, rms float64) pcm.Audio { return sound.Keyboard(d, rms) },
}

func TestNoSoundIsTakenForSpeechThatIsNone(t *testing.T) {
	m := model(t)
	for name, make := range backgrounds {
		for _, rms := range []float64{100, 1000, 6000} {
			t.Run(name, func(t *testing.T) {
				s := neuralSegmenter(m)
				if got := utterances(append(hear(s, make(20*time.Second, rms), 1280), s.Flush()...)); len(got) > 0 {
					t.Errorf("%d utterances in 20 s of %s of RMS %v", len(got), name, rms)
				}
			})
		}
	}
}

// TestSpeechIsFoundInAnySound finds every recording in mixtures, and ends it at most
// 0.3 s later than in a quiet room.
func TestSpeechIsFoundInAnySound(t *testing.T) {
	const lead = 2 * time.Second // of background before and after
	m := model(t)
	endOf := func(a pcm.Audio) (last time.Duration, n int) {
		s := neuralSegmenter(m)
		for _, e := range append(hear(s, a, 1280), s.Flush()...) {
			if e.Edge == vad.Complete {
				last, n = e.At, n+1
			}
		}
		return last, n
	}
	mix := func(speech, background pcm.Audio, gain float64) pcm.Audio {
		quiet := sound.Wave(lead, func(float64) float64 { return 0 })
		all := append(append(append(pcm.Audio(nil), quiet...), pcm.Scale(speech, gain)...), quiet...)
		return sound.Mix(all, background)
	}
	for _, c := range sound.Clips(t, "../testdata/speech") {
		silence := sound.Wave(time.Minute, func(float64) float64 { return 0 })
		want, n := endOf(mix(c.Audio, silence, 1))
		if n == 0 {
			t.Errorf("%s is not found in silence", c.Name)
			continue
		}
		level := sound.RMS(c.Audio)
		for name, tt := range map[string]struct {
			background pcm.Audio
			gain       float64
		}{
			"30 dB quieter":            {silence, math.Pow(10, -30.0/20)},
			"white noise, 10 dB below": {backgrounds["white noise"](time.Minute, level*math.Pow(10, -10.0/20)), 1},
			"music, 15 dB below":       {sound.Music(time.Minute, level*math.Pow(10, -15.0/20)), 1},
			"hum, 5 dB below":          {backgrounds["hum"](time.Minute, level*math.Pow(10, -5.0/20)), 1},
		} {
			got, n := endOf(mix(c.Audio, tt.background, tt.gain))
			if n == 0 || got > want+300*ms {
				t.Errorf("%s, %s: %d utterances, the last ends at %v, in silence at %v", c.Name, name, n, got, want)
			}
		}
	}
}

// voices tells of each frame of a whether d finds a voice in it.
func voices(d vad.Detector, a pcm.Audio) (found []bool) {
	for ; len(a) >= vad.FrameBytes; a = a[vad.FrameBytes:] {
		_, voice := d.Detect(a[:vad.FrameBytes])
		found = append(found, voice)
	}
	return found
}

// TestQuietSpeechIsHeardAsLoudSpeechIs looks for the voice in each frame, not only for the
// utterance: the first and the soft words are lost where it is found late.
func TestQuietSpeechIsHeardAsLoudSpeechIs(t *testing.T) {
	m := model(t)
	both, all := 0, 0
	for _, c := range sound.Clips(t, "../testdata/speech") {
		room := backgrounds["white noise"](time.Second+c.Audio.Duration(), 15)
		loud := sound.Mix(append(make(pcm.Audio, pcm.BytesPerSecond), c.Audio...), room)
		want := voices(vad.NewNeural(m, 70), loud)
		begins := slices.Index(want, true)
		for _, decibels := range []float64{-10, -20, -30} {
			got := voices(vad.NewNeural(m, 70), pcm.Scale(loud, math.Pow(10, decibels/20)))
			first := slices.Index(got, true)
			for i, voice := range want {
				if voice {
					all++
				}
				if voice && got[i] {
					both++
				}
			}
			if late := time.Duration(first-begins) * vad.FrameDuration; first < 0 || late > 200*ms {
				t.Errorf("%s, %v dB: the first voice is found %v late", c.Name, decibels, late)
			}
		}
	}
	if share := float64(both) / float64(all); share < 0.97 {
		t.Errorf("%.1f %% of the voice is found", 100*share)
	}
}

// TestTheAssistantIsNotRaised hears its voice 40 dB softer than a person's, as a microphone
// hears it beside headphones.
func TestTheAssistantIsNotRaised(t *testing.T) {
	m := model(t)
	for _, c := range sound.Clips(t, "../testdata/speech") {
		softly := pcm.Scale(c.Audio, math.Pow(10, -40.0/20))
		voiced := func(overVoice bool) (n int) {
			d := vad.NewNeural(m, 70)
			d.SetOverVoice(overVoice)
			for _, voice := range voices(d, softly) {
				if voice {
					n++
				}
			}
			return n
		}
		if person, echo := voiced(false), voiced(true); echo >= person {
			t.Errorf("%s: a voice in %d frames while the assistant speaks, in %d else", c.Name, echo, person)
		}
	}
}

func TestWeightsThatAreNotThereAreNamed(t *testing.T) {
	dir := t.TempDir()
	if _, err := vad.LoadModel(dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "make assets") {
		t.Errorf("error %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "silero"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "silero", silero.FileName), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vad.LoadModel(dir); err == nil || !strings.Contains(err.Error(), "remove it and run make assets") {
		t.Errorf("error %v", err)
	}
}

// BenchmarkNeural tells what a second of audio costs, in a quiet room and while
// somebody speaks.
func BenchmarkNeural(b *testing.B) {
	m := model(b)
	quiet := rand.New(rand.NewPCG(5, 6))
	rooms := map[string]pcm.Audio{
		"quiet":  sound.Wave(time.Second, func(float64) float64 { return 4 * quiet.NormFloat64() }),
		"speech": sound.Clips(b, "../testdata/speech")[0].Audio[:pcm.BytesPerSecond],
	}
	for name, a := range rooms {
		b.Run(name, func(b *testing.B) {
			d := vad.NewNeural(m, 70)
			for b.Loop() {
				for i := 0; i+vad.FrameBytes <= len(a); i += vad.FrameBytes {
					d.Detect(a[i : i+vad.FrameBytes])
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*100, "%core")
		})
	}
}
