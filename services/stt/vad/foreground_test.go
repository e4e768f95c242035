package vad_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/gotars/tars/services/stt/vad"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/test/sound"
)

// loudIsVoice takes for a voice what is not nearly silent.
type loudIsVoice struct{}

func (loudIsVoice) Detect(frame []byte) (level float64, voice bool) {
	level = sound.RMS(pcm.Audio(frame))
	return level, level >= 50
}

func (loudIsVoice) Thresholds() (start, keep float64) { return 50, 50 }
func (loudIsVoice) NoiseFloor() float64               { return 0 }
func (loudIsVoice) SetOverVoice(bool)                 {}

func TestAVoiceBehindThePersonIsNotHers(t *testing.T) {
	const person, television, nobody = 3000.0, 900.0, 0.0 // RMS in units of a 16-bit sample
	type part struct {
		level float64
		d     time.Duration
	}
	tests := map[string]struct {
		parts []part
		want  string
	}{
		"a television goes on after her": {[]part{{person, 2 * time.Second}, {television, 5 * time.Second}},
			"started 120, sustained 500, ended 2740, complete 3120"},
		"it was there before her": {[]part{{television, 3 * time.Second}, {person, 2 * time.Second}, {television, 5 * time.Second}},
			"started 120, sustained 500, ended 5740, complete 6120"},
		"she is softer for a moment": {[]part{{person, time.Second}, {television, 400 * ms}, {person, time.Second}, {nobody, time.Second}},
			"started 120, sustained 500, ended 2660, complete 3040"},
		"somebody who is softer speaks after a silence": {[]part{{person, 2 * time.Second}, {nobody, time.Second}, {television, 2 * time.Second}, {nobody, time.Second}},
			"started 120, sustained 500, ended 2260, complete 2640, started 3120, sustained 3500, ended 5260, complete 5640"},
		"she speaks again over the television": {[]part{{person, 2 * time.Second}, {television, 5 * time.Second}, {person, time.Second}, {nobody, time.Second}},
			"started 120, sustained 500, ended 2740, complete 3120, started 7120, sustained 7500, ended 8260, complete 8640"},
		"what never pauses is not behind her for ever": {[]part{{person, 2 * time.Second}, {television, 33 * time.Second}},
			"started 120, sustained 500, ended 2740, complete 3120, started 33240, sustained 33620"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := vad.NewSegmenter(segmentation(), loudIsVoice{})
			var all pcm.Audio
			for _, p := range tt.parts {
				all = append(all, sound.Wave(p.d, func(float64) float64 { return p.level })...)
			}
			if got := story(hear(s, all, 640)); got != tt.want {
				t.Errorf("heard %q\nwant  %q", got, tt.want)
			}
		})
	}
}

// manyPeople takes for a voice what is not nearly silent, in a room where many talk.
type manyPeople struct{ loudIsVoice }

func (manyPeople) NoiseFloor() float64 { return 300 }

// TestASyllableOfManyPeopleIsNotHers has people talk behind the person, now and then one of them
// for a moment as loud as she is when she speaks softly.
func TestASyllableOfManyPeopleIsNotHers(t *testing.T) {
	const person, others, syllable = 3000.0, 900.0, 1600.0
	behind := func(d time.Duration) pcm.Audio {
		return sound.Wave(d, func(t float64) float64 {
			if math.Mod(t, 0.7) < 0.06 {
				return syllable
			}
			return others
		})
	}
	said := sound.Wave(2*time.Second, func(float64) float64 { return person })
	all := slices.Concat(behind(3*time.Second), said, behind(5*time.Second))
	ends := func(d vad.Detector) string { return story(hear(vad.NewSegmenter(segmentation(), d), all, 640)) }
	if got, want := ends(manyPeople{}), "started 120, sustained 500, ended 5720, complete 6100"; got != want {
		t.Errorf("heard %q\nwant  %q", got, want)
	}
	if got, want := ends(loudIsVoice{}), "started 120, sustained 500"; got != want { // where nothing tells of others it may be she
		t.Errorf("in a quiet room heard %q\nwant  %q", got, want)
	}
}

// TestSoftWordsInANoiseAreHers has a person become softer in a noise, in which nobody else was
// heard.
func TestSoftWordsInANoiseAreHers(t *testing.T) {
	const person, softly = 3000.0, 1400.0
	s := vad.NewSegmenter(segmentation(), manyPeople{})
	said := append(sound.Wave(2*time.Second, func(float64) float64 { return person }), sound.Wave(2*time.Second, func(float64) float64 { return softly })...)
	events := hear(s, append(said, sound.Wave(time.Second, func(float64) float64 { return 0 })...), 640)
	if got, want := story(events), "started 120, sustained 500, ended 4260, complete 4640"; got != want {
		t.Errorf("heard %q\nwant  %q", got, want)
	}
}

