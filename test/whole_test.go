package test

import (
	"context"
	"iter"
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/llm"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/router"
	"github.com/gotars/tars/services/stt"
	sttengine "github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/services/tts"
	ttsengine "github.com/gotars/tars/services/tts/engine"
	uiweb "github.com/gotars/tars/services/ui-web"
	"github.com/gotars/tars/test/engine"
)

// hears reads one sentence out of any sound.
type hears string

func (h hears) Transcribe(context.Context, sttengine.Request) (sttengine.Result, error) {
	return sttengine.Result{Text: string(h), Confidence: new(0.9), Lang: "en"}, nil
}

// speaks takes 50 ms of sound for each character.
type speaks struct{}

func (speaks) Synthesize(_ context.Context, l ttsengine.Line) iter.Seq2[ttsengine.Chunk, error] {
	return func(yield func(ttsengine.Chunk, error) bool) {
		yield(ttsengine.Chunk{Rate: 16000, PCM: make([]byte, 2*800*len(l.Text))}, nil)
	}
}

// startEverything is all six services, with scripted ears and a scripted voice.
func startEverything(t *testing.T, sentence string) []kit.Module {
	t.Setenv("LLM_ENGINE", "builtin")
	t.Setenv("TTS_ENGINE", "none")
	t.Setenv("STT_ENGINE", "none")
	return []kit.Module{
		memory.Module, llm.Module, router.Module, uiweb.Module,
		tts.Module.With(fx.Replace(fx.Annotate(speaks{}, fx.As(new(ttsengine.Synthesizer))))),
		stt.Module.With(fx.Replace(fx.Annotate(hears(sentence), fx.As(new(sttengine.Transcriber))))),
	}
}

// TestWholeStack speaks to all six services on the embedded broker, under a
// fake clock, and hears the answer.
func TestWholeStack(t *testing.T) {
	kittest.Run(t, "a spoken question is answered aloud, in the room that asked", func(t *testing.T, b *kittest.Harness) {
		finals, audio, turns := kittest.Watch[contract.FinalTranscript](b), kittest.Watch[contract.SpeakerAudio](b), kittest.Watch[contract.TurnRecord](b)
		said := kittest.Watch[contract.TtsSay](b)
		for i := range 60 { // a second and a half of noise between silences, in real time
			pcm := make([]byte, 1280)
			if i > 12 && i < 40 {
				pcm = sineTone(640, i)
			}
			b.Publish(t, contract.MicAudio{Source: "web-hall", Seq: i, PCM: pcm})
			time.Sleep(40 * time.Millisecond)
		}
		f, meta := finals.Next(t)
		if f.Text != "What is 17 times 23?" || meta.Baggage["room"] != "web-hall" || f.UttID == nil {
			t.Fatalf("heard %+v, %+v", f, meta)
		}
		if s, m := said.Next(t); !strings.Contains(s.Text, "391") || *s.UttID != *f.UttID || m.Trace != meta.Trace {
			t.Errorf("said %+v, %+v", s, m)
		}
		if a, _ := audio.Next(t); a.Sink != "web-hall" || a.UttID != *f.UttID || len(a.PCM) == 0 {
			t.Errorf("audio %+v", a)
		}
		r, _ := turns.Next(t)
		if r.Outcome != contract.TurnDone || r.TurnID != f.MessageID || r.SpeechStart == nil || r.FirstAudio == nil {
			t.Errorf("record %+v", r)
		}
	}, startEverything(t, "What is 17 times 23?")...)
}

// sineTone is n samples of a loud 300 Hz, the i-th chunk of it.
func sineTone(n, i int) []byte {
	out := make([]byte, 0, 2*n)
	for k := range n {
		s := int16(9000 * math.Sin(2*math.Pi*300*float64(i*n+k)/16000))
		out = append(out, byte(s), byte(s>>8))
	}
	return out
}

// TestStopInMidAnswer ends tars up while an answer is written and spoken.
func TestStopInMidAnswer(t *testing.T) {
	t.Parallel()
	s := up(t, append(scripted(t), "MQTT_DRAIN=2s")...)
	h := newHearing()
	bus := s.bus(t, h.handlers()...)
	utt := "mid"
	ctx := kit.WithBaggage(kit.WithBaggage(t.Context(), "room", "web-journey"), "typed", "1")
	if err := bus.Publish(ctx, contract.FinalTranscript{Text: engine.Long, UttID: &utt}); err != nil {
		t.Fatal(err)
	}
	within(t, "audio", h.audio)
	code, took := interrupt(t, s.cmd)
	if code != 0 || took > 6*time.Second {
		t.Errorf("Ctrl-C in mid-answer: exit code %d after %s, want 0 within 6s", code, took)
	}
	t.Logf("Ctrl-C in mid-answer took %s", took.Round(time.Millisecond))
}

// TestAskIsCancelled presses Ctrl-C while tars ask prints an endless answer.
func TestAskIsCancelled(t *testing.T) {
	t.Parallel()
	s := up(t, scripted(t)...)
	cancels, stops := make(chan contract.LLMCancel, 8), make(chan contract.TtsControl, 8)
	s.bus(t, kit.On(into(cancels), kit.Name("cancels")), kit.On(into(stops), kit.Name("stops")))
	ask, out := s.start(t, "ask", engine.Long)
	s.await(t, "the answer begins", func() bool { return strings.Contains(out.String(), "and on it went") })
	if code, took := interrupt(t, ask); code != 0 || took > 3*time.Second {
		t.Errorf("tars ask ended with %d after %s", code, took)
	}
	c, stop := within(t, "cancel", cancels), within(t, "stop", stops)
	if stop.Action != contract.TtsStop || stop.ID == nil || *stop.ID != c.ID {
		t.Errorf("cancelled %+v and stopped %+v", c, stop)
	}
}

// TestSecondSignalStopsAtOnce presses Ctrl-C twice in mid-answer.
func TestSecondSignalStopsAtOnce(t *testing.T) {
	t.Parallel()
	s := up(t, scripted(t)...)
	h := newHearing()
	bus := s.bus(t, h.handlers()...)
	ctx := kit.WithBaggage(t.Context(), "typed", "1")
	if err := bus.Publish(ctx, contract.FinalTranscript{Text: engine.Long}); err != nil {
		t.Fatal(err)
	}
	within(t, "delta", h.deltas)
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // as a person does
	if _, took := interrupt(t, s.cmd); took > time.Second {
		t.Errorf("the second Ctrl-C took %s", took)
	}
}
