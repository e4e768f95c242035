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
		phrases.Nod: {"Uh-uh.", "M.H.M.", "And M.H.M.", "Mm.", "Mmhmm.", "Hmmm", "Mhm hm", "Mm-hmm.", "mmmmm", "M-hm", "Mmm, hmm.", "H.M.", "M'hm.", "Hm-hm, ja.", "Uh-huh.", "Uhhuh", "Uh huh, uh huh.", "Ah.", "Aah!", "Ahh, okay.", "Aha.", "Ah-ha!", "Ahaa",
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
			"That will do.", "I don't want to hear it.", "Nevermind, I found it.", "Oh my God, stop.", "Let's stop here.", "You can be quiet now.", "Thats enough", "Stop, the phone is ringing.",
			"Halt doch endlich mal die Klappe!", "Könntest du bitte still sein?", "Jetzt ist aber Schluss.", "Ich hab genug gehört.", "Sag jetzt nichts mehr.", "Aus jetzt!", "Das langt mir.",
			"Passt schon.", "Nicht so wichtig.", "Brich das bitte ab.", "Tars, sei leise.", "Ach, vergiss es.", "Es reicht jetzt.", "Ja ja, ist gut."},
		phrases.Pause: {"One sec.", "Just a moment.", "Hold up.", "Wait one second.", "Gimme a sec.", "Give me a sec, please.", "Bear with me.", "Let me think.", "Just wait.", "Wait up.", "Hang on a moment.", "Hold on one second.", "Time out.", "Not so fast.", "Oh wait, hold on.", "Pause for a second.", "Wait, one moment please.", "Can you wait a second?",
			"Hold on for a second.", "Hold on, someone's at the door.", "Give me just a second.", "Stop! Wait.",
			"Halt mal bitte.", "Halt, Moment mal.", "Moment, es klingelt.", "Bin gleich wieder da.", "Ich brauche noch eine Minute.", "Kannst du kurz Pause machen?",
			"Warte mal.", "Moment.", "Momentchen.", "Moment noch, bitte.", "Warte doch mal kurz.", "Einen kurzen Moment.", "Wart mal.", "Eine Minute.", "Gib mir eine Sekunde.", "Lass mich kurz überlegen.", "Kurze Pause bitte.", "Nicht so schnell.", "Bleib dran.", "Sekunde mal.", "Ähm, Moment mal.", "Kannst du kurz warten?"},
		phrases.Resume: {"I'm back.", "Okay, I'm back, go on.", "Proceed.", "Keep reading.", "You were saying?", "Please continue.", "Go on then.", "Continue talking.", "Carry on, please.",
			"Continue where you left off.", "Never mind, go on.", "Don't stop.",
			"Wie geht's weiter?", "Nicht aufhören.", "Wo bist du stehen geblieben?",
			"Bin wieder da.", "Okay, ich bin wieder da.", "Weiterreden.", "Du kannst weiterreden.", "Fortfahren.", "Wo waren wir?", "Mach ruhig weiter."},
		phrases.Repeat: {"Could you repeat that?", "Sorry, what?", "Excuse me?", "I beg your pardon.", "Say again?", "Can you say that again, please?", "What was that again?", "Would you repeat that for me?",
			"Wait, what did you say?", "What?", "What, TARS?", "I couldn't hear you.", "Repeat the last sentence.", "Would you mind repeating that?", "Didn't catch that.",
			"Was?", "Bitte?", "Was hast du gerade eben gesagt?", "Das hab ich jetzt nicht verstanden.", "Wie war das doch gleich?",
			"Kannst du das wiederholen?", "Entschuldigung, wie bitte?", "Wie war das noch mal?", "Sag's noch mal.", "Was hast du da gesagt?", "Kannst du das bitte noch mal sagen?"},
		phrases.Nod: {"Sounds good.", "Fair enough.", "Awesome.", "Perfect.", "Absolutely.", "That's interesting.", "Good point.", "Oh really?", "No kidding.", "I get it.", "Very nice.", "Yeah, totally.", "Yea.", "Yeah yeah yeah.", "That makes sense.", "Of course, yeah.",
			"True enough.", "Seriously?", "Are you serious?", "That's so funny.", "I had no idea.", "Oh dear.", "Roger that.",
			"Da hast du recht.", "Ach du meine Güte.", "Nee, oder?", "Das wusste ich nicht.", "Ach, wie schön.", "So ist das.",
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
		"And then?", "So what?", "What now?", "What.", "Say stop.", "Do not wait for Anna.", "Louder.", "Why?", "Warum?", "Are you sure?", "Bist du sicher?", "Skip this song.", "Turn it off.", "Wrong.", "I don't know.", "A second opinion.",
		"Halt mir einen Platz frei.", "Ich weiß nicht.", "Das ist nicht gut.", "Ist das wahr?", "Wie gut ist das Restaurant?", "Licht aus.", "Mach es aus.", "Leise Musik.", "Noch zehn Minuten.",
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

func TestAPhraseMayHaveManyWordings(t *testing.T) {
	tests := map[string]struct {
		file    string
		stop    []string
		none    []string
		invalid bool
	}{
		"alternatives":                    {file: `{"stop": ["(ende|fin) now"]}`, stop: []string{"Ende now.", "fin now"}, none: []string{"ende fin now", "ende"}},
		"what may be left out":            {file: `{"stop": ["finito [la musica|tutto]"]}`, stop: []string{"Finito.", "finito la musica", "finito tutto"}, none: []string{"finito musica"}},
		"groups in groups":                {file: `{"stop": ["finito [(la|una) musica [bella]]"]}`, stop: []string{"Finito!", "Finito una musica bella"}, none: []string{"finito una"}},
		"words by their name":             {file: `{"stop": ["finito <thing>"], "words": {"thing": ["(la|una) <noun>", "tutto"], "noun": ["musica"]}}`, stop: []string{"finito la musica", "finito tutto"}, none: []string{"finito"}},
		"a question":                      {file: `{"stop": ["finito?"]}`, stop: []string{"Finito?"}, none: []string{"Finito.", "okay finito?"}},
		"a group that is not closed":      {file: `{"stop": ["finito (la|una"]}`, invalid: true},
		"one that is closed by another":   {file: `{"stop": ["finito (la]"]}`, invalid: true},
		"one that was not opened":         {file: `{"stop": ["finito la)"]}`, invalid: true},
		"a name that is not known":        {file: `{"stop": ["finito <thing>"]}`, invalid: true},
		"a name that is not closed":       {file: `{"stop": ["finito <thing"], "words": {"thing": ["tutto"]}}`, invalid: true},
		"a name that contains itself":     {file: `{"stop": ["<thing>"], "words": {"thing": ["tutto <thing>"]}}`, invalid: true},
		"a phrase of words to leave out":  {file: `{"stop": ["[finito]"]}`, invalid: true},
		"a pattern that is no expression": {file: `{"stop": ["/(/"]}`, invalid: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "phrases.json")
			if err := os.WriteFile(file, []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			b, err := phrases.NewBook(nil, file)
			if (err != nil) != tt.invalid {
				t.Fatalf("error %v, want one: %v", err, tt.invalid)
			}
			for _, text := range tt.stop {
				if got := b.IntentOf(text); got != phrases.Stop {
					t.Errorf("%q has intent %d, want stop", text, got)
				}
			}
			for _, text := range tt.none {
				if got := b.IntentOf(text); got != phrases.NoIntent {
					t.Errorf("%q has intent %d, want none", text, got)
				}
			}
		})
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
	for _, word := range []string{"", "hold", "off", "aus", "minute", "yeah", "mhm", "das", "go", "on", "tars"} {
		if has(word) {
			t.Errorf("%q interrupts", word)
		}
	}
}
