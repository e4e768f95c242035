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

func TestALineIsAsLoudAsItsMessageAndItsVoice(t *testing.T) {
	tests := map[string]struct {
		volume   *float64
		voice    string
		settings []string
		want     float64 // factor of the amplitude
	}{
		"as the engine makes it":                    {want: 1},
		"a message that asks for half":              {volume: new(0.5), want: 0.5},
		"a message that asks for nothing":           {volume: new(0.0), want: 0},
		"a message that asks for all":               {volume: new(1.0), want: 1},
		"the setting":                               {settings: []string{"TTS_VOLUME=0.4"}, want: 0.4},
		"the voice of the message":                  {voice: "amy", settings: []string{"TTS_VOLUME=0.4", "TTS_VOICE_VOLUMES=joe=0.9, amy=0.2"}, want: 0.2},
		"the voice of the settings":                 {settings: []string{"TTS_VOICE=joe", "TTS_VOICE_VOLUMES=joe=0.9,amy=0.2"}, want: 0.9},
		"another voice":                             {voice: "slt", settings: []string{"TTS_VOLUME=0.4", "TTS_VOICE_VOLUMES=joe=0.9,amy=0.2"}, want: 0.4},
		"a message that asks for half of its voice": {volume: new(0.5), voice: "amy", settings: []string{"TTS_VOICE_VOLUMES=amy=0.2"}, want: 0.1},
	}
	for name, tt := range tests {
		perform(t, name, func(t *testing.T, s *stage) {
			m := contract.TtsSay{Text: strings.Repeat("word ", 10), UttID: new("u1"), Volume: tt.volume}
			if tt.voice != "" {
				m.Voice = &tt.voice
			}
			if err := s.Bus.Publish(kit.WithBaggage(t.Context(), "room", "web-1"), m); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
			var got, want float64
			for _, a := range s.audio.All() {
				for i := 0; i+1 < len(a.PCM); i += 2 {
					got = max(got, math.Abs(float64(int16(binary.LittleEndian.Uint16(a.PCM[i:])))))
				}
			}
			whole := ramp(200*ms, 16000).PCM
			for i := 0; i+1 < len(whole); i += 2 {
				want = max(want, tt.want*math.Abs(float64(int16(binary.LittleEndian.Uint16(whole[i:])))))
			}
			if math.Abs(got-want) > 1 {
				t.Errorf("loudest sample is %v, want %v", got, want)
			}
			if ends := s.status.All(); len(ends) != 2 {
				t.Errorf("status %+v, want a start and an end", ends)
			}
		}, tt.settings...)
	}
}
