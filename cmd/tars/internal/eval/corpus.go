// Package eval plays recorded conversations to the whole assistant and measures from the
// sound what it does: what it hears, when it takes a turn for over, how it yields.
package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/room"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/speech/wav"
)

// The kinds of clips.
const (
	KindSpeech       = "speech"       // single utterances
	KindTurn         = "turn"         // complete turns, some with pauses inside
	KindInterruption = "interruption" // said into the assistant's voice, to be answered
	KindStop         = "stop"         // said into the assistant's voice, to silence it
	KindNod          = "nod"          // said into the assistant's voice, which goes on
	KindCough        = "cough"
	KindLaugh        = "laugh"
	KindMusic        = "music" // nothing is said in the rest
	KindNoise        = "noise"
	KindKeyboard     = "keyboard"
)

// Clip is a recording of a corpus. Times are seconds of its audio.
type Clip struct {
	File    string  `json:"file"`
	Kind    string  `json:"kind"`
	Text    string  `json:"text"` // what is said
	Lang    string  `json:"lang"`
	Speaker string  `json:"speaker"`
	Source  string  `json:"source"`
	Licence string  `json:"licence"`
	Begin   float64 `json:"begin"` // first voiced sample
	End     float64 `json:"end"`   // end of the last one
	Pauses  []Span  `json:"pauses"`
}

// Span is a part of a recording, in seconds.
type Span struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// Length is how long the span is, in seconds.
func (s Span) Length() float64 { return s.To - s.From }

// Corpus is a folder of recordings and a file, corpus.json, that says what is in them.
type Corpus struct {
	Folder string `json:"-"`
	Clips  []Clip `json:"clips"`
}

// LoadCorpus reads the list of a corpus.
func LoadCorpus(folder string) (*Corpus, error) {
	data, err := os.ReadFile(filepath.Join(folder, "corpus.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no corpus in %s: make one with go run ./test/corpus -out %s", folder, folder)
	}
	if err != nil {
		return nil, err
	}
	c := &Corpus{Folder: folder}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, "corpus.json"), err)
	}
	return c, nil
}

// Of returns up to limit clips of some kinds, evenly picked from all of them; 0 is all.
func (c *Corpus) Of(limit int, kinds ...string) (picked []Clip) {
	all := slices.DeleteFunc(slices.Clone(c.Clips), func(l Clip) bool { return !slices.Contains(kinds, l.Kind) })
	if limit <= 0 || limit >= len(all) {
		return all
	}
	for i := range limit {
		picked = append(picked, all[i*len(all)/limit])
	}
	return picked
}

// Samples reads a clip.
func (c *Corpus) Samples(l Clip) ([]float32, error) {
	f, err := os.Open(filepath.Join(c.Folder, filepath.FromSlash(l.File)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := wav.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.File, err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.File, err)
	}
	if r.Rate != room.Rate {
		data = pcm.NewResampler(r.Rate).Resample(data)
	}
	return room.Decode(data), nil
}

// seconds turns seconds into a duration.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
