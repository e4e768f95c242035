package memory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/fx"
	_ "modernc.org/sqlite" // the driver called sqlite

	"github.com/gotars/tars/kit"
)

// migrations lead from an empty file to the present format; PRAGMA user_version
// counts those done. Only ever append.
var migrations = []string{`
CREATE TABLE line (            -- what one side said at a time
	id     INTEGER PRIMARY KEY,
	role   TEXT NOT NULL,      -- user or assistant
	text   TEXT NOT NULL,
	at     REAL NOT NULL,      -- Unix seconds, of its first words
	utt_id TEXT NOT NULL,      -- empty: none
	trace  TEXT NOT NULL       -- message that began the turn; empty: unknown
);
CREATE INDEX line_utt ON line (utt_id) WHERE utt_id <> '';
CREATE INDEX line_at ON line (at);
CREATE TABLE message (         -- what has been kept, so that a repeat is not kept twice
	id   TEXT PRIMARY KEY,
	line INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX message_line ON message (line);
CREATE TABLE trait (           -- traits that differ from the character's file
	character TEXT NOT NULL,
	name      TEXT NOT NULL,
	value     INTEGER NOT NULL,
	PRIMARY KEY (character, name)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE word USING fts5 (text, content='line', content_rowid='id', tokenize='porter unicode61');
CREATE TRIGGER line_in AFTER INSERT ON line BEGIN
	INSERT INTO word (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER line_out AFTER DELETE ON line BEGIN
	INSERT INTO word (word, rowid, text) VALUES ('delete', old.id, old.text);
	DELETE FROM message WHERE line = old.id;
END;
CREATE TRIGGER line_change AFTER UPDATE OF text ON line BEGIN
	INSERT INTO word (word, rowid, text) VALUES ('delete', old.id, old.text);
	INSERT INTO word (rowid, text) VALUES (new.id, new.text);
END;
`, `
CREATE TABLE vector (          -- what lines mean; an empty one: the embedder refused the line
	line  INTEGER PRIMARY KEY,
	model TEXT NOT NULL,
	data  BLOB NOT NULL        -- float32, little-endian, length 1
);
CREATE TRIGGER vector_out AFTER DELETE ON line BEGIN
	DELETE FROM vector WHERE line = old.id;
END;
CREATE TRIGGER vector_change AFTER UPDATE OF text ON line BEGIN
	DELETE FROM vector WHERE line = old.id;
END;
`, `
CREATE TABLE spoken (          -- sentences of the last answers, to know what is heard of them
	say   TEXT PRIMARY KEY,    -- message that asked for it
	utt   TEXT NOT NULL,
	text  TEXT NOT NULL,
	at    REAL NOT NULL,       -- Unix seconds
	heard TEXT                 -- NULL: nothing is known yet
);
CREATE INDEX spoken_utt ON spoken (utt);
`}

// answerFor is how long sentences of one utt_id are still one answer. A later
// one with the same id is another answer of a client that repeats its ids.
const answerFor = 10 * time.Minute

// Store is the SQLite file the memory lives in. One connection writes and four
// read beside it; all methods are safe for concurrent use. What Add and Set
// return from is on the disk.
type Store struct {
	path  string
	write *sql.DB
	read  *sql.DB
	added chan struct{} // holds one when lines were added; nobody has to take it
}

// Line is what one side said at a time: an utterance of the user, or all
// sentences of one answer.
type Line struct {
	ID    int64 // in order of arrival
	Role  string
	Text  string
	At    time.Time
	UttID string  // empty: none
	Trace string  // message that began the turn; empty: unknown
	Score float64 // of a Search, higher is better
}

func newStore(path string) *Store { return &Store{path: path, added: make(chan struct{}, 1)} }

// OpenStore provides the store of the service; its hook opens the file.
func OpenStore(lc fx.Lifecycle, cfg Config, home kit.Home) *Store {
	s := newStore(home.Path(cfg.Path))
	lc.Append(fx.StartStopHook(s.Open, s.Close))
	return s
}

// Open opens the file, and makes it when there is none. It is an error when the
// file is damaged or was written by a later version.
func (s *Store) Open(ctx context.Context) error {
	if err := s.open(ctx); err != nil {
		return errors.Join(fmt.Errorf("open memory %s: %w", s.path, err), s.Close())
	}
	return nil
}

