package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotars/tars/speech/pcm"
)

// tones is loud where a span says so, with steady noise everywhere.
func tones(length, noise float64, loud ...pause) signal {
	s := breath(samplesOf(length), diceOf("tones")).scaled(noise)
	for _, l := range loud {
		for i := samplesOf(l.From); i < samplesOf(l.To); i++ {
			s[i] += 0.5 * math.Sin(2*math.Pi*300*float64(i)/pcm.Rate)
		}
	}
	return s
}

func TestVoicedSamplesAreFound(t *testing.T) {
	tests := map[string]struct {
		in    signal
		from  float64
		to    float64
		rests []pause
	}{
		"one tone":                        {tones(2, 0.0005, pause{0.5, 1.5}), 0.5, 1.5, nil},
		"one tone in digital silence":     {tones(2, 0, pause{0.5, 1.5}), 0.5, 1.5, nil},
		"one tone in a noisy recording":   {tones(2, 0.004, pause{0.5, 1.5}), 0.5, 1.5, nil},
		"a click before it is no voice":   {tones(2, 0, pause{0.1, 0.11}, pause{0.5, 1.5}), 0.5, 1.5, nil},
		"a rest":                          {tones(2, 0.0005, pause{0.5, 0.9}, pause{1.2, 1.5}), 0.5, 1.5, []pause{{0.9, 1.2}}},
		"a closure of 60 ms is no rest":   {tones(2, 0.0005, pause{0.5, 0.9}, pause{0.96, 1.5}), 0.5, 1.5, nil},
		"silence":                         {tones(1, 0), 0, 0, nil},
		"nothing":                         {nil, 0, 0, nil},
		"it begins and ends with a voice": {tones(1, 0, pause{0, 1}), 0, 1, nil},
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 0.011 }
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			from, to := voicedAbove(tt.in, threshold(tt.in)).seconds()
			if !near(from, tt.from) || !near(to, tt.to) {
				t.Errorf("voiced from %.3f to %.3f s, want %.3f to %.3f s", from, to, tt.from, tt.to)
			}
			same := func(r span, p pause) bool {
				from, to := r.seconds()
				return near(from, p.From) && near(to, p.To)
			}
			if got := restsIn(tt.in); !slices.EqualFunc(got, tt.rests, same) {
				t.Errorf("rests %v, want %v s", got, tt.rests)
			}
		})
	}
}

// What assemble says of a clip is what can be measured in it.
func TestLabelsAreWhatIsHeard(t *testing.T) {
	said := take{parts: []signal{tones(0.8, 0, pause{0.1, 0.7}), tones(1.5, 0, pause{0.2, 0.5}, pause{0.9, 1.3}), tones(0.4, 0, pause{0.05, 0.35})}}
	for _, name := range []string{"a", "b", "c", "d"} {
		s, c, err := assemble(said, []float64{0.8, 0.5}, diceOf(name))
		if err != nil {
			t.Fatal(err)
		}
		from, to := voicedAbove(s, threshold(s)).seconds()
		if math.Abs(from-c.Begin) > 0.011 || math.Abs(to-c.End) > 0.011 {
			t.Errorf("%s: voiced from %.3f to %.3f s, labelled %.3f to %.3f s", name, from, to, c.Begin, c.End)
		}
		if c.Begin < 0.3 || s.seconds()-c.End < 0.2 {
			t.Errorf("%s: %.3f s of silence before and %.3f s after", name, c.Begin, s.seconds()-c.End)
		}
		var lengths []float64
		for _, p := range c.Pauses {
			lengths = append(lengths, round2(p.To-p.From))
			if quiet := s[samplesOf(p.From+keptTrail):samplesOf(p.To-keptLead)].rms(); quiet > 1.2*roomLevel || quiet < 0.8*roomLevel {
				t.Errorf("%s: the pause at %.2f s is at %.1f dB, want -65 dB", name, p.From, 20*math.Log10(quiet))
			}
		}
		if want := []float64{0.8, 0.4, 0.5}; !slices.Equal(lengths, want) { // the second is a rest of its own
			t.Errorf("%s: pauses of %v s, want %v", name, lengths, want)
		}
		if p := s.peak(); p > 0.95 {
			t.Errorf("%s: its peak is %.2f", name, p)
		}
	}
	if _, _, err := assemble(take{parts: []signal{tones(1, 0)}}, nil, diceOf("a")); err != errSilent {
		t.Errorf("a silent take gives %v, want %v", err, errSilent)
	}
}

