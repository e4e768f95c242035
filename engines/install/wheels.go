package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxBatch is how many bytes of packages one run of pip fetches: what earlier runs
// fetched stays when one is interrupted.
const maxBatch = 8e6

// wantedWheel is a package to fetch, and the wheel of it that probably is.
type wantedWheel struct {
	locked
	wheel
}

// inBatches groups packages so that a large one is alone.
func inBatches(all []wantedWheel, batch int64) (out [][]wantedWheel) {
	var small []wantedWheel
	var size int64
	for _, w := range all {
		switch {
		case w.Size > batch:
			out = append(out, []wantedWheel{w})
		case size+w.Size > batch:
			out, small, size = append(out, small), []wantedWheel{w}, w.Size
		default:
			small, size = append(small, w), size+w.Size
		}
	}
	if len(small) > 0 {
		out = append(out, small)
	}
	return out
}

// fetchWheels puts a wheel of each package into download, whole and checked.
// pip does it, so that indexes, proxies and certificates are those that the
// user has set for it.
func (j *job) fetchWheels(ctx context.Context, all []wantedWheel) error {
	python, err := j.python.withPip(ctx, j.temp)
	if err != nil {
		return err
	}
	for i, group := range inBatches(all, j.maxBatch) {
		var size int64
		var names []string
		for _, w := range group {
			size += w.Size
			names = append(names, w.locked.Name+" "+w.Version)
		}
		what := names[0]
		if len(names) > 1 {
			what = fmt.Sprintf("%d small packages", len(names))
		}
		j.Progress.step("fetching "+what, size)
		dir := filepath.Join(j.temp, fmt.Sprintf("wheels%d", i))
		if err := j.pip(ctx, python, dir, group); err != nil {
			return err
		}
		if err := j.keepWheels(dir, group); err != nil {
			return err
		}
	}
	return nil
}

// pip runs pip download into dir.
func (j *job) pip(ctx context.Context, python, dir string, group []wantedWheel) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var req strings.Builder
	for _, w := range group {
		fmt.Fprintf(&req, "%s==%s", w.locked.Name, w.Version)
		for _, f := range w.Wheels {
			fmt.Fprintf(&req, " --hash=sha256:%s", f.SHA256)
		}
		req.WriteString("\n")
	}
	file := dir + ".txt"
	if err := os.WriteFile(file, []byte(req.String()), 0o644); err != nil {
		return err
	}
	var said bytes.Buffer
	cmd := j.run(ctx, python, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary=:all:", "--no-cache-dir",
		"--disable-pip-version-check", "--no-input", "--progress-bar=off", "--retries=3", "--timeout=60", "-d", dir, "-r", file)
	cmd.Stdout, cmd.Stderr = &said, &said
	line, err := cmd.StdinPipe() // pip ends when it closes, with this process at the latest
	if err != nil {
		return err
	}
	defer line.Close()
	stop := j.watch(ctx)
	defer stop()
	if err := cmd.Run(); err != nil {
		return pipError(ctx, said.String(), group)
	}
	return nil
}

// run is a command below launch.py, which writes what is temporary to j.temp.
func (j *job) run(ctx context.Context, python string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, python, append([]string{filepath.Join(j.dir, "py", "launch.py")}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+j.temp, "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

// watch counts what arrives in j.temp until stop is called.
func (j *job) watch(ctx context.Context) (stop func()) {
	if !j.Progress.terminal {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	before := sizeOf(j.temp)
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				j.Progress.at(sizeOf(j.temp) - before)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { cancel(); <-done }
}

// pipError says what pip found wrong, in words about engines.
func pipError(ctx context.Context, said string, group []wantedWheel) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("interrupted; what was fetched is kept: run the same command again")
	}
	var errs, broken []string
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if e, ok := strings.CutPrefix(line, "ERROR: "); ok {
			errs = append(errs, e)
		}
		if strings.Contains(line, "Retrying") || strings.Contains(line, "Connection") || strings.Contains(line, "timed out") {
			broken = append(broken, line)
		}
	}
	name := group[0].locked.Name + " " + group[0].Version
	switch {
	case strings.Contains(said, "THESE PACKAGES DO NOT MATCH THE HASHES"):
		return fmt.Errorf("%s is not the file that was pinned: the package index or something on the way to it gives another one; nothing of it was installed", name)
	case strings.Contains(said, "No space left"):
		return errFull
	case len(broken) > 0:
		return fmt.Errorf("the network gives up on %s (%s); what was fetched is kept: run the same command again", name, shortenLine(broken[len(broken)-1]))
	case len(errs) > 0:
		return fmt.Errorf("fetch %s: %s; what was fetched is kept: run the same command again", name, shortenLine(errs[len(errs)-1]))
	default:
		return fmt.Errorf("fetch %s: pip says: %s; what was fetched is kept: run the same command again", name, shortenLine(lastLine([]byte(said))))
	}
}

func shortenLine(s string) string {
	if len(s) > 300 {
		return s[:300] + "…"
	}
	return s
}

// keepWheels moves the wheels that pip left in dir to download, when they are those
// of the lock file.
func (j *job) keepWheels(dir string, group []wantedWheel) error {
	for _, w := range group {
		found := false
		for _, f := range w.Wheels {
			from := filepath.Join(dir, f.Name)
			switch sum, err := sumOf(from); {
			case errors.Is(err, fs.ErrNotExist):
				continue
			case err != nil:
				return err
			case sum != f.SHA256:
				return fmt.Errorf("%s is not the file that was pinned", f.Name)
			}
			if err := os.Rename(from, filepath.Join(j.downloads(), f.Name)); err != nil {
				return err
			}
			found = true
		}
		if !found {
			return fmt.Errorf("pip fetched no wheel of %s %s that is in the lock file", w.locked.Name, w.Version)
		}
	}
	return nil
}

// fetched returns the whole wheel of a package that is in download, if any.
// One that is not whole is removed.
func (j *job) fetched(l locked) (path string, ok bool) {
	for _, f := range l.Wheels {
		path := filepath.Join(j.downloads(), f.Name)
		sum, err := sumOf(path)
		if err == nil && sum == f.SHA256 && f.fits(j.python) {
			return path, true
		}
		if err == nil {
			_ = os.Remove(path)
		}
	}
	return "", false
}

// unpacked returns the folder of packages that has l for this Python, if any.
func (j *job) unpacked(l locked) (name string, ok bool) {
	i := slices.IndexFunc(l.Wheels, func(w wheel) bool {
		_, err := os.Stat(filepath.Join(j.dir, "packages", packageFolder(w.Name)))
		return err == nil && w.fits(j.python)
	})
	if i < 0 {
		return "", false
	}
	return packageFolder(l.Wheels[i].Name), true
}

// packageFolder is what a wheel is unpacked to.
func packageFolder(wheel string) string { return strings.TrimSuffix(filepath.Base(wheel), ".whl") }

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return copyDigest(io.Discard, f)
}

// sizeOf is how many bytes the files below dir hold. Files may come and go.
func sizeOf(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // gone meanwhile
		}
		if i, err := d.Info(); err == nil && i.Mode().IsRegular() {
			n += i.Size()
		}
		return nil
	})
	return n
}
