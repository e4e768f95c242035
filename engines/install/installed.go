// Package install installs speech and language engines below the home of this
// installation and says how they are run.
//
// An installation is a folder of its own, <home>/engines:
//
//	installed.json   what is there; written last, so what it names is whole
//	packages/        one folder per Python package, unpacked
//	models/          one folder per model: stt-base-d01c3014
//	py/              the servers, from this binary
//	download/        while installing: what is fetched and not yet unpacked
//
// Nothing outside of it is written, and the folder depends on nothing but what
// was asked for: two installations of the same parts are equal byte for byte.
package install

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed py/*.py py/*.jinja
var programs embed.FS

// Dir is where the engines of an installation are.
func Dir(home string) string { return filepath.Join(home, "engines") }

// List is the file of an installation that names what it holds: an Installed.
func List(home string) string { return filepath.Join(Dir(home), "installed.json") }

// Log is where the server called name writes its log, the older half of it
// beside it with .1 behind the name.
func Log(home, name string) string { return filepath.Join(home, "logs", name+".log") }

// cacheDir is where Python keeps what it compiled.
func cacheDir(home string) string { return filepath.Join(home, "run", "python") }

// Installed is what an installation holds.
type Installed struct {
	Python   string   `json:"python"`   // version: "3.11"
	Program  string   `json:"program"`  // path of the Python that runs the servers
	Packages []string `json:"packages"` // folders of packages/, sorted
	Parts    []Part   `json:"parts"`    // what was asked for last comes first
}

// Part is one thing that was installed.
type Part struct {
	ID      string `json:"id"`               // "stt:base"
	Folder  string `json:"folder,omitempty"` // of models/ its files are in, named after their content
	From    string `json:"from,omitempty"`   // who publishes the model; with the commit when it is from a hub
	Licence string `json:"licence,omitempty"`
	Size    int64  `json:"size,omitempty"` // bytes of its files
}

// splitID returns the kind and the name of a part: "stt", "base".
func splitID(id string) (kind, name string) {
	kind, name, _ = strings.Cut(id, ":")
	return kind, name
}

// Read returns what is installed. Nothing is installed when the error is
// fs.ErrNotExist.
func Read(home string) (*Installed, error) {
	file := List(home)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var in Installed
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, fmt.Errorf("%s: %w; install again: tars engines install", file, err)
	}
	return &in, nil
}

// of returns the parts of a kind, the preferred first.
func (in *Installed) of(kind string) (parts []Part) {
	for _, p := range in.Parts {
		if k, _ := splitID(p.ID); k == kind {
			parts = append(parts, p)
		}
	}
	return parts
}

// placePrograms makes py the servers of this binary.
func placePrograms(dir string) error {
	want := map[string]bool{}
	err := fs.WalkDir(programs, "py", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := programs.ReadFile(name)
		if err != nil {
			return err
		}
		want[d.Name()] = true
		return replaceFile(filepath.Join(dir, filepath.FromSlash(name)), text)
	})
	if err != nil {
		return err
	}
	have, err := os.ReadDir(filepath.Join(dir, "py"))
	for _, e := range have {
		if !want[e.Name()] {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, "py", e.Name())))
		}
	}
	return err
}

// replaceFile makes text the content of a file, whole or not at all. A file that
// has it already is left alone.
func replaceFile(file string, text []byte) error {
	if old, err := os.ReadFile(file); err == nil && string(old) == string(text) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	next := file + ".new"
	if err := os.WriteFile(next, text, 0o644); err != nil {
		return err
	}
	return os.Rename(next, file)
}
