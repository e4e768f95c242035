package memory

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/gotars/tars/contract"
)

const (
	user      = contract.RoleUser
	assistant = contract.RoleAssistant
	columns   = "line.id, role, line.text, at, utt_id, trace, room, speaker"
)

// Recent returns the last n lines, newest first.
func (s *Store) Recent(ctx context.Context, n int) ([]Line, error) {
	return s.lines(ctx, "SELECT "+columns+" FROM line ORDER BY id DESC LIMIT ?", n)
}

// Questions returns the last n lines of the user, newest first.
func (s *Store) Questions(ctx context.Context, n int) ([]Line, error) {
	return s.lines(ctx, "SELECT "+columns+" FROM line WHERE role = ? ORDER BY id DESC LIMIT ?", user, n)
}

// OfTurn returns what was said in the turn with this trace, the oldest first.
func (s *Store) OfTurn(ctx context.Context, trace string) ([]Line, error) {
	return s.lines(ctx, "SELECT "+columns+" FROM (SELECT * FROM line ORDER BY id DESC LIMIT 100) AS line WHERE trace = ? ORDER BY id", trace)
}

// After returns the n lines after the line id, oldest first.
func (s *Store) After(ctx context.Context, id int64, n int) ([]Line, error) {
	return s.lines(ctx, "SELECT "+columns+" FROM line WHERE id > ? ORDER BY id LIMIT ?", id, n)
}

func (s *Store) lines(ctx context.Context, query string, args ...any) (all []Line, err error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var l Line
		var at float64
		if err := rows.Scan(&l.ID, &l.Role, &l.Text, &at, &l.UttID, &l.Trace, &l.Room, &l.Speaker); err != nil {
			return nil, fmt.Errorf("read %s: %w", s.path, err)
		}
		l.At = timeOf(at)
		all = append(all, l)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", s.path, err)
	}
	return all, nil
}

// Traits returns the traits of a character that were changed.
func (s *Store) Traits(ctx context.Context, character string) (map[string]int, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT name, value FROM trait WHERE character = ?", character)
	if err != nil {
		return nil, fmt.Errorf("read the traits of %s: %w", character, err)
	}
	defer rows.Close()
	traits := map[string]int{}
	for rows.Next() {
		var name string
		var value int
		if err := rows.Scan(&name, &value); err != nil {
			return nil, fmt.Errorf("read the traits of %s: %w", character, err)
		}
		traits[name] = value
	}
	return traits, rows.Err()
}

// SetTrait changes one trait of a character.
func (s *Store) SetTrait(ctx context.Context, character, name string, value int) error {
	return s.trait(ctx, character, `INSERT INTO trait (character, name, value) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET value = excluded.value`, character, name, value)
}

// ResetTraits takes back all changes of a character.
func (s *Store) ResetTraits(ctx context.Context, character string) error {
	return s.trait(ctx, character, "DELETE FROM trait WHERE character = ?", character)
}

func (s *Store) trait(ctx context.Context, character, query string, args ...any) error {
	err := s.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("change a trait of %s: %w", character, err)
	}
	return nil
}
