package tts_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// The volumes of single voices tell which one spoke.
func TestARoomSpeaksWithTheVoiceThatWasChosenThere(t *testing.T) {
	for name, c := range map[string]struct {
		chosen []contract.RoomVoice
		asked  string
		want   float64 // factor of the amplitude
	}{
		"none is chosen":                   {nil, "", 1},
		"one is chosen":                    {[]contract.RoomVoice{{Room: "web-1", Voice: "amy"}}, "", 0.2},
		"it is chosen in another room":     {[]contract.RoomVoice{{Room: "kitchen", Voice: "amy"}}, "", 1},
		"the message asks for another":     {[]contract.RoomVoice{{Room: "web-1", Voice: "amy"}}, "joe", 0.2},
		"the choice is taken back":         {[]contract.RoomVoice{{Room: "web-1", Voice: "amy"}, {Room: "web-1"}}, "joe", 0.5},
		"another one is chosen after it":   {[]contract.RoomVoice{{Room: "web-1", Voice: "amy"}, {Room: "web-1", Voice: "joe"}}, "", 0.5},
		"three hundred rooms chose before": {append(manyRooms(300), contract.RoomVoice{Room: "web-1", Voice: "amy"}), "", 0.2},
	} {
		perform(t, name, func(t *testing.T, s *stage) {
			for _, v := range c.chosen {
				if err := s.Bus.Publish(t.Context(), v); err != nil {
					t.Fatal(err)
				}
			}
			m := contract.TtsSay{Text: strings.Repeat("word ", 10), UttID: new("u1")}
			if c.asked != "" {
				m.Voice = &c.asked
			}
			if err := s.Bus.Publish(kit.WithBaggage(t.Context(), "room", "web-1"), m); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
			loudest := func(pcm []byte) (v float64) {
				for i := 0; i+1 < len(pcm); i += 2 {
					v = max(v, math.Abs(float64(int16(binary.LittleEndian.Uint16(pcm[i:])))))
				}
				return v
			}
			got := 0.0
			for _, a := range s.audio.All() {
				got = max(got, loudest(a.PCM))
			}
			if want := c.want * loudest(ramp(200*ms, 16000).PCM); math.Abs(got-want) > 1 {
				t.Errorf("loudest sample is %v, want %v", got, want)
			}
		}, "TTS_VOICE_VOLUMES=amy=0.2,joe=0.5")
	}
}

func manyRooms(n int) (all []contract.RoomVoice) {
	for i := range n {
		all = append(all, contract.RoomVoice{Room: "room" + strings.Repeat("x", i), Voice: "joe"})
	}
	return all
}
