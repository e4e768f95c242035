package install

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gotars/tars/engines/discovery"
)

// Installer changes what is installed in a home.
type Installer struct {
	Home         string
	Catalogue    *Catalogue
	Hub          *Hub
	Progress     *Progress
	Dry          bool // only say what would be done
	freeSpace    func(dir string) (int64, error)
	maxBatch     int64         // bytes that one run of pip fetches
	stallTimeout time.Duration // after which a download that brings nothing is over, or a question to the hub
}

// New returns an installer for home with the catalogue and hub of this binary.
func New(home string, p *Progress) (*Installer, error) {
	c, err := Default()
	if err != nil {
		return nil, err
	}
	h, err := OpenHub()
	if err != nil {
		return nil, err
	}
	return &Installer{Home: home, Catalogue: c, Hub: h, Progress: p, freeSpace: freeBytes, maxBatch: maxBatch, stallTimeout: stallTimeout}, nil
}

// job is one run of an installer.
type job struct {
	*Installer
	dir, temp string
	python    Python
}

func (j *job) downloads() string { return filepath.Join(j.dir, "download") }

// part is one that is to be there at the end.
type part struct {
	Part
	offer *Offer // to make it of; nil: it is there
}

// Install adds parts by id ("stt:tiny.en") or kind ("tts": its default), or the
// default parts when none is named, and brings all that is installed to the
// pins of this binary. Interrupted anywhere, the same call goes on.
func (i *Installer) Install(ctx context.Context, ids ...string) error {
	if len(ids) == 0 {
		ids = i.Catalogue.defaults()
	}
	if slices.ContainsFunc(ids, func(id string) bool { return kindOf(id) == "stt" }) && i.Catalogue.kinds["vad"] != nil {
		ids = append(slices.Clone(ids), "vad") // a recogniser alone invents words in silence
	}
	err := i.changeParts(ctx, func(ctx context.Context, in *Installed) ([]part, error) { return i.partsWith(ctx, in, ids) })
	if err == nil && !i.Dry {
		_ = os.Remove(declinedFile(i.Home)) // that was another day
	}
	return err
}

// Update brings what is installed to the pins of this binary.
func (i *Installer) Update(ctx context.Context) error {
	switch _, err := Read(i.Home); {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("nothing is installed: tars engines install")
	case err != nil: // without the list, all would count as not wanted
		return err
	}
	return i.changeParts(ctx, func(ctx context.Context, in *Installed) ([]part, error) { return i.partsWith(ctx, in, nil) })
}

// partsWith returns what is installed with ids before it.
func (i *Installer) partsWith(ctx context.Context, in *Installed, ids []string) (parts []part, err error) {
	for _, id := range append(slices.Clone(ids), in.ids()...) {
		if o, ok := i.Catalogue.offer(id); ok {
			id = o.ID
			parts = append(parts, part{Part{ID: id, Folder: o.folder(), From: o.From, Licence: o.Licence, Size: o.size()}, &o})
			continue
		}
		k := slices.IndexFunc(in.Parts, func(p Part) bool { return p.ID == id })
		if k >= 0 && fileExists(filepath.Join(Dir(i.Home), "models", in.Parts[k].Folder)) {
			parts = append(parts, part{in.Parts[k], nil})
			continue
		}
		if i.Catalogue.kinds[kindOf(id)] == nil {
			return nil, i.Hub.unknown(id)
		}
		limited, cancel := context.WithTimeout(ctx, i.stallTimeout)
		o, err := i.Hub.Offer(limited, id)
		cancel()
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{Part{ID: id, Folder: o.folder(), From: o.From + "@" + o.commit, Licence: o.Licence, Size: o.size()}, &o})
	}
	return withoutRepeats(parts), nil
}

func kindOf(id string) string { k, _ := splitID(id); return k }

// withoutRepeats keeps the first of parts with the same id.
func withoutRepeats(parts []part) (out []part) {
	for _, p := range parts {
		if !slices.ContainsFunc(out, func(o part) bool { return o.ID == p.ID }) {
			out = append(out, p)
		}
	}
	return out
}

