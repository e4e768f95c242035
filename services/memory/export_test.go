package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gotars/tars/speech/textsearch"
)

// StoreAt is a store that is not open.
func StoreAt(path string) *Store { return newStore(path) }

// Telling is what a query searches for.
func Telling(text string) []string { return questionStems(text) }

// Find returns at most n lines that have one of the words of text or more, best first.
func (s *Store) Find(ctx context.Context, text string, n int) ([]Line, error) {
	hits := s.words.Search(Telling(text), n, 3)
	all := slices.Concat(hits...)
	slices.SortFunc(all, func(a, b textsearch.Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.ID, a.ID)) })
	var ids []int64
	for _, h := range all[:min(n, len(all))] {
		ids = append(ids, h.ID)
	}
	return s.Lines(ctx, ids)
}

// Fill adds n lines at once.
func (s *Store) Fill(ctx context.Context, n int, text func() string) error {
	all := make([]Message, n)
	for i := range all {
		all[i] = Message{fmt.Sprint(i), Line{Role: user, Text: text(), At: time.Unix(int64(i), 0)}}
	}
	_, err := s.AddAll(ctx, all)
	return err
}

// Speak keeps a sentence of an answer that will be spoken.
func (s *Store) Speak(ctx context.Context, utt, say string) error {
	return s.AddSpoken(ctx, utt, spokenPiece{say: say, text: "text", at: time.Now()})
}

// SpeakText keeps a sentence of an answer that will be spoken, with its text.
func (s *Store) SpeakText(ctx context.Context, utt, say, text string) error {
	return s.AddSpoken(ctx, utt, spokenPiece{say: say, text: text, at: time.Now()})
}

// GiveVector gives the newest line with text a vector.
func (s *Store) GiveVector(ctx context.Context, text string) error {
	all, err := s.lines(ctx, "SELECT "+columns+" FROM line WHERE text = ? ORDER BY id DESC LIMIT 1", text)
	if err == nil {
		_, err = s.SetVectors(ctx, "model", all, [][][]float32{{{1, 0}, {0, 1}}})
	}
	return err
}

// Agreement counts vectors whose line is gone, and lines without a vector.
func (s *Store) Agreement(ctx context.Context) (orphans, bare int, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT count(*) FROM vector WHERE line NOT IN (SELECT id FROM line)").Scan(&orphans)
	if err == nil {
		err = s.read.QueryRowContext(ctx, "SELECT count(*) FROM line WHERE id NOT IN (SELECT line FROM vector)").Scan(&bare)
	}
	n := 0
	if err == nil {
		err = s.Vectors(ctx, "model", func(int64, [][]float32) { n++ })
	}
	if total := s.words.Len(); err == nil && n+bare != total {
		err = fmt.Errorf("%d lines in the index of words, %d in the file", total, n+bare)
	}
	return orphans, bare, err
}
