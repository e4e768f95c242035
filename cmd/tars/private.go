package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxPrivateFile is more than an address or a password has.
const maxPrivateFile = 64 << 10

// privateFolder makes folder, or makes it a folder that only this user can enter.
func privateFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	if err := checkOwner(folder, info); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSticky != 0 || filepath.Dir(folder) == folder {
		return fmt.Errorf("%s is for all users", folder)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	return os.Chmod(folder, info.Mode().Perm()&0o700)
}

// writePrivate replaces the file called name, or a link of that name, by one
// that only this user can read. Whoever reads it sees the old or the new text.
func writePrivate(name, text string) error {
	temp, err := temporary(name, text)
	if err != nil {
		return err
	}
	return errors.Join(os.Rename(temp, name), ignoreMissing(os.Remove(temp)))
}

// createPrivate is writePrivate unless there is a file of that name: then it is
// an error that is fs.ErrExist.
func createPrivate(name, text string) error {
	temp, err := temporary(name, text)
	if err != nil {
		return err
	}
	err = os.Link(temp, name) // unlike a rename, it replaces nothing
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return os.Rename(temp, name) // a file system without links
	}
	return errors.Join(err, ignoreMissing(os.Remove(temp)))
}

// temporary writes text to a new file beside name, with mode 0600.
func temporary(name, text string) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".new-*")
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(f, text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// readPrivate reads a file of this user, and none of somebody else or behind a
// link. Others lose the right to read it.
func readPrivate(name string) (string, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file", name)
	}
	if err := checkOwner(name, info); err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return "", err
		}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxPrivateFile))
	return string(b), err
}
