package stt

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/services/stt/vad"
)

// scriptedDetector says what the next frame is.
type scriptedDetector struct {
	level float64
	voice bool
}

func (d *scriptedDetector) Detect([]byte) (float64, bool)   { return d.level, d.voice }
func (*scriptedDetector) Thresholds() (start, keep float64) { return 0, 0 }
func (*scriptedDetector) NoiseFloor() float64               { return 0 }
func (*scriptedDetector) SetOverVoice(bool)                 {}

// ear is a microphone in a test.
type ear struct {
	*ownVoice
	script *scriptedDetector
}

// hears lets a sound last, and returns how many of its frames are somebody's voice, and
// the last verdict in that time.
func (e *ear) hears(level float64, voice bool, d time.Duration) (voiced int, said verdict) {
	e.script.level, e.script.voice = level, voice
	for range int(d / vad.FrameDuration) {
		time.Sleep(vad.FrameDuration)
		if _, is := e.Detect(nil); is {
			voiced++
		}
		if v := e.judge(time.Now(), func() verdict { return noVerdict }); v != noVerdict {
			said = v
		}
	}
	return voiced, said
}

func TestOwnVoiceIsToldByLoweringIt(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	tests := map[string]func(*testing.T, *ear){
		"a voice that is lowered with the assistant's is its own": func(t *testing.T, e *ear) {
			e.speaks(time.Now())
			e.hears(1000, true, 300*ms)
			e.lower(contract.SpeechDuck{On: true, DB: 15}.Gain(), time.Now())
			e.hears(1000, true, 200*ms) // on its way
			if _, v := e.hears(180, true, 500*ms); v != isOwn {
				t.Errorf("verdict %d, want %d", v, isOwn)
			}
			e.lower(1, time.Now())
			if n, _ := e.hears(1000, true, s); n != 0 {
				t.Errorf("%d frames of its echo are taken for a voice", n)
			}
			if n, _ := e.hears(3000, true, 200*ms); n != 10 {
				t.Errorf("%d of 10 frames of a louder voice are taken for one", n)
			}
			e.lower(contract.SpeechDuck{On: true, DB: 15}.Gain(), time.Now())
			e.hears(3000, true, 400*ms)
			if n, _ := e.hears(400, true, 200*ms); n != 10 {
				t.Errorf("%d of 10 frames of a soft voice are one while the assistant's is low", n)
			}
			if n, _ := e.hears(180, true, 200*ms); n != 0 {
				t.Errorf("%d frames of its low echo are taken for a voice", n)
			}
		},
		"a voice that stays is somebody else's": func(t *testing.T, e *ear) {
			e.speaks(time.Now())
			e.hears(1000, true, 300*ms)
			e.lower(contract.SpeechDuck{On: true, DB: 15}.Gain(), time.Now())
			if _, v := e.hears(900, true, s); v != isOther {
				t.Errorf("verdict %d, want %d", v, isOther)
			}
		},
		"a short word is somebody else's": func(t *testing.T, e *ear) {
			e.speaks(time.Now())
			e.hears(1000, true, 300*ms)
			e.lower(contract.SpeechDuck{On: true, DB: 15}.Gain(), time.Now())
			e.hears(1000, true, 100*ms)
			if _, v := e.hears(10, false, s); v != isOther {
				t.Errorf("verdict %d, want %d", v, isOther)
			}
		},
		"with headphones every voice is one at once": func(t *testing.T, e *ear) {
			e.speaks(time.Now())
			e.hears(10, false, s)
			if n, v := e.hears(300, true, 200*ms); n != 10 || v != noVerdict || e.withhold(time.Now()) {
				t.Errorf("%d of 10 frames of a soft voice, verdict %d", n, v)
			}
		},
		"while the assistant is silent every voice is one": func(t *testing.T, e *ear) {
			e.room, e.level = echoing, 1000
			if n, _ := e.hears(300, true, 200*ms); n != 10 {
				t.Errorf("%d of 10 frames", n)
			}
			e.speaks(time.Now())
			e.hears(10, false, 100*ms)
			e.falls(time.Now())
			if n, _ := e.hears(300, true, echoFades-20*ms); n != 0 {
				t.Errorf("%d frames while its echo fades", n)
			}
			e.hears(10, false, 40*ms)
			if n, _ := e.hears(300, true, 200*ms); n != 10 {
				t.Errorf("%d of 10 frames after it has faded", n)
			}
		},
		"the level of the echo follows the volume": func(t *testing.T, e *ear) {
			e.room, e.level = echoing, 4000
			e.speaks(time.Now())
			e.hears(500, true, 8*s)
			if n, _ := e.hears(1000, true, 200*ms); n != 10 {
				t.Errorf("%d of 10 frames of a voice that is louder than the echo is by now", n)
			}
		},
		"speech whose end is never told is over some time": func(t *testing.T, e *ear) {
			e.room, e.level = echoing, 1000
			e.speaks(time.Now())
			e.lower(contract.SpeechDuck{On: true, DB: 15}.Gain(), time.Now())
			e.hears(100, true, maxSpeech)
			if n, _ := e.hears(100, true, 200*ms); n != 10 {
				t.Errorf("%d of 10 frames of a soft voice", n)
			}
			if len(e.recent) > 100 {
				t.Errorf("%d frames of two minutes are kept", len(e.recent))
			}
		},
		"a long voice is told late where it may be an echo": func(t *testing.T, e *ear) {
			e.speaks(time.Now())
			e.hears(1000, true, 300*ms)
			e.lower(contract.SpeechDuck{On: true, DB: 15}.Gain(), time.Now())
			if !e.withhold(time.Now()) {
				t.Error("it is told before it is known whose it is")
			}
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &scriptedDetector{}
				test(t, &ear{newOwnVoice(d), d})
			})
		})
	}
}
