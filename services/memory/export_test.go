package memory

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// StoreAt is a store that is not open.
func StoreAt(path string) *Store { return newStore(path) }

// Telling is what a query searches for.
func Telling(text string) []string { return contentWords(splitWords(text)) }

// Fill adds n lines in one transaction.
func (s *Store) Fill(ctx context.Context, n int, text func() string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		for i := range n {
			if _, err := tx.ExecContext(ctx, "INSERT INTO line (role, text, at, utt_id, trace) VALUES ('user', ?, ?, '', '')", text(), i); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO message (id, line) VALUES (?, ?)", fmt.Sprint(i), i+1); err != nil {
				return err
			}
		}
		return nil
	})
}

// Speak keeps a sentence of an answer that will be spoken.
func (s *Store) Speak(ctx context.Context, utt, say string) error {
	return s.AddSpoken(ctx, utt, spokenPiece{say: say, text: "text", at: time.Now()})
}