func TestWhatOthersSaidIsNotInHerWords(t *testing.T) {
	const before, said, person = 3 * time.Second, 2 * time.Second, 3000.0
	tests := map[string]struct {
		detector vad.Detector
		others   float64 // RMS
		heard    bool    // what others said before her is in her words
	}{
		"many people":                {manyPeople{}, 900, false},
		"a television":               {loudIsVoice{}, 600, false},
		"somebody who is as loud":    {loudIsVoice{}, 2800, true},
		"she is softer at first":     {loudIsVoice{}, 1500, true},
		"many people nearly as loud": {manyPeople{}, 1200, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			wave := func(level float64, d time.Duration) pcm.Audio {
				return sound.Wave(d, func(float64) float64 { return level })
			}
			s := vad.NewSegmenter(segmentation(), tt.detector)
			events := hear(s, append(wave(tt.others, before), wave(person, said)...), 640)
			soFar := s.SoFar()
			events = append(events, hear(s, append(wave(tt.others, 3*time.Second), wave(0, time.Second)...), 640)...)
			i := slices.IndexFunc(events, func(e vad.Event) bool { return e.Edge == vad.Complete })
			if i < 0 {
				t.Fatalf("heard %s, want an utterance", story(events))
			}
			complete, room := events[i], 500*ms
			if got := complete.Begun < before-room; got != tt.heard {
				t.Errorf("her words begin at %v, want %v heard before them", complete.Begun, tt.heard)
			}
			if got := soFar.Duration() > said+room; got != tt.heard {
				t.Errorf("while she speaks she has said %v", soFar.Duration())
			}
			if n := time.Duration(len(complete.Levels)) * vad.FrameDuration; n != complete.Audio.Duration() || n != time.Duration(len(complete.Voices))*vad.FrameDuration {
				t.Errorf("%v of levels of %v", n, complete.Audio.Duration())
			}
			if end := complete.Begun + complete.Audio.Duration(); !tt.heard && (end < before+said || end > before+said+room) {
				t.Errorf("her words end at %v, want %v and no more than %v", end, before+said, room)
			}
		})
	}
}

// A loudspeaker may be louder than the person who speaks over it, and falls silent for her.
func TestALoudspeakerIsNotThePersonWhoSpeaks(t *testing.T) {
	const loudspeaker, person = 9000.0, 2000.0
	voice := func(level float64, d time.Duration) pcm.Audio {
		return sound.Wave(d, func(float64) float64 { return level })
	}
	s := vad.NewSegmenter(segmentation(), loudIsVoice{})
	s.SetOverVoice(true)
	events := hear(s, voice(loudspeaker, time.Second), 640)
	s.SetOverVoice(false)
	events = append(events, hear(s, append(voice(person, 3*time.Second), voice(0, time.Second)...), 640)...)
	if got, want := story(events), "started 120, sustained 500, ended 4260, complete 4640"; got != want {
		t.Errorf("heard %q\nwant  %q", got, want)
	}
}

// TestPeopleBehindEndNoTurnLate has each recording said while another one goes on behind it,
// 15 dB softer.
func TestPeopleBehindEndNoTurnLate(t *testing.T) {
	const lead, after = time.Second, 6 * time.Second
	nothing := func(d time.Duration) pcm.Audio { return sound.Wave(d, func(float64) float64 { return 0 }) }
	m := model(t)
	clips := sound.Clips(t, "../testdata/speech")
	for i, c := range clips {
		other := clips[(i+1)%len(clips)].Audio
		other = pcm.Scale(other, math.Pow(10, -15.0/20)*sound.RMS(c.Audio)/sound.RMS(other))
		said := append(append(nothing(lead), c.Audio...), nothing(after)...)
		var behind pcm.Audio
		for len(behind) < len(said) {
			behind = append(behind, other...)
		}
		end := lead + c.Audio.Duration()
		events := hear(neuralSegmenter(m), sound.Mix(said, behind), 1280)
		if !slices.ContainsFunc(events, func(e vad.Event) bool { return e.Edge == vad.Complete && e.At > end && e.At < end+time.Second }) {
			t.Errorf("%s, of which the last word ends at %d: %s", c.Name, end.Milliseconds(), story(events))
		}
	}
}
