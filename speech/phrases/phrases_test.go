package phrases_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotars/tars/speech/phrases"
)

func TestShortUtterancesHaveAnIntent(t *testing.T) {
	tests := map[phrases.Intent][]string{
		phrases.Stop: {"Stop.", "Okay, stop.", "TARS, stop.", "No, stop.", "That's enough.", "That’s enough!", "Stop stop stop", "yeah yeah, stop", "Never mind.", "Please be quiet", "Hey TARS, that's enough, thank you.", "Wait, stop!",
			"okay that's enough for now", "Stopp.", "Hör bitte auf.", "Das reicht, danke.", "Nein, vergiss es.", "Sei still!", "I said stop"},
		phrases.Pause:  {"Wait.", "Hold on.", "Wait a minute", "okay hold on a second", "Warte mal.", "Moment, bitte.", "Einen Augenblick", "Wait, wait, wait", "hang on tars"},
		phrases.Resume: {"Go on.", "Okay, continue please.", "Weiter.", "Mach bitte weiter", "you can go on now"},
		phrases.Repeat: {"What did you say?", "Repeat that, please.", "Wie bitte?", "Sag das noch mal."},
		phrases.Nod:    {"Mm-hm.", "Uh-huh", "yeah", "Oh, wow.", "I see.", "okay okay", "Ja, genau.", "mhm mhm", "Ach so!", "haha", "Right, right. Okay."},
		phrases.NoIntent: {"", "Stop the music.", "What time is it?", "okay wait what time is it", "Cancel my appointment", "Right, and what about tomorrow?", "Ja, aber morgen regnet es", "Wait for the bus", "I see a bird",
			"stop " + strings.Repeat("stop ", 12)},
	}
	b, err := phrases.NewBook([]string{"hey tars"}, "")
	if err != nil {
		t.Fatal(err)
	}
	for want, all := range tests {
		for _, text := range all {
			if got := b.IntentOf(text); got != want {
				t.Errorf("%q has intent %d, want %d", text, got, want)
			}
		}
	}
}

func TestAUserAddsPhrases(t *testing.T) {
	file := filepath.Join(t.TempDir(), "phrases.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"stop": ["Basta così"]}`)
	b, err := phrases.NewBook(nil, file)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.IntentOf("Okay, basta così!"); got != phrases.Stop {
		t.Errorf("intent %d, want stop", got)
	}
	for name, text := range map[string]string{"an unknown list": `{"halt": ["x"]}`, "no JSON": `stop`} {
		write(text)
		if _, err := phrases.NewBook(nil, file); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
