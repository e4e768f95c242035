package echo

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// voice is noise that comes and goes as syllables do.
func voice(seed uint64, seconds float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, int(seconds*Rate))
	low, level := 0.0, 0.0
	for i := range out {
		if i%(Rate/8) == 0 {
			level = 0.3 * r.Float64()
		}
		low += 0.3 * (r.NormFloat64() - low)
		out[i] = level * low
	}
	return out
}

// room is the way from a loudspeaker to a microphone: late, with reflections.
func room(seed uint64, share float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 2))
	way := make([]float64, Rate*4/10)
	delay := Rate/10 + r.IntN(Rate/20)
	way[delay] = share
	for range 40 {
		at := delay + r.IntN(len(way)-delay)
		way[at] += 0.3 * share * r.NormFloat64() * math.Exp(-float64(at-delay)/(0.05*Rate))
	}
	return way
}

func through(way, played []float64) []float64 {
	out := make([]float64, len(played))
	for delay, share := range way {
		if share != 0 {
			for i := delay; i < len(out); i++ {
				out[i] += share * played[i-delay]
			}
		}
	}
	return out
}

func sum(a, b []float64) []float64 {
	out := slices.Clone(a)
	for i := range min(len(a), len(b)) {
		out[i] += b[i]
	}
	return out
}

// cancelled lets c hear all of a sound.
func cancelled(c *Canceller, heard, played []float64) (out []float64) {
	for i := 0; i+Block <= len(heard); i += Block {
		out = append(out, c.Cancel(heard[i:i+Block], played[i:i+Block], true)...)
	}
	return out
}

// decibels is how much louder a is than b, from a time on.
func decibels(a, b []float64, from float64) float64 {
	first := int(from * Rate)
	n := min(len(a), len(b))
	return 10 * math.Log10(power(a[first:n])/power(b[first:n]))
}

func TestTheEchoIsTakenAway(t *testing.T) {
	for _, share := range []float64{0.05, 0.2, 0.5} {
		c, played := NewCanceller(500*time.Millisecond), voice(1, 5)
		c.Begin()
		heard := through(room(3, share), played)
		if got := decibels(heard, cancelled(c, heard, played), 3); got < 20 {
			t.Errorf("of an echo of %v, %.1f dB are taken away after 3 s, want 20", share, got)
		}
		if !c.IsKnown() || c.Residue() <= 0 || c.Residue() > share*0.1 {
			t.Errorf("of an echo of %v: known is %t, residue %.4f", share, c.IsKnown(), c.Residue())
		}
	}
}

func TestAPersonIsHeardOverTheEcho(t *testing.T) {
	c, played, person := NewCanceller(500*time.Millisecond), voice(1, 6), make([]float64, 6*Rate)
	c.Begin()
	copy(person[4*Rate:], voice(2, 1))
	heard := sum(through(room(3, 0.2), played), person)
	out := cancelled(c, heard, played)
	late := append(make([]float64, Block), person...) // what goes out is one block late
	wrong := make([]float64, Rate)
	for i := range wrong {
		wrong[i] = out[4*Rate+i] - late[4*Rate+i]
	}
	if got := 10 * math.Log10(power(person[4*Rate:5*Rate])/power(wrong)); got < 6 {
		t.Errorf("a person is %.1f dB louder than what is wrong with her voice, want 6", got)
	}
}

func TestWithoutAnEchoNothingIsChanged(t *testing.T) {
	tests := map[string]struct{ heard, played []float64 }{
		"headphones":        {voice(2, 4), voice(1, 4)},
		"nothing is played": {voice(2, 4), make([]float64, 4*Rate)},
		"silence":           {make([]float64, 4*Rate), voice(1, 4)},
	}
	for name, tt := range tests {
		c := NewCanceller(500 * time.Millisecond)
		c.Begin()
		if out := cancelled(c, tt.heard, tt.played); !slices.Equal(out, tt.heard) {
			t.Errorf("%s: what is heard is changed", name)
		}
		if c.IsKnown() || c.Residue() != 0 {
			t.Errorf("%s: an echo is found", name)
		}
	}
}

// The next sound may be played sooner or later than the last one, and in another room.
func TestAnotherWayIsLearntWithTheNextSound(t *testing.T) {
	c, played := NewCanceller(500*time.Millisecond), voice(1, 5)
	for seed := range uint64(3) {
		c.Begin()
		heard := through(room(seed, 0.2), played)
		if got := decibels(heard, cancelled(c, heard, played), 3); got < 20 {
			t.Errorf("way %d: %.1f dB are taken away after 3 s, want 20", seed, got)
		}
		cancelled(c, make([]float64, Rate), make([]float64, Rate))
		if c.IsBusy() {
			t.Error("a second after the sound it still waits for an echo")
		}
	}
}

// By the clock of the microphone no sound begins when the last one did.
func TestTheSameWayIsKnownAgain(t *testing.T) {
	c, played, way := NewCanceller(500*time.Millisecond), voice(1, 4), room(3, 0.2)
	c.Begin()
	cancelled(c, through(way, played), played)
	for _, late := range []int{0, 137, -400, 639} {
		again := make([]float64, len(way)+Rate)
		for i, share := range way {
			if i+late >= 0 {
				again[i+late] = share
			}
		}
		cancelled(c, make([]float64, Rate), make([]float64, Rate))
		c.Begin()
		other := voice(uint64(10+late), 2)
		heard := through(again, other)
		got := decibels(heard[:Rate], cancelled(c, heard, other)[:Rate], 0.5)
		if got < 12 {
			t.Errorf("when it comes %d samples later, %.1f dB are taken away in the second half of the first second, want 12", late, got)
		}
		way = again[:len(way)+max(0, late)]
	}
}

// Sound that is lowered in a way that is not known leaves what was learnt alone.
func TestNothingIsLearntOfWhatIsNotExact(t *testing.T) {
	c, played := NewCanceller(500*time.Millisecond), voice(1, 5)
	c.Begin()
	heard := through(room(3, 0.2), played)
	cancelled(c, heard, played)
	for i := 0; i+Block <= Rate; i += Block {
		c.Cancel(make([]float64, Block), played[i:i+Block], false)
	}
	if got := decibels(heard, cancelled(c, heard, played), 1); got < 20 {
		t.Errorf("after it %.1f dB are taken away, want 20", got)
	}
}

func BenchmarkCancel(b *testing.B) {
	c, played := NewCanceller(500*time.Millisecond), voice(1, 5)
	heard := through(room(3, 0.2), played)
	for n := 0; b.Loop(); n++ {
		i := n * Block % len(heard)
		c.Cancel(heard[i:i+Block], played[i:i+Block], true)
	}
	b.ReportMetric(100*b.Elapsed().Seconds()/(float64(b.N)*BlockDuration.Seconds()), "%core")
}
