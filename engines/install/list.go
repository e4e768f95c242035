package install

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// List prints the parts there are: state, size, what they do and their licence.
func (i *Installer) List(w io.Writer) error {
	in, err := Read(i.Home)
	if errors.Is(err, fs.ErrNotExist) {
		in, err = &Installed{}, nil
	}
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PART\tSTATE\tMODEL\tLICENCE\tWHAT IT IS, AND MEASURED ON 2 CORES")
	shown := map[string]bool{}
	for _, o := range i.Catalogue.Parts {
		state := "-"
		if o.Default {
			state = "- (default)"
		}
		for _, p := range in.Parts {
			if p.ID == o.ID && p.Folder == o.folder() {
				state = "installed"
			} else if p.ID == o.ID {
				state = "older: tars engines update"
			}
		}
		shown[o.ID] = true
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", o.ID, state, sizeOrNone(o.size()), o.Licence, o.Title)
		if o.Measured != "" {
			fmt.Fprintf(t, "\t\t\t\t%s\n", o.Measured)
		}
	}
	for _, p := range in.Parts {
		if !shown[p.ID] {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", p.ID, "installed", sizeOrNone(p.Size), p.Licence, p.From)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nLarger ones from the model hub, with the checksums that it gives: %s, and Piper's voices by name, tts:de_DE-thorsten-medium\n", strings.Join(i.Hub.names(), ", "))
	if len(in.Parts) > 0 {
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
