package stt_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/speech/wer"
	"github.com/gotars/tars/test/need"
)

// clip is recorded human speech and what is said in it.
type clip struct {
	name, text string
	audio      stt.Audio
}

// clips reads the recordings of TARS_SPEECH, a directory with a transcripts.tsv,
// by default those that come with the tests.
func clips(t testing.TB) (all []clip) {
	t.Helper()
	dir := os.Getenv("TARS_SPEECH")
	if dir == "" {
		dir = filepath.Join("testdata", "speech")
	}
	f, err := os.Open(filepath.Join(dir, "transcripts.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table := csv.NewReader(f)
	table.Comma, table.LazyQuotes = '\t', true
	rows, err := table.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		wav, err := os.ReadFile(filepath.Join(dir, row[0]))
		if err != nil {
			t.Fatal(err)
		}
		data := bytes.Index(wav, []byte("data"))
		all = append(all, clip{name: row[0], text: row[1], audio: stt.Audio(wav[data+8:])})
	}
	return all
}

// hear sends a through s in chunks, and returns the edges it made.
func hear(s *stt.Segmenter, a stt.Audio, chunk int) (events []stt.Event) {
	for len(a) > 0 {
		n := min(chunk, len(a))
		events = append(events, s.Hear(-1, a[:n])...)
		a = a[n:]
	}
	return events
}

func utterances(events []stt.Event) (all []stt.Audio) {
	for _, e := range events {
		if e.Edge == stt.Complete {
			all = append(all, e.Audio)
		}
	}
	return all
}

func TestEveryRecordingIsHeardAsSpeech(t *testing.T) {
	for _, c := range clips(t) {
		t.Run(c.name, func(t *testing.T) {
			s := stt.NewSegmenter(segmentation())
			events := append(hear(s, c.audio, 640), s.Flush()...)
			var heard time.Duration
			for _, u := range utterances(events) {
				heard += u.Duration()
			}
			if most := c.audio.Duration(); heard > most || heard < most/3 {
				t.Errorf("utterances of %v in a recording of %v", heard, most)
			}
		})
	}
}

func TestCuttingCostsNoWords_RealEngines(t *testing.T) {
	need.Engines(t, "STT_OPENAI_URL")
	url := os.Getenv("STT_OPENAI_URL")
	engine, err := stt.NewOpenAI(stt.Config{OpenAIURL: url, OpenAIModel: os.Getenv("STT_OPENAI_MODEL"), Lang: "en", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	understand := func(parts ...stt.Audio) (text string) {
		for _, a := range parts {
			r, err := engine.Transcribe(t.Context(), a)
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
	var whole, cut wer.Errors
	for _, c := range clips(t) {
		s := stt.NewSegmenter(segmentation())
		parts := utterances(append(hear(s, c.audio, 1280), s.Flush()...))
		all, joined := understand(c.audio), understand(parts...)
		whole, cut = whole.Add(wer.Of(c.text, all)), cut.Add(wer.Of(c.text, joined))
		t.Logf("%-28s %d utterances, %d wrong whole, %d cut:%s", c.name, len(parts), wer.Of(c.text, all).Wrong, wer.Of(c.text, joined).Wrong, joined)
	}
	t.Logf("word errors: whole recordings %.1f %%, cut %.1f %%", 100*whole.Rate(), 100*cut.Rate())
	if cut.Rate() > whole.Rate()+0.02 {
		t.Errorf("cutting raises the word error rate from %.3f to %.3f", whole.Rate(), cut.Rate())
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
		sound := append(c.audio[:len(c.audio):len(c.audio)], make(stt.Audio, 2*stt.Rate)...)
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
		errs = errs.Add(wer.Of(c.text, text))
		t.Logf("%-28s %q", c.name, text)
	}
	if errs.Rate() > 0.15 {
		t.Errorf("word error rate %.3f", errs.Rate())
	}
}
