package stt

import (
	"testing"
	"time"
)

func TestTheAudioTellsWhenItWasSaid(t *testing.T) {
	begin := time.Unix(1_700_000_000, 0)
	const chunk = 40 * time.Millisecond
	type arrival struct {
		seq  int
		late time.Duration // after it was said
	}
	steady := func(n int, late time.Duration) (all []arrival) {
		for i := range n {
			all = append(all, arrival{i, late})
		}
		return all
	}
	tests := map[string]struct {
		arrivals []arrival
		want     time.Duration // by how much the last moment is taken to be later than it was
	}{
		"audio that comes at once":             {steady(50, 0), 0},
		"audio that is always as late":         {steady(50, 30*time.Millisecond), 30 * time.Millisecond},
		"a burst after a pause of the network": {append(steady(50, 0), arrival{50, 400 * time.Millisecond}, arrival{51, 360 * time.Millisecond}), time.Millisecond},
		"the first chunk is late":              {append([]arrival{{0, 300 * time.Millisecond}}, steady(50, 0)[1:]...), 0},
		"a source that does not count":         {[]arrival{{0, 0}, {0, 200 * time.Millisecond}, {0, 200 * time.Millisecond}}, time.Millisecond},
		"chunks that were lost":                {append(steady(50, 0), arrival{60, 400 * time.Millisecond}, arrival{61, 400 * time.Millisecond}), 400 * time.Millisecond},
		"a microphone that was off":            {append(steady(50, 0), arrival{50, time.Minute}, arrival{51, time.Minute}), time.Minute},
	}
	for name, tt := range tests {
		var c audioClock
		heard := time.Duration(0)
		for _, a := range tt.arrivals {
			heard += chunk
			c.note(a.seq, begin.Add(heard+a.late), heard)
		}
		if got := c.at(heard).Sub(begin.Add(heard)); got < tt.want-time.Millisecond || got > tt.want+time.Millisecond {
			t.Errorf("%s: %v later than it was said, want %v", name, got, tt.want)
		}
	}
}
