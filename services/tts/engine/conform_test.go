package engine_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/engines/wyoming"
	"github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/test/sound"
)

const ms = time.Millisecond

func TestMain(m *testing.M) { enginetest.Main(m) }

// ramp is d of audio of which no two samples are alike.
func ramp(d time.Duration, rate int) engine.Chunk {
	return engine.Chunk{Rate: rate, PCM: sound.Ramp(d, rate)}
}

// How a scripted server answers a line that it has read.
const (
	says    = "says"   // spoken, in two pieces
	nothing = "silent" // no audio
	fails   = "fails"  // an error of the protocol
	refuses = "refuses this line"
	tooLong = "finds this line too long"
	hangs   = "hangs"  // not until the client is gone
	stalls  = "stalls" // one piece, then as hangs
	cut     = "cut"    // one piece, then the connection ends
	garbage = "garbage"
	hangsUp = "hangs up"
	resets  = "resets the connection"
	endless = "never ends"
)

// script is a server of each protocol that does as it says.
type script struct {
	*enginetest.Script
	rest chan struct{} // when set, holds back the second piece
}

func play(acts ...string) *script { return &script{Script: enginetest.Play(acts...)} }

func (s *script) hold() {
	if s.rest != nil {
		<-s.rest
	}
}

// piece is half of what is said.
var piece = ramp(200*ms, 22050)

// dialects are the protocols, each with a server that plays s.
var dialects = map[string]func(t testing.TB, s *script) engine.Config{
	"openai": func(t testing.TB, s *script) engine.Config {
		return engine.Config{Engine: "openai", OpenAIURL: web(t, s, "/v1/audio/speech", wav(piece, 0xffffffff)) + "/v1", OpenAIModel: "m"}
	},
	"piper": func(t testing.TB, s *script) engine.Config {
		return engine.Config{Engine: "piper", PiperURL: web(t, s, "/synthesize", wav(piece, uint32(2*len(piece.PCM))))}
	},
	"elevenlabs": func(t testing.TB, s *script) engine.Config {
		return engine.Config{Engine: "elevenlabs", ElevenURL: web(t, s, "/v1/text-to-speech/aaaaaaaaaaaaaaaaaaaa/stream", piece.PCM) + "/v1", ElevenKey: "secret", ElevenVoice: "aaaaaaaaaaaaaaaaaaaa"}
	},
	"wyoming": func(t testing.TB, s *script) engine.Config {
		return engine.Config{Engine: "wyoming", WyomingURI: enginetest.ServeTCP(t, s.wyoming)}
	},
}

// web is a server that answers path; first is what comes before the second
// piece.
func web(t testing.TB, s *script, path string, first []byte) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		q, _ := io.ReadAll(r.Body)
		s.http(w, r, string(q), first)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return server.URL
}

func (s *script) http(w http.ResponseWriter, r *http.Request, line string, first []byte) {
	act := s.Next(line)
	if status := map[string]int{fails: 500, refuses: 422, tooLong: 413}[act]; status > 0 {
		w.Header().Set("X-Should-Retry", "false")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, `{"error":{"message":"no voice"},"detail":{"message":"no voice"}}`)
		return
	}
	kind := map[bool]string{true: "audio/wav", false: "audio/pcm"}[bytes.HasPrefix(first, []byte("RIFF"))]
	if act == garbage {
		kind = "text/html"
	}
	w.Header().Set("Content-Type", kind)
	switch act {
	case says, cut, stalls:
		_, _ = w.Write(first)
		w.(http.Flusher).Flush()
	case garbage:
		fmt.Fprint(w, "<html>")
	}
	switch act {
	case says:
		s.hold()
		_, _ = w.Write(piece.PCM)
	case endless:
		_, err := w.Write(first)
		for err == nil {
			_, err = w.Write(piece.PCM)
		}
		s.Gone <- struct{}{}
	case hangs, stalls:
		<-r.Context().Done()
		s.Gone <- struct{}{}
	case cut, hangsUp:
		panic(http.ErrAbortHandler)
	case resets:
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			reset(c)
		}
	}
}

