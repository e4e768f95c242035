package memory

import (
	"context"
	"fmt"
	"runtime"
	"sync"
)

// textLine is what the index of words needs of a line.
type textLine struct {
	id   int64
	kind lineKind
	text string
}

// indexWords reads all lines and indexes their words. Several connections read a part each,
// as most of the time goes into SQLite.
func (s *Store) indexWords(ctx context.Context) error {
	var last int64
	if err := s.read.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM line").Scan(&last); err != nil {
		return fmt.Errorf("read %s: %w", s.path, err)
	}
	parts := int64(min(4, runtime.GOMAXPROCS(0)))
	read, errs := make([][]textLine, parts), make([]error, parts)
	var wg sync.WaitGroup
	for p := range parts {
		wg.Go(func() { read[p], errs[p] = s.textLines(ctx, p*last/parts, (p+1)*last/parts) })
	}
	wg.Wait()
	for p, err := range errs {
		if err != nil {
			return fmt.Errorf("read %s: %w", s.path, err)
		}
		for _, l := range read[p] {
			s.words.Put(l.id, uint8(l.kind), l.text)
		}
	}
	return nil
}

// textLines returns the lines after one id, up to another.
func (s *Store) textLines(ctx context.Context, after, upTo int64) (all []textLine, err error) {
	rows, err := s.read.QueryContext(ctx, "SELECT id, role, text FROM line WHERE id > ? AND id <= ? ORDER BY id", after, upTo)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var l Line
		if err := rows.Scan(&l.ID, &l.Role, &l.Text); err != nil {
			return nil, err
		}
		all = append(all, textLine{l.ID, kindOf(l), l.Text})
	}
	return all, rows.Err()
}
