package stt_test

import (
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/speech/wav"
	"github.com/gotars/tars/speech/wer"
	"github.com/gotars/tars/test/need"
)

// spokenTurns are what a person said, what was answered, and what the person says then.
var spokenTurns = [][3]string{
	{"turn on the kitchen light", "The light in the kitchen is on.", "now dim it a little."},
	{"how long is my timer", "Your timer has five minutes left.", "add two more minutes."},
	{"what is the weather in Hamburg", "It will rain in Hamburg tomorrow.", "and what about Munich?"},
	{"where is Cooper", "Cooper is on his way home.", "tell Cooper to bring some milk."},
	{"wake me at seven", "I have set an alarm for seven.", "make that half past six."},
	{"how far is the moon", "The moon is about 384 thousand kilometres away.", "how far is Mars?"},
	{"what is on my list", "Your shopping list has milk and eggs.", "put Parmesan on the list."},
	{"tell me about Miller's planet", "Miller's planet is close to Gargantua.", "what is Gargantua?"},
	{"how warm is it", "The heating is set to twenty degrees.", "set it to twenty one."},
	{"play some music", "I am playing some jazz.", "skip this song."},
	{"when is my meeting", "Your meeting is at ten.", "move it to eleven."},
	{"is the door locked", "The front door is locked.", "open the garage."},
	{"did somebody call", "Ann called you at noon.", "call Ann back."},
	{"what is your humour setting", "My humour setting is seventy five percent.", "bring it down to sixty."},
	{"is the laundry done", "The washing machine is done.", "start the dishwasher."},
}

// spokenBy has the voice at TTS_OPENAI_URL say text, in noise 5 dB below it, with some
// of it before and behind.
func spokenBy(t *testing.T, voice *openai.Client, text string) pcm.Audio {
	t.Helper()
	answer, err := voice.Speak(t.Context(), openai.SpeechRequest{Model: os.Getenv("TTS_OPENAI_MODEL"), Input: text, Format: "wav"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	r, err := wav.NewReader(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	samples, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	a := pcm.NewResampler(r.Rate).Resample(samples)
	sum := 0.0
	for i := 0; i+1 < len(a); i += 2 {
		v := float64(int16(uint16(a[i]) | uint16(a[i+1])<<8))
		sum += v * v
	}
	noise := math.Sqrt(sum/float64(len(a)/2)) / math.Pow(10, 5.0/20)
	silence := make([]byte, pcm.Rate*2*3/10)
	a = append(append(append(pcm.Audio{}, silence...), a...), silence...)
	dice := rand.New(rand.NewPCG(1, 2))
	for i := 0; i+1 < len(a); i += 2 {
		v := float64(int16(uint16(a[i])|uint16(a[i+1])<<8)) + dice.NormFloat64()*noise
		s := uint16(int16(max(-32768, min(32767, v))))
		a[i], a[i+1] = byte(s), byte(s>>8)
	}
	return a
}

// TestTheContextHelps_RealEngines is the measurement of docs/decisions/023.
func TestTheContextHelps_RealEngines(t *testing.T) {
	need.Engines(t, "STT_OPENAI_URL", "TTS_OPENAI_URL")
	voice, err := openai.New(openai.Options{BaseURL: os.Getenv("TTS_OPENAI_URL")})
	if err != nil {
		t.Fatal(err)
	}
	recogniser, err := engine.NewOpenAI(engine.Config{OpenAIURL: os.Getenv("STT_OPENAI_URL"), OpenAIModel: os.Getenv("STT_OPENAI_MODEL"), Lang: "en", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := kit.FromEnv[stt.Config]("stt")
	if err != nil {
		t.Fatal(err)
	}
	s := stt.NewForTest(cfg, kit.Home(t.TempDir()))
	type score struct {
		words wer.Errors
		named int // transcripts with the name of the wake phrase
	}
	read := func(sc *score, a pcm.Audio, said, context string) {
		r, err := recogniser.Transcribe(t.Context(), engine.Request{Audio: a, Context: context})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(r.Text), "tars") {
			sc.named++
		}
		sc.words = sc.words.Add(wer.Of(said, r.Text))
	}
	var without, first, with, withoutPhrase, withPhraseless score
	for _, turn := range spokenTurns {
		woken, plain := "Hey TARS, "+turn[2], strings.ToUpper(turn[2][:1])+turn[2][1:]
		context := s.ContextAfter("kitchen", turn[0], turn[1])
		audio := spokenBy(t, voice, woken)
		read(&without, audio, woken, "")
		read(&first, audio, woken, s.ContextAfter("", "", ""))
		read(&with, audio, woken, context)
		audio = spokenBy(t, voice, plain)
		read(&withoutPhrase, audio, plain, "")
		read(&withPhraseless, audio, plain, context)
	}
	var people, peopleTold score
	for _, c := range clips(t) { // about something else
		read(&people, c.Audio, c.Text, "")
		read(&peopleTold, c.Audio, c.Text, s.ContextAfter("kitchen", spokenTurns[0][0], spokenTurns[0][1]))
	}
	t.Logf("recorded people: word errors %.1f %% without context, %.1f %% with it", 100*people.words.Rate(), 100*peopleTold.words.Rate())
	t.Logf("with the wake phrase: name heard %d of %d times without context, %d with that of a first question, %d with the conversation; word errors %.1f, %.1f and %.1f %%",
		without.named, len(spokenTurns), first.named, with.named, 100*without.words.Rate(), 100*first.words.Rate(), 100*with.words.Rate())
	t.Logf("without the wake phrase: name invented %d times; word errors %.1f %% without context, %.1f %% with it", withPhraseless.named, 100*withoutPhrase.words.Rate(), 100*withPhraseless.words.Rate())
	if most := len(spokenTurns) - 2; with.named < most || first.named < most {
		t.Errorf("the name was heard %d and %d times, want %d at least", with.named, first.named, most)
	}
	if with.words.Rate() > without.words.Rate() || withPhraseless.words.Rate() > withoutPhrase.words.Rate()+0.05 { // the voice says nothing twice alike
		t.Error("words are lost by the context")
	}
	if peopleTold.words.Rate() > people.words.Rate()+0.02 {
		t.Error("words of people are lost by the context")
	}
	if n := withPhraseless.named + peopleTold.named; n > 0 {
		t.Errorf("the name was invented %d times", n)
	}
}
