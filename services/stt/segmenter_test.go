package stt_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/services/stt"
)

const ms = time.Millisecond

func segmentation() stt.Segmentation {
	return stt.Segmentation{
		PreRoll: 400 * ms, MinSpeech: 120 * ms, Hangover: 260 * ms,
		Endpoint: 650 * ms, Longest: 30 * time.Second, MinLevel: 70,
	}
}

// room makes sound: a voice, silence and other things over steady noise. No
// two stretches of it are alike, so that a cut can be found again.
type room struct {
	noise float64 // RMS
	dice  *rand.Rand
	pcm   stt.Audio
}

func newRoom(noise float64) *room { return &room{noise: noise, dice: rand.New(rand.NewPCG(1, 2))} }

func (r *room) add(d time.Duration, wave func(t float64) float64) *room {
	for i := range int(d.Seconds() * stt.Rate) {
		v := wave(float64(i)/stt.Rate) + r.dice.NormFloat64()*r.noise
		r.pcm = binary.LittleEndian.AppendUint16(r.pcm, uint16(int16(max(-32768, min(32767, v)))))
	}
	return r
}

// voice is a vowel that swells and fades with the syllables.
func (r *room) voice(d time.Duration) *room {
	return r.add(d, func(t float64) float64 {
		return 1500 * (0.1 + math.Abs(math.Cos(3*math.Pi*t))) * (tone(220, t) + tone(660, t) + tone(1100, t)) / math.Sqrt(3)
	})
}

func (r *room) hum(d time.Duration) *room {
	return r.add(d, func(t float64) float64 { return 600 * tone(50, t) })
}

// tone has the RMS 1.
func tone(hertz, t float64) float64 { return math.Sqrt2 * math.Sin(2*math.Pi*hertz*t) }

func (r *room) silence(d time.Duration) *room { return r.add(d, func(float64) float64 { return 0 }) }

// story is what happened, in words, with times in milliseconds.
func story(events []stt.Event) string {
	var s []string
	for _, e := range events {
		s = append(s, fmt.Sprintf("%s %d", [...]string{"started", "ended", "complete"}[e.Edge], e.At.Milliseconds()))
	}
	return strings.Join(s, ", ")
}

func TestEdgesOfSpeech(t *testing.T) {
	tests := map[string]struct {
		sound *room
		want  string
	}{
		"silence": {newRoom(20).silence(5 * time.Second), ""},
		"one word": {newRoom(20).silence(time.Second).voice(400 * ms).silence(time.Second),
			"started 1120, ended 1680, complete 2060"},
		"a word in the first sample": {newRoom(20).voice(400 * ms).silence(time.Second),
			"started 120, ended 680, complete 1060"},
		"a click": {newRoom(20).silence(time.Second).voice(60 * ms).silence(time.Second), ""},
		"a pause within a sentence": {newRoom(20).silence(time.Second).voice(400 * ms).silence(400 * ms).voice(400 * ms).silence(time.Second),
			"started 1120, ended 1680, started 1880, ended 2480, complete 2860"},
		"two sentences": {newRoom(20).voice(400 * ms).silence(900 * ms).voice(400 * ms).silence(900 * ms),
			"started 120, ended 680, complete 1060, started 1420, ended 1980, complete 2360"},
		"a click after a sentence": {newRoom(20).voice(400 * ms).silence(400 * ms).voice(40 * ms).silence(time.Second),
			"started 120, ended 680, complete 1060"},
		"a voice in a noisy room, which is taken for one until it is known": {newRoom(400).silence(5 * time.Second).voice(400 * ms).silence(time.Second),
			"started 120, ended 2800, started 5120, ended 5660, complete 6040"},
		"hum of the mains": {newRoom(5).hum(5 * time.Second), ""},
		"the stream ends in a word": {newRoom(20).silence(time.Second).voice(400 * ms),
			"started 1120, ended 1400, complete 1400"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := stt.NewSegmenter(segmentation())
			got := story(append(hear(s, tt.sound.pcm, 640), s.Hear(-1, nil)...))
			if got != tt.want {
				t.Errorf("heard %q\nwant  %q", got, tt.want)
			}
		})
	}
}

func TestNoiseIsNeverAnUtterance(t *testing.T) {
	tests := map[string]*room{
		"a fan from the start":  newRoom(300).silence(20 * time.Second),
		"a loud one":            newRoom(3000).silence(20 * time.Second),
		"a fan that is started": newRoom(10).silence(5*time.Second).fan(800, 20*time.Second),
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			events := hear(stt.NewSegmenter(segmentation()), r.pcm, 640)
			if got := utterances(events); len(got) > 0 {
				t.Errorf("%d utterances: %s", len(got), story(events))
			}
		})
	}
}

func (r *room) fan(level float64, d time.Duration) *room {
	r.noise = level
	return r.silence(d)
}

func TestUtterancesHoldWhatWasSaid(t *testing.T) {
	r := newRoom(20).silence(time.Second).voice(500 * ms).silence(time.Second)
	got := utterances(hear(stt.NewSegmenter(segmentation()), r.pcm, 1000))
	if len(got) != 1 {
		t.Fatalf("%d utterances, want 1", len(got))
	}
	from := stt.Audio(r.pcm[:max(0, bytes.Index(r.pcm, got[0]))]).Duration()
	if from < 500*ms || from > 700*ms {
		t.Errorf("begins at %v of the recording, want 300 to 500ms before the voice at 1s", from)
	}
	if end := from + got[0].Duration(); end < 1600*ms || end > 2*time.Second {
		t.Errorf("ends at %v, want a little after the voice at 1.5s", end)
	}
}