func TestACutIsMadeInARest(t *testing.T) {
	s := tones(2, 0.0005, pause{0.5, 0.9}, pause{1.2, 1.5})
	parts, err := cutAt(s, []float64{1.05})
	if err != nil || len(parts) != 2 || math.Abs(parts[0].seconds()-1.05) > 0.011 {
		t.Errorf("cut into %d parts, the first of %.2f s, %v", len(parts), parts[0].seconds(), err)
	}
	if _, err := cutAt(s, []float64{0.7}); err == nil {
		t.Error("it was cut where somebody speaks")
	}
}

// The counts hold whatever recordings there are, when the synthesisers are.
func TestThePlanHasEnoughOfEachKind(t *testing.T) {
	all, _ := planAll(settings{recorded: "../testdata/speech", fetched: t.TempDir()}, []string{"piper", "espeak", "flite"})
	count, pauses, target, ends, places := map[string]int{}, 0, 0, 0, map[string]bool{}
	files := map[string]bool{}
	for _, r := range all {
		count[r.Kind]++
		if files[r.File] {
			t.Errorf("%s comes twice", r.File)
		}
		files[r.File] = true
		if r.Kind != turnKind {
			continue
		}
		if len(r.pauses) == 0 {
			ends++
		}
		for i, p := range r.pauses {
			pauses++
			places[strings.Join(r.parts[:i+1], "|")] = true
			if p >= 0.75 && p <= 0.85 {
				target++
			}
			if natural := len(r.places) > 0; p < shortestPause || p > longestPause && !natural {
				t.Errorf("%s: a pause of %.2f s", r.File, p)
			}
		}
	}
	tests := map[string]struct{ have, want int }{
		"pauses": {pauses, 200}, "places of pauses": {len(places), 120}, "pauses of 0.8 s": {target, 60}, "turns without a pause": {ends, 80},
		speechKind: {count[speechKind], 57}, interruptionKind: {count[interruptionKind], 100}, stopKind: {count[stopKind], 50},
		nodKind: {count[nodKind], 60}, "coughs alone": {count[coughKind], 16}, "laughs alone": {count[laughKind], 16},
		"nods, coughs and laughs": {count[nodKind] + count[coughKind] + count[laughKind], 100},
	}
	for name, tt := range tests {
		if tt.have < tt.want {
			t.Errorf("%s: %d, want at least %d", name, tt.have, tt.want)
		}
	}
}

// A further clip changes no other one, and two runs plan the same.
func TestThePlanIsTheSameAgain(t *testing.T) {
	plan := func(engines ...string) string {
		all, _ := planAll(settings{recorded: "../testdata/speech", fetched: t.TempDir()}, engines)
		return stampOf(all, nil)
	}
	if first, second := plan("piper", "espeak"), plan("piper", "espeak"); first != second {
		t.Errorf("two plans have the stamps %s and %s", first, second)
	}
	if plan("piper") == plan("espeak") {
		t.Error("plans of different engines have one stamp")
	}
}

// Each recording of this repository that has rests is quiet where they are said to be.
func TestRestsOfTheRecordingsAreQuiet(t *testing.T) {
	cut := 0
	for name, r := range restsTable() {
		if len(partsOf(r.text)) != len(r.rests)+1 {
			t.Errorf("%s has %d rests, but the text %q", name, len(r.rests), r.text)
		}
		path := filepath.Join("../testdata/speech", name)
		if _, err := os.Stat(path); err != nil || len(r.rests) == 0 {
			continue // it is not part of the repository
		}
		var places []float64
		for _, rest := range r.rests {
			places = append(places, (rest.From+rest.To)/2)
		}
		if _, err := (recording{path: path, places: places}).take(); err != nil {
			t.Error(err)
		}
		cut++
	}
	if cut < 8 {
		t.Errorf("%d recordings have rests, want at least 8", cut)
	}
}

// The clip of the repository was decoded from the same file by another decoder.
func TestG722IsDecoded(t *testing.T) {
	file, err := os.ReadFile("testdata/allison-patience.g722")
	if err != nil {
		t.Fatal(err)
	}
	want, err := readWAV("../testdata/speech/allison-patience.wav")
	if err != nil {
		t.Fatal(err)
	}
	got := decodeG722(file)
	if len(got) != len(want) {
		t.Fatalf("%d samples, want %d", len(got), len(want))
	}
	for i := range got {
		if math.Abs(got[i]-want[i]) > 0.001 {
			t.Fatalf("sample %d is %.4f, want %.4f", i, got[i], want[i])
		}
	}
}
