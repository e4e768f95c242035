package stt_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/engines/wyoming"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/test/need"
)

// sentry is a wake word server. Audio that begins with W holds the phrase, and
// audio that begins with X breaks the connection.
func sentry(t *testing.T, heard chan<- string) (uri string) {
	return enginetest.ServeTCP(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for detects := false; ; {
			e, err := wyoming.Read(r)
			if err != nil {
				heard <- "gone"
				return
			}
			switch {
			case e.Type == wyoming.Describe:
				fmt.Fprintln(c, `{"type":"info","data":{"wake":[{"name":"x"}]}}`)
				if !detects {
					return
				}
			case e.Type == wyoming.Detect:
				detects = true
				heard <- string(e.Data)
			case e.Type == wyoming.AudioChunk && len(e.Payload) == 0:
				heard <- "an empty chunk"
			case bytes.HasPrefix(e.Payload, []byte("W")): // twice, as servers do
				fmt.Fprintln(c, `{"type":"detection","data":{"name":"hey_jarvis_v0.1"}}`+"\n"+`{"type":"detection","data":{"name":"hey_jarvis_v0.1"}}`)
			case bytes.HasPrefix(e.Payload, []byte("X")):
				return
			case bytes.HasPrefix(e.Payload, []byte("M")):
				heard <- "muted audio"
			}
		}
	})
}

func audio(mark string) []byte { return append([]byte(mark), make([]byte, 1279)...) }

// TestWakeWords takes the time of a lost connection.
func TestWakeWordsWakeTheirRoom_RealTime(t *testing.T) {
	heard := make(chan string, 100)
	uri := sentry(t, heard)
	b := kittest.Start(t, stt.Module.With(fx.Replace(fx.Annotate(&reader{}, fx.As(new(engine.Transcriber)))), fx.Decorate(func(c stt.Config) stt.Config {
		c.WakeURI, c.WakeWords = uri, []string{"hey_jarvis"}
		return c
	})))
	events := kittest.Watch[contract.WakeEvent](b)
	seq := 0
	say := func(room, mark string) {
		b.Publish(t, contract.MicAudio{Source: room, Seq: seq, PCM: audio(mark)})
		seq++
	}
	wakes := func(room string) {
		t.Helper()
		e, d := events.Next(t)
		if e.Type != contract.WakeEventWake || e.Cause == nil || *e.Cause != "wake_phrase" || d.Baggage["room"] != room {
			t.Errorf("%s %v in %q, want wake in %q", e.Type, e.Cause, d.Baggage["room"], room)
		}
	}
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-heard:
			if got != want {
				t.Errorf("the server saw %s, want %s", got, want)
			}
		case <-time.After(enginetest.Patience):
			t.Errorf("the server did not see %s", want)
		}
	}
	say("kitchen", "W")
	expect(`{"names":["hey_jarvis"]}`)
	wakes("kitchen")
	b.Publish(t, contract.MicAudio{Source: "kitchen", Seq: seq})
	seq++
	say("office", "W")
	expect(`{"names":["hey_jarvis"]}`)
	wakes("office")

	say("kitchen", "X")
	for alive := false; !alive; { // what is said while the server is away is lost
		say("kitchen", "W")
		select {
		case got := <-heard:
			alive = got == `{"names":["hey_jarvis"]}`
		case <-time.After(50 * ms):
		}
	}
	say("kitchen", "W")
	wakes("kitchen")

	b.Publish(t, contract.WakeMicCommand{Action: contract.MicMute})
	time.Sleep(time.Second) // commands and audio come on two lanes
	say("kitchen", "M")
	say("office", "M")
	time.Sleep(time.Second) // so that both are heard before the next command
	b.Publish(t, contract.WakeMicCommand{Action: contract.MicUnmute})
	time.Sleep(time.Second)
	say("office", "X")
	expect(`{"names":["hey_jarvis"]}`) // of the office, again: nothing muted came before

	ctx := kit.WithBaggage(t.Context(), "room", "kitchen")
	if err := b.Bus.Publish(ctx, contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: "You wake me with: Hey Jarvis.", UttID: new("u1")}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // so that it is known before the phrase is heard
	say("kitchen", "W")
	time.Sleep(time.Second)
	say("office", "W")
	wakes("office") // alone: the assistant does not wake itself
}

