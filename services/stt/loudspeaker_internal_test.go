package stt

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/echo"
	"github.com/gotars/tars/speech/pcm"
)

// speakingRoom is a room in which the assistant speaks and a microphone hears it, 150 ms
// late and at a fifth of its loudness.
type speakingRoom struct {
	*loudspeaker
	random *rand.Rand
	played []float64 // by the loudspeaker, so far
	seq    int
}

func newSpeakingRoom() *speakingRoom {
	return &speakingRoom{loudspeaker: newLoudspeaker(), random: rand.New(rand.NewPCG(1, 1)), played: make([]float64, 150*echo.Rate/1000)}
}

// speak lets the assistant speak for a time at a share of its voice, of which the
// microphone hears what gain says, and returns the levels of what was heard and of
// what is left of it.
func (r *speakingRoom) speak(t *testing.T, d time.Duration, gain float64) (heard, left float64) {
	t.Helper()
	const chunk = 2 * echo.Block
	for range int(d / (2 * echo.BlockDuration)) {
		samples := make([]float64, chunk)
		level := 0.4 * r.random.Float64()
		for i := range samples {
			samples[i] = level * (r.random.Float64() - 0.5)
		}
		if r.unplayed == nil {
			r.played = append(r.played, make([]float64, int(speakerLead.Seconds()*echo.Rate))...)
		}
		r.take(contract.SpeakerAudio{Sink: "hall", UttID: "u", Say: "s", PCM: samplesOf(samples)}, 0)
		for i := range samples {
			samples[i] *= gain
		}
		r.played = append(r.played, samples...)
		h, l := r.listen(0.2, nil)
		heard, left = heard+h, left+l
	}
	return math.Sqrt(heard), math.Sqrt(left)
}

// listen has the microphone hear a chunk of 40 ms, with what somebody says, and returns
// the power before and after.
func (r *speakingRoom) listen(share float64, person []float64) (heard, left float64) {
	const chunk = 2 * echo.Block
	sound := make([]float64, chunk)
	for i := range sound {
		if i < len(r.played) {
			sound[i] = share * r.played[i]
		}
		if i < len(person) {
			sound[i] += person[i]
		}
	}
	r.played = r.played[min(chunk, len(r.played)):]
	out := floats(r.cancel(r.seq, samplesOf(sound)))
	r.seq++
	return powerOf(sound), powerOf(out)
}

func powerOf(samples []float64) (sum float64) {
	for _, v := range samples {
		sum += v * v
	}
	return sum
}

func TestTheVoiceIsTakenOutOfWhatTheMicrophoneHears(t *testing.T) {
	r := newSpeakingRoom()
	if r.residue() != 0 {
		t.Error("an echo is found before anything was played")
	}
	r.speak(t, 3*time.Second, 1)
	if heard, left := r.speak(t, time.Second, 1); left > heard/10 {
		t.Errorf("of %.2f %.2f are left, want a tenth", heard, left)
	}
	if r.residue() <= 0 || r.clean.IsZero() {
		t.Error("the echo is not noticed")
	}
	r.lower(contract.SpeechDuck{On: true, DB: 15}.Gain())
	r.speak(t, 200*time.Millisecond, contract.SpeechDuck{On: true, DB: 15}.Gain())
	r.lower(1)
	r.speak(t, 500*time.Millisecond, 1)
	if heard, left := r.speak(t, time.Second, 1); left > heard/10 {
		t.Errorf("after it was lowered, of %.2f %.2f are left", heard, left)
	}
}

func TestALoudspeakerThatIsSilentChangesNothing(t *testing.T) {
	tests := map[string]func(*loudspeaker){
		"it never played": func(*loudspeaker) {},
		"what it was to play was stopped": func(l *loudspeaker) {
			l.take(contract.SpeakerAudio{UttID: "u", PCM: make([]byte, 640)}, 0)
			l.obey(contract.TtsStopped, "u")
			l.take(contract.SpeakerAudio{UttID: "u", PCM: make([]byte, 640)}, 0)
		},
		"it is over": func(l *loudspeaker) {
			l.take(contract.SpeakerAudio{UttID: "u", PCM: samplesOf(make([]float64, 640))}, 0)
			l.cancel(0, make(pcm.Audio, 4*echo.Rate))
		},
	}
	for name, do := range tests {
		l := newLoudspeaker()
		do(l)
		heard := samplesOf([]float64{0.1, -0.2, 0.3})
		if got := l.cancel(1, heard); string(got) != string(heard) {
			t.Errorf("%s: %v is heard of %v", name, got, heard)
		}
	}
}

// What is played stays in step with what is heard: while it is paused, and when chunks of
// the microphone are lost.
func TestTheLoudspeakerStaysInStep(t *testing.T) {
	l := newLoudspeaker()
	samples := make([]float64, 8*echo.Block)
	for i := range samples {
		samples[i] = float64(i/echo.Block+1) / 16
	}
	l.take(contract.SpeakerAudio{UttID: "u", PCM: samplesOf(samples)}, 0)
	l.begins = 0
	chunk := make(pcm.Audio, 2*echo.Block)
	next := func() float64 { return l.unplayed[0] }
	l.cancel(0, chunk)
	if got := next(); math.Abs(got-2.0/16) > 1e-3 {
		t.Errorf("after a block the next sample is %v", got)
	}
	l.obey(contract.TtsPaused, "u")
	l.cancel(1, chunk)
	if got := next(); math.Abs(got-2.0/16) > 1e-3 {
		t.Errorf("while it is paused it plays on: %v", got)
	}
	l.cancel(1, chunk) // comes twice
	l.obey(contract.TtsResumed, "u")
	l.cancel(1, chunk)
	if got := next(); math.Abs(got-2.0/16) > 1e-3 {
		t.Errorf("for a chunk that comes again it plays on: %v", got)
	}
	l.cancel(4, chunk) // two are lost
	if got := next(); math.Abs(got-5.0/16) > 1e-3 {
		t.Errorf("after a gap of two blocks the next sample is %v", got)
	}
}

func TestAStopOfEverythingLeavesALaterLineAlone(t *testing.T) {
	l := newLoudspeaker()
	l.take(contract.SpeakerAudio{PCM: make([]byte, 640)}, 0)
	if l.obey(contract.TtsStopped, ""); len(l.unplayed) != 0 {
		t.Error("what was stopped is played")
	}
	if l.take(contract.SpeakerAudio{PCM: make([]byte, 640)}, 0); len(l.unplayed) == 0 {
		t.Error("a later line is not played")
	}
}

// The voice sends a line at a time; who sends without end is not kept.
func TestWhatIsToBePlayedIsBounded(t *testing.T) {
	l := newLoudspeaker()
	for range 1000 {
		l.take(contract.SpeakerAudio{UttID: "u", PCM: make([]byte, contract.AudioMaxBytes)}, 0)
		l.obey(contract.TtsStopped, "other")
	}
	if n := len(l.unplayed); n > maxUnplayed+contract.AudioMaxBytes {
		t.Errorf("%d samples wait", n)
	}
	if n := len(l.stopped); n > maxStopped {
		t.Errorf("%d utterances are remembered", n)
	}
}
