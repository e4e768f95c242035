package wyoming_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gotars/tars/engines/wyoming"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

// peer is the server's end of one connection.
type peer struct {
	net.Conn
	r *bufio.Reader
}

func (p peer) read() (wyoming.Event, error) { return wyoming.Read(p.r) }

// until reads events up to one of typ.
func (p peer) until(typ string) (all []wyoming.Event) {
	for {
		e, err := p.read()
		if err != nil {
			return all
		}
		if all = append(all, e); e.Type == typ {
			return all
		}
	}
}

func (p peer) write(s string) { _, _ = io.WriteString(p, s) }

// server talks to each connection in turn.
func server(t *testing.T, talk func(peer)) *wyoming.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			talk(peer{c, bufio.NewReader(c)})
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-over })
	c, err := wyoming.NewClient("tcp://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var mono = wyoming.Format{Rate: 16000, Width: 2, Channels: 1}

func TestTranscribeSendsTheSpeechAndReadsTheText(t *testing.T) {
	tests := map[string]struct {
		answer string
		want   wyoming.Text
	}{
		"a transcript": {`{"type":"transcript","data":{"text":"hello","language":"en"}}` + "\n", wyoming.Text{Text: "hello", Language: "en"}},
		"one in pieces, and whole": {`{"type":"transcript-start"}` + "\n" + `{"type":"transcript-chunk","data":{"text":"hel"}}` + "\n" +
			`{"type":"transcript","data":{"text":"hello"}}` + "\n" + `{"type":"transcript-stop"}` + "\n", wyoming.Text{Text: "hello"}},
		"one only in pieces": {`{"type":"transcript-start","data":{"language":"en"}}` + "\n" + `{"type":"transcript-chunk","data":{"text":"hel"}}` + "\n" +
			`{"type":"transcript-chunk","data":{"text":"lo"}}` + "\n" + `{"type":"transcript-stop"}` + "\n", wyoming.Text{Text: "hello", Language: "en"}},
		"one whose pieces all tell the language": {`{"type":"transcript-start","data":{"language":"en"}}` + "\n" + `{"type":"transcript-chunk","data":{"text":"hel","language":"en"}}` + "\n" +
			`{"type":"transcript-chunk","data":{"text":"lo"}}` + "\n" + `{"type":"transcript-stop"}` + "\n", wyoming.Text{Text: "hello", Language: "en"}},
		"after a ping and an event nobody knows": {`{"type":"ping","data":{"text":"x"}}` + "\n" + `{"type":"news","payload_length":2}` + "\nab" +
			`{"type":"transcript","data":{"text":"hello"}}` + "\n", wyoming.Text{Text: "hello"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			asked := make(chan []wyoming.Event, 1)
			c := server(t, func(p peer) {
				all := p.until("audio-stop")
				p.write(tt.answer)
				asked <- all
			})
			pcm := bytes.Repeat([]byte{1, 2, 3, 4}, 5000)
			got, err := c.Transcribe(t.Context(), wyoming.Speech{Format: mono, PCM: pcm, Language: "en", Model: "tiny"})
			if err != nil || got != tt.want {
				t.Errorf("understood %+v, %v", got, err)
			}
			var heard []byte
			var types []string
			for _, e := range <-asked {
				heard = append(heard, e.Payload...)
				types = append(types, e.Type)
			}
			if !bytes.Equal(heard, pcm) || !slices.Equal(slices.Compact(types), []string{"transcribe", "audio-start", "audio-chunk", "audio-stop"}) {
				t.Errorf("sent %q with %d bytes of audio", types, len(heard))
			}
		})
	}
}

func TestSynthesizeYieldsAudioAsItComes(t *testing.T) {
	const chunk = `{"type":"audio-chunk","data":{"rate":22050,"width":2,"channels":1},"payload_length":4}` + "\nabcd"
	tests := map[string]struct {
		stream       bool
		first, rest  string
		asks, voices string
	}{
		"a sentence": {false, `{"type":"audio-start"}` + "\n" + chunk, chunk + `{"type":"audio-stop"}` + "\n", "synthesize", `{"text":"Hi.","voice":{"name":"joe"}}`},
		"a stream of two": {true, `{"type":"audio-start"}` + "\n" + chunk + `{"type":"audio-stop"}` + "\n", `{"type":"audio-start"}` + "\n" + chunk + `{"type":"audio-stop"}` + "\n" + `{"type":"synthesize-stopped"}` + "\n",
			"synthesize-start synthesize-chunk synthesize synthesize-stop", `{"voice":{"name":"joe"}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			asked, heard := make(chan []wyoming.Event, 1), make(chan bool)
			c := server(t, func(p peer) {
				last := strings.Fields(tt.asks)
				asked <- p.until(last[len(last)-1])
				p.write(tt.first)
				<-heard // the rest comes only when the first was handed on
				p.write(tt.rest)
			})
			var all []byte
			for a, err := range c.Synthesize(t.Context(), wyoming.Line{Text: "Hi.", Voice: "joe", Stream: tt.stream}) {
				if err != nil {
					t.Fatal(err)
				}
				if len(all) == 0 {
					close(heard)
				}
				if all = append(all, a.PCM...); a.Rate != 22050 {
					t.Errorf("the rate is %d", a.Rate)
				}
			}
			if string(all) != "abcdabcd" {
				t.Errorf("heard %q", all)
			}
			var types []string
			events := <-asked
			for _, e := range events {
				types = append(types, e.Type)
			}
			if strings.Join(types, " ") != tt.asks || string(events[0].Data) != tt.voices {
				t.Errorf("asked %q with %s", types, events[0].Data)
			}
		})
	}
}

func TestDescribeTellsWhatAServerOffers(t *testing.T) {
	c := server(t, func(p peer) {
		p.until("describe")
		p.write(`{"type":"info","data":{"tts":[{"name":"piper","supports_synthesize_streaming":true,"voices":[{"name":"joe","installed":true,"languages":["en"]}]}],"satellite":null}}` + "\n")
	})
	a, err := c.Describe(t.Context())
	if err != nil || len(a.TTS) != 1 || !a.TTS[0].StreamsText || a.TTS[0].Voices[0].Name != "joe" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestDetectHearsWords(t *testing.T) {
	c := server(t, func(p peer) {
		all := p.until("audio-chunk")
		if len(all[len(all)-1].Payload) == 0 {
			return
		}
		p.write(`{"type":"detection","data":{"name":"hey_jarvis_v0.1","timestamp":1}}` + "\n")
		if string(all[0].Data) == `{"names":["hey_jarvis"]}` {
			p.write(`{"type":"detection","data":{"name":"again"}}` + "\n")
		}
	})
	d, err := c.Detect(t.Context(), mono, []string{"hey_jarvis"})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, samples := range []int{0, 1280} { // nothing is sent of the first: the server would count it
		if err := d.Hear(make([]byte, 2*samples)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"hey_jarvis_v0.1", "again"} {
		if h, err := d.Next(); err != nil || h.Name != want {
			t.Errorf("heard %+v, %v, want %s", h, err, want)
		}
	}
	if _, err := d.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestWhatServersDoWrong(t *testing.T) {
	tests := map[string]struct {
		talk func(peer)
		want string
	}{
		"an error event": {func(p peer) {
			p.until("audio-stop")
			p.write(`{"type":"error","data":{"text":"no model","code":"X"}}` + "\n")
		}, "the server says: no model (X)"},
		"an error, then no ear": {func(p peer) { p.read(); p.write(`{"type":"error","data":{"text":"busy"}}` + "\n") }, ""},
		"no answer":             {func(p peer) { p.until("audio-stop") }, "unexpected EOF"},
		"an answer cut off":     {func(p peer) { p.until("audio-stop"); p.write(`{"type":"transcript","data_length":50}` + "\n{") }, "unexpected EOF"},
		"a text without end": {func(p peer) {
			p.until("audio-stop")
			piece := `{"type":"transcript-chunk","data":{"text":"` + strings.Repeat("la", 1<<17) + `"}}` + "\n"
			for range 17 { // of 256 KiB
				p.write(piece)
			}
			p.write(`{"type":"transcript-stop"}` + "\n")
		}, "transcript in pieces: event too large"},
		"another protocol": {func(p peer) { p.until("audio-stop"); p.write("HTTP/1.1 400 Bad Request\r\n\r\n") }, "header of an event"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := server(t, tt.talk)
			_, err := c.Transcribe(t.Context(), wyoming.Speech{Format: mono, PCM: make([]byte, 100_000)})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestACancelClosesTheConnection(t *testing.T) {
	gone := make(chan error, 1)
	asked := make(chan bool, 1)
	c := server(t, func(p peer) {
		p.until("audio-stop")
		asked <- true
		_, err := p.read()
		gone <- err
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the user spoke again")
	go func() { <-asked; cancel(why) }()
	_, err := c.Transcribe(ctx, wyoming.Speech{Format: mono, PCM: make([]byte, 1000)})
	if err != why {
		t.Errorf("error %v, want the cause", err)
	}
	select {
	case err := <-gone:
		if err == nil {
			t.Error("the server read something")
		}
	case <-time.After(patience):
		t.Error("the server does not see that nobody waits")
	}
}

func TestAServerThatDoesNotListenHoldsNobody(t *testing.T) {
	let := make(chan bool)
	c := server(t, func(peer) { <-let })
	defer close(let)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.Transcribe(ctx, wyoming.Speech{Format: mono, PCM: make([]byte, 50<<20)}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for _, bad := range []string{"", "127.0.0.1:10300", "http://127.0.0.1:10300", "tcp://127.0.0.1", "tcp://:1", "unix:///x"} {
		if _, err := wyoming.NewClient(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	c, err := wyoming.NewClient("tcp://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	var dial *wyoming.DialError
	if _, err := c.Describe(t.Context()); !errors.As(err, &dial) || err.Error() != "no server at 127.0.0.1:1: connect: connection refused" {
		t.Errorf("error %v", err)
	}
}
