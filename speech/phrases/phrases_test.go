package phrases_test

import (
	"os"
	"path/filepath"
	"slices"
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
	b := newBook(t)
	for want, all := range tests {
		for _, text := range all {
			if got := b.IntentOf(text); got != want {
				t.Errorf("%q has intent %d, want %d", text, got, want)
			}
		}
	}
}

// Recognisers write a hum, a laugh and a hush with as many letters as they like.
func TestSoundsHaveAnIntentHoweverTheyAreWritten(t *testing.T) {
	tests := map[phrases.Intent][]string{
		phrases.Nod: {"M.H.M.", "And M.H.M.", "Mm.", "Mmhmm.", "Hmmm", "Mhm hm", "Mm-hmm.", "mmmmm", "M-hm", "Mmm, hmm.", "H.M.", "M'hm.", "Hm-hm, ja.", "Uh-huh.", "Uhhuh", "Uh huh, uh huh.", "Ah.", "Aah!", "Ahh, okay.", "Aha.", "Ah-ha!", "Ahaa",
			"Oh.", "Ooh!", "Ohhh, wow.", "Ooooh", "Hahaha.", "Ha ha ha ha.", "Hehehe", "Heh heh", "Hihihi", "Hohoho", "Eh.", "Huh.", "Hä?", "Tja.", "M.H.M. Okay. M.H.M.", "Und M.H.M."},
		phrases.Stop:     {"Shh.", "Shhhh!", "Sh sh sh.", "Ssh", "Psst!", "Pssst", "Pst.", "Pscht!", "Psch", "Scht!", "Okay, shhh."},
		phrases.NoIntent: {"M.H.M. What time is it?", "Hum a song.", "Mom", "H and B", "Ham", "Aha is a band", "Him", "Ohm", "Ohio", "Shed", "He", "Ash", "Shah", "Uhu kaufen", "Hahn", "Hummus"},
	}
	b := newBook(t)
	for want, all := range tests {
		for _, text := range all {
			if got := b.IntentOf(text); got != want {
				t.Errorf("%q has intent %d, want %d", text, got, want)
			}
		}
	}
}

func TestUsualPhrasesAreKnown(t *testing.T) {
	tests := map[phrases.Intent][]string{
		phrases.Stop: {"Shush.", "Enough!", "Cut it out.", "Shut up.", "Be quiet.", "Zip it!", "Cancel that.", "Forget it.", "TARS, shut up already.", "That's plenty.", "Quit it.", "Quit talking.", "Pipe down.", "Give it a rest.", "Scratch that.", "Ignore that, please.", "Abort.",
			"You can stop now.", "Stop it already.", "Please stop talking.", "Stop right there!", "Okay okay, enough already.", "Would you please be quiet?", "Oh, shut up.", "Say no more.", "Sorry, never mind.", "Stop, please. Thank you.", "That's quite enough.", "Can you stop talking, please?", "No no no, stop.", "Stop answering.", "Enough of that.",
			"Halt den Mund!", "Sei still.", "Ist gut.", "Genug.", "Jetzt sei doch mal still!", "Halt die Klappe.", "Halt's Maul.", "Das war's.", "Das ist genug, danke.", "Jetzt reicht's.", "Mir reicht's.", "Ist schon gut.", "Hör auf zu reden.", "Jetzt hör endlich auf.", "Kannst du bitte aufhören?", "Schweig.", "Ruhe jetzt!", "Schluss jetzt, bitte.", "Stopp, stopp, stopp.",
			"Passt schon.", "Nicht so wichtig.", "Brich das bitte ab.", "Tars, sei leise.", "Ach, vergiss es.", "Es reicht jetzt.", "Ja ja, ist gut."},
		phrases.Pause: {"One sec.", "Just a moment.", "Hold up.", "Wait one second.", "Gimme a sec.", "Give me a sec, please.", "Bear with me.", "Let me think.", "Just wait.", "Wait up.", "Hang on a moment.", "Hold on one second.", "Time out.", "Not so fast.", "Oh wait, hold on.", "Pause for a second.", "Wait, one moment please.", "Can you wait a second?",
			"Warte mal.", "Moment.", "Momentchen.", "Moment noch, bitte.", "Warte doch mal kurz.", "Einen kurzen Moment.", "Wart mal.", "Eine Minute.", "Gib mir eine Sekunde.", "Lass mich kurz überlegen.", "Kurze Pause bitte.", "Nicht so schnell.", "Bleib dran.", "Sekunde mal.", "Ähm, Moment mal.", "Kannst du kurz warten?"},
		phrases.Resume: {"I'm back.", "Okay, I'm back, go on.", "Proceed.", "Keep reading.", "You were saying?", "Please continue.", "Go on then.", "Continue talking.", "Carry on, please.",
			"Bin wieder da.", "Okay, ich bin wieder da.", "Weiterreden.", "Du kannst weiterreden.", "Fortfahren.", "Wo waren wir?", "Mach ruhig weiter."},
		phrases.Repeat: {"Could you repeat that?", "Sorry, what?", "Excuse me?", "I beg your pardon.", "Say again?", "Can you say that again, please?", "What was that again?", "Would you repeat that for me?",
			"Kannst du das wiederholen?", "Entschuldigung, wie bitte?", "Wie war das noch mal?", "Sag's noch mal.", "Was hast du da gesagt?", "Kannst du das bitte noch mal sagen?"},
		phrases.Nod: {"Sounds good.", "Fair enough.", "Awesome.", "Perfect.", "Absolutely.", "That's interesting.", "Good point.", "Oh really?", "No kidding.", "I get it.", "Very nice.", "Yeah, totally.", "Yea.", "Yeah yeah yeah.", "That makes sense.", "Of course, yeah.",
			"Jaja.", "Sehr gut.", "Krass.", "Spannend.", "Auf jeden Fall.", "Ganz genau.", "Das stimmt.", "Ach was!", "Ach wirklich?", "Gut zu wissen.", "Na klar.", "Oha!", "Nee, klar.", "Das ist interessant.", "Joa."},
	}
	b := newBook(t)
	for want, all := range tests {
		for _, text := range all {
			if got := b.IntentOf(text); got != want {
				t.Errorf("%q has intent %d, want %d", text, got, want)
			}
		}
	}
}

