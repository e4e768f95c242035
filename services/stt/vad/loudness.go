package vad

import (
	"encoding/binary"
	"math"
)

const (
	// Speech starts at startFactor times the noise floor and lasts until it falls below
	// keepFactor times: 8 dB and 4.6 dB. Two bounds keep a voice that swells and
	// fades from flickering (hysteresis). Both were chosen by ear,
	// and checked with recordings (TestEveryRecordingIsHeardAsSpeech, and clips_test.go
	// of stt): each is heard as speech, and
	// Whisper base makes 2.0 % word errors in what is cut out against 1.6 % in the
	// whole ones, one word of 244. Nothing below the
	// minimum level of the settings starts speech, and nothing below half of that
	// continues it.
	startFactor = 2.5
	keepFactor  = 1.7

	// The noise floor is the quietest stretch of the last floorBlockCount*floorBlockFrames
	// frames, 2.6 s. This is a minimum-statistics noise floor (Martin, "Noise power
	// spectral density estimation based on optimal smoothing and minimum
	// statistics", 2001) over one band and without its correction of the bias,
	// for which startFactor makes up. The window is long enough that every sentence has
	// a gap in it, and short enough that a fan which starts is soon part of the
	// noise. It is kept as the minimum of each block, so that nothing older than
	// the window has to be searched for.
	floorBlockFrames = 16
	floorBlockCount  = 8
)

// Loudness is a [Detector] that takes for speech what is louder than the noise of
// the room. It decides from the first frame on: until it knows the noise it
// takes the room for quiet, which may take noise for speech, but never speech for
// noise.
type Loudness struct {
	minLevel float64 // RMS that speech has at least, in units of a sample

	band         bandPass   // weakens what is no voice before the level is measured
	recentLevels [3]float64 // RMS of the last frames
	frames       int        // frames heard

	blockMin  float64                  // quietest stretch of the block that is being heard
	blockMins [floorBlockCount]float64 // that of each of the last blocks, a ring

	voice bool // what was said of the last frame: it takes less to keep voice than to start it
}

// NewLoudness returns a detector for which speech has the RMS minLevel at least, in
// units of a 16-bit sample.
func NewLoudness(minLevel float64) *Loudness {
	d := &Loudness{minLevel: minLevel, blockMin: math.Inf(1)}
	for i := range d.blockMins {
		d.blockMins[i] = math.Inf(1)
	}
	return d
}

// Detect implements Detector.
func (d *Loudness) Detect(frame []byte) (level float64, voice bool) {
	rms := d.level(frame)
	d.recentLevels[d.frames%len(d.recentLevels)] = rms
	d.frames++
	d.updateNoiseFloor()
	if d.voice {
		d.voice = rms >= d.keepThreshold()
	} else {
		d.voice = rms >= d.startThreshold()
	}
	return rms, d.voice
}

// level is the RMS of a frame in the band of the voice, see bandPass.
func (d *Loudness) level(f []byte) float64 {
	var sum float64
	for ; len(f) >= 2; f = f[2:] {
		v := d.band.filter(float64(int16(binary.LittleEndian.Uint16(f))))
		sum += v * v
	}
	return math.Sqrt(sum / (float64(FrameBytes) / 2))
}

// bandPass is a filter that passes 200 to 1500 Hz, where most of a voice is, and
// weakens the hum and rumble below and the hiss above: two high-pass filters and a
// low-pass filter, one behind the other. It holds the last sample that each put out.
type bandPass struct{ lastInput, highPassed1, highPassed2, lowPassed float64 }

// filter returns what passes of the next sample.
func (b *bandPass) filter(x float64) float64 {
	const (
		highPole = 0.93 // pole of two high-pass filters, -3 dB at 180 Hz each
		lowShare = 0.45 // share of the new sample in a low-pass filter, -3 dB at 1500 Hz
	)
	y := highPole * (b.highPassed1 + x - b.lastInput)
	b.highPassed2 = highPole * (b.highPassed2 + y - b.highPassed1)
	b.lastInput, b.highPassed1 = x, y
	b.lowPassed += lowShare * (b.highPassed2 - b.lowPassed)
	return b.lowPassed
}

// updateNoiseFloor keeps the quietest stretch of each block: the mean of three
// frames, as a single one may be quiet by chance.
func (d *Loudness) updateNoiseFloor() {
	if d.frames < len(d.recentLevels) {
		return
	}
	var mean float64
	for _, r := range d.recentLevels {
		mean += r / float64(len(d.recentLevels))
	}
	d.blockMin = min(d.blockMin, mean)
	if d.frames%floorBlockFrames == 0 {
		d.blockMins[d.frames/floorBlockFrames%floorBlockCount], d.blockMin = d.blockMin, math.Inf(1)
	}
}

// SetOverVoice implements Detector: the room is heard as it is anyway.
func (d *Loudness) SetOverVoice(bool) {}

// NoiseFloor implements Detector. It is known when the window is full, and at once when the
// room is quiet.
func (d *Loudness) NoiseFloor() float64 {
	floor := d.blockMin
	for _, b := range d.blockMins {
		floor = min(floor, b)
	}
	if d.frames < floorBlockFrames*floorBlockCount && floor*startFactor > d.minLevel {
		return 0
	}
	return floor
}

// Thresholds implements Detector.
func (d *Loudness) Thresholds() (start, keep float64) { return d.startThreshold(), d.keepThreshold() }

// startThreshold and keepThreshold are the levels that the next frame must reach to be
// speech: after a frame without voice, and after one with voice.
func (d *Loudness) startThreshold() float64 { return max(d.minLevel, startFactor*d.NoiseFloor()) }
func (d *Loudness) keepThreshold() float64  { return max(d.minLevel/2, keepFactor*d.NoiseFloor()) }