func (s *Store) open(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would let everyone read it
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if s.write, err = openDatabase(s.path, 1, "journal_mode(wal)", "synchronous(full)"); err != nil {
		return err
	}
	if s.read, err = openDatabase(s.path, 4, "query_only(on)"); err != nil {
		return err
	}
	return s.migrate(ctx)
}

func openDatabase(path string, n int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": append([]string{"busy_timeout(5000)"}, pragmas...), "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

func (s *Store) migrate(ctx context.Context) error {
	var done int
	if err := s.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&done); err != nil {
		return fmt.Errorf("%w (move the file away to begin a new memory)", err)
	}
	if done > len(migrations) {
		return fmt.Errorf("it has format %d, and this version knows %d: use the version that wrote it", done, len(migrations))
	}
	for i, m := range migrations[done:] {
		err := s.change(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, m+fmt.Sprintf("PRAGMA user_version = %d", done+i+1))
			return err
		})
		if err != nil {
			return fmt.Errorf("format %d: %w", done+i+1, err)
		}
	}
	return nil
}

// Close closes the file.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} { // the writer last: it empties the log
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// change runs f in a transaction that is on the disk when change returns nil.
func (s *Store) change(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Add keeps l, once for each message. What an assistant says with the same
// utt_id joins the line it belongs to.
func (s *Store) Add(ctx context.Context, message string, l Line) error {
	err := s.change(ctx, func(tx *sql.Tx) error {
		var again bool
		if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM message WHERE id = ?)", message).Scan(&again); err != nil || again {
			return err
		}
		id, err := appendToAnswer(ctx, tx, l)
		if errors.Is(err, sql.ErrNoRows) {
			err = tx.QueryRowContext(ctx, "INSERT INTO line (role, text, at, utt_id, trace) VALUES (?, ?, ?, ?, ?) RETURNING id",
				l.Role, l.Text, unixSeconds(l.At), l.UttID, l.Trace).Scan(&id)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO message (id, line) VALUES (?, ?)", message, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a line in %s: %w", s.path, err)
	}
	select {
	case s.added <- struct{}{}:
	default:
	}
	return nil
}

// appendToAnswer appends l to the answer it goes on with; without one it returns
// sql.ErrNoRows.
func appendToAnswer(ctx context.Context, tx *sql.Tx, l Line) (id int64, err error) {
	if l.Role != assistant || l.UttID == "" {
		return 0, sql.ErrNoRows
	}
	err = tx.QueryRowContext(ctx, `UPDATE line SET text = text || ' ' || ? WHERE id =
		(SELECT id FROM line WHERE utt_id = ? AND role = ? AND at > ? ORDER BY id DESC LIMIT 1) RETURNING id`,
		l.Text, l.UttID, l.Role, unixSeconds(l.At.Add(-answerFor))).Scan(&id)
	return id, err
}

// ReplaceAnswer makes text all that is kept of the last answer with this utt_id;
// nothing when it is empty. It returns the lines that it changed, whose meaning is
// not known any more.
func (s *Store) ReplaceAnswer(ctx context.Context, utt, text string) (ids []int64, err error) {
	const last = "(SELECT id FROM line WHERE utt_id = ? AND role = ? ORDER BY id DESC LIMIT 1) RETURNING id"
	err = s.change(ctx, func(tx *sql.Tx) error {
		if text == "" {
			ids, err = idsOf(tx.QueryContext(ctx, "DELETE FROM line WHERE id = "+last, utt, assistant))
		} else {
			ids, err = idsOf(tx.QueryContext(ctx, "UPDATE line SET text = ? WHERE id = "+last, text, utt, assistant))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("shorten an answer in %s: %w", s.path, err)
	}
	select {
	case s.added <- struct{}{}:
	default:
	}
	return ids, nil
}

// idsOf reads the ids that a statement returns.
func idsOf(rows *sql.Rows, err error) (ids []int64, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Forget removes the lines from before t, and returns which those were.
func (s *Store) Forget(ctx context.Context, t time.Time) (ids []int64, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		ids, err = idsOf(tx.QueryContext(ctx, "DELETE FROM line WHERE at < ? RETURNING id", unixSeconds(t)))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("forget old lines: %w", err)
	}
	return ids, nil
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// timeOf is the time of Unix seconds, to the microsecond.
func timeOf(s float64) time.Time { return time.UnixMicro(int64(math.Round(s * 1e6))) }