func TestWhatOnlyBeginsLikeAPhraseIsSomethingToAnswer(t *testing.T) {
	b := newBook(t)
	for _, text := range []string{
		"Stop the music.", "Stop the timer.", "Cancel the alarm for tomorrow.", "That's enough sugar.", "Wait for me at six.", "Cancel my subscription.", "Stop at the next station.", "Quiet music, please.", "Forget it was Monday, what day is it?",
		"Enough about me, how are you?", "Hold on to your hat.", "Hold the line for John.", "Pause the movie.", "Zip it up for me.", "Set a timer for one minute.", "A minute timer.", "Give me a minute timer.", "Wait a minute, what time is it?", "Cut it out of paper.", "Shut up shop at six.",
		"Never mind the gap, where is the train?", "Drop it in the box.", "Leave it on.", "Leave it to me.", "Be quiet after ten.", "How do I stop a nosebleed?", "What does stop mean?", "No.", "No thanks.", "Not now, later.", "Is that enough?", "Go on a trip.", "Continue the playlist.", "Play it again.",
		"Good morning.", "Right, what about tomorrow?", "That's it for dinner?", "Bear with me in German.", "Let me think about Paris.", "Time out of mind.", "Say again in French.", "What was that song?", "Excuse me, who are you?", "Sorry.", "Thank you.", "Please.", "Scratch that itch.", "Resume my book.",
		"Halt den Bus an.", "Ist gut für die Haut.", "Genug Zucker ist da.", "Moment, wie spät ist es?", "Warte auf mich um sechs.", "Stopp die Musik.", "Lösche den Wecker für morgen.", "Das reicht für drei Tage.", "Schluss mit lustig ist ein Film.", "Sei still, wenn Oma schläft.", "Wie lange ist eine Sekunde?", "Ruhe bitte die Heizung an.",
		"Gut, und morgen?", "Vergiss den Termin nicht.", "Weiter nach Berlin.", "Nein.", "Nein danke.", "Danke.", "Bitte.", "Entschuldigung.", "Eine Minute Timer.", "Stell den Timer auf eine Minute.", "Gleich geht es los.", "Bleib dran am Thema Wetter.",
	} {
		if got := b.IntentOf(text); got != phrases.NoIntent {
			t.Errorf("%q has intent %d, want none", text, got)
		}
	}
}

func newBook(t *testing.T) *phrases.Book {
	t.Helper()
	b, err := phrases.NewBook([]string{"hey tars"}, "")
	if err != nil {
		t.Fatal(err)
	}
	return b
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

func TestWordsThatInterrupt(t *testing.T) {
	all := phrases.Interrupts()
	has := func(word string) bool { _, found := slices.BinarySearch(all, word); return found }
	for _, word := range strings.Fields("stop stopp halt wait warte quiet ruhe still silence enough genug cancel abbrechen pause no nein yes ja okay ok para basta espera silencio arrête arrete attends assez ferma aspetta moment") {
		if !has(word) {
			t.Errorf("%q does not interrupt", word)
		}
	}
	for _, word := range []string{"", "hold", "yeah", "mhm", "das", "go", "on", "tars"} {
		if has(word) {
			t.Errorf("%q interrupts", word)
		}
	}
}
