// Package private keeps files and folders that only the user of this process can
// read, such as the password of the embedded broker.
package private

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

// MakeFolder makes folder, or makes it a folder that only this user can enter.
func MakeFolder(folder string) error {
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

// WriteFile replaces the file called name, or a link of that name, by one
// that only this user can read. Whoever reads it sees the old or the new text.
func WriteFile(name, text string) error {
	temp, err := writeTemporary(name, text)
	if err != nil {
		return err
	}
	return errors.Join(os.Rename(temp, name), ignoreMissing(os.Remove(temp)))
}

// CreateFile is WriteFile unless there is a file of that name: then it is
// an error that is fs.ErrExist.
func CreateFile(name, text string) error {
	temp, err := writeTemporary(name, text)
	if err != nil {
		return err
	}
	err = os.Link(temp, name) // unlike a rename, it replaces nothing
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return os.Rename(temp, name) // a file system without links
	}
	return errors.Join(err, ignoreMissing(os.Remove(temp)))
}

// writeTemporary writes text to a new file beside name, with mode 0600.
func writeTemporary(name, text string) (string, error) {
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

// ReadFile reads a file of this user, and none of somebody else or behind a
// link. Others lose the right to read it.
func ReadFile(name string) (string, error) {
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
