package eval

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/room"
	"github.com/gotars/tars/speech/wav"
)

// frames is what a loudspeaker did: each letter is a frame, a is the answer, b another
// one, - nothing and h is held.
func frames(script string) (all []room.State) {
	for _, c := range script {
		s := room.State{Gain: 1}
		switch c {
		case 'a', 'b':
			s.Playing, s.UttID = true, string(c)
		case 'h':
			s.Held = true
		}
		all = append(all, s)
	}
	return all
}

func TestSilenceIsTheEndOfWhatWasHeard(t *testing.T) {
	tests := map[string]struct {
		played        string
		silence, gaps float64 // seconds
	}{
		"it stops":                      {"aaaa----", 0.08, 0},
		"it is held, and comes no more": {"aaaahhhh", 0.08, 0},
		"it is held, and goes on":       {"aahhhaa-", 0.14, 0.06},
		"another answer follows":        {"aaa--bbb", 0.06, 0},
		"it was silent already":         {"--------", 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := *lastHeard(frames(tt.played), "a"); math.Abs(got-tt.silence) > 1e-9 {
				t.Errorf("silent after %.2f s, want %.2f", got, tt.silence)
			}
			if got := longestGap(frames(tt.played), "a"); math.Abs(got-tt.gaps) > 1e-9 {
				t.Errorf("the longest gap is %.2f s, want %.2f", got, tt.gaps)
			}
		})
	}
}

func TestRulesAreJudgedByPausesAndEnds(t *testing.T) {
	silences := []Silence{
		{Length: 0.4, Finished: new(0.2)}, {Length: 0.8, Finished: new(0.6)}, {Length: 1.2, Finished: new(0.1)},
		{Finished: new(0.9)}, {Finished: new(0.7)}, {Finished: new(0.3)},
	}
	fixed := judge(Rule{"fixed", func(Silence) time.Duration { return 700 * time.Millisecond }}, silences)
	want := Point{Rule: "fixed", Pauses: 3, CutOffs: 2, Short: 1, ShortCutOffs: 1, Ends: 3, Mean: 0.7, Median: 0.7, P90: 0.7}
	if fixed.Mean = math.Round(fixed.Mean*1e6) / 1e6; fixed != want {
		t.Errorf("judged %+v, want %+v", fixed, want)
	}
	sound := judge(smartTurnAlone(0.5), silences)
	if sound.CutOffs != 2 || math.Abs(sound.Mean-(0.3+0.3+1)/3) > 1e-9 {
		t.Errorf("judged %+v, want two cut-offs, one of them after a second, and a mean of 0.53 s", sound)
	}
}

func TestConditionsKeepTheirRatioOfVoiceToBackground(t *testing.T) {
	speech, bed := make([]float32, 2*room.Rate), make([]float32, 60*room.Rate)
	for i := range speech {
		speech[i] = float32(0.2 * math.Sin(float64(i)/5))
	}
	for i := range bed {
		bed[i] = float32(0.5 * math.Sin(float64(i)/9))
	}
	c := Condition{Bed: KindNoise, SNR: 10, Gain: -6}
	heard := c.apply(slices.Clone(speech), bed, 1)
	behind := heard[:room.Rate]
	voice := slices.Clone(heard[room.Rate : room.Rate+len(speech)])
	level := math.Hypot(powerOf(speech), powerOf(speech)/math.Sqrt(10)) * math.Pow(10, -6.0/20)
	if got := 20 * math.Log10(powerOf(voice)/level); math.Abs(got) > 0.5 {
		t.Errorf("the voice with its background is %.1f dB from what it should be", got)
	}
	if got := 20 * math.Log10(powerOf(speech)*math.Pow(10, -6.0/20)/powerOf(behind)); math.Abs(got-10) > 0.5 {
		t.Errorf("the background is %.1f dB below the voice, want 10", got)
	}
	far := Condition{Reverb: 500 * time.Millisecond}.apply(slices.Clone(speech), nil, 1)
	if after := powerOf(far[room.Rate+len(speech) : room.Rate+len(speech)+room.Rate/10]); after < 0.005 {
		t.Errorf("100 ms after the voice the room has a level of %.4f, want reverberation", after)
	}
	for name, c := range map[string]Condition{"a quiet room": {}, "noise": c, "reverberation": {Reverb: 500 * time.Millisecond}} {
		behind := bed
		if c.Bed == "" {
			behind = nil
		}
		if !slices.Equal(c.apply(slices.Clone(speech), behind, 1), c.apply(slices.Clone(speech), behind, 1)) {
			t.Errorf("%s is not the same in two runs", name)
		}
	}
}

func TestHearingInNamedConditions(t *testing.T) {
	if in, err := ConditionsNamed(nil); err != nil || len(in) != len(Conditions) {
		t.Errorf("without a name %d conditions (%v), want all", len(in), err)
	}
	if in, err := ConditionsNamed([]string{"far", "clean"}); err != nil || len(in) != 2 || in[0].Name != "far" || in[1].Name != "clean" {
		t.Errorf("conditions %v (%v), want far and clean", in, err)
	}
	if _, err := ConditionsNamed([]string{"underwater"}); err == nil || !strings.Contains(err.Error(), "noise 10 dB") {
		t.Errorf("error %v, want one that names what there is", err)
	}
}

