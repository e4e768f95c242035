package memory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/wire"
	"github.com/gotars/tars/services/memory/characters"
)

// Character is who the assistant is: a file, and the traits that were changed
// since. It is not safe for concurrent use.
type Character struct {
	name    string
	dir     string
	store   *Store
	log     *slog.Logger
	current contract.CharacterSnapshot
	read    fileStamp // of the file that current is from
}

// fileStamp tells whether a file has changed; the zero value is that of no file.
type fileStamp struct {
	written time.Time
	size    int64
}

// characterFile is a character.toml.
type characterFile struct {
	Info struct {
		Name         string  `toml:"name"`
		Description  *string `toml:"description"`
		SystemPrompt *string `toml:"systemprompt"`
	} `toml:"info"`
	Traits              map[string]any `toml:"traits"`
	Voice               map[string]any `toml:"voice"`
	Meta                map[string]any `toml:"meta"`
	Scenario            map[string]any `toml:"scenario"`
	PersonalityNotes    map[string]any `toml:"personality_notes"`
	ExampleInteractions map[string]any `toml:"example_interactions"`
}

// OpenCharacter provides the character of the service; its hook reads the file
// and the changes.
func OpenCharacter(lc fx.Lifecycle, cfg Config, home kit.Home, store *Store, log *slog.Logger) *Character {
	c := &Character{name: cfg.Character, dir: home.Path(cfg.CharacterDir), store: store, log: log}
	lc.Append(fx.StartHook(c.Load))
	return c
}

// Load reads the file and the changes. A file that cannot be read leaves a
// character that has only its name.
func (c *Character) Load(ctx context.Context) error {
	c.read = c.stamp()
	s, order, err := c.readFile()
	if err != nil {
		c.log.Error("character cannot be read, only its name is known", "err", err)
		s = characterFile{}
	}
	return c.become(ctx, s, order)
}

// Reload reads the file when it has changed, and reports whether it did. A file that cannot
// be read, as in the middle of an edit, leaves the character as it is.
func (c *Character) Reload(ctx context.Context) (changed bool, err error) {
	if c.stamp() == c.read {
		return false, nil
	}
	c.read = c.stamp()
	s, order, err := c.readFile()
	if err != nil {
		c.log.Warn("character stays as it is: its file cannot be read", "err", err)
		return false, nil
	}
	return true, c.become(ctx, s, order)
}

func (c *Character) path() string { return filepath.Join(c.dir, c.name, "character.toml") }

func (c *Character) stamp() (s fileStamp) {
	if info, err := os.Stat(c.path()); err == nil {
		s.written, s.size = info.ModTime(), info.Size()
	}
	return s
}

// become makes the character what a file and the changed traits say. The order of its free
// keys goes into its meta, as JSON objects have none.
func (c *Character) become(ctx context.Context, s characterFile, order map[string]any) error {
	changed, err := c.store.Traits(ctx, c.name)
	if err != nil {
		return err
	}
	c.current = contract.CharacterSnapshot{
		Name: s.Info.Name, Description: s.Info.Description, SystemPrompt: s.Info.SystemPrompt,
		Traits: nonNilMap(s.Traits), Voice: nonNilMap(s.Voice), Meta: nonNilMap(s.Meta), Scenario: nonNilMap(s.Scenario),
		PersonalityNotes: nonNilMap(s.PersonalityNotes), ExampleInteractions: nonNilMap(s.ExampleInteractions),
	}
	c.current.MessageID = wire.NewID()
	if c.current.Name == "" {
		c.current.Name = c.name
	}
	if len(order) > 0 {
		c.current.Meta[contract.MetaKeyOrder] = order
	}
	for name, value := range changed {
		c.current.Traits[name] = value
	}
	return nil
}

func nonNilMap(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// readFile reads the file in the folder of characters, else the built-in one, and tells the
// order of the keys in its tables.
func (c *Character) readFile() (s characterFile, order map[string]any, err error) {
	text, err := os.ReadFile(c.path())
	if errors.Is(err, fs.ErrNotExist) {
		text, err = characters.Files.ReadFile(c.name + "/character.toml")
		if err != nil {
			return s, nil, fmt.Errorf("no character %q: %s has %s, built in is %s (MEMORY_CHARACTER, MEMORY_CHARACTER_DIR)", c.name, c.dir,
				namesIn(os.DirFS(c.dir)), namesIn(characters.Files))
		}
	}
	if err != nil {
		return s, nil, err
	}
	meta, err := toml.Decode(string(text), &s)
	if err != nil {
		return s, nil, fmt.Errorf("%s: %w", c.path(), err)
	}
	order = map[string]any{}
	for _, key := range meta.Keys() {
		if len(key) == 2 && (key[0] == "personality_notes" || key[0] == "example_interactions" || key[0] == "traits") {
			keys, _ := order[key[0]].([]any)
			order[key[0]] = append(keys, key[1])
		}
	}
	return s, order, nil
}

// namesIn are the characters of a folder, for people.
func namesIn(folder fs.FS) string {
	files, err := fs.Glob(folder, "*/character.toml")
	if err != nil || len(files) == 0 {
		return "none"
	}
	for i, f := range files {
		files[i] = filepath.Dir(f)
	}
	return strings.Join(files, ", ")
}

// Snapshot is the character as it is. The caller may keep it.
func (c *Character) Snapshot() contract.CharacterSnapshot {
	now := c.current
	now.Traits = maps.Clone(c.current.Traits)
	return now
}

// Set changes one trait, for good.
func (c *Character) Set(ctx context.Context, trait string, value int) error {
	if err := c.store.SetTrait(ctx, c.name, trait, value); err != nil {
		return err
	}
	c.current.Traits[trait] = value
	return nil
}

// Reset takes back all changes of traits and reads the file again.
func (c *Character) Reset(ctx context.Context) error {
	if err := c.store.ResetTraits(ctx, c.name); err != nil {
		return err
	}
	return c.Load(ctx)
}

// Section is one field of the snapshot, by its name on the wire: an object, a
// string or nil. For an unknown name it says which there are.
func (c *Character) Section(name string) any {
	sections := []struct {
		name  string
		value any
	}{
		{"message_id", c.current.MessageID}, {"name", c.current.Name}, {"description", valueOrNil(c.current.Description)},
		{"systemprompt", valueOrNil(c.current.SystemPrompt)}, {"traits", maps.Clone(c.current.Traits)}, {"voice", c.current.Voice}, {"meta", c.current.Meta},
		{"scenario", c.current.Scenario}, {"personality_notes", c.current.PersonalityNotes}, {"example_interactions", c.current.ExampleInteractions},
	}
	var available []any
	for _, s := range sections {
		if s.name == name {
			return s.value
		}
		available = append(available, s.name)
	}
	return map[string]any{"error": fmt.Sprintf("unknown section '%s'", name), "available": available}
}

// valueOrNil is *s, or nil and not a nil pointer.
func valueOrNil(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}
