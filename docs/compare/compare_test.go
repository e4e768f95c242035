// Package compare runs one service in the kit and in its peers, and holds the
// page to what it says of their length. Nothing of the peers enters the
// project's own modules: each folder is a module, or has a manifest, of its own.
package compare

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	mqtt "github.com/gotars/tars/kit/broker"
)

// peers are the folders in the order of the table's columns.
var peers = []struct{ dir, service string }{
	{"kit", "guests.go"}, {"natsmicro", "guests.go"}, {"watermill", "guests.go"}, {"faststream", "guests.py"},
}

// codeLines counts the lines that are neither empty nor a comment, a package
// clause, an import or a doc string.
func codeLines(t *testing.T, file string) (n int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	imports := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "//") || strings.HasPrefix(line, "#") || strings.HasPrefix(line, `"""`) && strings.HasSuffix(line, `"""`):
		case strings.HasPrefix(line, "package ") || strings.HasPrefix(line, "from ") || strings.HasPrefix(line, "import "):
			imports = line == "import ("
		case imports:
			imports = line != ")"
		default:
			n++
		}
	}
	return n
}

func TestLines(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := "| lines of code |"
	for _, p := range peers {
		row += fmt.Sprintf(" %d |", codeLines(t, filepath.Join(p.dir, p.service)))
	}
	if !strings.Contains(string(page), row) {
		t.Errorf("README.md lacks the row as it is: %s", row)
	}
	for _, m := range regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(string(page), -1) {
		if m[1] != "TestMQTTBroker" && !declared(t, m[1]) { // that one is FastStream's
			t.Errorf("README.md names %s, which no test is called", m[1])
		}
	}
}

// declared reports whether a test of that name stands below the root.
func declared(t *testing.T, name string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d os.DirEntry, err error) error {
		if err != nil || found || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		found = strings.Contains(string(text), "\nfunc "+name+"(")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// run runs a command and returns what it printed.
func run(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// copied is a folder of this one as a module elsewhere, with the kit as it is.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if dir != "kit" {
		return to
	}
	kit, err := filepath.Abs(filepath.Join("..", "..", "kit"))
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(kit, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(to, "go.sum"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(sums); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if out, err := run(to, "go", "mod", "edit", "-replace", "github.com/gotars/tars/kit="+kit); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return to
}

func TestGoPeers(t *testing.T) {
	for _, p := range peers[:3] {
		t.Run(p.dir, func(t *testing.T) {
			dir := copied(t, p.dir)
			if out, err := run(dir, "go", "mod", "download"); err != nil {
				t.Skipf("its modules are not to be had: %.200s", out)
			}
			out, err := run(dir, "go", "test", "-mod=mod", "-count=1", "-v", "-timeout", "2m", ".")
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, m := range regexp.MustCompile(`_test\.go:\d+: (.*)`).FindAllStringSubmatch(out, -1) {
				t.Log(m[1])
			}
		})
	}
}

func TestFastStream(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	venv := filepath.Join(cache, "tars-compare", "faststream")
	if out, err := run(".", python, "-m", "venv", venv); err != nil {
		t.Skipf("no virtual environment: %.200s", out)
	}
	python = filepath.Join(venv, "bin", "python")
	if out, err := run("faststream", python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt"); err != nil {
		t.Skipf("its packages are not to be had: %.200s", out)
	}
	dir := copied(t, "faststream")
	for _, url := range []string{"", broker(t)} {
		t.Setenv("MQTT_URL", url)
		out, err := run(dir, python, "check_guests.py")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Log(regexp.MustCompile(`(?m)^(misspelt|exception).*`).FindString(out))
	}
	t.Run("measured", func(t *testing.T) {
		peer, err := filepath.Abs(filepath.Join("speed", "peer.py"))
		if err != nil {
			t.Fatal(err)
		}
		out, err := run(filepath.Join("..", "..", "kit"), "go", "run", "./bench", "-cells", "^(in|out) qos. 350B x1$",
			"-pairs", "1", "-scale", "0.01", "-broker", broker(t), "-peer", "faststream="+python+" "+peer+" faststream")
		if n := strings.Count(out, "kit on mosquitto / faststream on mosquitto"); err != nil || n != 4 {
			t.Fatalf("%d of 4 cells, %v\n%s", n, err, out)
		}
	})
}

// broker is the address of an MQTT 5 broker.
func broker(t *testing.T) string {
	t.Helper()
	b, err := mqtt.New(mqtt.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return "mqtt://" + b.Addr()
}
