package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// manifest is corpus.json.
type manifest struct {
	Version int    `json:"version"`
	Clips   []clip `json:"clips"`
}

// clip is one file of the corpus and its labels. Times are seconds from the beginning
// of the file, measured on the sound before the noise of a room was added.
type clip struct {
	File    string  `json:"file"` // below the folder of the corpus, with slashes
	Kind    string  `json:"kind"`
	Text    string  `json:"text"` // what is said; empty for what is no speech
	Lang    string  `json:"lang"`
	Speaker string  `json:"speaker"`
	Source  string  `json:"source"`
	Licence string  `json:"licence"`
	Begin   float64 `json:"begin"` // of the first voiced sample
	End     float64 `json:"end"`   // behind the last one
	Pauses  []pause `json:"pauses"`
}

// pause is a silence after which the same sentence goes on.
type pause struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// The kinds of clips.
const (
	speechKind       = "speech"       // an utterance for word errors
	turnKind         = "turn"         // a complete turn, with pauses inside of it or without
	interruptionKind = "interruption" // words over the voice that want something
	stopKind         = "stop"         // words that silence the voice or hold it
	nodKind          = "nod"          // what a listener says to be heard listening
	coughKind        = "cough"
	laughKind        = "laugh"
	musicKind        = "music" // the last three are beds: minutes without speech
	noiseKind        = "noise"
	keyboardKind     = "keyboard"
)

// kinds are all of them, in the order of the table.
var kinds = []string{
	speechKind, turnKind, interruptionKind, stopKind, nodKind, coughKind, laughKind, musicKind, noiseKind, keyboardKind,
}

// folderOf is the folder of the clips of a kind.
func folderOf(kind string) string {
	switch kind {
	case speechKind, musicKind, noiseKind, keyboardKind:
		return kind
	}
	return kind + "s"
}

// readManifest reads the corpus.json in folder.
func readManifest(folder string) (m manifest, err error) {
	file, err := os.ReadFile(filepath.Join(folder, "corpus.json"))
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(file, &m)
}

// write puts m into folder. It comes last, so that a folder with a corpus.json is whole.
func (m manifest) write(folder string) error {
	file, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "corpus.json"), append(file, '\n'), 0o644)
}

// print writes how many clips there are of each kind, and from where.
func (m manifest) print(w io.Writer) {
	type row struct{ kind, source string }
	clips, pauses, length := map[row]int{}, map[row]int{}, map[row]float64{}
	var rows []row
	for _, c := range m.Clips {
		source, _, _ := strings.Cut(c.Source, ",")
		if rest, ok := strings.CutPrefix(source, "synthesised: "); ok && c.Speaker != "synthetic" {
			rest, _, _ = strings.Cut(rest, " ")
			source = "synthesised: " + rest
		}
		for _, r := range []row{{c.Kind, source}, {c.Kind, ""}} {
			if clips[r] == 0 && r.source != "" {
				rows = append(rows, r)
			}
			clips[r]++
			pauses[r] += len(c.Pauses)
			length[r] += c.End - c.Begin
		}
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "clips\tpauses\tminutes\tkind\t  from")
	line := func(r row) {
		kind, source := r.kind, r.source
		if source == "" {
			source = "all"
		}
		fmt.Fprintf(out, "%d\t%d\t%.1f\t%s\t  %s\n", clips[r], pauses[r], length[r]/60, kind, source)
	}
	for _, kind := range kinds {
		for _, r := range rows {
			if r.kind == kind {
				line(r)
			}
		}
		line(row{kind, ""})
	}
	_ = out.Flush() // of the terminal
}
