package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/mcp"
	"github.com/gotars/tars/kit"
)

// maxToolsOff is how many tools can be off, so that messages do not fill the file: more
// than any household has.
const maxToolsOff = 1000

// toolSwitch knows which tools a person switched off, and keeps that in a file: servers
// come and go, and what is off stays off. It is safe for concurrent use.
type toolSwitch struct {
	path string

	mu  sync.Mutex
	off map[string]bool // by the name of the tool
}

// openToolSwitch returns the switch of a home. A file that cannot be read ends the start:
// without it, tools that somebody switched off would be on.
func openToolSwitch(lc fx.Lifecycle, home kit.Home, log *slog.Logger) *toolSwitch {
	s := &toolSwitch{path: home.Path("tools-off.json"), off: map[string]bool{}}
	lc.Append(fx.StartHook(func() error {
		if err := s.load(); err != nil {
			return err
		}
		if n := len(s.names()); n > 0 {
			log.Info("tools are switched off", "len", n)
		}
		return nil
	}))
	return s
}

func (s *toolSwitch) load() error {
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var names []string
	if err == nil {
		err = json.Unmarshal(text, &names)
	}
	if err != nil {
		return fmt.Errorf("which tools are off is not known: %s: %w; remove it to have all on", s.path, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		s.off[name] = true
	}
	return nil
}

// names are the tools that are off, sorted.
func (s *toolSwitch) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(s.off))))
}

// split parts tools into those that are on and those that are off.
func (s *toolSwitch) split(all []mcp.Tool) (on, off []mcp.Tool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range all {
		if s.off[t.Name] {
			off = append(off, t)
		} else {
			on = append(on, t)
		}
	}
	return on, off
}

// set switches tools, once the file says so.
func (s *toolSwitch) set(names []string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(s.off)
	for _, name := range names {
		if on {
			delete(next, name)
		} else {
			next[name] = true
		}
	}
	if len(next) > maxToolsOff {
		return &kit.Error{Code: kit.CodeInvalid, Message: fmt.Sprintf("%d tools would be off, at most %d can be", len(next), maxToolsOff)}
	}
	if err := s.save(slices.Sorted(maps.Keys(next))); err != nil {
		return err
	}
	s.off = next
	return nil
}

// save replaces the file as a whole, so that a crash leaves the old one or the new one.
func (s *toolSwitch) save(names []string) error {
	text, err := json.Marshal(names)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(s.path), ".tools-off-*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// switchTools switches tools on or off, and says which there are then.
func (s *Service) switchTools(ctx context.Context, q contract.ToolSwitch) (contract.ToolSwitched, error) {
	if err := s.switched.set(q.Names, q.On); err != nil {
		return contract.ToolSwitched{}, err
	}
	s.log.InfoContext(ctx, "tools were switched", "tool", q.Names, "on", q.On)
	return contract.ToolSwitched{Off: s.switched.names()}, s.publishTools(ctx)
}

// toolsOn are the tools that the model may call.
func (s *Service) toolsOn() []mcp.Tool {
	on, _ := s.switched.split(s.tools.Tools())
	return on
}
