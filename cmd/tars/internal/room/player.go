package room

import (
	"math"
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/pcm"
)

// The loudspeaker does what the page does, see services/ui-web/web/speaker.js.
const (
	lead       = 80 * time.Millisecond // between the arrival of a first chunk and its sound
	duckRamp   = 0.015                 // time constants, seconds
	unduckRamp = 0.080
	maxDropped = 32 // utterances that are remembered because they were stopped
)

// State is what the loudspeaker does in one frame.
type State struct {
	Playing bool    // samples of the assistant's voice
	UttID   string  // whose
	Held    bool    // there are some, and they are paused
	Gain    float64 // 1 is full voice
	Level   float64 // of what comes out: RMS, 1 is full scale
}

// player plays what arrives, chunk after chunk without a gap.
type player struct {
	utt     string
	waiting []chunk
	begins  int // frame before which the first chunk does not sound
	held    bool
	gain    float64
	target  float64
	ramp    float64 // time constant, seconds
	dropped []string
	resample
	states []State
	sound  []float32 // all that came out
}

type chunk struct {
	utt     string
	samples []float32
}

// resample is the resampler of the line that arrives.
type resample struct {
	say  string
	rate int
	*pcm.Resampler
}

func newPlayer() *player { return &player{gain: 1, target: 1, ramp: unduckRamp} }

// take queues a chunk.
func (p *player) take(a contract.SpeakerAudio, frame int) {
	if slices.Contains(p.dropped, a.UttID) || len(a.PCM) == 0 {
		return
	}
	rate := a.Rate
	if rate == 0 {
		rate = contract.AudioRate
	}
	if a.Say != p.say || rate != p.rate {
		p.resample = resample{say: a.Say, rate: rate}
		if rate != Rate {
			p.Resampler = pcm.NewResampler(rate)
		}
	}
	samples := a.PCM
	if p.Resampler != nil {
		samples = p.Resample(samples)
	}
	if len(p.waiting) == 0 {
		p.begins = frame + int(lead/Frame)
	}
	p.utt = a.UttID
	p.waiting = append(p.waiting, chunk{a.UttID, Decode(samples)})
}

// obey does what the voice says of itself.
func (p *player) obey(s contract.TtsStatus) {
	utt := ""
	if s.UttID != nil {
		utt = *s.UttID
	}
	mine := utt == "" || len(p.waiting) == 0 || utt == p.utt
	switch s.Event {
	case contract.TtsStopped:
		p.drop(utt)
	case contract.TtsPaused:
		p.held = p.held || mine
	case contract.TtsResumed, contract.TtsSpeakingStart, contract.TtsSpeakingEnd:
		p.held = p.held && !mine
	}
}

func (p *player) drop(utt string) {
	for _, c := range p.waiting {
		if utt == "" || c.utt == utt {
			p.dropped = append(p.dropped, c.utt)
		}
	}
	p.waiting = slices.DeleteFunc(p.waiting, func(c chunk) bool { return utt == "" || c.utt == utt })
	if utt != "" {
		p.dropped = append(p.dropped, utt)
	}
	slices.Sort(p.dropped)
	p.dropped = slices.Compact(p.dropped)
	p.dropped = p.dropped[max(0, len(p.dropped)-maxDropped):]
	p.held = false
}

func (p *player) duck(d contract.SpeechDuck) {
	p.target, p.ramp = d.Gain(), unduckRamp
	if d.On {
		p.ramp = duckRamp
	}
}

// play returns the sound of a frame.
func (p *player) play(frame int) []float32 {
	out := make([]float32, samplesPerFrame)
	s := State{Held: p.held && len(p.waiting) > 0}
	sum, n := 0.0, 0
	for n < len(out) && !p.held && frame >= p.begins && len(p.waiting) > 0 {
		c := &p.waiting[0]
		s.UttID = c.utt
		step := add(out[n:], c.samples)
		if n, c.samples = n+step, c.samples[step:]; len(c.samples) == 0 {
			p.waiting = p.waiting[1:]
		}
	}
	s.Playing = n > 0
	near := 1 - math.Exp(-1/(p.ramp*Rate))
	for i := range out {
		p.gain += (p.target - p.gain) * near
		out[i] *= float32(p.gain)
		sum += float64(out[i]) * float64(out[i])
	}
	s.Gain, s.Level = p.gain, math.Sqrt(sum/float64(len(out)))
	p.states = append(p.states, s)
	p.sound = append(p.sound, out...)
	return out
}

// Played returns what the loudspeaker did from a time on, frame by frame.
func (r *Room) Played(from time.Duration) []State {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := min(int(from/Frame), len(r.speaker.states))
	return slices.Clone(r.speaker.states[first:])
}

// Sound returns what the loudspeaker played from a time on, as samples.
func (r *Room) Sound(from time.Duration) []float32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := min(int(from/Frame)*samplesPerFrame, len(r.speaker.sound))
	return slices.Clone(r.speaker.sound[first:])
}