func TestScriptedModelKnowsItsStories(t *testing.T) {
	if a, b := answerTo("Tell me story 1"), answerTo("tell me story 2"); a == b || len(strings.Fields(a)) < 60 {
		t.Errorf("stories %q and %q", a, b)
	}
	if a := answerTo("Read me paragraph 8."); a != quotes[0] {
		t.Errorf("paragraph %q", a)
	}
	if a := answerTo("What is the capital of France?"); len(strings.Fields(a)) < 10 {
		t.Errorf("answer %q", a)
	}
}

// corpusOf writes a corpus of one clip.
func corpusOf(t *testing.T, clip Clip, samples []float32) string {
	t.Helper()
	folder := t.TempDir()
	data, err := json.Marshal(Corpus{Clips: []Clip{clip}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"corpus.json": data, clip.File: wav.Encode(room.Encode(samples), room.Rate)} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestCorpusIsReadAndItsAbsenceExplained(t *testing.T) {
	c, err := LoadCorpus(corpusOf(t, Clip{File: "a.wav", Kind: KindStop, Text: "stop", Begin: 0.3, End: 0.6}, []float32{0, 0.5, -0.5}))
	if err != nil {
		t.Fatal(err)
	}
	if samples, err := c.Samples(c.Of(0, KindStop)[0]); err != nil || !slices.Equal(samples, []float32{0, 0.5, -0.5}) {
		t.Errorf("samples %v, %v", samples, err)
	}
	if got := c.Of(0, KindNod); len(got) != 0 {
		t.Errorf("nods %v", got)
	}
	if _, err := LoadCorpus(t.TempDir()); err == nil || !strings.Contains(err.Error(), "go run ./test/corpus -out") {
		t.Errorf("error %v, want the command that makes one", err)
	}
	many := &Corpus{}
	for range 10 {
		many.Clips = append(many.Clips, Clip{Kind: KindNod}, Clip{Kind: KindTurn})
	}
	if got := many.Of(4, KindNod); len(got) != 4 {
		t.Errorf("%d clips, want 4", len(got))
	}
}

func TestReportHasATableForWhatWasMeasured(t *testing.T) {
	r := Report{
		Recogniser: "test",
		Hearing:    []Heard{{Condition: "clean", Words: 10, Wrong: 1, Ended: new(0.5)}, {Condition: "clean", Words: 10, Wrong: 10, Lost: true}, {Condition: "reverb", Words: 10, Wrong: 2, WholeWrong: 1}, {Condition: "reverb", Words: 10, Wrong: 2, WholeWrong: 1}},
		Interruptions: []Yield{
			{Kind: KindInterruption, Duck: new(0.2), Silence: new(0.6)}, {Kind: KindInterruption, Duck: new(0.2), Silence: new(1.2)}, {Kind: KindInterruption},
		},
		Nods: []Yield{{Kind: KindNod, Whole: true}, {Kind: KindNod, Whole: true, Gap: 0.4}, {Kind: KindNod, Silence: new(0.6)}},
	}
	var out bytes.Buffer
	r.Print(&out)
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"| clean | 2 | 55.0 % | 0.0 % | +55.0 (+10.0 to +100.0) | 1 |",
		"| reverb | 2 | 20.0 % | 10.0 % | +10.0 (+10.0 to +10.0) | 0 |",
		"| interruption | 0 % | 3 | 2 | 0.20 s | 0.20 s | 1.20 s | 1.20 s | 1 | 2 |",
		"| nod | 3 | 2 | 1 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(text, "### Echo") {
		t.Error("the report has a table for what was not measured")
	}
}

func TestPlotHasACurveForEachKindOfRule(t *testing.T) {
	r := Report{Turns: []Point{
		{Rule: "fixed 0.5 s", Pauses: 10, CutOffs: 5, Mean: 0.5}, {Rule: "fixed 0.7 s", Pauses: 10, CutOffs: 3, Mean: 0.7},
		{Rule: "TARS, low, words and sound", Pauses: 10, CutOffs: 1, Mean: 0.8}, {Rule: "TARS, low, words alone", Pauses: 10, CutOffs: 1, Mean: 0.9},
		{Rule: "Smart Turn alone > 0.50", Pauses: 10, CutOffs: 7, Mean: 0.4},
	}}
	var out bytes.Buffer
	if err := r.PlotTurns(&out); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(out.Bytes(), new(struct{})); err != nil {
		t.Errorf("no XML: %v", err)
	}
	if got := strings.Count(out.String(), "<circle"); got != 5 {
		t.Errorf("%d points, want 5", got)
	}
	if !strings.Contains(out.String(), `points="264.2,195.0 345.8,265.0"`) {
		t.Errorf("the curve of fixed silences is not where it should be:\n%s", out.String())
	}
}
