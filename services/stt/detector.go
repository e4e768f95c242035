package stt

import (
	"encoding/binary"
	"math"
	"time"
)

// frame is the grain of voice detection.
const frame = 20 * time.Millisecond

const (
	frameBytes = bytesPerSecond * int(frame) / int(time.Second)

	// Speech starts this far above the noise and lasts until it falls below the
	// lower bound: 8 dB and 4.6 dB. Nothing below the least level of the settings
	// starts it, and nothing below half of that keeps it.
	startAbove = 2.5
	keepAbove  = 1.7

	// The noise is the quietest stretch of the last floorBlocks*floorBlock
	// frames, 2.6 s: long enough that every sentence has a gap in it, short
	// enough that a fan which starts is soon part of the noise.
	floorBlock  = 16
	floorBlocks = 8
)

// detector tells frame by frame whether somebody speaks. It hears from the
// first frame on: until it knows the noise it takes the room for quiet, which
// may take noise for speech, but never speech for noise.
type detector struct {
	least float64 // RMS that speech has at least, in units of a sample

	band   band
	recent [3]float64 // RMS of the last frames
	n      int        // frames heard

	block  float64 // quietest stretch of the block that is being heard
	blocks [floorBlocks]float64

	voice bool
}

func newDetector(least float64) *detector {
	d := &detector{least: least, block: math.Inf(1)}
	for i := range d.blocks {
		d.blocks[i] = math.Inf(1)
	}
	return d
}

// hear takes one frame and returns its loudness, and whether it holds speech.
func (d *detector) hear(f []byte) (rms float64, voice bool) {
	rms = d.level(f)
	d.recent[d.n%len(d.recent)] = rms
	d.n++
	d.learn()
	if d.voice {
		d.voice = rms >= d.keep()
	} else {
		d.voice = rms >= d.start()
	}
	return rms, d.voice
}

// level is the RMS of f in the band of the voice.
func (d *detector) level(f []byte) float64 {
	var sum float64
	for ; len(f) >= 2; f = f[2:] {
		v := d.band.pass(float64(int16(binary.LittleEndian.Uint16(f))))
		sum += v * v
	}
	return math.Sqrt(sum / (float64(frameBytes) / 2))
}

// band is a filter that passes 200 to 1500 Hz, where most of a voice is, and
// weakens the hum and rumble below and the hiss above. It holds the last sample
// before and after each of its parts.
type band struct{ x, y, yy, z float64 }

func (b *band) pass(x float64) float64 {
	const (
		high = 0.93 // pole of two high-pass filters, -3 dB at 180 Hz each
		low  = 0.45 // share of the new sample in a low-pass filter, -3 dB at 1500 Hz
	)
	y := high * (b.y + x - b.x)
	b.yy = high * (b.yy + y - b.y)
	b.x, b.y = x, y
	b.z += low * (b.yy - b.z)
	return b.z
}

// learn keeps the quietest stretch of each block.
func (d *detector) learn() {
	if d.n < len(d.recent) {
		return
	}
	var mean float64
	for _, r := range d.recent {
		mean += r / float64(len(d.recent))
	}
	d.block = min(d.block, mean)
	if d.n%floorBlock == 0 {
		d.blocks[d.n/floorBlock%floorBlocks], d.block = d.block, math.Inf(1)
	}
}

// noise is the level of the room when nobody speaks; 0 while it is unknown.
// It is known when the window is full, and at once when it is quiet.
func (d *detector) noise() float64 {
	floor := d.block
	for _, b := range d.blocks {
		floor = min(floor, b)
	}
	if d.n < floorBlock*floorBlocks && floor*startAbove > d.least {
		return 0
	}
	return floor
}

func (d *detector) start() float64 { return max(d.least, startAbove*d.noise()) }
func (d *detector) keep() float64  { return max(d.least/2, keepAbove*d.noise()) }