// makeFolder makes dir, or says what helps when it may not.
func makeFolder(dir string, mode fs.FileMode) error {
	err := os.MkdirAll(dir, mode)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: set TARS_HOME to a folder that you may write to", err)
	}
	return err
}

func fileExists(path string) bool { _, err := os.Stat(path); return err == nil }

// changeParts makes the installation hold what edit says, with the home to itself.
func (i *Installer) changeParts(ctx context.Context, edit func(context.Context, *Installed) ([]part, error)) error {
	if !i.Dry { // which leaves no trace
		if err := makeFolder(i.Home, 0o700); err != nil {
			return err
		}
		unlock, err := lockDir(i.Home)
		if err != nil {
			return err
		}
		defer unlock()
	}
	in, err := Read(i.Home)
	if err != nil {
		in = &Installed{} // nothing, or damaged: made anew of what is named
	}
	python, err := FindPython(ctx)
	if err != nil {
		return err
	}
	parts, err := edit(ctx, in)
	if err != nil {
		return err
	}
	j := &job{Installer: i, dir: Dir(i.Home), python: python}
	p, err := j.plan(parts)
	if err != nil {
		return err
	}
	if i.Dry {
		p.print(j)
		return nil
	}
	defer i.Progress.end()
	err = j.carryOut(ctx, p)
	if errors.Is(err, syscall.ENOSPC) {
		return errFull
	}
	return err
}

var errFull = errors.New("the disk is full; what was fetched is kept: make room and run the same command again")

// carryOut does what was planned. The list of what is installed is written
// when everything it names is in place; what it does not name goes after that.
func (j *job) carryOut(ctx context.Context, p *plan) (err error) {
	if err := j.makeRoom(p); err != nil {
		return err
	}
	if j.temp, err = os.MkdirTemp(j.downloads(), "tmp-"); err != nil {
		return err
	}
	if err := placePrograms(j.dir); err != nil {
		return err
	}
	j.Progress.begin(p.download)
	if len(p.fetch) > 0 {
		if err := j.fetchWheels(ctx, p.fetch); err != nil {
			return err
		}
	}
	for _, o := range p.models {
		for _, f := range o.Files {
			if f.url != "" {
				if err := j.fetchHub(ctx, o, f); err != nil {
					return err
				}
			}
		}
	}
	for _, l := range p.unpack {
		wheel, ok := j.fetched(l)
		if !ok {
			return fmt.Errorf("%s is gone from %s: run the same command again", l.Name, j.downloads())
		}
		j.Progress.step("unpacking "+l.Name+" "+l.Version, 0)
		if err := errors.Join(j.unpack(ctx, wheel), ctx.Err()); err != nil {
			return err
		}
		if err := os.Remove(wheel); err != nil {
			return err
		}
	}
	for _, o := range p.models {
		if err := j.buildModel(ctx, o); err != nil {
			return err
		}
	}
	return j.writeList(p)
}

// makeRoom removes what an interrupted run left half done and checks that the
// disk holds what is to come.
func (j *job) makeRoom(p *plan) error {
	if err := makeFolder(j.downloads(), 0o755); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(j.downloads(), "tmp-*"))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		return err
	}
	room, err := j.freeSpace(j.dir)
	if err != nil {
		return err
	}
	if room < p.peak {
		return fmt.Errorf("%s has %s free, and %s are needed while installing: make room, choose fewer parts, or set TARS_HOME to another disk", j.dir, Bytes(room), Bytes(p.peak))
	}
	return nil
}

