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
	s, err := c.readFile()
	if err != nil {
		c.log.Error("character cannot be read, only its name is known", "err", err)
		s = characterFile{}
	}
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

// readFile reads the file in the folder of characters, else the built-in one.
func (c *Character) readFile() (s characterFile, err error) {
	path := filepath.Join(c.dir, c.name, "character.toml")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = characters.Files.ReadFile(c.name + "/character.toml")
		if err != nil {
			return s, fmt.Errorf("no %s and no built-in character %q", path, c.name)
		}
	}
	if err != nil {
		return s, err
	}
	if err := toml.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
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
