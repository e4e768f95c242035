package stt_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/test/sound"
)

// echoOf is what a microphone hears of a sound of the loudspeaker: a third of it, 150 ms
// later, with reflections.
func echoOf(a pcm.Audio) pcm.Audio {
	random := rand.New(rand.NewPCG(1, 5))
	way := make([]float64, pcm.Rate*3/5)
	delay := pcm.Rate * 150 / 1000
	way[delay] = 0.33
	for range 300 {
		at := delay + random.IntN(len(way)-delay)
		way[at] += 0.1 * random.NormFloat64() * math.Exp(-float64(at-delay)/(0.12*pcm.Rate))
	}
	sum := make([]float64, len(a)/2)
	for late, share := range way {
		if share == 0 {
			continue
		}
		for i := late; i < len(sum); i++ {
			sum[i] += share * float64(int16(binary.LittleEndian.Uint16(a[2*(i-late):])))
		}
	}
	heard := make(pcm.Audio, len(a))
	for i, v := range sum {
		binary.LittleEndian.PutUint16(heard[2*i:], uint16(int16(max(-32768, min(32767, v)))))
	}
	return heard
}

func lasting(d time.Duration) int { return 2 * int(d*pcm.Rate/time.Second) }

// speakInto lets the assistant say text with a sound while the microphone of the hall hears
// another, and both hear a quiet room around it.
func (h *house) speakInto(t *testing.T, text string, played, heard pcm.Audio) {
	t.Helper()
	const chunk = 1280 // 40 ms
	quiet := make(pcm.Audio, lasting(time.Second))
	for i := 0; i < len(quiet); i += 2 {
		quiet[i] = byte(i/2*7919) % 16
	}
	listen := func(a pcm.Audio) {
		h.Publish(t, contract.MicAudio{Source: "hall", Seq: h.seq, PCM: a})
		h.seq++
		time.Sleep(40 * ms)
	}
	for i := 0; i < len(quiet); i += chunk {
		listen(quiet[i : i+chunk])
	}
	ctx := kit.WithBaggage(t.Context(), "room", "hall")
	tell := func(event string) {
		if err := h.Bus.Publish(ctx, contract.TtsStatus{Event: event, Text: text, UttID: new("u")}); err != nil {
			t.Fatal(err)
		}
	}
	tell(contract.TtsSpeakingStart)
	for i := 0; i < len(heard); i += chunk {
		if i < len(played) {
			h.Publish(t, contract.SpeakerAudio{Sink: "hall", UttID: "u", Say: "s", PCM: played[i:min(i+chunk, len(played))]})
		}
		listen(sound.Mix(heard[i:min(i+chunk, len(heard))], quiet))
	}
	tell(contract.TtsSpeakingEnd)
	for range 3 {
		for i := 0; i < len(quiet); i += chunk {
			listen(quiet[i : i+chunk])
		}
	}
	h.Settle()
}

// A recogniser may make of the first words of the assistant what people say to interrupt.
func TestAnEchoIsToldByItsSound(t *testing.T) {
	own, person := clips(t)[0].Audio, clips(t)[1].Audio
	const text = "You need three quarters of a cup."
	played := append(slices.Clone(own[lasting(500*ms):lasting(900*ms)]), make(pcm.Audio, lasting(600*ms))...)
	echo := echoOf(played)
	listen(t, "an echo", func(t *testing.T, h *house) {
		h.engine.saying("Hey, no.", 0.9)
		h.speakInto(t, text, played, echo)
		expectAll(t, "finals", h.texts())
		if p := h.partials.All(); len(p) > 0 {
			t.Errorf("%d partials, the first %q", len(p), p[0].Text)
		}
		expectAll(t, "reasons", h.reasons(), "own_voice")
	})
	listen(t, "a person", func(t *testing.T, h *house) {
		h.engine.saying("Hey, no.", 0.9)
		word := append(make(pcm.Audio, lasting(300*ms)), person[lasting(300*ms):lasting(800*ms)]...)
		h.speakInto(t, text, played, sound.Mix(echo, word))
		expectAll(t, "finals", h.texts(), "Hey, no.")
	})
	listen(t, "a person whom headphones leave alone", func(t *testing.T, h *house) {
		h.engine.saying("Hey, no.", 0.9)
		word := append(make(pcm.Audio, lasting(300*ms)), person[lasting(300*ms):lasting(800*ms)]...)
		h.speakInto(t, text, played, append(word, make(pcm.Audio, lasting(500*ms))...))
		expectAll(t, "finals", h.texts(), "Hey, no.")
	})
}
