// Package marks puts tables that a command has measured into a page of the documentation,
// between two lines that mark their place.
package marks

import (
	"bytes"
	"fmt"
	"os"
	"slices"
)

// Of are the lines between which the command called name writes into a page.
func Of(name string) (begin, end string) {
	return "<!-- " + name + ": begin -->", "<!-- " + name + ": end -->"
}

// Write puts text between the marks of file that are called name.
func Write(file, name string, text []byte) error {
	before, after, err := Around(file, name)
	if err != nil {
		return err
	}
	begin, end := Of(name)
	return os.WriteFile(file, slices.Concat(before, []byte(begin+"\n\n"), bytes.TrimSpace(text), []byte("\n\n"+end), after), 0o644)
}

// Around is what file has before and after its marks. A file that is not there has
// nothing else.
func Around(file, name string) (before, after []byte, err error) {
	begin, end := Of(name)
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, []byte("\n"), nil
	}
	if err != nil {
		return nil, nil, err
	}
	before, rest, ok := bytes.Cut(text, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		return nil, nil, fmt.Errorf("%s has no lines %q and %q: put them where the tables belong", file, begin, end)
	}
	return before, after, nil
}
