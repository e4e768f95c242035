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
	name  string
	dir   string
	store *Store
	log   *slog.Logger
	now   contract.CharacterSnapshot
}

// sheet is a character.toml.
type sheet struct {
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
	s, err := c.sheet()
	if err != nil {
		c.log.Error("character cannot be read, only its name is known", "err", err)
		s = sheet{}
	}
	changed, err := c.store.Traits(ctx, c.name)
	if err != nil {
		return err
	}
	c.now = contract.CharacterSnapshot{
		Name: s.Info.Name, Description: s.Info.Description, SystemPrompt: s.Info.SystemPrompt,
		Traits: filled(s.Traits), Voice: filled(s.Voice), Meta: filled(s.Meta), Scenario: filled(s.Scenario),
		PersonalityNotes: filled(s.PersonalityNotes), ExampleInteractions: filled(s.ExampleInteractions),
	}
	c.now.MessageID = wire.NewID()
	if c.now.Name == "" {
		c.now.Name = c.name
	}
	for name, value := range changed {
		c.now.Traits[name] = value
	}
	return nil
}

func filled(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// sheet reads the file in the folder of characters, else the built-in one.
func (c *Character) sheet() (s sheet, err error) {
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
	now := c.now
	now.Traits = maps.Clone(c.now.Traits)
	return now
}

// Set changes one trait, for good.
func (c *Character) Set(ctx context.Context, trait string, value int) error {
	if err := c.store.SetTrait(ctx, c.name, trait, value); err != nil {
		return err
	}
	c.now.Traits[trait] = value
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
		{"message_id", c.now.MessageID}, {"name", c.now.Name}, {"description", valueOrNil(c.now.Description)},
		{"systemprompt", valueOrNil(c.now.SystemPrompt)}, {"traits", maps.Clone(c.now.Traits)}, {"voice", c.now.Voice}, {"meta", c.now.Meta},
		{"scenario", c.now.Scenario}, {"personality_notes", c.now.PersonalityNotes}, {"example_interactions", c.now.ExampleInteractions},
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
