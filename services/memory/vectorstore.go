package memory

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Model is the model that made most vectors; empty when there are none.
func (s *Store) Model(ctx context.Context) (model string, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT model FROM vector GROUP BY model ORDER BY count(*) DESC LIMIT 1").Scan(&model)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return model, err
}

// Vectors calls have with each line that has a vector of model.
func (s *Store) Vectors(ctx context.Context, model string, have func(id int64, v []float32)) error {
	rows, err := s.read.QueryContext(ctx, "SELECT line, data FROM vector WHERE model = ? AND data <> x''", model)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var data sql.RawBytes
		if err := rows.Scan(&id, &data); err != nil {
			return fmt.Errorf("read %s: %w", s.path, err)
		}
		v := make([]float32, len(data)/4)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		have(id, v)
	}
	return rows.Err()
}

// Unembedded returns at most n lines without a vector of model, the newest first.
func (s *Store) Unembedded(ctx context.Context, model string, n int) ([]Line, error) {
	return s.lines(ctx, "SELECT "+columns+`, 0.0 FROM line LEFT JOIN vector ON vector.line = line.id AND vector.model = ?
		WHERE vector.line IS NULL ORDER BY line.id DESC LIMIT ?`, model, n)
}

// SetVectors keeps the vectors of lines, in place of those of another model. A
// line whose text has changed since, or that is gone, is left without: kept
// tells which were not.
func (s *Store) SetVectors(ctx context.Context, model string, lines []Line, vs [][]float32) (kept []bool, err error) {
	kept = make([]bool, len(lines))
	err = s.change(ctx, func(tx *sql.Tx) error {
		for i, l := range lines {
			data := make([]byte, 0, 4*len(vs[i]))
			for _, x := range vs[i] {
				data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
			}
			r, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO vector (line, model, data)
				SELECT id, ?, ? FROM line WHERE id = ? AND text = ?`, model, data, l.ID, l.Text)
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			if err != nil {
				return err
			}
			kept[i] = n > 0
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("keep vectors in %s: %w", s.path, err)
	}
	return kept, nil
}

// Lines returns the lines with these ids that are there, in their order.
func (s *Store) Lines(ctx context.Context, ids []int64) ([]Line, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	marks, args := strings.Repeat(", ?", len(ids))[2:], make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	found, err := s.lines(ctx, "SELECT "+columns+", 0.0 FROM line WHERE id IN ("+marks+")", args...)
	if err != nil {
		return nil, err
	}
	by := map[int64]Line{}
	for _, l := range found {
		by[l.ID] = l
	}
	all := make([]Line, 0, len(found))
	for _, id := range ids {
		if l, ok := by[id]; ok {
			all = append(all, l)
		}
	}
	return all, nil
}
