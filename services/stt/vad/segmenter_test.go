package vad_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/services/stt/vad"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/test/sound"
)

const ms = time.Millisecond

func segmentation() vad.Segmentation {
	return vad.Segmentation{
		PreRoll: 400 * ms, MinSpeech: 120 * ms, Sustained: 500 * ms, Hangover: 260 * ms,
		Endpoint: 650 * ms, Longest: 30 * time.Second,
	}
}

func newSegmenter(s vad.Segmentation) *vad.Segmenter {
	return vad.NewSegmenter(s, vad.NewLoudness(70))
}

// hear sends a through s in chunks, and returns the edges it made.
func hear(s *vad.Segmenter, a pcm.Audio, chunk int) (events []vad.Event) {
	for len(a) > 0 {
		n := min(chunk, len(a))
		events = append(events, s.Hear(-1, a[:n])...)
		a = a[n:]
	}
	return events
}

func utterances(events []vad.Event) (all []pcm.Audio) {
	for _, e := range events {
		if e.Edge == vad.Complete {
			all = append(all, e.Audio)
		}
	}
	return all
}

// story is what happened, in words, with times in milliseconds.
func story(events []vad.Event) string {
	var s []string
	for _, e := range events {
		s = append(s, fmt.Sprintf("%s %d", [...]string{"started", "sustained", "paused", "ended", "complete", "rejected"}[e.Edge], e.At.Milliseconds()))
	}
	return strings.Join(s, ", ")
}

func TestEdgesOfSpeech(t *testing.T) {
	tests := map[string]struct {
		sound *sound.Room
		want  string
	}{
		"silence": {sound.NewRoom(20).Silence(5 * time.Second), ""},
		"one word": {sound.NewRoom(20).Silence(time.Second).Voice(400 * ms).Silence(time.Second),
			"started 1120, ended 1680, complete 2060"},
		"a word in the first sample": {sound.NewRoom(20).Voice(400 * ms).Silence(time.Second),
			"started 120, ended 680, complete 1060"},
		"a click": {sound.NewRoom(20).Silence(time.Second).Voice(60 * ms).Silence(time.Second), ""},
		"a pause within a sentence": {sound.NewRoom(20).Silence(time.Second).Voice(400 * ms).Silence(400 * ms).Voice(400 * ms).Silence(time.Second),
			"started 1120, ended 1680, started 1880, sustained 1900, ended 2480, complete 2860"},
		"a long word": {sound.NewRoom(20).Silence(time.Second).Voice(800 * ms).Silence(time.Second),
			"started 1120, sustained 1540, ended 2080, complete 2460"},
		"two words, together longer than a nod": {sound.NewRoom(20).Silence(time.Second).Voice(300 * ms).Silence(100 * ms).Voice(300 * ms).Silence(time.Second),
			"started 1120, sustained 1500, ended 1980, complete 2360"},
		"who goes on after a word": {sound.NewRoom(20).Silence(time.Second).Voice(450 * ms).Silence(400 * ms).Voice(300 * ms).Silence(time.Second),
			"started 1120, ended 1720, started 1920, sustained 1940, ended 2420, complete 2800"},
		"two nods": {sound.NewRoom(20).Silence(time.Second).Voice(300 * ms).Silence(400 * ms).Voice(300 * ms).Silence(time.Second),
			"started 1120, ended 1580, started 1780, ended 2280, complete 2660"},
		"two sentences": {sound.NewRoom(20).Voice(400 * ms).Silence(900 * ms).Voice(400 * ms).Silence(900 * ms),
			"started 120, ended 680, complete 1060, started 1420, ended 1980, complete 2360"},
		"a click after a sentence": {sound.NewRoom(20).Voice(400 * ms).Silence(400 * ms).Voice(40 * ms).Silence(time.Second),
			"started 120, ended 680, complete 1060"},
		"a voice in a noisy room, which is taken for one until it is known": {sound.NewRoom(400).Silence(5 * time.Second).Voice(400 * ms).Silence(time.Second),
			"started 120, sustained 500, ended 2800, rejected 3180, started 5120, ended 5660, complete 6040"},
		"hum of the mains": {sound.NewRoom(5).Hum(5 * time.Second), ""},
		"the stream ends in a word": {sound.NewRoom(20).Silence(time.Second).Voice(400 * ms),
			"started 1120, ended 1400, complete 1400"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSegmenter(segmentation())
			got := story(append(hear(s, tt.sound.PCM, 640), s.Hear(-1, nil)...))
			if got != tt.want {
				t.Errorf("heard %q\nwant  %q", got, tt.want)
			}
		})
	}
}

func TestNoiseIsNeverAnUtterance(t *testing.T) {
	tests := map[string]*sound.Room{
		"a fan from the start":  sound.NewRoom(300).Silence(20 * time.Second),
		"a loud one":            sound.NewRoom(3000).Silence(20 * time.Second),
		"a fan that is started": sound.NewRoom(10).Silence(5*time.Second).Fan(800, 20*time.Second),
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			events := hear(newSegmenter(segmentation()), r.PCM, 640)
			if got := utterances(events); len(got) > 0 {
				t.Errorf("%d utterances: %s", len(got), story(events))
			}
		})
	}
}

func TestUtterancesHoldWhatWasSaid(t *testing.T) {
	r := sound.NewRoom(20).Silence(time.Second).Voice(500 * ms).Silence(time.Second)
	got := utterances(hear(newSegmenter(segmentation()), r.PCM, 1000))
	if len(got) != 1 {
		t.Fatalf("%d utterances, want 1", len(got))
	}
	from := r.PCM[:max(0, bytes.Index(r.PCM, got[0]))].Duration()
	if from < 500*ms || from > 700*ms {
		t.Errorf("begins at %v of the recording, want 300 to 500ms before the voice at 1s", from)
	}
	if end := from + got[0].Duration(); end < 1600*ms || end > 2*time.Second {
		t.Errorf("ends at %v, want a little after the voice at 1.5s", end)
	}
}

