package memory

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
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

// Vectors calls have with each line that has vectors of model. Those of a long line are
// several.
func (s *Store) Vectors(ctx context.Context, model string, have func(id int64, parts [][]float32)) error {
	rows, err := s.read.QueryContext(ctx, "SELECT line, parts, data FROM vector WHERE model = ? AND parts > 0", model)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var parts int
		var data sql.RawBytes
		if err := rows.Scan(&id, &parts, &data); err != nil {
			return fmt.Errorf("read %s: %w", s.path, err)
		}
		have(id, decodeVectors(data, parts))
	}
	return rows.Err()
}

func decodeVectors(data []byte, parts int) [][]float32 {
	all := make([]float32, len(data)/4)
	for i := range all {
		all[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return slices.Collect(slices.Chunk(all, max(1, len(all)/parts)))
}

func encodeVectors(parts [][]float32) []byte {
	var data []byte
	for _, v := range parts {
		for _, x := range v {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
	}
	if data == nil {
		data = []byte{}
	}
	return data
}

// AnyVector returns the newest line with vectors of model, and the first of those.
func (s *Store) AnyVector(ctx context.Context, model string) (l Line, v []float32, err error) {
	var data []byte
	var parts int
	err = s.read.QueryRowContext(ctx, `SELECT line.id, text, parts, data FROM vector JOIN line ON line.id = vector.line
		WHERE model = ? AND parts > 0 ORDER BY line.id DESC LIMIT 1`, model).Scan(&l.ID, &l.Text, &parts, &data)
	if err != nil {
		return l, nil, fmt.Errorf("read %s: %w", s.path, err)
	}
	return l, decodeVectors(data, parts)[0], nil
}

// Unembedded returns at most n lines before the line id that have no vector of model, the
// newest first.
func (s *Store) Unembedded(ctx context.Context, model string, before int64, n int) ([]Line, error) {
	return s.lines(ctx, "SELECT "+columns+` FROM line WHERE id < ?
		AND NOT EXISTS (SELECT 1 FROM vector WHERE vector.line = line.id AND vector.model = ?) ORDER BY id DESC LIMIT ?`, before, model, n)
}

// SetVectors keeps the vectors of lines. A line whose text has changed since, or that is
// gone, is left without: kept tells which were not.
func (s *Store) SetVectors(ctx context.Context, model string, lines []Line, vs [][][]float32) (kept []bool, err error) {
	kept = make([]bool, len(lines))
	err = s.change(ctx, func(tx *sql.Tx) error {
		for i, l := range lines {
			r, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO vector (line, model, parts, data)
				SELECT id, ?, ?, ? FROM line WHERE id = ? AND text = ?`, model, len(vs[i]), encodeVectors(vs[i]), l.ID, l.Text)
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

// DropVectors forgets the vectors of all models but one.
func (s *Store) DropVectors(ctx context.Context, keep string) error {
	err := s.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM vector WHERE model <> ?", keep)
		return err
	})
	if err != nil {
		return fmt.Errorf("drop old vectors of %s: %w", s.path, err)
	}
	return nil
}

// WithoutVectors returns those of lines that have no vectors of a model.
func (s *Store) WithoutVectors(ctx context.Context, model string, lines []Line) (missing []Line, err error) {
	for _, l := range lines {
		var has bool
		row := s.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM vector WHERE line = ? AND model = ?)", l.ID, model)
		if err := row.Scan(&has); err != nil {
			return nil, fmt.Errorf("look for vectors in %s: %w", s.path, err)
		}
		if !has {
			missing = append(missing, l)
		}
	}
	return missing, nil
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
	found, err := s.lines(ctx, "SELECT "+columns+" FROM line WHERE id IN ("+marks+")", args...)
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
