package engine

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

const (
	learnedFile = "llm-models.json" // in TARS_HOME
	maxLearned  = 200               // models that are kept; the one that was learned first makes room
	maxFileSize = 1 << 20           // bytes; a larger file is not ours
)

// thoughtfulModel says of one model of a server whether its answers begin with thoughts of
// which only the end is marked.
type thoughtfulModel struct {
	Server      string `json:"server"` // host and port
	Model       string `json:"model"`
	ThinksFirst bool   `json:"thinks_first"`
}

// learnedModels keeps what was learned of models, in a file for the next start. It is safe for
// concurrent use. A file that cannot be read or written costs no more than that it is learned
// again.
type learnedModels struct {
	path string // empty: nothing is kept

	mu   sync.Mutex
	read bool // the file was read
	all  []thoughtfulModel
}

// newLearnedModels returns what was learned in home; without home nothing is kept.
func newLearnedModels(home string) *learnedModels {
	if home == "" {
		return &learnedModels{}
	}
	return &learnedModels{path: filepath.Join(home, learnedFile)}
}

// thinksFirst tells whether a model thinks first; known is false when nobody knows.
func (l *learnedModels) thinksFirst(server, model string) (thinks, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := l.index(server, model); at >= 0 {
		return l.all[at].ThinksFirst, true
	}
	return false, false
}

// learn notes whether a model thinks first.
func (l *learnedModels) learn(server, model string, thinks bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.index(server, model)
	if at >= 0 && l.all[at].ThinksFirst == thinks {
		return
	}
	if at >= 0 {
		l.all = slices.Delete(l.all, at, at+1)
	}
	l.all = append(l.all, thoughtfulModel{server, model, thinks})
	l.all = l.all[max(0, len(l.all)-maxLearned):]
	_ = l.write()
}

// index is where a model is; -1: nowhere. The caller holds mu.
func (l *learnedModels) index(server, model string) int {
	if !l.read && l.path != "" {
		if info, err := os.Stat(l.path); err == nil && info.Size() <= maxFileSize {
			data, _ := os.ReadFile(l.path)
			_ = json.Unmarshal(data, &l.all)
			l.all = l.all[max(0, len(l.all)-maxLearned):]
		}
	}
	l.read = true
	return slices.IndexFunc(l.all, func(m thoughtfulModel) bool { return m.Server == server && m.Model == model })
}

// write replaces the file. Who reads it sees the old or the new text. The caller holds mu.
func (l *learnedModels) write() error {
	if l.path == "" {
		return nil
	}
	data, err := json.MarshalIndent(l.all, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(l.path), learnedFile+".*") // that only this user can read
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), l.path)
	}
	if removed := os.Remove(f.Name()); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}