func TestChunksOfAnySizeAreHeardAlike(t *testing.T) {
	r := sound.NewRoom(20).Silence(500 * ms).Voice(700 * ms).Silence(800 * ms).Voice(300 * ms).Silence(time.Second)
	want := hear(newSegmenter(segmentation()), r.PCM, 640)
	for _, size := range []int{1, 37, 320, 641, 3200, 8192} {
		got := hear(newSegmenter(segmentation()), r.PCM, size)
		same := slices.EqualFunc(got, want, func(a, b vad.Event) bool {
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
	r := sound.NewRoom(20).Voice(7 * time.Second).Silence(300 * ms).Voice(8 * time.Second).Silence(time.Second)
	got := utterances(hear(newSegmenter(set), r.PCM, 640))
	if len(got) != 2 {
		t.Fatalf("%d utterances, want 2", len(got))
	}
	if cut := got[0].Duration(); cut < 7*time.Second || cut > 7300*ms {
		t.Errorf("cut at %v, want in the pause after 7s", cut)
	}
	if !bytes.HasPrefix(r.PCM, slices.Concat(got...)) {
		t.Error("audio was lost or changed at the cut")
	}
}

func TestSpeechHasAnEnergy(t *testing.T) {
	r := sound.NewRoom(20).Silence(time.Second).Voice(time.Second).Silence(time.Second)
	for _, e := range hear(newSegmenter(segmentation()), r.PCM, 640) {
		if e.Energy < 0.02 || e.Energy > 0.06 { // 1500 of 32768 is 0.046
			t.Errorf("%s: energy %.3f, want about that of the voice, 0.046", story([]vad.Event{e}), e.Energy)
		}
	}
}

func TestChunksThatAreLostRepeatedOrCountedAfresh(t *testing.T) {
	const chunk = 1280 // 40ms
	r := sound.NewRoom(20).Silence(400 * ms).Voice(2 * time.Second).Silence(time.Second)
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
			s := newSegmenter(segmentation())
			var events []vad.Event
			for i := range int64(len(r.PCM) / chunk) {
				events = append(events, s.Hear(tt.seq(i), r.PCM[i*chunk:(i+1)*chunk])...)
			}
			if got := len(utterances(events)); got != tt.want {
				t.Errorf("%d utterances, want %d: %s", got, tt.want, story(events))
			}
		})
	}
	t.Run("every chunk twice", func(t *testing.T) {
		s := newSegmenter(segmentation())
		var twice []vad.Event
		for i := range int64(len(r.PCM) / chunk) {
			twice = append(twice, s.Hear(1+i, r.PCM[i*chunk:(i+1)*chunk])...)
			twice = append(twice, s.Hear(1+i, r.PCM[i*chunk:(i+1)*chunk])...)
		}
		once := hear(newSegmenter(segmentation()), r.PCM, chunk)
		if got, want := story(twice), story(once); got != want {
			t.Errorf("heard %s, want %s", got, want)
		}
	})
}

func TestMutedAudioIsLearntFromButNotKept(t *testing.T) {
	s := newSegmenter(segmentation())
	secret := sound.NewRoom(400).Voice(2 * time.Second).Silence(3 * time.Second)
	s.Learn(secret.PCM)
	loud := sound.NewRoom(400).Silence(time.Second).Voice(500 * ms).Silence(time.Second)
	events := hear(s, loud.PCM, 640)
	if got := story(events[:1]); got != "started 6120" {
		t.Errorf("%s, want the noise to be known and the voice at 6s to be the first that is heard", got)
	}
	for _, u := range utterances(events) {
		if !bytes.Contains(loud.PCM, u) {
			t.Error("an utterance holds muted audio")
		}
	}
}

func FuzzSegmenterTakesAnything(f *testing.F) {
	f.Add(int64(0), int64(1), []byte(sound.NewRoom(20).Voice(40*ms).PCM), 7)
	f.Add(int64(9), int64(2), []byte{1, 2, 3}, 0)
	f.Fuzz(func(t *testing.T, a, b int64, pcm []byte, times int) {
		s := newSegmenter(segmentation())
		open := false
		for i := range max(0, min(times, 50)) {
			for _, e := range s.Hear([]int64{a, b, int64(i)}[i%3], pcm) {
				if over := e.Edge == vad.Complete || e.Edge == vad.Rejected; !over && (e.Edge == vad.Started) == open {
					t.Fatalf("%v while open is %v", e.Edge, open)
				}
				open = e.Edge == vad.Started
				if len(e.Audio)%2 != 0 || math.IsNaN(e.Energy) {
					t.Fatalf("%d bytes, energy %v", len(e.Audio), e.Energy)
				}
			}
		}
	})
}

func TestEveryRecordingIsHeardAsSpeech(t *testing.T) {
	for _, c := range sound.Clips(t, "../testdata/speech") {
		t.Run(c.Name, func(t *testing.T) {
			s := newSegmenter(segmentation())
			events := append(hear(s, c.Audio, 640), s.Flush()...)
			var heard time.Duration
			for _, u := range utterances(events) {
				heard += u.Duration()
			}
			if most := c.Audio.Duration(); heard > most || heard < most/3 {
				t.Errorf("utterances of %v in a recording of %v", heard, most)
			}
		})
	}
}