func TestChunksOfAnySizeAreHeardAlike(t *testing.T) {
	r := newRoom(20).silence(500 * ms).voice(700 * ms).silence(800 * ms).voice(300 * ms).silence(time.Second)
	want := hear(stt.NewSegmenter(segmentation()), r.pcm, 640)
	for _, size := range []int{1, 37, 320, 641, 3200, 8192} {
		got := hear(stt.NewSegmenter(segmentation()), r.pcm, size)
		same := slices.EqualFunc(got, want, func(a, b stt.Event) bool {
			return a.Edge == b.Edge && a.At == b.At && a.Energy == b.Energy && bytes.Equal(a.Audio, b.Audio)
		})
		if !same {
			t.Errorf("chunks of %d bytes: %s, want %s", size, story(got), story(want))
		}
	}
}

func TestALongSpeechIsCutAtItsPauses(t *testing.T) {
	set := segmentation()
	set.Longest = 10 * time.Second
	r := newRoom(20).voice(7 * time.Second).silence(300 * ms).voice(8 * time.Second).silence(time.Second)
	got := utterances(hear(stt.NewSegmenter(set), r.pcm, 640))
	if len(got) != 2 {
		t.Fatalf("%d utterances, want 2", len(got))
	}
	if cut := got[0].Duration(); cut < 7*time.Second || cut > 7300*ms {
		t.Errorf("cut at %v, want in the pause after 7s", cut)
	}
	if !bytes.HasPrefix(r.pcm, slices.Concat(got...)) {
		t.Error("audio was lost or changed at the cut")
	}
}

func TestSpeechHasAnEnergy(t *testing.T) {
	r := newRoom(20).silence(time.Second).voice(time.Second).silence(time.Second)
	for _, e := range hear(stt.NewSegmenter(segmentation()), r.pcm, 640) {
		if e.Energy < 0.02 || e.Energy > 0.06 { // 1500 of 32768 is 0.046
			t.Errorf("%s: energy %.3f, want about that of the voice, 0.046", story([]stt.Event{e}), e.Energy)
		}
	}
}

func TestChunksThatAreLostRepeatedOrCountedAfresh(t *testing.T) {
	const chunk = 1280 // 40ms
	r := newRoom(20).silence(400 * ms).voice(2 * time.Second).silence(time.Second)
	tests := map[string]struct {
		seq  func(i int64) int64
		want int // utterances
	}{
		"in order":                   {func(i int64) int64 { return i }, 1},
		"not counted":                {func(i int64) int64 { return -1 }, 1},
		"not counted, with a seq":    {func(i int64) int64 { return 0 }, 1},
		"a short gap in the voice":   {func(i int64) int64 { return i + 5*min(1, i/30) }, 1},
		"a long gap in the voice":    {func(i int64) int64 { return i + 50*min(1, i/30) }, 2},
		"an absurd gap in the voice": {func(i int64) int64 { return i + math.MaxInt64/2*min(1, i/30) }, 2},
		"counted afresh":             {func(i int64) int64 { return i % 30 }, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := stt.NewSegmenter(segmentation())
			var events []stt.Event
			for i := range int64(len(r.pcm) / chunk) {
				events = append(events, s.Hear(tt.seq(i), r.pcm[i*chunk:(i+1)*chunk])...)
			}
			if got := len(utterances(events)); got != tt.want {
				t.Errorf("%d utterances, want %d: %s", got, tt.want, story(events))
			}
		})
	}
	t.Run("every chunk twice", func(t *testing.T) {
		s := stt.NewSegmenter(segmentation())
		var twice []stt.Event
		for i := range int64(len(r.pcm) / chunk) {
			twice = append(twice, s.Hear(1+i, r.pcm[i*chunk:(i+1)*chunk])...)
			twice = append(twice, s.Hear(1+i, r.pcm[i*chunk:(i+1)*chunk])...)
		}
		once := hear(stt.NewSegmenter(segmentation()), r.pcm, chunk)
		if got, want := story(twice), story(once); got != want {
			t.Errorf("heard %s, want %s", got, want)
		}
	})
}

func TestMutedAudioIsLearntFromButNotKept(t *testing.T) {
	s := stt.NewSegmenter(segmentation())
	secret := newRoom(400).voice(2 * time.Second).silence(3 * time.Second)
	s.Learn(secret.pcm)
	loud := newRoom(400).silence(time.Second).voice(500 * ms).silence(time.Second)
	events := hear(s, loud.pcm, 640)
	if got := story(events[:1]); got != "started 6120" {
		t.Errorf("%s, want the noise to be known and the voice at 6s to be the first that is heard", got)
	}
	for _, u := range utterances(events) {
		if !bytes.Contains(loud.pcm, u) {
			t.Error("an utterance holds muted audio")
		}
	}
}

func FuzzSegmenterTakesAnything(f *testing.F) {
	f.Add(int64(0), int64(1), []byte(newRoom(20).voice(40*ms).pcm), 7)
	f.Add(int64(9), int64(2), []byte{1, 2, 3}, 0)
	f.Fuzz(func(t *testing.T, a, b int64, pcm []byte, times int) {
		s := stt.NewSegmenter(segmentation())
		open := false
		for i := range max(0, min(times, 50)) {
			for _, e := range s.Hear([]int64{a, b, int64(i)}[i%3], pcm) {
				if e.Edge != stt.Complete && (e.Edge == stt.Started) == open {
					t.Fatalf("%v while open is %v", e.Edge, open)
				}
				open = e.Edge == stt.Started
				if len(e.Audio)%2 != 0 || math.IsNaN(e.Energy) {
					t.Fatalf("%d bytes, energy %v", len(e.Audio), e.Energy)
				}
			}
		}
	})
}
