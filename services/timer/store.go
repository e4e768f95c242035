package timer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/when"
)

// fileVersion is the format of the file. One of a later version is not read, so that it is
// not overwritten either.
const fileVersion = 1

// Store is the file the timers are kept in. What Save returned from is on the disk, whole.
type Store struct {
	path string
	kept []*entry // that were in the file when it was opened
}

// entry is one timer, as it is kept.
type entry struct {
	ID     string        `json:"id"`
	Kind   when.Kind     `json:"kind"`
	State  string        `json:"state"` // of contract.Timer
	Name   string        `json:"name,omitempty"`
	About  string        `json:"about,omitempty"`
	Room   string        `json:"room,omitempty"`
	Lang   string        `json:"lang,omitempty"`
	Due    time.Time     `json:"due"`              // when it rings, or began to
	Length time.Duration `json:"length,omitempty"` // it was set for this long: it rings when so much time has passed
	Left   time.Duration `json:"left,omitempty"`   // of a paused one
	Repeat when.Repeat   `json:"repeat"`
	Heard  bool          `json:"heard,omitempty"` // it rang aloud

	passed time.Duration // by the steady clock: when it rings, of one with a length
}

// timerFile is the content of the file.
type timerFile struct {
	Version int      `json:"version"`
	Timers  []*entry `json:"timers"`
}

// OpenStore provides the store of the service; its hook reads the file.
func OpenStore(lc fx.Lifecycle, cfg Config, home kit.Home) *Store {
	s := &Store{path: home.Path(cfg.Path)}
	lc.Append(fx.StartHook(func(context.Context) error { return s.Open() }))
	return s
}

// Open reads the file, if there is one.
func (s *Store) Open() error {
	data, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the timers: %w", err)
	}
	var f timerFile
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("read the timers: %s is no file of timers: %w; move it away to begin with none", s.path, err)
	}
	if f.Version > fileVersion {
		return fmt.Errorf("read the timers: %s was written by a later version of this program (format %d, known is %d)", s.path, f.Version, fileVersion)
	}
	s.kept = f.Timers
	return nil
}

// Save writes all timers. A crash leaves the file before or the file after, never a part.
func (s *Store) Save(all []*entry) error {
	data, err := json.MarshalIndent(timerFile{fileVersion, all}, "", " ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(s.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep the timers: %w", err)
	}
	if err := writeWhole(s.path, data); err != nil {
		return fmt.Errorf("keep the timers: %w", err)
	}
	return nil
}

// writeWhole writes a file beside the old one, and puts it in its place when it is on the disk.
func writeWhole(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".timers-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder puts the new name of a file on the disk. Windows has no such thing.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}
