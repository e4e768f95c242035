package turns

import (
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/pcm"
)

// maxMicSeconds is how much of a microphone is kept until it is known what was said in it:
// the longest utterance and the time to read it.
const maxMicSeconds = 45

// maxSoundSeconds is the longest sound of a turn.
const maxSoundSeconds = 30

// micBuffer is the last that a microphone heard, at the rate of recognisers.
type micBuffer struct {
	chunks    []soundChunk
	bytes     int
	rate      int // of the microphone
	resampler *pcm.Resampler
}

type soundChunk struct {
	at  float64
	pcm []byte
}

// heardSound keeps a chunk of a microphone.
func (c *Collector) heardSound(a contract.MicAudio, now time.Time) {
	if !c.sound || len(a.PCM) == 0 {
		return
	}
	b := &c.roomAt(a.Source, now).mic
	if a.Rate == 0 {
		a.Rate = contract.AudioRate
	}
	if a.Rate != b.rate {
		if b.rate, b.resampler = a.Rate, nil; a.Rate != pcm.Rate {
			b.resampler = pcm.NewResampler(a.Rate)
		}
	}
	mono := pcm.Audio(pcm.Mono(a.PCM, max(1, a.Channels)))
	if b.resampler != nil {
		mono = b.resampler.Resample(mono)
	}
	at := a.TS
	if at == 0 {
		at = seconds(now.Add(-mono.Duration()))
	}
	b.chunks, b.bytes = append(b.chunks, soundChunk{at, append([]byte(nil), mono...)}), b.bytes+len(mono)
	for b.bytes > maxMicSeconds*pcm.BytesPerSecond {
		b.bytes -= len(b.chunks[0].pcm)
		b.chunks = b.chunks[1:]
	}
}

// cut returns what was heard between two times, nil when nothing was.
func (b *micBuffer) cut(from, to float64) *Sound {
	to = min(to, from+maxSoundSeconds)
	s := &Sound{Rate: pcm.Rate}
	for _, c := range b.chunks {
		length := float64(len(c.pcm)) / pcm.BytesPerSecond
		if c.at+length <= from || c.at >= to {
			continue
		}
		if s.PCM == nil {
			s.From = c.at
		}
		s.PCM = append(s.PCM, c.pcm...)
	}
	if s.PCM == nil {
		return nil
	}
	return s
}
