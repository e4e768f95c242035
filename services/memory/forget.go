package memory

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// Forget removes the lines from before t for good, and returns which those were.
func (s *Store) Forget(ctx context.Context, t time.Time) ([]int64, error) {
	return s.forget(ctx, "line.at < ?", unixSeconds(t))
}

// ForgetLines removes lines for good, and returns which were there.
func (s *Store) ForgetLines(ctx context.Context, ids []int64) ([]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return s.forget(ctx, "line.id IN ("+strings.Repeat(", ?", len(ids))[2:]+")", args...)
}

// ForgetAll removes all lines for good.
func (s *Store) ForgetAll(ctx context.Context) ([]int64, error) { return s.forget(ctx, "true") }

// forget removes the lines of a condition: their words, vectors and what was spoken of
// them go with them, what they were written with is overwritten in the file
// (secure_delete), and the log, which has it too, is emptied.
func (s *Store) forget(ctx context.Context, where string, args ...any) (ids []int64, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	err = s.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM spoken WHERE utt IN (SELECT utt_id FROM line WHERE "+where+" AND utt_id <> '')", args...)
		if err == nil {
			ids, err = idsOf(tx.QueryContext(ctx, "DELETE FROM line WHERE "+where+" RETURNING id", args...))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("forget lines of %s: %w", s.path, err)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	s.words.Remove(ids...)
	return ids, s.scrub(ctx)
}

// maxFreeShare is the part of the file that may be free, as one of so many, before it is
// made smaller.
const maxFreeShare = 4

// scrub empties the log of the file, and gives back space when much of it is free.
func (s *Store) scrub(ctx context.Context) error {
	var free, all int
	err := s.write.QueryRowContext(ctx, "SELECT freelist_count, page_count FROM pragma_freelist_count, pragma_page_count").Scan(&free, &all)
	if err == nil && free*maxFreeShare > all {
		_, err = s.write.ExecContext(ctx, "VACUUM")
	}
	if err == nil {
		err = s.emptyLog(ctx)
	}
	if err != nil {
		return fmt.Errorf("scrub %s: %w", s.path, err)
	}
	return nil
}

// emptyLog moves all of the log into the file, and empties it. A query that reads at this
// moment holds it up: it is waited for, and tried again.
func (s *Store) emptyLog(ctx context.Context) error {
	for {
		var busy, logged, moved int
		if err := s.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &logged, &moved); err != nil {
			return err
		}
		if busy == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
