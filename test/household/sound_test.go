package household

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// Sound that carries its text. A clip is a row of frames of 20 ms; each voiced frame is a
// tone whose first samples name the clip and the word, so that the scripted recogniser
// reads exactly those words of which it was given the sound.
const (
	frameDuration = 20 * time.Millisecond
	frameSamples  = 320 // at 16 kHz
	wordFrames    = 12  // voiced, of each word
	gapFrames     = 3   // silent, behind each word, or the detector takes the tone for the noise of the room
	chunkFrames   = 5   // frames in one message of a microphone
	frameMark     = 0x5AA5
)

// clip is something that was said.
type clip struct {
	words []string
	noise bool // it is a cough: it has sound, and no words
}

// clipTable knows the clips of the last hours, by number.
type clipTable struct {
	mu   sync.Mutex
	next uint16
	all  map[uint16]clip
}

// add keeps a clip and returns its number. Numbers come again after 65536 clips.
func (c *clipTable) add(x clip) uint16 {
	const kept = 2000
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[uint16]clip{}
	}
	c.next++
	c.all[c.next] = x
	delete(c.all, c.next-kept)
	return c.next
}

// tone is a frame of 300 Hz.
func tone(amplitude float64) []byte {
	out := make([]byte, 0, 2*frameSamples)
	for k := range frameSamples {
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(amplitude*math.Sin(2*math.Pi*300*float64(k)/16000))))
	}
	return out
}

var (
	loudTone    = tone(9000)
	softTone    = tone(5000)
	silentFrame = make([]byte, 2*frameSamples)
)

// frames is the sound of a clip. Pauses are silences behind words, by their index.
func (c *clipTable) frames(number uint16, x clip, soft bool, pauses map[int]time.Duration) (all [][]byte) {
	sound := loudTone
	if soft {
		sound = softTone
	}
	for i := range x.words {
		frame := slices.Clone(sound)
		for at, v := range []uint16{frameMark, number, uint16(i), ^frameMark & 0xffff} {
			binary.LittleEndian.PutUint16(frame[2*at:], v)
		}
		all = append(all, slices.Repeat([][]byte{frame}, wordFrames)...)
		all = append(all, slices.Repeat([][]byte{silentFrame}, gapFrames+int(pauses[i]/frameDuration))...)
	}
	return all
}

// read returns the words that are in some audio, in their order.
func (c *clipTable) read(audio []byte) string {
	heard := map[[2]uint16]int{}
	var order [][2]uint16
	for at := 0; at+8 <= len(audio); at += 2 {
		if binary.LittleEndian.Uint16(audio[at:]) != frameMark || binary.LittleEndian.Uint16(audio[at+6:]) != ^uint16(frameMark) {
			continue
		}
		key := [2]uint16{binary.LittleEndian.Uint16(audio[at+2:]), binary.LittleEndian.Uint16(audio[at+4:])}
		if heard[key]++; heard[key] == 1 {
			order = append(order, key)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var words []string
	for _, key := range order {
		x := c.all[key[0]]
		if whole := heard[key] >= wordFrames/2; whole && !x.noise && int(key[1]) < len(x.words) {
			words = append(words, x.words[key[1]])
		}
	}
	return strings.Join(words, " ")
}
