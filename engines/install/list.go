package install

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// States of a part.
const (
	StateNone      = "none"
	StateInstalled = "installed"
	StateOlder     = "older" // than the one this program would install
)

// PartState is a part and whether it is installed.
type PartState struct {
	ID, Title, Licence, Measured string
	From                         string // who publishes its model
	Size                         int64  // bytes; 0: it is part of packages
	State                        string
	Default                      bool // it is installed when none is named
	Known                        bool // to the catalogue; else it came from the hub
}

// Parts are the parts there are, those of the catalogue first.
func (i *Installer) Parts() ([]PartState, error) {
	in, err := Read(i.Home)
	if errors.Is(err, fs.ErrNotExist) {
		in, err = &Installed{}, nil
	}
	if err != nil {
		return nil, err
	}
	var all []PartState
	for _, o := range i.Catalogue.Parts {
		one := PartState{ID: o.ID, Title: o.Title, Licence: o.Licence, Measured: o.Measured, From: o.From, Size: o.size(), State: StateNone, Default: o.Default, Known: true}
		for _, p := range in.Parts {
			if p.ID == o.ID && p.Folder == o.folder() {
				one.State = StateInstalled
			} else if p.ID == o.ID {
				one.State = StateOlder
			}
		}
		all = append(all, one)
	}
	for _, p := range in.Parts {
		if !slices.ContainsFunc(all, func(s PartState) bool { return s.ID == p.ID }) {
			all = append(all, PartState{ID: p.ID, Licence: p.Licence, From: p.From, Size: p.Size, State: StateInstalled})
		}
	}
	return all, nil
}

// List prints the parts there are: state, size, what they do and their licence.
func (i *Installer) List(w io.Writer) error {
	all, err := i.Parts()
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PART\tSTATE\tMODEL\tLICENCE\tWHAT IT IS, AND MEASURED ON 2 CORES")
	for _, p := range all {
		state, what := p.State, p.Title
		switch {
		case p.State == StateOlder:
			state = "older: tars engines update"
		case p.State == StateNone && p.Default:
			state = "- (default)"
		case p.State == StateNone:
			state = "-"
		}
		if !p.Known {
			what = p.From
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", p.ID, state, sizeOrNone(p.Size), p.Licence, what)
		if p.Measured != "" {
			fmt.Fprintf(t, "\t\t\t\t%s\n", p.Measured)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nLarger ones from the model hub, with the checksums that it gives: %s, and Piper's voices by name, tts:de_DE-thorsten-medium\n", strings.Join(i.Hub.names(), ", "))
	if in, err := Read(i.Home); err == nil && len(in.Parts) > 0 {
		fmt.Fprintf(w, "\n%s: %s, of which %s packages; run by %s (Python %s)\n", Dir(i.Home), Bytes(sizeOf(Dir(i.Home))),
			Bytes(sizeOf(filepath.Join(Dir(i.Home), "packages"))), in.Program, in.Python)
	}
	return nil
}

func sizeOrNone(n int64) string {
	if n == 0 {
		return "-"
	}
	return Bytes(n)
}
