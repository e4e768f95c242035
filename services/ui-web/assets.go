package uiweb

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed web
var webFiles embed.FS

// assets are the files of the page by name, ready to be served. A browser may
// keep them but asks each time whether they are still the same.
type assets map[string]asset

type asset struct {
	data      []byte
	tag, kind string
}

// contentTypes are not left to the machine, whose own table may say otherwise.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".webmanifest": "application/manifest+json",
}

func loadAssets() (assets, error) {
	all := assets{}
	return all, fs.WalkDir(webFiles, "web", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := webFiles.ReadFile(name)
		sum := sha256.Sum256(data)
		all[strings.TrimPrefix(name, "web/")] = asset{data, `"` + hex.EncodeToString(sum[:12]) + `"`, contentTypes[path.Ext(name)]}
		return err
	})
}

// ServeHTTP implements http.Handler.
func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	f, ok := a[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("ETag", f.tag)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.data))
}

// page serves one file under another address.
func (a assets) page(w http.ResponseWriter, name string, status int) {
	w.Header().Set("Content-Type", a[name].kind)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(a[name].data)
}
