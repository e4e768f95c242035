package install

import (
	"context"
	"crypto/sha1" //nolint:gosec // what Git names its objects by
	"crypto/sha256"
	_ "embed" // the list of the hub
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

//go:embed hub.toml
var hubText string

// Hub is the place larger models are fetched from.
type Hub struct {
	Base   string `toml:"base"`
	Voices struct {
		Repository string `toml:"repository"`
		Licence    string `toml:"licence"`
	} `toml:"voices"`
	Whisper struct {
		Files        []string          `toml:"files"` // those that a repository has
		Licence      string            `toml:"licence"`
		Repositories map[string]string `toml:"repositories"`
	} `toml:"whisper"`
	user *url.Userinfo // of Base, which is printed
	LLM  []struct {
		Name       string `toml:"name"`
		Repository string `toml:"repository"`
		File       string `toml:"file"`
		Licence    string `toml:"licence"`
	} `toml:"llm"`
}

// OpenHub returns the hub of this binary, at ENGINES_HUB when that is set.
func OpenHub() (*Hub, error) {
	var h Hub
	if _, err := toml.Decode(hubText, &h); err != nil {
		return nil, fmt.Errorf("hub.toml: %w", err)
	}
	if base := os.Getenv("ENGINES_HUB"); base != "" {
		h.Base = base
	}
	u, err := url.Parse(h.Base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("ENGINES_HUB is not an address such as https://huggingface.co")
	}
	h.user, u.User = u.User, nil
	h.Base = strings.TrimRight(u.String(), "/")
	return &h, nil
}

// hubEntry is a file as the hub lists it.
type hubEntry struct {
	Type string `json:"type"`
	Path string `json:"path"`
	Size int64  `json:"size"`
	OID  string `json:"oid"` // Git's
	LFS  *struct {
		OID  string `json:"oid"` // SHA-256
		Size int64  `json:"size"`
	} `json:"lfs"`
}

// Offer resolves a part that the catalogue does not have: what its files are
// now, how large, with which checksums.
func (h *Hub) Offer(ctx context.Context, id string) (Offer, error) {
	kind, name := splitID(id)
	o := Offer{ID: id}
	files := map[string]string{} // in the repository: here
	dir, optional := "", false
	switch {
	case kind == "stt" && h.Whisper.Repositories[name] != "":
		o.From, o.Licence, o.Title, optional = h.Whisper.Repositories[name], h.Whisper.Licence, "Whisper "+name, true
		for _, f := range h.Whisper.Files {
			files[f] = f
		}
	case kind == "tts" && name != "":
		lang, rest, _ := strings.Cut(name, "-")
		speaker, quality, ok := strings.Cut(rest, "-")
		if !ok || len(lang) < 2 || strings.ContainsAny(name, `/\`) {
			return o, fmt.Errorf("%s is no name of a Piper voice: they are called like de_DE-thorsten-medium", name)
		}
		family, _, _ := strings.Cut(lang, "_")
		dir = path.Join(family, lang, speaker, quality)
		o.From, o.Licence, o.Title = h.Voices.Repository, h.Voices.Licence, "Piper, the voice "+name
		files[path.Join(dir, name+".onnx")], files[path.Join(dir, name+".onnx.json")] = name+".onnx", name+".onnx.json"
	case kind == "llm":
		for _, m := range h.LLM {
			if m.Name == name {
				o.From, o.Licence, o.Title = m.Repository, m.Licence, m.Name
				files[m.File] = "model.gguf"
			}
		}
	}
	if len(files) == 0 {
		return o, h.unknown(id)
	}
	return h.resolve(ctx, o, dir, files, optional)
}

// resolve asks the hub for the files of o.
func (h *Hub) resolve(ctx context.Context, o Offer, dir string, files map[string]string, optional bool) (Offer, error) {
	var commit struct {
		SHA string `json:"sha"`
	}
	if err := h.get(ctx, "/api/models/"+o.From+"/revision/main", &commit); err != nil {
		return o, fmt.Errorf("%s: %w", o.ID, err)
	}
	if b, err := hex.DecodeString(commit.SHA); err != nil || len(b) != 20 {
		return o, fmt.Errorf("%s: %s does not name a commit", o.ID, h.Base)
	}
	var entries []hubEntry
	if err := h.get(ctx, strings.TrimSuffix("/api/models/"+o.From+"/tree/"+commit.SHA+"/"+dir, "/"), &entries); err != nil {
		return o, fmt.Errorf("%s: %w", o.ID, err)
	}
	for _, e := range entries {
		name, ok := files[e.Path]
		if !ok || e.Type != "file" {
			continue
		}
		f := File{Name: name, Size: e.Size, blob: e.OID, url: h.Base + "/" + o.From + "/resolve/" + commit.SHA + "/" + e.Path}
		if e.LFS != nil {
			f.Size, f.SHA256, f.blob = e.LFS.Size, e.LFS.OID, ""
		}
		if len(f.sum()) != 64 && len(f.sum()) != 40 {
			return o, fmt.Errorf("%s: %s gives no checksum for %s: refused", o.ID, h.Base, e.Path)
		}
		o.Files = append(o.Files, f)
	}
	if len(o.Files) < len(files) && !optional || len(o.Files) == 0 {
		return o, fmt.Errorf("%s: %s has no such files", o.ID, o.From)
	}
	o.commit = commit.SHA
	slices.SortFunc(o.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return o, nil
}

// names are the parts that are listed; voices go by any name.
func (h *Hub) names() (all []string) {
	for name := range h.Whisper.Repositories {
		all = append(all, "stt:"+name)
	}
	for _, m := range h.LLM {
		all = append(all, "llm:"+m.Name)
	}
	slices.Sort(all)
	return all
}

// unknown says what there is instead of id.
func (h *Hub) unknown(id string) error {
	return fmt.Errorf("there is no part %s: tars engines list shows those that come as packages; from the model hub: %s, and Piper's voices by name, tts:de_DE-thorsten-medium",
		id, strings.Join(h.names(), ", "))
}

const (
	answerTimeout = 30 * time.Second // for a Python to answer, and for the hub to begin to
	stallTimeout  = time.Minute      // for the next bytes of a download, see [Installer]
	maxTries      = 5                // of one file; each goes on where the last one ended
)

func hubClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = answerTimeout
	return &http.Client{Transport: t}
}

// request asks for an address of the hub.
func (h *Hub) request(ctx context.Context, address string) (*http.Request, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err == nil && h.user != nil {
		password, _ := h.user.Password()
		q.SetBasicAuth(h.user.Username(), password)
	}
	return q, err
}

func (h *Hub) get(ctx context.Context, path string, into any) error {
	q, err := h.request(ctx, h.Base+path)
	if err != nil {
		return err
	}
	silent := func(err error) error {
		return fmt.Errorf("no answer from the model hub: %w; it needs the network, and ENGINES_HUB names a mirror", err)
	}
	r, err := hubClient().Do(q)
	if err != nil {
		return silent(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s%s answers %s", h.Base, path, r.Status)
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 16<<20)).Decode(into); ctx.Err() != nil {
		return silent(ctx.Err())
	} else if err != nil {
		return fmt.Errorf("%s%s: %w", h.Base, path, err)
	}
	return nil
}

// hubFile is where a file of the hub is once it is whole.
func (j *job) hubFile(f File) string { return filepath.Join(j.downloads(), f.sum()) }

// fetchHub fetches a file, going on where an earlier attempt ended.
func (j *job) fetchHub(ctx context.Context, o Offer, f File) error {
	if sum, err := f.check(j.hubFile(f)); err == nil && sum == f.sum() {
		return nil
	}
	j.Progress.step("fetching "+o.ID+", "+f.Name, f.Size)
	part := j.hubFile(f) + ".part"
	var err error
	for range maxTries {
		before := lengthOf(part)
		if err = j.fetchRest(ctx, f, part); err == nil || ctx.Err() != nil {
			break
		}
		var status *statusError
		if errors.As(err, &status) || lengthOf(part) == before {
			break // what was refused, or does not move, is refused again
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			err = errors.New("interrupted")
		}
		return fmt.Errorf("fetch %s of %s: %w; what was fetched is kept: run the same command again", f.Name, o.ID, err)
	}
	sum, err := f.check(part)
	if err != nil {
		return err
	}
	if sum != f.sum() {
		return errors.Join(&DiffersError{File: f.Name, Want: f.sum(), Got: sum}, os.Remove(part))
	}
	return os.Rename(part, j.hubFile(f))
}

// statusError is an answer that is not a file.
type statusError struct{ url, status string }

func (e *statusError) Error() string { return e.url + " answers " + e.status }

// fetchRest appends what is missing of f to part.
func (j *job) fetchRest(ctx context.Context, f File, part string) (err error) {
	have := lengthOf(part)
	if have == f.Size {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(j.stallTimeout+answerTimeout, func() { cancel(errStalled) })
	defer late.Stop()
	q, err := j.Hub.request(ctx, f.url)
	if err != nil {
		return err
	}
	if have > 0 && have < f.Size {
		q.Header.Set("Range", "bytes="+strconv.FormatInt(have, 10)+"-")
	}
	r, err := hubClient().Do(q)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	switch {
	case r.StatusCode == http.StatusPartialContent && strings.HasPrefix(r.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)):
	case r.StatusCode == http.StatusOK: // the server knows no ranges: from the start
		flags, have = os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0
	default:
		return &statusError{f.url, r.Status}
	}
	w, err := os.OpenFile(part, flags, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	n, err := io.Copy(w, &countingReader{io.LimitReader(r.Body, f.Size-have+1), have, j.Progress, func() { late.Reset(j.stallTimeout) }})
	if errors.Is(context.Cause(ctx), errStalled) {
		return errStalled
	}
	if err == nil && have+n < f.Size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

var errStalled = errors.New("nothing comes any more")

// countingReader shows how much was read, and calls alive after each read.
type countingReader struct {
	io.Reader
	n     int64
	p     *Progress
	alive func()
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	c.alive()
	c.p.at(c.n)
	return n, err
}

func lengthOf(file string) int64 {
	i, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return i.Size()
}

// check returns the sum of a file of the kind that is known of f.
func (f File) check(file string) (string, error) {
	r, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer r.Close()
	var h hash.Hash = sha256.New()
	if f.SHA256 == "" {
		h = sha1.New() //nolint:gosec // as above
		fmt.Fprintf(h, "blob %d\x00", lengthOf(file))
	}
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
