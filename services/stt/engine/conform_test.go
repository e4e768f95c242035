package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/engines/wyoming"
	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/speech/wer"
	"github.com/gotars/tars/test/need"
	"github.com/gotars/tars/test/sound"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

func clips(t testing.TB) []sound.Clip { return sound.Clips(t, "../testdata/speech") }

// How a scripted server answers a question that it has read.
const (
	says    = "says"    // the text
	nothing = "nothing" // an empty text
	fails   = "fails"   // an error of the protocol
	hangs   = "hangs"   // not until the client is gone
	cut     = "cut"     // half an answer
	garbage = "garbage" // an answer in no form that is known
	hangsUp = "hangs up"
	resets  = "resets the connection"
)

// script is a server of each protocol that does as it says.
type script struct{ *enginetest.Script }

func play(acts ...string) *script { return &script{enginetest.Play(acts...)} }

const text = "Turn on the light."

// dialects are the protocols, each with a server that plays s.
var dialects = map[string]func(t testing.TB, s *script) engine.Config{
	"openai": func(t testing.TB, s *script) engine.Config {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			s.answerHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		t.Cleanup(http.DefaultClient.CloseIdleConnections)
		return engine.Config{Engine: "openai", OpenAIURL: server.URL + "/v1", OpenAIModel: "m"}
	},
	"wyoming": func(t testing.TB, s *script) engine.Config {
		return engine.Config{Engine: "wyoming", WyomingURI: enginetest.ServeTCP(t, s.answerWyoming)}
	},
}

