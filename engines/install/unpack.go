package install

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// unpack makes packages/<folder> of a wheel: whole, or not there. What a wheel
// has beside modules (commands, headers) is left out, as is compiled code.
func (j *job) unpack(ctx context.Context, file string) error {
	name := packageFolder(file)
	next, err := os.MkdirTemp(j.temp, "package-")
	if err != nil {
		return err
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(file), err)
	}
	defer z.Close()
	for _, f := range z.File {
		to, ok := memberFolder(f.Name)
		if !ok {
			continue
		}
		if err := errors.Join(ctx.Err(), extractFile(f, filepath.Join(next, filepath.FromSlash(to)))); err != nil {
			return fmt.Errorf("unpack %s: %w", filepath.Base(file), err)
		}
	}
	if err := os.Chmod(next, 0o755); err != nil { // MkdirTemp makes it private
		return err
	}
	return moveTo(next, filepath.Join(j.dir, "packages", name))
}

// memberFolder is where a member of a wheel belongs, if anywhere.
func memberFolder(member string) (to string, ok bool) {
	top, rest, _ := strings.Cut(member, "/")
	if strings.HasSuffix(top, ".data") {
		if kind, below, _ := strings.Cut(rest, "/"); kind == "purelib" || kind == "platlib" {
			member = below
		} else {
			return "", false
		}
	}
	if strings.HasSuffix(member, "/") || strings.HasSuffix(member, ".pyc") || !filepath.IsLocal(filepath.FromSlash(member)) {
		return "", false
	}
	return path.Clean(member), true
}

func extractFile(f *zip.File, to string) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	mode := os.FileMode(0o644)
	if f.Mode()&0o111 != 0 {
		mode = 0o755
	}
	w, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	_, err = io.Copy(w, r)
	return err
}

// moveTo renames a finished folder into place.
func moveTo(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// archiveMember opens a member of an archive; "!" in its name enters an archive
// within, for which dir has room.
func archiveMember(file, name, dir string) (io.ReadCloser, error) {
	outer, inner, nested := strings.Cut(name, "!")
	z, err := zip.OpenReader(file)
	if err != nil {
		return nil, err
	}
	r, err := z.Open(outer)
	if err != nil {
		return nil, errors.Join(err, z.Close())
	}
	if !nested {
		return joined{r, z}, nil
	}
	defer z.Close()
	defer r.Close()
	within, err := os.CreateTemp(dir, "archive-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(within.Name())
	if _, err := io.Copy(within, r); err != nil {
		return nil, errors.Join(err, within.Close())
	}
	if err := within.Close(); err != nil {
		return nil, err
	}
	return archiveMember(within.Name(), inner, dir)
}

// joined is a reader that closes what it reads from as well.
type joined struct {
	io.ReadCloser
	from io.Closer
}

func (j joined) Close() error { return errors.Join(j.ReadCloser.Close(), j.from.Close()) }
