package stt_test

import (
	"os"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/services/stt/vad"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/speech/wer"
	"github.com/gotars/tars/test/need"
	"github.com/gotars/tars/test/sound"
)

func clips(t testing.TB) []sound.Clip { return sound.Clips(t, "testdata/speech") }

// cutByDefault is a in utterances, cut as by default.
func cutByDefault(a pcm.Audio) (all []pcm.Audio) {
	s := vad.NewSegmenter(vad.Segmentation{
		PreRoll: 400 * ms, MinSpeech: 120 * ms, Hangover: 260 * ms, Endpoint: 650 * ms, Longest: 30 * time.Second,
	}, vad.NewLoudness(70))
	for _, e := range append(s.Hear(-1, a), s.Flush()...) {
		if e.Edge == vad.Complete {
			all = append(all, e.Audio)
		}
	}
	return all
}

func TestCuttingCostsNoWords_RealEngines(t *testing.T) {
	need.Engines(t, "STT_OPENAI_URL")
	url := os.Getenv("STT_OPENAI_URL")
	recogniser, err := engine.NewOpenAI(engine.Config{OpenAIURL: url, OpenAIModel: os.Getenv("STT_OPENAI_MODEL"), Lang: "en", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	understand := func(parts ...pcm.Audio) (text string) {
		for _, a := range parts {
			r, err := recogniser.Transcribe(t.Context(), engine.Request{Audio: a})
			if err != nil {
				t.Fatal(err)
			}
			if r.Confidence == nil {
				t.Error("no confidence")
			}
			text += " " + r.Text
		}
		return text
	}
	var whole, pieces wer.Errors
	for _, c := range clips(t) {
		parts := cutByDefault(c.Audio)
		all, joined := understand(c.Audio), understand(parts...)
		whole, pieces = whole.Add(wer.Of(c.Text, all)), pieces.Add(wer.Of(c.Text, joined))
		t.Logf("%-28s %d utterances, %d wrong whole, %d cut:%s", c.Name, len(parts), wer.Of(c.Text, all).Wrong, wer.Of(c.Text, joined).Wrong, joined)
	}
	t.Logf("word errors: whole recordings %.1f %%, cut %.1f %%", 100*whole.Rate(), 100*pieces.Rate())
	if pieces.Rate() > whole.Rate()+0.02 {
		t.Errorf("cutting raises the word error rate from %.3f to %.3f", whole.Rate(), pieces.Rate())
	}
}

// TestTheServiceUnderstandsPeople plays recordings four times faster than they
// were spoken, to real engines.
func TestTheServiceUnderstandsPeople_RealEngines(t *testing.T) {
	need.Engines(t, "STT_OPENAI_URL")
	t.Setenv("STT_ENGINE", "openai")
	t.Setenv("STT_PARTIALS", "no") // at this speed they are of no use
	b := kittest.Start(t, stt.Module)
	finals := kittest.Watch[contract.FinalTranscript](b)
	var errs wer.Errors
	seq := 0
	for _, c := range clips(t) {
		sound := append(c.Audio[:len(c.Audio):len(c.Audio)], make(pcm.Audio, 2*pcm.Rate)...)
		for rest := sound; len(rest) > 0; rest = rest[min(len(rest), 1280):] {
			b.Publish(t, contract.MicAudio{Source: "kitchen", Seq: seq, PCM: rest[:min(len(rest), 1280)]})
			seq++
			time.Sleep(10 * time.Millisecond) // real time
		}
		f, _ := finals.Next(t)
		text := f.Text
		time.Sleep(1500 * time.Millisecond) // real engines: what follows a pause
		for _, f := range finals.All() {
			text += " " + f.Text
		}
		errs = errs.Add(wer.Of(c.Text, text))
		t.Logf("%-28s %q", c.Name, text)
	}
	if errs.Rate() > 0.15 {
		t.Errorf("word error rate %.3f", errs.Rate())
	}
}
