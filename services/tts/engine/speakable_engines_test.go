package engine_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/speech"
	"github.com/gotars/tars/test/need"
	"github.com/gotars/tars/test/sound"
)

// written is a text with signs, and the words that a person would say for it.
type written struct{ text, words string }

// speakable has, for each class of signs, sentences in which they stand as in answers.
var speakable = map[string][]written{
	"numbers": {
		{"The tower is 324 metres high.", "the tower is three hundred twenty four metres high"},
		{"About 1,250 people live there.", "about one thousand two hundred fifty people live there"},
		{"Pi is about 3.14.", "pi is about three point one four"},
		{"The city has 8,900,000 inhabitants.", "the city has eight million nine hundred thousand inhabitants"},
		{"She came in 2nd, and he came in 21st.", "she came in second and he came in twenty first"},
		{"It was -5 outside in the morning.", "it was minus five outside in the morning"},
	},
	"units": {
		{"It is 20°C in the garden.", "it is twenty degrees celsius in the garden"},
		{"Drive at 50 km/h in the town.", "drive at fifty kilometres per hour in the town"},
		{"You need 5kg of flour and 2 lbs of butter.", "you need five kilograms of flour and two pounds of butter"},
		{"The room has 12 m² of floor.", "the room has twelve square metres of floor"},
		{"The file has 4 GB, and the line has 100 Mbit/s.", "the file has four gigabytes and the line has one hundred megabits per second"},
		{"The house used 1,250 kWh last year.", "the house used one thousand two hundred fifty kilowatt hours last year"},
		{"Bake it at 350°F for 45 min.", "bake it at three hundred fifty degrees fahrenheit for forty five minutes"},
	},
	"signs": {
		{"Salt & pepper are on the table.", "salt and pepper are on the table"},
		{"You get 50% off today.", "you get fifty percent off today"},
		{"I think that 2 + 3 = 5 is true.", "i think that two plus three equals five is true"},
		{"We know that 6 × 7 is 42.", "we know that six times seven is forty two"},
		{"It is #5 on the list of songs.", "it is number five on the list of songs"},
		{"There are ~300 books in the room.", "there are about three hundred books in the room"},
		{"Take the train from Paris → London.", "take the train from paris to london"},
	},
	"fractions": {
		{"You have to add 3/4 cup of sugar.", "you have to add three quarters cup of sugar"},
		{"You need 2 1/2 cups of milk.", "you need two and one half cups of milk"},
		{"You need ½ teaspoon of salt for it.", "you need one half teaspoon of salt for it"},
		{"The walk takes 1½ hours.", "the walk takes one and one half hours"},
		{"Only 2/3 of the people voted.", "only two thirds of the people voted"},
		{"She gave me 1/4 of the cake.", "she gave me one quarter of the cake"},
	},
	"powers": {
		{"The answer is x² plus one.", "the answer is x squared plus one"},
		{"There are about 10^6 cells in it.", "there are about ten to the six cells in it"},
		{"The volume of the cube is 4³.", "the volume of the cube is four cubed"},
		{"It accelerates at 9.81 m/s² here.", "it accelerates at nine point eight one metres per second squared here"},
		{"A nanosecond is 10⁻⁹ seconds.", "a nanosecond is ten to the minus nine seconds"},
		{"In total 2^10 is 1024.", "in total two to the ten is one thousand twenty four"},
	},
	"money": {
		{"The debt is $25.5T this year.", "the debt is twenty five point five trillion dollars this year"},
		{"The book costs $3.50 in the shop.", "the book costs three dollars and fifty cents in the shop"},
		{"They paid £3m for the house.", "they paid three million pounds for the house"},
		{"The firm made €1.2 billion last year.", "the firm made one point two billion euros last year"},
		{"A ticket is $1,250 for two people.", "a ticket is one thousand two hundred fifty dollars for two people"},
		{"Lunch costs $5-10 there.", "lunch costs five to ten dollars there"},
		{"A coffee is ¥500 in Tokyo.", "a coffee is five hundred yen in tokyo"},
	},
	"ranges": {
		{"Boil the eggs for 3-5 minutes.", "boil the eggs for three to five minutes"},
		{"He lived there from 2019–2021.", "he lived there from twenty nineteen to twenty twenty one"},
		{"It takes 20-30 minutes by train.", "it takes twenty to thirty minutes by train"},
		{"The park is 3-5 km from here.", "the park is three to five kilometres from here"},
		{"Children of 6–12 years may swim.", "children of six to twelve years may swim"},
	},
	"dates": {
		{"The meeting is on 2026-11-28 in Berlin.", "the meeting is on november twenty eight twenty twenty six in berlin"},
		{"She was born on 3/4/1998 in Boston.", "she was born on march four nineteen ninety eight in boston"},
		{"The war ended on May 8, 1945.", "the war ended on may eight nineteen forty five"},
		{"We leave on July 4th and come back on the 21st.", "we leave on july four and come back on the twenty one"},
		{"The song is from the year 1969.", "the song is from the year nineteen sixty nine"},
	},
	"times": {
		{"The train leaves at 3:05 PM.", "the train leaves at three oh five pm"},
		{"We have dinner at 7:30 this evening.", "we have dinner at seven thirty this evening"},
		{"The shop closes at 18:45 today.", "the shop closes at eighteen forty five today"},
		{"Wake me up at 6:00 AM.", "wake me up at six am"},
		{"The film runs from 8:15 to 10:30.", "the film runs from eight fifteen to ten thirty"},
	},
	"Roman numerals": {
		{"We read about Henry VIII of England.", "we read about henry the eighth of england"},
		{"My grandfather fought in World War II.", "my grandfather fought in world war two"},
		{"You can find it in Chapter IV of the book.", "you can find it in chapter four of the book"},
		{"Queen Elizabeth II lived for a long time.", "queen elizabeth the second lived for a long time"},
		{"The palace was built for King George III.", "the palace was built for king george the third"},
		{"On Sunday we watched the movie Rocky III.", "on sunday we watched the movie rocky three"},
	},
	"names": {
		{"He writes programs in C# and in C++.", "he writes programs in c sharp and in c plus plus"},
		{"The service runs on .NET in the cloud.", "the service runs on dot net in the cloud"},
		{`He is 5'11" tall.`, "he is five feet eleven inches tall"},
		{"The shop is open 24/7 for you.", "the shop is open twenty four seven for you"},
		{"You can take tea and/or coffee.", "you can take tea and or coffee"},
		{"The band AC/DC is from Australia.", "the band ac dc is from australia"},
		{"Ask the teacher what he/she thinks.", "ask the teacher what he she thinks"},
	},
}

