package main

import (
	"embed"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
)

//go:embed texts/*.txt
var texts embed.FS

// recipe is a clip that is to be made. What is drawn for it depends on its name alone,
// so that a further clip changes no other.
type recipe struct {
	clip             // without times
	voice  voice     // who speaks; without an engine, recording says what is played
	parts  []string  // of the text, between the pauses
	pauses []float64 // seconds, one fewer than parts
	recording
	made func(dice *rand.Rand) signal // what is computed
}

// dice are the draws of r.
func (r *recipe) dice() *rand.Rand { return diceOf(r.File) }

func diceOf(name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return rand.New(rand.NewPCG(h.Sum64(), 14))
}

// linesOf are the lines of a text file without comments.
func linesOf(name string) (all []string) {
	file, err := texts.ReadFile("texts/" + name)
	if err != nil {
		panic(err) // it is part of the program
	}
	for line := range strings.Lines(string(file)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

// partsOf are what stands between the bars of line.
func partsOf(line string) []string {
	parts := strings.Split(line, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

const (
	shortestPause, longestPause = 0.3, 1.8   // seconds
	medianPause, pauseSpread    = 0.62, 0.5  // of the logarithmic normal distribution
	shortTarget, longTarget     = 0.76, 0.84 // around 0.8 s, for which a limit is set
)

// drawPause is how long somebody thinks. Every fourth pause is about 0.8 s long.
func drawPause(nth int, dice *rand.Rand) float64 {
	if nth%4 == 0 {
		return round2(shortTarget + (longTarget-shortTarget)*dice.Float64())
	}
	for {
		if p := medianPause * math.Exp(pauseSpread*dice.NormFloat64()); p >= shortestPause && p <= longestPause {
			return round2(p)
		}
	}
}

func round2(v float64) float64 { return math.Round(v*100) / 100 }

// planner counts the files of each kind.
type planner struct {
	all    []recipe
	files  map[string]int
	paused int // pauses so far
}

// add completes r and adds it.
func (p *planner) add(r recipe) {
	p.files[r.Kind]++
	r.File = path.Join(folderOf(r.Kind), fmt.Sprintf("%04d.wav", p.files[r.Kind]))
	r.Lang = "en"
	dice := diceOf(r.File + ", planned")
	if r.voice.engine != "" {
		r.voice.speed = []float64{0.88, 0.95, 1, 1.06, 1.15}[dice.IntN(5)]
		r.voice.pitch = round2(0.94 + 0.12*dice.Float64())
		r.Text = strings.Join(r.parts, " ")
		r.Speaker, r.Source, r.Licence = r.voice.speaker(), r.voice.source(), licenceOf[r.voice.engine]
	}
	for len(r.pauses) < len(r.parts)-1 {
		r.pauses = append(r.pauses, drawPause(p.paused, dice))
		p.paused++
	}
	p.all = append(p.all, r)
}

// spoken adds each line in as many voices as there are rows, one of each row in turn.
func (p *planner) spoken(kind string, lines []string, rows ...[]voice) {
	for _, row := range rows {
		for i, line := range lines {
			p.add(recipe{clip: clip{Kind: kind}, voice: row[i%len(row)], parts: partsOf(line)})
		}
	}
}

// voicesOf are the voices of engines, first one of each, then the next.
func voicesOf(engines ...string) (all []voice) {
	names := map[string][]string{"piper": piperVoices, "espeak": espeakVoices, "flite": fliteVoices}
	for _, e := range engines {
		for _, name := range names[e] {
			all = append(all, voice{engine: e, name: name})
		}
	}
	return all
}

// spokenClips adds what the synthesisers are to say.
func (p *planner) spokenClips() {
	piper, others := voicesOf("piper"), interleave(voicesOf("espeak"), voicesOf("flite"))
	mixed := interleave(others, slices.Repeat(piper, len(others)))
	p.spoken(turnKind, linesOf("turns.txt"), piper, others)
	p.spoken(turnKind, linesOf("sentences.txt"), piper, others)
	p.spoken(speechKind, linesOf("sentences.txt")[:45], mixed)
	p.spoken(interruptionKind, linesOf("interruptions.txt"), piper, others)
	p.spoken(stopKind, linesOf("stops.txt"), piper, others)
	p.spoken(nodKind, linesOf("nods.txt"), piper, voicesOf("flite"), voicesOf("espeak"))
}

// interleave takes one of each in turn, and the first again when one has no more.
func interleave(a, b []voice) (all []voice) {
	for i := range max(len(a), len(b)) {
		all = append(all, a[i%len(a)], b[i%len(b)])
	}
	return all
}