// writeList writes the list and removes what it does not name.
func (j *job) writeList(p *plan) error {
	in := Installed{Python: j.python.version(), Program: j.python.Path, Packages: []string{}}
	for _, l := range p.packages {
		name, ok := j.unpacked(l)
		if !ok {
			return fmt.Errorf("%s is not unpacked: run the same command again", l.Name)
		}
		in.Packages = append(in.Packages, name)
	}
	models := []string{}
	for _, part := range p.parts {
		in.Parts = append(in.Parts, part.Part)
		models = append(models, part.Folder)
	}
	text, err := json.MarshalIndent(in, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(List(j.Home), append(text, '\n')); err != nil {
		return err
	}
	return errors.Join(
		keepOnly(filepath.Join(j.dir, "packages"), in.Packages),
		keepOnly(filepath.Join(j.dir, "models"), models),
		keepOnly(j.dir, []string{"installed.json", "packages", "models", "py"}),
		os.RemoveAll(cacheDir(j.Home)))
}

// keepOnly removes all but names from a folder, and the folder when it is
// empty then.
func keepOnly(dir string, names []string) (err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	_ = os.Remove(dir) // fails when something is in it
	return err
}

// ids of what is installed, in its order.
func (in *Installed) ids() (ids []string) {
	for _, p := range in.Parts {
		ids = append(ids, p.ID)
	}
	return ids
}

// Remove takes parts away, by id or kind, or everything when none is named.
func (i *Installer) Remove(ctx context.Context, ids ...string) error {
	if len(ids) == 0 {
		return i.removeAll(ctx)
	}
	in, err := Read(i.Home)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("nothing is installed")
	}
	if err != nil {
		return err
	}
	gone := func(id string) bool {
		return slices.ContainsFunc(ids, func(want string) bool { return want == id || strings.HasPrefix(id, want+":") })
	}
	for _, id := range ids {
		if !slices.ContainsFunc(in.ids(), func(have string) bool { return have == id || strings.HasPrefix(have, id+":") }) {
			return fmt.Errorf("%s is not installed (have %s)", id, strings.Join(in.ids(), ", "))
		}
	}
	if !slices.ContainsFunc(in.ids(), func(id string) bool { return !gone(id) }) {
		return i.removeAll(ctx)
	}
	if i.Dry {
		i.Progress.say("Would remove %s", strings.Join(ids, ", "))
	}
	err = i.changeParts(ctx, func(ctx context.Context, in *Installed) ([]part, error) {
		in.Parts = slices.DeleteFunc(in.Parts, func(p Part) bool { return gone(p.ID) })
		return i.partsWith(ctx, in, nil)
	})
	if err == nil && !i.Dry {
		i.Progress.say("Removed %s", strings.Join(ids, ", "))
	}
	return err
}

// removeAll removes everything that was ever installed in this home.
func (i *Installer) removeAll(ctx context.Context) error {
	if !fileExists(Dir(i.Home)) {
		i.Progress.say("Nothing is installed in %s", i.Home)
		return nil
	}
	unlock, err := lockDir(i.Home)
	if err != nil {
		return err
	}
	defer unlock()
	what := fmt.Sprintf("%s, %s", Dir(i.Home), Bytes(sizeOf(Dir(i.Home))))
	if i.Dry {
		i.Progress.say("Would remove %s", what)
		return nil
	}
	if err := os.Remove(List(i.Home)); err != nil && !errors.Is(err, fs.ErrNotExist) { // first: nothing is started from what is half gone
		return err
	}
	i.awaitStop(ctx)
	err = errors.Join(os.RemoveAll(Dir(i.Home)), os.RemoveAll(cacheDir(i.Home)))
	for _, name := range []string{"speech", "llm", "embed", "wake"} {
		_ = os.Remove(Log(i.Home, name)) // there is none of what never ran
		_ = os.Remove(Log(i.Home, name) + ".1")
	}
	_ = os.Remove(filepath.Dir(Log(i.Home, ""))) // these fail when others use them
	_ = os.Remove(filepath.Dir(cacheDir(i.Home)))
	if err == nil {
		i.Progress.say("Removed %s", what)
	}
	return err
}

// stopTimeout is how long who runs the engines may take to see that the list of them
// is gone, and to stop them.
const stopTimeout = 10 * time.Second

// awaitStop waits until nobody runs the engines, who would write where they were, or
// until ctx ends.
func (i *Installer) awaitStop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	for first := true; ; first = false {
		running, ok := discovery.Installed(context.WithoutCancel(ctx), i.Home)
		switch {
		case !ok:
			return
		case ctx.Err() != nil:
			i.Progress.say("Process %d still counts on what was there: start it again", running.PID)
			return
		}
		if first {
			i.Progress.say("Process %d runs them: waiting until it has stopped them", running.PID)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}
