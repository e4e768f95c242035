// Package lines moves what the memory keeps between the bus and files: JSON, a line each.
package lines

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// Bounds of one message, and of one line of a file in bytes.
const (
	atOnce  = 250
	maxLine = 1 << 20
)

// Asks are the handlers that a bus needs for this package.
func Asks() []kit.Handler {
	return []kit.Handler{kit.Asks[contract.MemoryList](), kit.Asks[contract.MemoryImport]()}
}

// Export writes all lines, the oldest first, and returns how many those were.
func Export(ctx context.Context, bus *kit.Bus, out io.Writer) (n int, err error) {
	w := json.NewEncoder(out)
	w.SetEscapeHTML(false)
	for after := int64(0); ; {
		page, err := kit.Ask(ctx, bus, contract.MemoryList{After: after, Limit: atOnce})
		if err != nil {
			return n, err
		}
		for _, l := range page.Lines {
			if err := w.Encode(l); err != nil {
				return n, err
			}
			n++
			after = l.ID
		}
		if len(page.Lines) < atOnce {
			return n, nil
		}
	}
}

// Import gives the memory the lines of in, and returns how many were not there. A line that
// cannot be read stops it, with its number; those before it are kept.
func Import(ctx context.Context, bus *kit.Bus, in io.Reader) (added int, err error) {
	s := bufio.NewScanner(in)
	s.Buffer(nil, maxLine)
	var all []contract.MemoryLine
	send := func() error {
		if len(all) == 0 {
			return nil
		}
		r, err := kit.Ask(ctx, bus, contract.MemoryImport{Lines: all})
		added, all = added+r.Added, nil
		return err
	}
	for number := 1; s.Scan(); number++ {
		text := strings.TrimSpace(s.Text())
		if text == "" {
			continue
		}
		l, err := parse(text)
		if err != nil {
			_ = send()
			return added, fmt.Errorf("line %d: %w", number, err)
		}
		if all = append(all, l); len(all) == atOnce {
			if err := send(); err != nil {
				return added, err
			}
		}
	}
	if err := s.Err(); err != nil {
		return added, err
	}
	return added, send()
}

// parse reads a line as Export writes it.
func parse(text string) (l contract.MemoryLine, err error) {
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return l, err
	}
	switch {
	case strings.TrimSpace(l.Text) == "":
		return l, fmt.Errorf("no text")
	case l.Role != contract.RoleUser && l.Role != contract.RoleAssistant:
		return l, fmt.Errorf("role is %q, want %s or %s", l.Role, contract.RoleUser, contract.RoleAssistant)
	case l.TS <= 0:
		return l, fmt.Errorf("no time: ts is Unix seconds")
	}
	return l, nil
}
