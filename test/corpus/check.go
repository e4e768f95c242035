package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/speech/wer"
)

// check has the recogniser at STT_OPENAI_URL read clips of the corpus in folder, drawn
// by dice, and prints those in which it gets more than a third of the words wrong, then
// the word errors of each speaker.
func (m manifest) check(ctx context.Context, folder string, clips int) error {
	address := os.Getenv("STT_OPENAI_URL")
	if address == "" {
		return errors.New("-check needs a recogniser: set STT_OPENAI_URL")
	}
	recogniser, err := openai.New(openai.Options{BaseURL: address})
	if err != nil {
		return err
	}
	readable := []string{speechKind, turnKind, interruptionKind, stopKind}
	all := slices.DeleteFunc(slices.Clone(m.Clips), func(c clip) bool { return !slices.Contains(readable, c.Kind) })
	dice := rand.New(rand.NewPCG(14, 41))
	dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	bySpeaker := map[string]wer.Errors{}
	for _, c := range all[:min(clips, len(all))] {
		file, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(c.File)))
		if err != nil {
			return err
		}
		heard, err := recogniser.Transcribe(ctx, openai.TranscriptionRequest{
			WAV: file, Model: os.Getenv("STT_OPENAI_MODEL"), Language: c.Lang, Format: "json",
		})
		if err != nil {
			return fmt.Errorf("read %s: %w", c.File, err)
		}
		wrong := wer.Of(c.Text, heard.Text)
		bySpeaker[c.Speaker] = bySpeaker[c.Speaker].Add(wrong)
		if wrong.Rate() > 0.34 {
			fmt.Printf("%s (%s): %q was read as %q\n", c.File, c.Speaker, c.Text, heard.Text)
		}
	}
	for _, speaker := range sortedKeys(bySpeaker) {
		e := bySpeaker[speaker]
		fmt.Printf("%-24s %4d of %4d words wrong\n", speaker, e.Wrong, e.Words)
	}
	return nil
}
