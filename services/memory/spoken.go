package memory

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// maxSpoken bounds the sentences of which it is kept what was heard: those of the answers
// that are tracked, of which most have a few.
const maxSpoken = 8 * maxTrackedAnswers

// AddSpoken keeps that a sentence of an answer will be spoken, so that it is known after a
// restart. Of too many the oldest are forgotten.
func (s *Store) AddSpoken(ctx context.Context, utt string, p spokenPiece) error {
	return s.changeSpoken(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO spoken (say, utt, text, at) VALUES (?, ?, ?, ?)", p.say, utt, p.text, unixSeconds(p.at))
		if err == nil {
			_, err = tx.ExecContext(ctx, "DELETE FROM spoken WHERE rowid <= (SELECT max(rowid) FROM spoken) - ?", maxSpoken)
		}
		return err
	})
}

// NoteHeard keeps what was heard of a sentence.
func (s *Store) NoteHeard(ctx context.Context, p spokenPiece) error {
	return s.changeSpoken(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE spoken SET heard = ? WHERE say = ?", p.heard, p.say)
		return err
	})
}

func (s *Store) changeSpoken(ctx context.Context, f func(*sql.Tx) error) error {
	if err := s.change(ctx, f); err != nil {
		return fmt.Errorf("keep what is spoken in %s: %w", s.path, err)
	}
	return nil
}

// Spoken returns the sentences of an answer, in their order. Those of an earlier one with
// the same id, of a client that repeats its ids, are left out.
func (s *Store) Spoken(ctx context.Context, utt string) (all []spokenPiece, err error) {
	rows, err := s.read.QueryContext(ctx, "SELECT say, text, heard FROM spoken WHERE utt = ? AND at > ? ORDER BY rowid", utt, unixSeconds(time.Now().Add(-answerFor)))
	if err != nil {
		return nil, fmt.Errorf("read what is spoken: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p spokenPiece
		var heard sql.NullString
		if err := rows.Scan(&p.say, &p.text, &heard); err != nil {
			return nil, fmt.Errorf("read what is spoken: %w", err)
		}
		p.heard, p.known = heard.String, heard.Valid
		all = append(all, p)
	}
	return all, rows.Err()
}
