package install

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// index is a package index with wheels made for a test.
type index struct {
	*httptest.Server
	wheels map[string][]byte // by file name
	pause  time.Duration     // between pieces of a wheel
	mu     sync.Mutex
	sent   map[string]int // times a wheel was asked for
}

// newIndex serves wheels. What is a member of which package is in files:
// "alpha:alpha/code.py".
func newIndex(t *testing.T, files map[string]string) *index {
	t.Helper()
	x := &index{wheels: map[string][]byte{}, sent: map[string]int{}}
	members := map[string]map[string]string{}
	for name, text := range files {
		p, m, _ := strings.Cut(name, ":")
		if members[p] == nil {
			members[p] = map[string]string{}
		}
		members[p][m] = text
	}
	for p, m := range members {
		x.wheels[p+"-1.0-py3-none-any.whl"] = makeWheel(t, p, m)
	}
	x.Server = httptest.NewServer(x)
	t.Cleanup(x.Close)
	return x
}

func makeWheel(t *testing.T, name string, members map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	info := name + "-1.0.dist-info/"
	all := map[string]string{
		info + "METADATA":                  "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n",
		info + "WHEEL":                     "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		info + "RECORD":                    "",
		name + "-1.0.data/scripts/" + name: "#!python\n",
		name + "-1.0.data/purelib/" + name + "/more.py": "more = 1\n",
		name + "/compiled.pyc":                          "x",
	}
	for m, text := range members {
		all[m] = text
	}
	for m, text := range all {
		w, err := z.Create(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ServeHTTP implements http.Handler, as PEP 503 has it.
func (x *index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	if data, ok := x.wheels[name]; ok {
		x.mu.Lock()
		x.sent[name]++
		x.mu.Unlock()
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		for len(data) > 0 {
			n := min(len(data), 16<<10)
			if _, err := w.Write(data[:n]); err != nil {
				return
			}
			data = data[n:]
			select {
			case <-time.After(x.pause):
			case <-r.Context().Done():
				return
			}
		}
		return
	}
	w.Header().Set("Content-Type", "text/html")
	for wheel := range x.wheels {
		if strings.HasPrefix(wheel, strings.ReplaceAll(name, "-", "_")+"-") {
			fmt.Fprintf(w, "<a href=\"/files/%s\">%s</a>\n", wheel, wheel)
		}
	}
}

// asked returns how often each wheel was asked for.
func (x *index) asked() map[string]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	all := map[string]int{}
	for name, n := range x.sent {
		all[name] = n
	}
	return all
}

// lock is a lock file of all wheels.
func (x *index) lock() string {
	var b strings.Builder
	for name, data := range x.wheels {
		p, _, _ := strings.Cut(name, "-")
		fmt.Fprintf(&b, "%s 1.0\n %s %d %s\n", p, name, len(data), sum(string(data)))
	}
	return b.String()
}

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

// use makes pip ask this index alone.
func (x *index) use(t *testing.T) {
	t.Helper()
	if _, err := FindPython(context.Background()); err != nil {
		t.Skip(err)
	}
	for name, value := range map[string]string{"PIP_INDEX_URL": x.URL + "/simple", "PIP_CONFIG_FILE": os.DevNull, "PIP_FIND_LINKS": "",
		"PIP_EXTRA_INDEX_URL": "", "PIP_NO_INDEX": "", "PIP_RETRIES": "0", "HTTP_PROXY": "", "http_proxy": ""} {
		t.Setenv(name, value)
	}
}

// weights are two halves of a model.
var weights = []string{strings.Repeat("left half ", 20000), strings.Repeat("right half", 20000)}

// small is a catalogue of two parts.
func small(sumOfModel string) string {
	return fmt.Sprintf(`
[packages]
code = ["alpha", "beta"]
other = ["gamma"]
[kinds]
stt = ["code"]
vad = ["other"]
[[part]]
id = "stt:one"
title = "One"
default = true
licence = "MIT"
from = "somebody/one"
measured = "fast"
[[part.file]]
name = "model.bin"
size = 400000
sha256 = %q
members = ["left:left/model.part1", "right:right/data.zip!model.part2"]
[[part]]
id = "vad"
title = "Two"
default = true
licence = "MIT"
`, sumOfModel)
}

// usual is an index and the catalogue of what it has.
func usual(t *testing.T) (*index, string) {
	t.Helper()
	return large(t, 1)
}

// large is usual with a package of so many files.
func large(t *testing.T, many int) (*index, string) {
	t.Helper()
	var inner bytes.Buffer
	z := zip.NewWriter(&inner)
	w, err := z.Create("model.part2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(weights[1])); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"alpha:alpha/__init__.py": "a = 1\n", "beta:beta/__init__.py": "b = 1\n", "gamma:gamma/__init__.py": "c = 1\n",
		"left:left/model.part1": weights[0], "right:right/data.zip": inner.String()}
	for n := range many {
		files[fmt.Sprintf("alpha:alpha/part%d.py", n)] = fmt.Sprintf("n = %d\n", n)
	}
	x := newIndex(t, files)
	return x, small(sum(weights[0] + weights[1]))
}

// installer is one of the catalogue, for a home of its own.
func installer(t *testing.T, home, catalogue, lock string) (*Installer, *bytes.Buffer) {
	t.Helper()
	c, err := parseCatalogue([]byte(catalogue), []byte(lock))
	if err != nil {
		t.Fatal(err)
	}
	h, err := OpenHub()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	return &Installer{Home: home, Catalogue: c, Hub: h, Progress: &Progress{out: &out}, freeSpace: freeBytes, maxBatch: maxBatch, stallTimeout: stallTimeout}, &out
}

// tree is every file below a folder with its mode and content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.Walk(dir, func(name string, i os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		all[rel] = i.Mode().String()
		if i.Mode().IsRegular() {
			text, err := os.ReadFile(name)
			all[rel] += " " + sum(string(text))
			return err
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return all
}