func reset(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

func (s *script) wyoming(c net.Conn) {
	r := bufio.NewReader(c)
	chunk := func() error {
		fmt.Fprintf(c, `{"type":"audio-chunk","data":{"rate":22050,"width":2,"channels":1},"payload_length":%d}`+"\n", len(piece.PCM))
		_, err := c.Write(piece.PCM)
		return err
	}
	for {
		e, err := wyoming.Read(r)
		if err != nil {
			return
		}
		switch e.Type {
		case wyoming.Describe:
			fmt.Fprintln(c, `{"type":"info","data":{"tts":[{"name":"x"}]}}`)
			continue
		case wyoming.Synthesize:
		default:
			continue
		}
		act := s.Next(string(e.Data))
		switch act {
		case fails, refuses:
			fmt.Fprintln(c, `{"type":"error","data":{"text":"no voice"}}`)
		case garbage:
			fmt.Fprint(c, "<html>\n")
		case says, cut, stalls:
			fmt.Fprintln(c, `{"type":"audio-start"}`)
			_ = chunk()
		}
		switch act {
		case says:
			s.hold()
			_ = chunk()
			fallthrough
		case nothing:
			fmt.Fprintln(c, `{"type":"audio-stop"}`)
		case endless:
			for chunk() == nil {
			}
			s.Gone <- struct{}{}
		case hangs, stalls:
			_, _ = r.ReadByte()
			s.Gone <- struct{}{}
		case resets:
			reset(c)
		}
		return
	}
}

// conform runs f with an engine of each dialect whose server plays acts.
func conform(t *testing.T, timeout time.Duration, f func(t *testing.T, e engine.Synthesizer, s *script), acts ...string) {
	for name, serve := range dialects {
		t.Run(name, func(t *testing.T) {
			s := play(acts...)
			c := serve(t, s)
			c.Timeout, c.Speed = timeout, 1
			e, _, err := engine.New(t.Context(), c, engine.Files{})
			if err != nil {
				t.Fatal(err)
			}
			f(t, e, s)
		})
	}
}

var hello = engine.Line{Text: "Hello there."}

func TestConformSpeaks(t *testing.T) {
	conform(t, enginetest.Patience, func(t *testing.T, e engine.Synthesizer, s *script) {
		s.rest = make(chan struct{})
		var all []byte
		for c, err := range e.Synthesize(t.Context(), hello) {
			if err != nil {
				t.Fatal(err)
			}
			if all == nil && !t.Failed() {
				close(s.rest) // the rest is made only when the first was handed on
			}
			if all = append(all, c.PCM...); c.Rate != 22050 {
				t.Errorf("the rate is %d", c.Rate)
			}
		}
		if want := append(bytes.Clone(piece.PCM), piece.PCM...); !bytes.Equal(all, want) {
			t.Errorf("%d bytes of audio, want the %d of both pieces", len(all), len(want))
		}
		if line := <-s.Asked; !strings.Contains(line, `"Hello there."`) {
			t.Errorf("asked for %s", line)
		}
	}, says)
}

func TestConformFailures(t *testing.T) {
	for act, want := range map[string]string{fails: "no voice", refuses: "no voice", nothing: "the server sent no audio", cut: "", garbage: "", hangsUp: ""} {
		conform(t, enginetest.Patience, func(t *testing.T, e engine.Synthesizer, s *script) {
			all, _, err := speak(t.Context(), e, hello)
			if err == nil || !strings.HasPrefix(err.Error(), "speak at ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: error %v", act, err)
			}
			if want := act == cut; want != (len(all.PCM) > 0) || act == cut && s.Calls.Load() != 1 {
				t.Errorf("%s: %d bytes were handed on, in %d calls", act, len(all.PCM), s.Calls.Load())
			}
		}, act)
	}
}

func TestConformDeadline(t *testing.T) {
	for _, act := range []string{hangs, stalls} {
		conform(t, time.Second, func(t *testing.T, e engine.Synthesizer, s *script) {
			if _, _, err := speak(t.Context(), e, hello); err == nil || !strings.HasSuffix(err.Error(), "no audio for 1s") {
				t.Errorf("%s: error %v", act, err)
			}
			s.Left(t)
		}, act)
	}
}

func TestConformCancel(t *testing.T) {
	for _, act := range []string{hangs, stalls} {
		conform(t, enginetest.Patience, func(t *testing.T, e engine.Synthesizer, s *script) {
			enginetest.Cancels(t, s.Script, context.Canceled, func(ctx context.Context) error {
				_, _, err := speak(ctx, e, hello)
				return err
			})
		}, act)
	}
	conform(t, enginetest.Patience, func(t *testing.T, e engine.Synthesizer, s *script) {
		for range e.Synthesize(t.Context(), hello) {
			break // nobody wants more
		}
		s.Left(t)
	}, stalls)
}

func TestConformAnEnd(t *testing.T) {
	conform(t, enginetest.Patience, func(t *testing.T, e engine.Synthesizer, s *script) {
		all, _, err := speak(t.Context(), e, hello)
		if announced := all.Duration() == 400*ms; announced && err == nil { // what follows the file is not read
			s.Left(t)
			return
		}
		if err == nil || !strings.HasSuffix(err.Error(), "more than 5m0s of audio for one sentence") || all.Duration() > 6*time.Minute {
			t.Errorf("%v of audio, error %v", all.Duration(), err)
		}
		s.Left(t)
	}, endless)
}

func TestConformASecondTry(t *testing.T) {
	for _, act := range []string{hangsUp, resets} {
		conform(t, enginetest.Patience, func(t *testing.T, e engine.Synthesizer, s *script) {
			if all, _, err := speak(t.Context(), e, hello); err != nil || len(all.PCM) != 2*len(piece.PCM) || s.Calls.Load() != 2 {
				t.Errorf("%s: %d bytes, %v after %d calls", act, len(all.PCM), err, s.Calls.Load())
			}
		}, act, says)
	}
}

func TestConformLeavesAFailingServerAlone(t *testing.T) {
	conform(t, enginetest.Patience, func(t *testing.T, e engine.Synthesizer, s *script) {
		enginetest.LeavesAlone(t, s.Script, "no voice", func(ctx context.Context) error {
			_, _, err := speak(ctx, e, hello)
			return err
		})
	}, fails)
}

// A line that a server refuses says nothing about the next one.
func TestConformABadLine(t *testing.T) {
	for name, serve := range dialects {
		if name == "wyoming" { // its errors do not tell the one from the other
			continue
		}
		s := play(refuses, refuses, refuses, refuses, tooLong, tooLong, tooLong, says)
		c := serve(t, s)
		c.Timeout, c.Speed = enginetest.Patience, 1
		e, _, err := engine.New(t.Context(), c, engine.Files{})
		if err != nil {
			t.Fatal(err)
		}
		for range 7 {
			_, _, _ = speak(t.Context(), e, hello)
		}
		if _, _, err := speak(t.Context(), e, hello); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
