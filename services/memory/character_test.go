package memory_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/memory"
)

func writeCharacter(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "CASE"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "CASE", "character.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func caseIn(dir string) kit.Module {
	return memory.Module.With(fx.Decorate(func(c memory.Config) memory.Config { c.Character, c.CharacterDir = "CASE", dir; return c }))
}

func TestCharacterFileIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	writeCharacter(t, dir, "[info]\nname='Case'\n[traits]\nhumor=10")
	kittest.Run(t, "when it has changed, and changed traits stay", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, contract.CharacterUpdate{Trait: &contract.CharacterTraitUpdate{Section: "traits", Trait: "honesty", Value: 7}})
		b.Settle()
		who := kittest.Watch[contract.CharacterSnapshot](b)
		time.Sleep(5 * time.Second)
		b.Settle()
		who.None(t)
		for _, text := range []string{"[info", "[info]\nname='Second Case'\n[traits]\nhumor=20"} { // the first cannot be read
			writeCharacter(t, dir, text)
			time.Sleep(5 * time.Second)
			b.Settle()
		}
		seen := who.All()
		if len(seen) != 1 || seen[0].Name != "Second Case" || seen[0].Traits["humor"] != 20. || seen[0].Traits["honesty"] != 7. {
			t.Errorf("published %+v", seen)
		}
	}, caseIn(dir))
}

func TestFreeKeysKeepTheirOrder(t *testing.T) {
	dir := t.TempDir()
	writeCharacter(t, dir, "[info]\nname='Case'\n[traits]\nwit=1\nhumor=2\n[personality_notes]\nzeal='z'\nact='a'\nmood='m'")
	kittest.Run(t, "in the meta of the snapshot", func(t *testing.T, b *kittest.Harness) {
		b.Settle()
		p := b.Broker.Retained("system/character/current")
		if len(p) != 1 || !strings.Contains(string(p[0]), `"personality_notes":["zeal","act","mood"]`) || !strings.Contains(string(p[0]), `"traits":["wit","humor"]`) {
			t.Errorf("retained %s", p)
		}
	}, caseIn(dir))
}
