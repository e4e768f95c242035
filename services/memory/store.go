package memory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.uber.org/fx"
	_ "modernc.org/sqlite" // the driver called sqlite

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/textsearch"
)

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

	changed []int64 // lines that want vectors; guarded by writing
	missed  bool    // there are more than those; guarded by writing

	words   textsearch.Index // of all lines
	writing sync.Mutex       // held while lines change, so that words follows the file
}

// Line is what one side said at a time: an utterance of the user, or all
// sentences of one answer.
type Line struct {
	ID      int64 // in order of arrival
	Role    string
	Text    string
	At      time.Time
	UttID   string // empty: none
	Trace   string // message that began the turn; empty: unknown
	Room    string // where it was said; empty: unknown
	Speaker string // name of who said it; empty: unknown

	Score      float64 // how sure it is that the line is meant, 0 to 1
	found      bool    // Score says how sure it is
	Superseded int64   // the later line that says otherwise; 0: none is known
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
	if s.write, err = openDatabase(s.path, 1, "journal_mode(wal)", "synchronous(full)", "secure_delete(on)"); err != nil {
		return err
	}
	if s.read, err = openDatabase(s.path, 4, "query_only(on)"); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	return s.indexWords(ctx)
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
	_, err := s.AddAll(ctx, []Message{{message, l}})
	return err
}

// Message is a line and the message that brought it.
type Message struct {
	ID   string // of the message
	Line Line
}

// AddAll keeps many lines at once, each once for each message, and returns how many were
// not there yet. Either all of them are kept, or none.
func (s *Store) AddAll(ctx context.Context, all []Message) (added int, err error) {
	return s.addEach(ctx, len(all), func(tx *sql.Tx, i int) (Line, error) { return addLine(ctx, tx, all[i]) })
}

// Import keeps lines that are not there, and returns how many those were: none is there
// with the same time, role and text.
func (s *Store) Import(ctx context.Context, all []Line) (added int, err error) {
	return s.addEach(ctx, len(all), func(tx *sql.Tx, i int) (Line, error) {
		l := all[i]
		err := tx.QueryRowContext(ctx, `INSERT INTO line (role, text, at, utt_id, trace, room, speaker) SELECT ?, ?, ?, ?, ?, ?, ?
			WHERE NOT EXISTS (SELECT 1 FROM line WHERE at = ? AND role = ? AND text = ?) RETURNING id`,
			l.Role, l.Text, unixSeconds(l.At), l.UttID, l.Trace, l.Room, l.Speaker, unixSeconds(l.At), l.Role, l.Text).Scan(&l.ID)
		if errors.Is(err, sql.ErrNoRows) {
			return Line{}, nil
		}
		return l, err
	})
}

// addEach adds n lines in one transaction. A line that is not new has no ID.
func (s *Store) addEach(ctx context.Context, n int, add func(tx *sql.Tx, i int) (Line, error)) (added int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	changed := map[int64]Line{}
	err = s.change(ctx, func(tx *sql.Tx) error {
		for i := range n {
			l, err := add(tx, i)
			if err != nil {
				return err
			}
			if l.ID > 0 {
				added++
				changed[l.ID] = l
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("keep a line in %s: %w", s.path, err)
	}
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		s.words.Put(id, uint8(kindOf(changed[id])), changed[id].Text)
		s.noteChanged(id)
	}
	return added, nil
}

// maxChanged bounds the lines that are remembered to want vectors; what is more is found
// in the file.
const maxChanged = 1000

// noteChanged tells the semantic index that a line wants vectors. writing is held.
func (s *Store) noteChanged(id int64) {
	if n := len(s.changed); n >= maxChanged {
		s.missed = true
	} else if n == 0 || s.changed[n-1] != id {
		s.changed = append(s.changed, id)
	}
	select {
	case s.added <- struct{}{}:
	default:
	}
}

// takeChanged returns the lines that were added or changed since the last call, the newest
// first, and whether there are others.
func (s *Store) takeChanged() (ids []int64, others bool) {
	s.writing.Lock()
	defer s.writing.Unlock()
	ids, others = s.changed, s.missed
	s.changed, s.missed = nil, false
	slices.Reverse(ids)
	return slices.Compact(ids), others
}

// addLine keeps one line, and returns it as it is then; without an ID when its message
// was there before.
func addLine(ctx context.Context, tx *sql.Tx, m Message) (l Line, err error) {
	var again bool
	if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM message WHERE id = ?)", m.ID).Scan(&again); err != nil || again {
		return Line{}, err
	}
	l = m.Line
	l.ID, l.Text, err = appendToAnswer(ctx, tx, m.Line)
	if errors.Is(err, sql.ErrNoRows) {
		l.Text = m.Line.Text
		err = tx.QueryRowContext(ctx, "INSERT INTO line (role, text, at, utt_id, trace, room, speaker) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
			l.Role, l.Text, unixSeconds(l.At), l.UttID, l.Trace, l.Room, l.Speaker).Scan(&l.ID)
	}
	if err != nil {
		return Line{}, err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO message (id, line) VALUES (?, ?)", m.ID, l.ID)
	return l, err
}

// appendToAnswer appends l to the answer it goes on with; without one it returns
// sql.ErrNoRows.
func appendToAnswer(ctx context.Context, tx *sql.Tx, l Line) (id int64, text string, err error) {
	if l.Role != assistant || l.UttID == "" {
		return 0, "", sql.ErrNoRows
	}
	err = tx.QueryRowContext(ctx, `UPDATE line SET text = text || ' ' || ? WHERE id =
		(SELECT id FROM line WHERE utt_id = ? AND role = ? AND at > ? ORDER BY id DESC LIMIT 1) RETURNING id, text`,
		l.Text, l.UttID, l.Role, unixSeconds(l.At.Add(-answerFor))).Scan(&id, &text)
	return id, text, err
}

// ReplaceAnswer makes text all that is kept of the last answer with this utt_id;
// nothing when it is empty. It returns the lines that it changed, whose meaning is
// not known any more.
func (s *Store) ReplaceAnswer(ctx context.Context, utt, text string) (ids []int64, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
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
	for _, id := range ids {
		s.words.Remove(id)
		if text != "" {
			s.words.Put(id, uint8(kindOf(Line{Role: assistant, Text: text})), text)
			s.noteChanged(id)
		}
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

func unixSeconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// timeOf is the time of Unix seconds, to the microsecond.
func timeOf(s float64) time.Time { return time.UnixMicro(int64(math.Round(s * 1e6))) }
