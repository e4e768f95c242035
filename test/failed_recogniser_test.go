package test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/router"
	"github.com/gotars/tars/services/stt"
	sttengine "github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/services/tts"
	ttsengine "github.com/gotars/tars/services/tts/engine"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// deaf is a recogniser that fails after a time, as adapters do when a server hangs.
type deaf struct{ after time.Duration }

func (d deaf) Transcribe(ctx context.Context, _ sttengine.Request) (sttengine.Result, error) {
	select {
	case <-time.After(d.after):
		return sttengine.Result{}, errors.New("no answer within 30s")
	case <-ctx.Done():
		return sttengine.Result{}, context.Cause(ctx)
	}
}

// speakInto has somebody speak for a second in a room, between silences.
func speakInto(t *testing.T, b *kittest.Harness, room string, seq *int) {
	t.Helper()
	for i := range 60 {
		pcm := make([]byte, 1280)
		if i > 12 && i < 40 {
			pcm = sineTone(640, i)
		}
		b.Publish(t, contract.MicAudio{Source: room, Seq: *seq, PCM: pcm})
		*seq++
		time.Sleep(40 * time.Millisecond)
	}
}

// shownFrames reads what a page is shown, until the test ends.
func shownFrames(t *testing.T, b *kittest.Harness, id string) <-chan string {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), "ws://127.0.0.1:8080/ws?id="+id,
		&websocket.DialOptions{HTTPClient: b.HTTP("ui-web"), HTTPHeader: http.Header{"Origin": {"http://127.0.0.1:8080"}}})
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(1 << 20)
	frames := make(chan string, 4096)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			kind, data, err := c.Read(context.WithoutCancel(t.Context()))
			if err != nil {
				return
			}
			if kind == websocket.MessageText {
				frames <- string(data)
			}
		}
	}()
	t.Cleanup(func() { _ = c.CloseNow(); <-done })
	return frames
}

// droppedFrames are the frames that say that something was not understood, as "room: reason: why".
func droppedFrames(t *testing.T, frames <-chan string) (all []string) {
	t.Helper()
	for {
		select {
		case text := <-frames:
			var f struct {
				Topic, Room string
				Payload     struct{ Data contract.SpeechDropped }
			}
			if err := json.Unmarshal([]byte(text), &f); err != nil {
				t.Fatal(err)
			}
			if f.Topic != "stt/dropped" {
				continue
			}
			why := ""
			if f.Payload.Data.Err != nil {
				why = *f.Payload.Data.Err
			}
			all = append(all, f.Room+": "+f.Payload.Data.Reason+": "+why)
		default:
			return all
		}
	}
}

// TestARecogniserThatFailsIsToldToWhoWaits speaks to a stack whose recogniser fails at
// once or hangs: the page shows it, and the voice says so to somebody who waits for an answer.
func TestARecogniserThatFailsIsToldToWhoWaits(t *testing.T) {
	const sorry = "Sorry, I did not get that."
	tests := map[string]struct {
		after    time.Duration // the recogniser fails
		settings string
		before   func(*testing.T, *kittest.Harness) // what happens before somebody speaks
		spoken   bool
	}{
		"one that fails at once":           {after: 0, spoken: true},
		"one that hangs":                   {after: 30 * time.Second, spoken: true},
		"without a wake word nobody waits": {after: 0, settings: "ROUTER_LIVE_MODE_DEFAULT=no"},
		"after a wake word":                {after: 0, settings: "ROUTER_LIVE_MODE_DEFAULT=no", before: wakeHall, spoken: true},
		"after a wake word, and it hangs for longer than that holds": {after: 30 * time.Second, settings: "ROUTER_LIVE_MODE_DEFAULT=no", before: wakeHall, spoken: true},
		"long after a wake word": {after: 0, settings: "ROUTER_LIVE_MODE_DEFAULT=no", before: func(t *testing.T, b *kittest.Harness) {
			wakeHall(t, b)
			time.Sleep(time.Minute)
		}},
		"after an answer, which may be followed up": {after: 0, settings: "ROUTER_LIVE_MODE_DEFAULT=no", before: func(t *testing.T, b *kittest.Harness) {
			ctx := kit.WithBaggage(kit.WithBaggage(t.Context(), "room", "web-hall"), "typed", "1")
			if err := b.Bus.Publish(ctx, contract.FinalTranscript{Text: "what time is it"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second) // the answer is over for a moment
		}, spoken: true},
	}
	for name, tt := range tests {
		t.Setenv("ROUTER_WAKE_ACK_ENABLED", "no")
		t.Setenv("TTS_ENGINE", "none")
		t.Setenv("STT_ENGINE", "none")
		t.Setenv("ROUTER_LIVE_MODE_DEFAULT", "yes")
		if k, v, ok := strings.Cut(tt.settings, "="); ok {
			t.Setenv(k, v)
		}
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			said, audio := kittest.Watch[contract.TtsSay](b), kittest.Watch[contract.SpeakerAudio](b)
			frames := shownFrames(t, b, "hall")
			if tt.before != nil {
				tt.before(t, b)
				b.Settle()
				said.All()
				audio.All()
			}
			seq := 0
			speakInto(t, b, "web-hall", &seq)
			time.Sleep(tt.after + 10*time.Second)
			b.Settle()
			if got := droppedFrames(t, frames); len(got) != 1 || got[0] != "web-hall: failed: no answer within 30s" {
				t.Errorf("the page was shown %q", got)
			}
			lines := said.All()
			if !tt.spoken {
				if len(lines) > 0 {
					t.Errorf("said %+v to nobody", lines)
				}
				return
			}
			if len(lines) != 1 || lines[0].Text != sorry {
				t.Fatalf("said %+v, want %q", lines, sorry)
			}
			heard := audio.All()
			if len(heard) == 0 || heard[0].Sink != "web-hall" || heard[0].Say != lines[0].MessageID {
				t.Errorf("%d pieces of audio were heard", len(heard))
			}
			// The page shows each time, and the voice does not repeat itself at once.
			speakInto(t, b, "web-hall", &seq)
			time.Sleep(tt.after + time.Second)
			b.Settle()
			if got := droppedFrames(t, frames); len(got) != 1 {
				t.Errorf("the page was shown %q the second time", got)
			}
			if again := said.All(); tt.after == 0 && len(again) > 0 {
				t.Errorf("said %+v again at once", again)
			}
		}, router.Module, uiweb.Module,
			tts.Module.With(fx.Replace(fx.Annotate(speaks{}, fx.As(new(ttsengine.Synthesizer))))),
			stt.Module.With(fx.Replace(fx.Annotate(deaf{tt.after}, fx.As(new(sttengine.Transcriber))))))
	}
}

// wakeHall has the wake word be heard in the hall.
func wakeHall(t *testing.T, b *kittest.Harness) {
	t.Helper()
	if err := b.Bus.Publish(kit.WithBaggage(t.Context(), "room", "web-hall"), contract.WakeEvent{Type: contract.WakeEventWake, Cause: new("wake_phrase")}); err != nil {
		t.Fatal(err)
	}
}
