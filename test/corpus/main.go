// Command corpus makes the recorded conversations on which a whole stack is measured: a
// folder of WAV clips and one corpus.json with their labels. README.md beside this file
// says what is in it and how the labels came to be.
//
//	go run ./test/corpus -out DIR [-speech DIR] [-fetched DIR] [-assets DIR] [-check N]
//
// Piper is used when PIPER_HTTP_URL says where it answers. A second run with the same
// sources does nothing.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	ossignal "os/signal"
	"path/filepath"
	"slices"
	"syscall"
)

// format is of the clips and their labels: raised when either is made another way.
const format = 1

// settings are the flags.
type settings struct {
	out, speech, recorded, fetched, assets, cache string
	check                                         int
}

func main() {
	kept, err := os.UserCacheDir()
	if err != nil {
		kept = os.TempDir()
	}
	kept = filepath.Join(kept, "tars-corpus")
	var s settings
	flag.StringVar(&s.out, "out", "", "folder to make")
	flag.StringVar(&s.speech, "speech", "", "folder of further recordings with a transcripts.tsv")
	flag.StringVar(&s.recorded, "recorded", "test/testdata/speech", "folder of the recordings of this repository")
	flag.StringVar(&s.fetched, "fetched", filepath.Join(kept, "fetched"), "folder that test/corpus/fetch.sh filled")
	flag.StringVar(&s.assets, "assets", ".assets", "folder of make assets, for Flite")
	flag.StringVar(&s.cache, "cache", kept, "folder of what was spoken before")
	flag.IntVar(&s.check, "check", 0, "how many clips the recogniser at STT_OPENAI_URL is to read of what was made")
	flag.Parse()
	ctx, stop := ossignal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

// run makes the corpus, unless it is there, and prints what is in it.
func run(ctx context.Context, s settings) error {
	if s.out == "" {
		return errors.New("name the folder to make: -out DIR")
	}
	voices, have, missing := openSynthesizers(ctx, s.assets, s.cache)
	defer voices.close(ctx)
	recipes, missingFiles := planAll(s, have)
	backgrounds, missingMusic := beds(s.fetched)
	for _, line := range slices.Concat(missing, missingFiles, missingMusic) {
		fmt.Println(line)
	}
	m, err := upToDate(s.out, stampOf(recipes, backgrounds))
	if err != nil {
		if m, err = makeAll(ctx, s.out, recipes, backgrounds, voices); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.out, stampFile), []byte(stampOf(recipes, backgrounds)), 0o644); err != nil {
			return err
		}
	}
	m.print(os.Stdout)
	if s.check > 0 {
		return m.check(ctx, s.out, s.check)
	}
	return nil
}

// stampFile holds what a corpus was made of, within it.
const stampFile = "stamp"

// upToDate reads the corpus in folder if it has this stamp.
func upToDate(folder, stamp string) (manifest, error) {
	old, err := os.ReadFile(filepath.Join(folder, stampFile))
	if err != nil {
		return manifest{}, err
	}
	if string(old) != stamp {
		return manifest{}, errors.New("it was made of something else")
	}
	return readManifest(folder)
}

// planAll is every recipe for which the source is there.
func planAll(s settings, engines []string) (all []recipe, missing []string) {
	p := planner{files: map[string]int{}}
	p.spokenClips()
	p.bodySounds()
	folders := []string{s.recorded}
	if s.speech != "" {
		folders = append(folders, s.speech)
	}
	missing = slices.Concat(p.human(folders), p.asterisk(filepath.Join(s.fetched, "asterisk")), p.hedgewars(filepath.Join(s.fetched, "hedgewars")))
	return slices.DeleteFunc(p.all, func(r recipe) bool {
		return r.voice.engine != "" && !slices.Contains(engines, r.voice.engine)
	}), missing
}

// stampOf tells two corpora apart.
func stampOf(recipes []recipe, backgrounds []bed) string {
	h := sha256.New()
	fmt.Fprintln(h, format)
	for _, r := range recipes {
		fmt.Fprintln(h, r.clip, r.voice, r.parts, r.pauses, filepath.Base(r.path), r.places, r.pitch)
	}
	for _, b := range backgrounds {
		fmt.Fprintln(h, b.clip)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// makeAll writes every clip and then the manifest. A clip that cannot be made costs
// itself and a line.
func makeAll(ctx context.Context, out string, recipes []recipe, backgrounds []bed, voices *synthesizers) (manifest, error) {
	m := manifest{Version: 1}
	if err := os.Remove(filepath.Join(out, stampFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return m, err
	}
	var spoken []signal
	for _, r := range recipes {
		a, c, err := r.makeClip(ctx, voices)
		if ctx.Err() != nil {
			return m, context.Cause(ctx)
		}
		if err != nil {
			fmt.Printf("no %s: %v\n", r.File, err)
			continue
		}
		if r.Kind == speechKind {
			spoken = append(spoken, a)
		}
		if err := keepFile(filepath.Join(out, filepath.FromSlash(c.File)), a.file()); err != nil {
			return m, err
		}
		m.Clips = append(m.Clips, c)
	}
	for _, b := range backgrounds {
		a, err := b.make(diceOf(b.File), spoken)
		if err != nil {
			fmt.Printf("no %s: %v\n", b.File, err)
			continue
		}
		a = a.levelled()
		b.End = labelOf(len(a))
		if err := keepFile(filepath.Join(out, filepath.FromSlash(b.File)), a.file()); err != nil {
			return m, err
		}
		m.Clips = append(m.Clips, b.clip)
	}
	return m, m.write(out)
}

// makeClip makes the sound of r and its labels.
func (r recipe) makeClip(ctx context.Context, voices *synthesizers) (signal, clip, error) {
	dice := r.dice()
	var t take
	var err error
	switch {
	case r.made != nil:
		t = take{parts: []signal{r.made(dice)}}
	case r.voice.engine != "":
		t, err = voices.speak(ctx, r.voice, r.parts)
	default:
		t, err = r.take()
	}
	if err != nil {
		return nil, clip{}, err
	}
	a, times, err := assemble(t, r.pauses, dice)
	c := r.clip
	c.Begin, c.End, c.Pauses = times.Begin, times.End, times.Pauses
	if c.Text == "" {
		c.Pauses = []pause{} // a laugh takes breath
	}
	return a, c, err
}
