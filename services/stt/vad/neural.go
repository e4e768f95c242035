package vad

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/gotars/tars/speech/silero"
)

const (
	// The bounds that the makers of Silero use: speech begins at the first, and lasts
	// until the probability falls below the second.
	startProbability = 0.5
	keepProbability  = 0.35

	// A frame that is hardly louder than the quietest of the last seconds holds no
	// voice, so the network, which costs 0.4 ms for each 32 ms, need not look at it.
	// A frame below minGateLevel holds no voice either: speech 30 dB below the usual
	// level is still above it.
	gateFactor   = 1.3 // times the noise floor
	minGateLevel = 6   // RMS in units of a 16-bit sample
	// gateFrames is how many frames in a row must be quiet before the network rests:
	// it goes on through the pauses between words.
	gateFrames = 25
	// warmUpSamples is what the network hears from before the gate opened, 128 ms:
	// it tells speech by what was before.
	warmUpSamples = 4 * silero.FrameSamples

	// The network was trained on speech of a usual level. Of speech that is 30 dB quieter it
	// misses soft words and beginnings: it found 91.5 % of the frames in which it hears a voice
	// at the usual level, and 98.4 % since it hears everything as if the loudest frame of the
	// last seconds had that level. It takes keyboards for speech less often, too
	// (docs/decisions/039-the-detector-hears-one-level.md has the table).
	usualLevel = 3000 // RMS
	maxGain    = 100  // 40 dB: what is quieter than that is hardly speech
	gainDecay  = 0.98 // of the loudest level, with each frame: 9 dB in a second
	// raisedNoise is how loud the noise of the room may become: louder, the network
	// takes a moment of it for a voice, or finds the next word late.
	raisedNoise = 25 // RMS
)

// Neural is a [Detector] that takes for speech what a neural network does, so that
// music, hum and noise are none, however loud. In a quiet room the network rests.
type Neural struct {
	loudness *Loudness // tells the level, and when the room is quiet
	network  *silero.Detector

	unheard     []float32 // samples that the network has not processed yet
	quietFrames int       // frames in a row up to the last that were too quiet for the network
	loudest     float64   // level of the last seconds' loudest frame, less with each frame since
	overVoice   bool      // the assistant can be heard
	voice       bool      // what the network said last
}

// NewNeural returns a detector with the weights of m. Speech is told apart by
// loudness from minLevel on where only that is asked for, see [Loudness].
func NewNeural(m *silero.Model, minLevel float64) *Neural {
	return &Neural{loudness: NewLoudness(minLevel), network: silero.NewDetector(m), quietFrames: gateFrames}
}

// LoadModel reads the weights from the folder of what make assets fetches. The
// error is [fs.ErrNotExist] when they were not fetched.
func LoadModel(assets string) (*silero.Model, error) {
	file := filepath.Join(assets, "silero", silero.FileName)
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no voice detector in %s: %w: run make assets", assets, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("voice detector: %w", err)
	}
	m, err := silero.ParseModel(data)
	if err != nil {
		return nil, fmt.Errorf("voice detector %s: %w: remove it and run make assets", file, err)
	}
	return m, nil
}

// Detect implements Detector.
func (d *Neural) Detect(frame []byte) (level float64, voice bool) {
	level, _ = d.loudness.Detect(frame)
	gain := float32(d.gain(level) / 32768)
	for ; len(frame) >= 2; frame = frame[2:] {
		d.unheard = append(d.unheard, gain*float32(int16(binary.LittleEndian.Uint16(frame))))
	}
	if level < max(minGateLevel, gateFactor*d.loudness.NoiseFloor()) {
		d.quietFrames++
	} else {
		d.quietFrames = 0
	}
	if d.quietFrames >= gateFrames {
		d.restNetwork()
		return level, false
	}
	d.runNetwork()
	return level, d.voice
}

// gain is what a frame of a level is multiplied by for the network. What is quiet while the
// assistant can be heard is its echo, and stays so.
func (d *Neural) gain(level float64) float64 {
	if d.loudest = max(level, d.loudest*gainDecay); d.overVoice {
		return 1
	}
	return max(1, min(usualLevel/d.loudest, raisedNoise/d.loudness.NoiseFloor(), maxGain)) // a level of 0 sets no bound
}

// restNetwork skips a quiet frame: it keeps only the last samples, which the network
// hears first when somebody speaks.
func (d *Neural) restNetwork() {
	if d.quietFrames == gateFrames { // the network begins afresh after a silence
		d.network.Reset()
		d.voice = false
	}
	if extra := len(d.unheard) - warmUpSamples; extra > 0 {
		d.unheard = append(d.unheard[:0], d.unheard[extra:]...)
	}
}

// runNetwork has the network hear all whole frames of its own length that wait.
func (d *Neural) runNetwork() {
	heard := 0
	for ; len(d.unheard)-heard >= silero.FrameSamples; heard += silero.FrameSamples {
		p := d.network.SpeechProbability(d.unheard[heard : heard+silero.FrameSamples])
		if d.voice {
			d.voice = p >= keepProbability
		} else {
			d.voice = p >= startProbability
		}
	}
	d.unheard = append(d.unheard[:0], d.unheard[heard:]...)
}

// Thresholds implements Detector: what the network took for speech is not judged
// once more by its level.
func (d *Neural) Thresholds() (start, keep float64) {
	return math.Inf(-1), d.loudness.keepThreshold()
}

// SetOverVoice implements Detector.
func (d *Neural) SetOverVoice(is bool) { d.overVoice = is }

// NoiseFloor implements Detector.
func (d *Neural) NoiseFloor() float64 { return d.loudness.NoiseFloor() }
