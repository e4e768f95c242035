package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Python is the one that installs and runs the servers.
type Python struct {
	Path     string // of the program
	Minor    int    // 11 of 3.11
	Platform string // of its wheels: "manylinux", "macosx"
	Machine  string // of its wheels: "x86_64", "aarch64", "arm64"
	pip      bool
	ensure   bool // can make an environment with pip
}

// The versions that the packages of the lock file are built for.
const minPythonMinor, maxPythonMinor = 11, 14

// describePython prints what Python is made of, one thing a line.
const describePython = `import importlib.util as u, platform, sys, sysconfig
musl = "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "")
print(getattr(sys, "_base_executable", None) or sys.executable, sys.version_info[0], sys.version_info[1],
  {"linux": "musllinux" if musl else "manylinux", "darwin": "macosx"}.get(sys.platform, sys.platform),
  sys.implementation.name, int(bool(u.find_spec("pip"))), int(bool(u.find_spec("ensurepip") and u.find_spec("venv"))),
  int(sys.prefix != sys.base_prefix and bool(getattr(sys, "_base_executable", None))), platform.machine(), sep="\n")`

// FindPython returns the first Python that can run the engines, of PYTHON,
// python3 and python3.14 to python3.11. The error says what is wrong with each.
func FindPython(ctx context.Context) (Python, error) {
	names := []string{os.Getenv("PYTHON"), "python3"}
	for minor := maxPythonMinor; minor >= minPythonMinor; minor-- {
		names = append(names, fmt.Sprintf("python3.%d", minor))
	}
	var wrong []string
	for _, name := range names {
		path, err := exec.LookPath(name)
		if name == "" || err != nil && name != os.Getenv("PYTHON") {
			continue
		}
		if err == nil {
			var p Python
			if p, err = examinePython(ctx, path); err == nil {
				return p, nil
			}
		}
		wrong = append(wrong, fmt.Sprintf("%s: %v", name, err))
	}
	want := fmt.Sprintf("the engines need Python 3.%d to 3.%d with pip", minPythonMinor, maxPythonMinor)
	cure := "install it (Debian, Ubuntu: apt install python3 python3-pip; macOS: brew install python), or set PYTHON to one"
	if len(wrong) == 0 {
		return Python{}, fmt.Errorf("%s, and there is no python3 here: %s", want, cure)
	}
	return Python{}, fmt.Errorf("%s (%s): %s", want, strings.Join(wrong, "; "), cure)
}

// examinePython asks a Python what it is.
func examinePython(ctx context.Context, path string) (Python, error) {
	limited, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	cmd := exec.CommandContext(limited, path, "-c", describePython)
	cmd.WaitDelay = time.Second // for what it started: it may be a script
	out, err := cmd.Output()
	f := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err == nil && len(f) != 9 || limited.Err() != nil {
		err = errors.New("no answer")
	}
	if err != nil {
		return Python{}, fmt.Errorf("does not run (%w)", err)
	}
	major, _ := strconv.Atoi(f[1])
	minor, _ := strconv.Atoi(f[2])
	if inVenv := f[7] == "1"; inVenv { // it may be gone tomorrow; the Python it was made of stays
		return examinePython(ctx, f[0])
	}
	p := Python{Path: f[0], Minor: minor, Platform: f[3], Machine: f[8], pip: f[5] == "1", ensure: f[6] == "1"}
	switch {
	case major != 3 || minor < minPythonMinor || minor > maxPythonMinor:
		return p, fmt.Errorf("is Python %d.%d", major, minor)
	case f[4] != "cpython":
		return p, fmt.Errorf("is %s, not CPython", f[4])
	case p.Platform != "manylinux" && p.Platform != "macosx":
		return p, fmt.Errorf("is built for %s, where the packages are for Linux with glibc and for macOS", p.Platform)
	case !p.pip && !p.ensure:
		return p, errors.New("has neither pip nor venv (Debian, Ubuntu: apt install python3-pip)")
	}
	return p, nil
}

// version is how Python calls itself: "3.11".
func (p Python) version() string { return fmt.Sprintf("3.%d", p.Minor) }

// withPip returns a Python that has pip: p, or an environment made in dir.
func (p Python) withPip(ctx context.Context, dir string) (string, error) {
	if p.pip {
		return p.Path, nil
	}
	env := filepath.Join(dir, "pip")
	if out, err := exec.CommandContext(ctx, p.Path, "-m", "venv", env).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s has no pip and cannot make an environment with it: %s; Debian, Ubuntu: apt install python3-pip", p.Path, lastLine(out))
	}
	return filepath.Join(env, "bin", "python"), nil
}

// lastLine is the last line that is not empty.
func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
