package stt

import (
	"testing"
	"time"

	"github.com/gotars/tars/services/stt/vad"
)

func TestOnlyAReadingOfTheWholeUtteranceBecomesItsFinal(t *testing.T) {
	const s = time.Second
	tests := map[string]struct {
		pausedAt, completeAt time.Duration // of the source's audio, when somebody spoke last before
		want                 bool
	}{
		"nothing was said since":                          {3 * s, 3 * s, true},
		"speech that is cut went on after its last pause": {3 * s, 5 * s, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := newSources(vad.Segmentation{Hangover: 260 * time.Millisecond}, func() vad.Detector { return vad.NewLoudness(70) }).find("hall")
			if err != nil {
				t.Fatal(err)
			}
			e.noteEdge(vad.Event{Edge: vad.Started}, time.Now())
			read, fresh := e.noteEdge(vad.Event{Edge: vad.Paused, LastVoice: tt.pausedAt, At: tt.pausedAt + 120*time.Millisecond, Audio: make([]byte, 640)}, time.Now())
			if read == nil || !fresh || len(read.audio) != 640+7*vad.FrameBytes {
				t.Fatalf("in a pause it is read as %+v, want its audio and silence up to 260 ms", read)
			}
			early, _ := e.noteEdge(vad.Event{Edge: vad.Complete, LastVoice: tt.completeAt, At: tt.completeAt + s}, time.Now())
			if got := early == read; got != tt.want {
				t.Errorf("the reading becomes the final: %t, want %t", got, tt.want)
			}
		})
	}
}

func TestWhatWasSaidIntoTheAssistantsVoiceIsReadThoughMoreFollows(t *testing.T) {
	for name, speaking := range map[string]bool{"while it speaks": true, "while it is silent": false} {
		t.Run(name, func(t *testing.T) {
			e, err := newSources(vad.Segmentation{Hangover: 260 * time.Millisecond}, func() vad.Detector { return vad.NewLoudness(70) }).find("hall")
			if err != nil {
				t.Fatal(err)
			}
			if speaking {
				e.own.speaks(time.Now())
			}
			e.noteEdge(vad.Event{Edge: vad.Started}, time.Now())
			first, _ := e.noteEdge(vad.Event{Edge: vad.Paused, LastVoice: time.Second, At: 1100 * time.Millisecond, Audio: make([]byte, 640)}, time.Now())
			ctx, begun := first.begin(t.Context())
			if !begun {
				t.Fatal("it is not read")
			}
			e.noteEdge(vad.Event{Edge: vad.Started}, time.Now())
			if cut := ctx.Err() != nil; cut == speaking {
				t.Errorf("its reading is given up: %t", cut)
			}
			if e.lastAttempt != nil {
				t.Error("what was read of the beginning may become the final")
			}
		})
	}
}

func TestItTakesLessVoiceWhileTheAssistantSpeaks(t *testing.T) {
	const ms = time.Millisecond
	tests := map[string]struct {
		speaks bool
		room   echoKind
		set    time.Duration
		want   time.Duration
	}{
		"it is silent":                       {false, noEcho, 120 * ms, 120 * ms},
		"it speaks":                          {true, unknownEcho, 120 * ms, 100 * ms},
		"the microphone hears it":            {true, echoing, 120 * ms, 100 * ms},
		"the microphone hears nothing of it": {true, noEcho, 120 * ms, 80 * ms},
		"of a frame all is needed":           {true, noEcho, vad.FrameDuration, vad.FrameDuration},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := &audioSource{set: vad.Segmentation{MinSpeech: tt.set}, own: newOwnVoice(&scriptedDetector{}), lastAudio: time.Now()}
			if e.own.room = tt.room; tt.speaks {
				e.own.speaks(time.Now())
			}
			if got := e.minSpeech(); got != tt.want {
				t.Errorf("it takes %v, want %v", got, tt.want)
			}
		})
	}
}