// TestARecogniserUnderstandsWhatStandsInSigns has the voice at TTS_OPENAI_URL say each
// sentence, and the recogniser at STT_OPENAI_URL read it back. It takes a minute, and
// more where something is misheard.
func TestARecogniserUnderstandsWhatStandsInSigns_RealEngines(t *testing.T) {
	need.Engines(t, "STT_OPENAI_URL", "TTS_OPENAI_URL")
	c := engine.Config{Engine: "openai", OpenAIURL: os.Getenv("TTS_OPENAI_URL"), OpenAIModel: os.Getenv("TTS_OPENAI_MODEL"), Speed: 1, Timeout: time.Minute}
	e, shut, err := engine.New(t.Context(), c, engine.Files{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(context.WithoutCancel(t.Context()))
	const least = 0.9 // of the words of a class; a good recogniser mishears some, of a voice as of a person
	for class, cases := range speakable {
		t.Run(class, func(t *testing.T) {
			wrong, words := 0, 0
			for _, tc := range cases {
				want := speech.ComparableWords(tc.words, "en")
				n := len(want)
				for try := 0; try < 2 && n > 0; try++ { // a neural voice says nothing twice in the same way; what is wrong with the text is heard both times
					heard := sayAndHear(t, e, tc.text)
					got := speech.ComparableWords(heard, "en")
					if n = min(n, speech.EditDistance(want, got)); n > 0 {
						t.Logf("%d wrong of %q, said as %q, heard as %q:\n%.300q, want\n%q", n, tc.text, speech.Speakable(tc.text, "en"), heard, got, want)
					}
				}
				wrong, words = wrong+n, words+len(want)
			}
			right := 1 - float64(wrong)/float64(words)
			if t.Logf("%.1f %% of %d words", 100*right, words); right < least {
				t.Errorf("%.1f %% of the words are right, want %.0f %%", 100*right, 100*least)
			}
		})
	}
}

// sayAndHear has e say text as the service does, and a recogniser read it.
func sayAndHear(t *testing.T, e engine.Synthesizer, text string) string {
	t.Helper()
	all := engine.Chunk{}
	for _, sentence := range speech.Sentences(speech.Speakable(text, "en"), "en", 300) {
		for c, err := range e.Synthesize(t.Context(), engine.Line{Text: sentence, Lang: "en"}) {
			if err != nil {
				t.Fatal(err)
			}
			all.Rate, all.PCM = c.Rate, append(all.PCM, c.PCM...)
		}
	}
	silence := make([]byte, 2*(all.Rate/4)) // a quarter of a second, as before and after what a microphone hears: without it Whisper mishears the first word
	return strings.TrimSpace(sound.Understand(t, slices.Concat(silence, all.PCM, silence), all.Rate))
}