func (s *script) answerHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch s.Next("") {
	case says:
		fmt.Fprintf(w, `{"text":%q}`, text)
	case nothing:
		fmt.Fprint(w, `{"text":""}`)
	case fails:
		w.Header().Set("X-Should-Retry", "false")
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"error":{"message":"no model"}}`)
	case hangs:
		<-r.Context().Done()
		s.Gone <- struct{}{}
	case cut:
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, `{"text":`)
	case garbage:
		fmt.Fprint(w, "<html>")
	case hangsUp:
		panic(http.ErrAbortHandler)
	case resets:
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}
	}
}

func (s *script) answerWyoming(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		e, err := wyoming.Read(r)
		if err != nil {
			return
		}
		if e.Type == wyoming.AudioStop {
			break
		}
	}
	switch s.Next("") {
	case says:
		fmt.Fprintf(c, `{"type":"transcript","data":{"text":%q}}`+"\n", text)
	case nothing:
		fmt.Fprintln(c, `{"type":"transcript","data":{"text":""}}`)
	case fails:
		fmt.Fprintln(c, `{"type":"error","data":{"text":"no model"}}`)
	case hangs:
		_, _ = r.ReadByte()
		s.Gone <- struct{}{}
	case cut:
		fmt.Fprint(c, `{"type":"transcript","data_length":100}`+"\n"+`{"text":`)
	case garbage:
		fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
	case resets:
		_ = c.(*net.TCPConn).SetLinger(0)
	}
}

// conform runs f with an engine of each dialect whose server plays acts.
func conform(t *testing.T, timeout time.Duration, f func(t *testing.T, e engine.Transcriber, s *script), acts ...string) {
	for name, serve := range dialects {
		t.Run(name, func(t *testing.T) {
			s := play(acts...)
			c := serve(t, s)
			c.Timeout, c.Lang = timeout, "en"
			e, err := engine.New(c, "")
			if err != nil {
				t.Fatal(err)
			}
			f(t, e, s)
		})
	}
}

func TestConformAnswers(t *testing.T) {
	for act, want := range map[string]string{says: text, nothing: ""} {
		conform(t, enginetest.Patience, func(t *testing.T, e engine.Transcriber, _ *script) {
			if r, err := e.Transcribe(t.Context(), engine.Request{Audio: second}); err != nil || r.Text != want {
				t.Errorf("%s: understood %+v, %v", act, r, err)
			}
		}, act)
	}
}

func TestConformFailures(t *testing.T) {
	for act, want := range map[string]string{fails: "no model", cut: "", garbage: "", hangsUp: ""} {
		conform(t, enginetest.Patience, func(t *testing.T, e engine.Transcriber, _ *script) {
			_, err := e.Transcribe(t.Context(), engine.Request{Audio: second})
			if err == nil || !strings.HasPrefix(err.Error(), "transcribe at ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: error %v", act, err)
			}
		}, act)
	}
}

func TestConformDeadline(t *testing.T) {
	conform(t, time.Second, func(t *testing.T, e engine.Transcriber, s *script) {
		if _, err := e.Transcribe(t.Context(), engine.Request{Audio: second}); err == nil || !strings.HasSuffix(err.Error(), "no answer within 1s") {
			t.Errorf("error %v", err)
		}
		s.Left(t)
	}, hangs)
}

func TestConformCancel(t *testing.T) {
	conform(t, enginetest.Patience, func(t *testing.T, e engine.Transcriber, s *script) {
		enginetest.Cancels(t, s.Script, context.Canceled, func(ctx context.Context) error {
			_, err := e.Transcribe(ctx, engine.Request{Audio: second})
			return err
		})
		s.Acts = []string{says}
		if r, err := e.Transcribe(t.Context(), engine.Request{Audio: second}); err != nil || r.Text != text {
			t.Errorf("after it: %+v, %v", r, err)
		}
	}, hangs)
}

func TestConformASecondTry(t *testing.T) {
	for _, act := range []string{hangsUp, resets} {
		conform(t, enginetest.Patience, func(t *testing.T, e engine.Transcriber, s *script) {
			if r, err := e.Transcribe(t.Context(), engine.Request{Audio: second}); err != nil || r.Text != text || s.Calls.Load() != 2 {
				t.Errorf("%s: understood %+v, %v after %d calls", act, r, err, s.Calls.Load())
			}
		}, act, says)
	}
}

func TestConformLeavesAFailingServerAlone(t *testing.T) {
	conform(t, enginetest.Patience, func(t *testing.T, e engine.Transcriber, s *script) {
		enginetest.LeavesAlone(t, s.Script, "no model", func(ctx context.Context) error {
			_, err := e.Transcribe(ctx, engine.Request{Audio: second})
			return err
		})
	}, fails)
}

// TestRecognisersUnderstandPeople takes the time of real engines.
func TestRecognisersUnderstandPeople_RealEngines(t *testing.T) {
	for kind, variable := range map[string]string{"openai": "STT_OPENAI_URL", "wyoming": "STT_WYOMING_URI"} {
		t.Run(kind, func(t *testing.T) {
			need.Engines(t, variable)
			e, err := engine.New(engine.Config{
				Engine: kind, OpenAIURL: os.Getenv("STT_OPENAI_URL"), OpenAIModel: os.Getenv("STT_OPENAI_MODEL"),
				WyomingURI: os.Getenv("STT_WYOMING_URI"), Lang: "en", Timeout: 2 * time.Minute,
			}, "")
			if err != nil {
				t.Fatal(err)
			}
			var errs wer.Errors
			for _, c := range clips(t) {
				r, err := e.Transcribe(t.Context(), engine.Request{Audio: c.Audio})
				if err != nil {
					t.Fatal(err)
				}
				errs = errs.Add(wer.Of(c.Text, r.Text))
				t.Logf("%q was heard as %q", c.Text, r.Text)
			}
			if t.Logf("word errors %.1f %%", 100*errs.Rate()); errs.Rate() > 0.1 {
				t.Errorf("word error rate %.3f, want at most 0.1", errs.Rate())
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if _, err := e.Transcribe(ctx, engine.Request{Audio: clips(t)[0].Audio}); err == nil {
				t.Error("it does not end with its context")
			}
		})
	}
}

// An utterance that a server refuses says nothing about the next one.
func TestWhatAServerRefusesIsNotItsFault(t *testing.T) {
	for _, status := range []int{400, 413, 422} {
		calls := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			if calls++; calls <= 10 {
				w.WriteHeader(status)
				return
			}
			fmt.Fprintf(w, `{"text":%q}`, text)
		}))
		t.Cleanup(s.Close)
		e, err := engine.New(engine.Config{Engine: "openai", OpenAIURL: s.URL + "/v1", Timeout: enginetest.Patience}, "")
		if err != nil {
			t.Fatal(err)
		}
		for range 5 { // asked twice each
			_, _ = e.Transcribe(t.Context(), engine.Request{Audio: second})
		}
		if _, err := e.Transcribe(t.Context(), engine.Request{Audio: second}); err != nil {
			t.Errorf("%d: %v", status, err)
		}
	}
}