func TestAWakeWordServerThatIsAway(t *testing.T) {
	away := stt.Module.With(fx.Replace(fx.Annotate(&reader{}, fx.As(new(engine.Transcriber)))), fx.Decorate(func(c stt.Config) stt.Config {
		c.WakeURI = "tcp://127.0.0.1:1"
		return c
	}))
	b := kittest.Start(t, away)
	health := kittest.Watch[contract.HealthPing](b)
	b.Publish(t, contract.MicAudio{Source: "kitchen", PCM: audio(" ")})
	for {
		if h, _ := health.Next(t); !h.OK {
			if h.Err == nil || !strings.Contains(*h.Err, "wake words at 127.0.0.1:1: no server at 127.0.0.1:1") {
				t.Errorf("health %v", h.Err)
			}
			return
		}
	}
}

// TestAWakeWordServerThatStopsReading takes the time after which a server is
// given up.
func TestAWakeWordServerThatStopsReading_RealTime(t *testing.T) {
	over, again := make(chan bool), make(chan bool, 10)
	defer close(over)
	uri := enginetest.ServeTCP(t, func(c net.Conn) {
		again <- true
		_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
		<-over
	})
	b := kittest.Start(t, stt.Module.With(fx.Replace(fx.Annotate(&reader{}, fx.As(new(engine.Transcriber)))), fx.Decorate(func(c stt.Config) stt.Config {
		c.WakeURI = uri
		return c
	})))
	end := time.Now().Add(time.Minute)
	for seq := 0; len(again) < 2; seq++ {
		if time.Now().After(end) {
			t.Fatal("the server is not given up")
		}
		b.Publish(t, contract.MicAudio{Source: "kitchen", Seq: seq, PCM: make([]byte, 8<<10)})
		time.Sleep(ms)
	}
}

// spoken is what the voice at TTS_WYOMING_URI makes of text, at the rate of
// microphones.
func spoken(t *testing.T, text string) (out []byte) {
	t.Helper()
	c, err := wyoming.NewClient(os.Getenv("TTS_WYOMING_URI"))
	if err != nil {
		t.Fatal(err)
	}
	var in []byte
	rate := 0
	for a, err := range c.Synthesize(t.Context(), wyoming.Line{Text: text}) {
		if err != nil {
			t.Fatal(err)
		}
		in, rate = append(in, a.PCM...), a.Rate
	}
	for i := 0; i*rate/pcm.Rate < len(in)/2; i++ {
		at := 2 * (i * rate / pcm.Rate)
		out = append(out, in[at], in[at+1])
	}
	return out
}

// TestAWakeWordIsHeard has a voice say the phrase to a real server, and another
// sentence before it.
func TestAWakeWordIsHeard_RealEngines(t *testing.T) {
	need.Engines(t, "WAKE_WYOMING_URI", "TTS_WYOMING_URI")
	b := kittest.Start(t, stt.Module.With(fx.Replace(fx.Annotate(&reader{}, fx.As(new(engine.Transcriber)))), fx.Decorate(func(c stt.Config) stt.Config {
		c.WakeURI, c.WakeWords = os.Getenv("WAKE_WYOMING_URI"), []string{"hey_jarvis"}
		return c
	})))
	events := kittest.Watch[contract.WakeEvent](b)
	quiet := make([]byte, 2*pcm.Rate)
	sound := append(append(append(quiet, spoken(t, "The kitchen light is on.")...), quiet...), spoken(t, "Hey Jarvis!")...)
	phrase := len(sound)
	sound = append(append(sound, quiet...), append(quiet, quiet...)...)
	const chunk = 2560 // 80 ms
	begun := time.Now()
	for seq := 0; len(sound) >= chunk; seq++ {
		b.Publish(t, contract.MicAudio{Source: "kitchen", Seq: seq, PCM: sound[:chunk]})
		sound = sound[chunk:]
		time.Sleep(40 * ms) // the server takes some times the speed of speech
	}
	t.Logf("the phrase ends after %v of audio, all was sent in %v", pcm.Audio(make([]byte, phrase)).Duration(), time.Since(begun))
	for {
		e, d := events.Next(t)
		if e.Type != contract.WakeEventWake {
			continue // edges of speech
		}
		if d.Baggage["room"] != "kitchen" || e.Cause == nil || *e.Cause != "wake_phrase" {
			t.Errorf("woken in %q by %v", d.Baggage["room"], e.Cause)
		}
		break
	}
	time.Sleep(time.Second)
	for _, e := range events.All() {
		if e.Type == contract.WakeEventWake {
			t.Error("it was woken twice")
		}
	}
}
