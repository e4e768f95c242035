package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// recording is a file that somebody else recorded.
type recording struct {
	path   string
	places []float64 // seconds of rests in it at which it is cut
	pitch  float64   // 0: as it is
	studio bool      // its background is silence
}

// endsAt are the seconds at which a recording goes on with what is no speech: applause.
var endsAt = map[string]float64{"jfk.wav": 10.3}

// take reads the file and cuts it.
func (r recording) take() (take, error) {
	s, err := r.read()
	if err != nil {
		return take{}, err
	}
	parts, err := cutAt(s, r.places)
	if err != nil {
		return take{}, fmt.Errorf("%s: %w", r.path, err)
	}
	if r.studio {
		return take{parts: parts}, nil
	}
	return take{parts: parts, floor: quietStretch(s)}, nil
}

func (r recording) read() (s signal, err error) {
	if filepath.Ext(r.path) == ".g722" {
		file, err := os.ReadFile(r.path)
		if err != nil {
			return nil, err
		}
		s = decodeG722(file)
	} else if s, err = readWAV(r.path); err != nil {
		return nil, fmt.Errorf("%s: %w", r.path, err)
	}
	if end, ok := endsAt[filepath.Base(r.path)]; ok {
		s = s[:min(len(s), samplesOf(end))]
	}
	if r.pitch != 0 && r.pitch != 1 {
		s = s.repitched(r.pitch)
	}
	return s, nil
}

// transcribed is a row of a transcripts.tsv.
type transcribed struct{ path, text, source, licence string }

// readTranscripts reads the transcripts.tsv in folder.
func readTranscripts(folder string) (all []transcribed, err error) {
	file, err := os.ReadFile(filepath.Join(folder, "transcripts.tsv"))
	if err != nil {
		return nil, err
	}
	table := csv.NewReader(bytes.NewReader(file))
	table.Comma, table.LazyQuotes = '\t', true
	rows, err := table.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	for _, row := range rows[1:] {
		all = append(all, transcribed{filepath.Join(folder, row[0]), row[1], row[2], row[3]})
	}
	return all, nil
}

// human adds the recorded utterances of folders with a transcripts.tsv. A file name that
// comes again is the same recording.
func (p *planner) human(folders []string) (missing []string) {
	rests := restsTable()
	seen := map[string]bool{}
	for _, folder := range folders {
		rows, err := readTranscripts(folder)
		if err != nil {
			missing = append(missing, fmt.Sprintf("no recordings in %s: %v", folder, err))
		}
		for _, row := range rows {
			name := filepath.Base(row.path)
			if seen[name] {
				continue
			}
			seen[name] = true
			c := clip{Text: row.text, Speaker: "human-" + speakerOf(name), Source: row.source, Licence: row.licence}
			c.Kind = speechKind
			p.add(recipe{clip: c, recording: recording{path: row.path}})
			if r, ok := rests[name]; ok {
				p.turnsOf(c, row.path, r)
			}
		}
	}
	return missing
}

// speakerOf is the name of who speaks in a recording: what comes before the number.
func speakerOf(name string) string {
	name, _, _ = strings.Cut(strings.TrimSuffix(name, filepath.Ext(name)), "-")
	return name
}

// resting is where somebody rests within one sentence of a recording.
type resting struct {
	text  string // with a bar at each rest
	rests []pause
}

// restsTable is rests.txt by file.
func restsTable() map[string]resting {
	all := map[string]resting{}
	for _, line := range linesOf("rests.txt") {
		fields := strings.SplitN(line, "\t", 3)
		r := resting{text: fields[2]}
		for _, f := range strings.Fields(fields[1]) {
			var rest pause
			if _, err := fmt.Sscanf(f, "%g-%g", &rest.From, &rest.To); err != nil {
				panic(fmt.Sprintf("rests.txt: %q: %v", f, err)) // it is part of the program
			}
			r.rests = append(r.rests, rest)
		}
		all[fields[0]] = r
	}
	return all
}

// turnsOf adds the turns of a recording: a complete one as it is, one with rests twice,
// each time with other pauses. Rests that are long enough are left as they are once.
func (p *planner) turnsOf(c clip, path string, r resting) {
	c.Kind = turnKind
	parts := partsOf(r.text)
	c.Text = strings.Join(parts, " ")
	if len(r.rests) == 0 {
		p.add(recipe{clip: c, recording: recording{path: path}})
		return
	}
	var places, lengths []float64
	natural := true
	for _, rest := range r.rests {
		places = append(places, (rest.From+rest.To)/2)
		lengths = append(lengths, round2(rest.To-rest.From))
		natural = natural && rest.To-rest.From >= shortestPause
	}
	cut := recording{path: path, places: places}
	if natural {
		p.add(recipe{clip: c, parts: parts, pauses: lengths, recording: cut})
	}
	c.Source += ", rests made longer"
	for range 2 {
		p.add(recipe{clip: c, parts: parts, recording: cut})
	}
}

// asterisk adds the prompts of rests.txt that are in folder.
func (p *planner) asterisk(folder string) (missing []string) {
	rests := restsTable()
	found := 0
	for _, name := range sortedKeys(rests) {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); filepath.Ext(name) != ".g722" || err != nil {
			continue
		}
		found++
		c := clip{Speaker: "human-allison", Source: "Debian asterisk-core-sounds-en-g722", Licence: "CC BY-SA 3.0, voice Allison Smith"}
		p.turnsOf(c, path, rests[name])
	}
	if found == 0 {
		missing = append(missing, "no prompts of Asterisk in "+folder+": test/corpus/fetch.sh fetches them")
	}
	return missing
}

// bodyPitches are how laughs and coughs are played: as recorded, and as by people with
// a lower and a higher voice.
var bodyPitches = []float64{1, 0.88, 1.13, 0.95}

// hedgewars adds what people say, laugh and cough in a game. Packs share files: each is
// taken once.
func (p *planner) hedgewars(folder string) (missing []string) {
	seen, found := map[[32]byte]bool{}, false
	add := func(path, kind, text string, pitches ...float64) {
		file, err := os.ReadFile(path)
		sum := sha256.Sum256(file)
		if err != nil || seen[sum] {
			return
		}
		seen[sum], found = true, true
		pack := filepath.Base(filepath.Dir(path))
		for _, pitch := range pitches {
			c := clip{Kind: kind, Text: text, Speaker: "human-" + strings.ToLower(pack),
				Source: "Debian hedgewars-data, voices/" + pack, Licence: "GFDL 1.3"}
			if pitch != 1 {
				c.Source += fmt.Sprintf(", played at pitch %.2f", pitch)
			}
			p.add(recipe{clip: c, recording: recording{path: path, pitch: pitch, studio: true}})
		}
	}
	for _, line := range linesOf("phrases.txt") {
		fields := strings.Split(line, "\t")
		add(filepath.Join(folder, filepath.FromSlash(fields[0])+".wav"), fields[1], fields[2], 1)
	}
	for _, body := range [][2]string{{"Laugh", laughKind}, {"PoisonCough", coughKind}} {
		paths, _ := filepath.Glob(filepath.Join(folder, "*", body[0]+".wav")) // the pattern is right
		for _, path := range paths {
			add(path, body[1], "", bodyPitches...)
		}
	}
	if !found {
		missing = append(missing, "no recordings of Hedgewars in "+folder+": test/corpus/fetch.sh fetches them")
	}
	return missing
}

// sortedKeys are the keys of m in order.
func sortedKeys[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
