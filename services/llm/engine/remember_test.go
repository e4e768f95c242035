package engine

import (
	"context"
	"fmt"
	"testing"

	"github.com/gotars/tars/contract"
)

// changes notes what was to be changed.
type changes struct {
	done  string
	count int
}

func (c *changes) Forget(_ context.Context, m contract.MemoryForget) (contract.MemoryForgotten, error) {
	c.done = fmt.Sprintf("forget %q last=%v all=%v", m.About, m.Last, m.All)
	return contract.MemoryForgotten{Count: c.count}, nil
}

func (c *changes) ChangeTraits(_ context.Context, u contract.CharacterUpdate) error {
	if c.done = "reset"; u.Trait != nil {
		c.done = fmt.Sprintf("%s=%d", u.Trait.Trait, u.Trait.Value)
	}
	return nil
}

func TestCommandsWorkInEveryEngine(t *testing.T) {
	traits := map[string]any{"sarcasm": 70., "humor": 90., "verbosity": 10., "formality": 10., "emotional_stability": 100.}
	tests := map[string]struct{ done, says string }{ // by what is said; empty: it is no command
		"Forget that.":                             {`forget "" last=true all=false`, "I have forgotten it."},
		"please forget what I just said":           {`forget "" last=true all=false`, "I have forgotten it."},
		"Forget everything about my cat.":          {`forget "my cat" last=false all=false`, "I have forgotten it."},
		"Forget what I told you about the surgery": {`forget "the surgery" last=false all=false`, "I have forgotten it."},
		"Forget that my cat is called Miso.":       {`forget "my cat is called miso" last=false all=false`, "I have forgotten it."},
		"Forget everything":                        {"", "That is all that I remember. To have it forgotten, say: forget everything, I am sure."},
		"Forget everything, I am sure.":            {`forget "" last=false all=true`, "I have forgotten it."},
		"Forget it.":                               {"", ""},
		"Don't forget the milk.":                   {"", ""},
		"Be less sarcastic.":                       {"sarcasm=45", "My sarcasm is at 45 now."},
		"TARS, be a little more formal, please":    {"formality=20", "My formality is at 20 now."},
		"Could you be much more talkative?":        {"verbosity=50", "My verbosity is at 50 now."},
		"Be more serious.":                         {"humor=65", "My humor is at 65 now."},
		"You are too sarcastic":                    {"sarcasm=45", "My sarcasm is at 45 now."},
		"Don't be so sarcastic!":                   {"sarcasm=45", "My sarcasm is at 45 now."},
		"Set your humor to 75 percent.":            {"humor=75", "My humor is at 75 now."},
		"Humor setting at 60%":                     {"humor=60", "My humor is at 60 now."},
		"Turn down your humor":                     {"humor=65", "My humor is at 65 now."},
		"Set your emotional stability to 30":       {"emotional_stability=30", "My emotional stability is at 30 now."},
		"Reset your personality.":                  {"reset", "I am as I was made again."},
		"Set the volume to 30":                     {"", ""},
		"Set a timer to 10":                        {"", ""},
		"Turn down the heating":                    {"", ""},
		"Set your humor to 175":                    {"", ""},
		"Be quick":                                 {"", ""},
		"Should I be more confident with my boss?": {"", ""},
		"What do you know about my cat?":           {"", ""},
		"How can I forget that my cat has died?":   {"", ""},
	}
	for ask, want := range tests {
		t.Run(ask, func(t *testing.T) {
			c := changes{count: 1}
			says, ok := Command(t.Context(), &c, traits, ask)
			if says != want.says || c.done != want.done || ok != (want.says != "") {
				t.Errorf("did %q and said %q, want %q and %q", c.done, says, want.done, want.says)
			}
		})
	}
}

// keeping is a memory that has nothing yet.
type keeping struct{ asked int }

func (k *keeping) Ask(context.Context, contract.MemoryQuery) (contract.MemoryResults, error) {
	k.asked++
	return contract.MemoryResults{}, nil
}

func TestWhatIsToldIsNoted(t *testing.T) {
	for _, told := range []string{"My cat is called Miso.", "I live in Ghent, near the river.", "We have two children", "My sister Anna works at the hospital.", "I'm allergic to nuts", "Remember that the key is under the mat."} {
		if got := NewBuiltin(&keeping{}, "").answer(t.Context(), told); got != "I will remember that." {
			t.Errorf("%q is answered %q", told, got)
		}
	}
	for _, asked := range []string{"What is my cat called?", "Is my cat hungry?", "Turn on the light.", "Where do I live?"} {
		if got := NewBuiltin(&keeping{}, "").answer(t.Context(), asked); got == "I will remember that." {
			t.Errorf("%q is answered %q", asked, got)
		}
	}
}
