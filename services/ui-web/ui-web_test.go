package uiweb_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	uiweb "github.com/gotars/tars/services/ui-web"
)

const addr = "127.0.0.1:8080"

func module(cfg uiweb.Config) kit.Module {
	if cfg.Addr == "" {
		cfg.Addr = addr
	}
	return uiweb.Module.With(fx.Replace(cfg))
}

// page is a browser's end of the socket.
type page struct {
	c *websocket.Conn
}

func open(t *testing.T, b *kittest.Harness, id string) *page {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), "ws://"+addr+"/ws?id="+id,
		&websocket.DialOptions{HTTPClient: b.HTTP("ui-web"), HTTPHeader: http.Header{"Origin": {"http://" + addr}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	c.SetReadLimit(1 << 20)
	return &page{c}
}

// message is a text frame as the page reads it.
type message struct {
	Topic   string
	Room    string
	Payload struct {
		Source string
		Data   struct {
			Text  string
			UttID string `json:"utt_id"`
			OK    bool
			Event string
		}
		Raw string
	}
}

func (p *page) next(t *testing.T) (websocket.MessageType, []byte) {
	t.Helper()
	kind, data, err := p.c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return kind, data
}

// until returns the first text frame of a topic.
func (p *page) until(t *testing.T, topic string) (m message) {
	t.Helper()
	for m.Topic != topic {
		kind, data := p.next(t)
		m = message{}
		if kind != websocket.MessageText {
			continue
		}
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
	}
	return m
}

// speech returns the header and the samples of the next binary frame.
func (p *page) speech(t *testing.T) (header map[string]any, pcm []byte) {
	t.Helper()
	for {
		kind, data := p.next(t)
		if kind != websocket.MessageBinary {
			continue
		}
		n := binary.LittleEndian.Uint32(data)
		if err := json.Unmarshal(data[4:4+n], &header); err != nil {
			t.Fatal(err)
		}
		return header, data[4+n:]
	}
}

func (p *page) send(t *testing.T, kind websocket.MessageType, data string) {
	t.Helper()
	if err := p.c.Write(t.Context(), kind, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func TestTyping(t *testing.T) {
	kittest.Run(t, "a typed text is a transcript of the page's room", func(t *testing.T, b *kittest.Harness) {
		heard := kittest.Watch[contract.FinalTranscript](b)
		p, other := open(t, b, "3f2a"), open(t, b, "beef")
		p.send(t, websocket.MessageText, `{"say":"  what time is it?  "}`)
		f, meta := heard.Next(t)
		if f.Text != "what time is it?" || f.MessageID == "" || f.UttID == nil || f.Confidence != nil {
			t.Errorf("published %+v", f)
		}
		if meta.Baggage["room"] != "web-3f2a" || meta.Baggage["typed"] != "1" {
			t.Errorf("baggage is %v", meta.Baggage)
		}
		for _, x := range []*page{p, other} {
			if m := x.until(t, "stt/final"); m.Payload.Data.Text != f.Text || m.Payload.Data.UttID != *f.UttID || m.Room != "web-3f2a" || m.Payload.Source != "ui-web" {
				t.Errorf("a page is told %+v", m)
			}
		}
	}, module(uiweb.Config{}))

	for name, tt := range map[string]struct{ set, browser, want string }{
		"of the contract":                              {"", "", "en"},
		"that is set":                                  {"de", "fr", "de"},
		"that is set in capitals":                      {"DE", "", "de"},
		"that is set to English in a German browser":   {"en", "de", "en"},
		"of the browser where none is set":             {"auto", "de", "de"},
		"of the contract with a browser that has none": {"auto", "", "en"},
		"of the contract with a browser that lies":     {"auto", "deutsch", "en"},
	} {
		kittest.Run(t, "a typed text has the language "+name, func(t *testing.T, b *kittest.Harness) {
			heard := kittest.Watch[contract.FinalTranscript](b)
			open(t, b, "3f2a").send(t, websocket.MessageText, `{"say":"wie spät ist es?","lang":"`+tt.browser+`"}`)
			if f, _ := heard.Next(t); f.Lang != tt.want {
				t.Errorf("language is %q, want %q", f.Lang, tt.want)
			}
		}, module(uiweb.Config{Lang: tt.set}))
	}

	kittest.Run(t, "nothing, too much and nonsense are not published", func(t *testing.T, b *kittest.Harness) {
		heard := kittest.Watch[contract.FinalTranscript](b)
		p := open(t, b, "3f2a")
		for _, text := range []string{`{"say":"  "}`, `{"say":"` + strings.Repeat("a", 4001) + `"}`, `{"say":5}`, `what?`, `{}`} {
			p.send(t, websocket.MessageText, text)
		}
		heard.None(t)
		p.send(t, websocket.MessageText, `{"say":"still there"}`)
		if f, _ := heard.Next(t); f.Text != "still there" {
			t.Errorf("published %q", f.Text)
		}
	}, module(uiweb.Config{}))
}

func TestStop(t *testing.T) {
	kittest.Run(t, "a stop ends the answer and its speech", func(t *testing.T, b *kittest.Harness) {
		cancels, stops := kittest.Watch[contract.LLMCancel](b), kittest.Watch[contract.TtsControl](b)
		p := open(t, b, "3f2a")
		p.send(t, websocket.MessageText, `{"stop":"rt-1"}`)
		if c, meta := cancels.Next(t); c.ID != "rt-1" || meta.Baggage["room"] != "web-3f2a" {
			t.Errorf("cancelled %+v in %v", c, meta.Baggage)
		}
		if c, _ := stops.Next(t); c.Action != contract.TtsStop || c.ID == nil || *c.ID != "rt-1" {
			t.Errorf("sent %+v", c)
		}
		p.send(t, websocket.MessageText, `{"stop":""}`)
		if c, _ := stops.Next(t); c.Action != contract.TtsStop || c.ID != nil {
			t.Errorf("sent %+v, want a stop of whatever is spoken", c)
		}
		cancels.None(t)
	}, module(uiweb.Config{}))
}

func TestMicrophone(t *testing.T) {
	kittest.Run(t, "samples go to the bus until the microphone is off", func(t *testing.T, b *kittest.Harness) {
		heard := kittest.Watch[contract.MicAudio](b)
		p := open(t, b, "3f2a")
		expect := func(seq int, pcm string) {
			t.Helper()
			if a, _ := heard.Next(t); a.Source != "web-3f2a" || a.Seq != seq || a.Rate != 16000 || string(a.PCM) != pcm {
				t.Errorf("got %+v, want seq %d and %q", a, seq, pcm)
			}
		}
		p.send(t, websocket.MessageText, `{"mic":true}`)
		p.send(t, websocket.MessageBinary, "abcd")
		p.send(t, websocket.MessageBinary, "efgh")
		expect(0, "abcd")
		expect(1, "efgh")
		p.send(t, websocket.MessageBinary, "odd")
		p.send(t, websocket.MessageBinary, "")
		expect(3, "")
		p.send(t, websocket.MessageText, `{"mic":false}`)
		heard.None(t) // the end was said
		p.send(t, websocket.MessageBinary, "ijkl")
		expect(0, "ijkl")
		if err := p.c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
		expect(1, "") // a closed page does not listen
	}, module(uiweb.Config{}))
}

func TestForwarding(t *testing.T) {
	kittest.Run(t, "what happens is shown on every page, in order", func(t *testing.T, b *kittest.Harness) {
		p, other := open(t, b, "3f2a"), open(t, b, "beef")
		text := "hello"
		ctx := kit.WithBaggage(t.Context(), "room", "kitchen")
		if err := b.Bus.Publish(ctx, contract.PartialTranscript{Text: text}); err != nil {
			t.Fatal(err)
		}
		b.Publish(t, contract.LLMStreamDelta{ID: "a", Delta: &text})
		b.Publish(t, contract.LLMResponse{ID: "a", Reply: &text})
		b.Publish(t, contract.TtsSay{Text: text})
		b.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingStart})
		b.Publish(t, contract.TurnRecord{TurnID: "x", Outcome: contract.TurnDone})
		for _, x := range []*page{p, other} {
			if m := x.until(t, "stt/partial"); m.Room != "kitchen" || m.Payload.Data.Text != text {
				t.Errorf("got %+v", m)
			}
			for _, topic := range []string{"llm/stream", "llm/response", "tts/say", "tts/status", "system/turn"} {
				kind, data := x.next(t)
				if kind != websocket.MessageText || !strings.HasPrefix(string(data), `{"topic":"`+topic+`"`) {
					t.Errorf("got %s, want %s", data, topic)
				}
			}
		}
	}, module(uiweb.Config{}))

	kittest.Run(t, "what is no JSON comes as text", func(t *testing.T, b *kittest.Harness) {
		p := open(t, b, "3f2a")
		if err := b.Bus.PublishTo(t.Context(), "stt/audio_fft", "", contract.MicAudio{Source: "x", PCM: []byte("{{")}); err != nil {
			t.Fatal(err)
		}
		if m := p.until(t, "stt/audio_fft"); m.Payload.Raw != "{{" {
			t.Errorf("got %+v", m)
		}
	}, module(uiweb.Config{}))

	kittest.Run(t, "speech goes to the page of its room, or to the one used last", func(t *testing.T, b *kittest.Harness) {
		p, other := open(t, b, "3f2a"), open(t, b, "beef")
		b.Publish(t, contract.SpeakerAudio{Sink: "web-3f2a", UttID: "u", Say: "s", Seq: 7, Last: true, Rate: 22050, PCM: []byte("abcd")})
		header, pcm := p.speech(t)
		if header["utt_id"] != "u" || header["say"] != "s" || header["seq"] != 7. || header["rate"] != 22050. || header["last"] != true || string(pcm) != "abcd" {
			t.Errorf("got %v and %q", header, pcm)
		}
		b.Publish(t, contract.SpeakerAudio{Sink: "web-gone", PCM: []byte("none")})
		b.Publish(t, contract.SpeakerAudio{Sink: "page", PCM: []byte("last")})
		if header, pcm := other.speech(t); header["rate"] != 16000. || string(pcm) != "last" {
			t.Errorf("the page opened last plays %v, %q", header, pcm)
		}
		p.send(t, websocket.MessageText, `{"mic":false}`)
		b.Settle()
		b.Publish(t, contract.SpeakerAudio{Sink: "page", PCM: []byte("used")})
		if _, pcm := p.speech(t); string(pcm) != "used" {
			t.Errorf("the page used last plays %q", pcm)
		}
	}, module(uiweb.Config{}))
}

func TestHealth(t *testing.T) {
	tts := kittest.ServiceOf("tts", kit.Sends[contract.TtsSay]())
	kittest.Run(t, "a page that comes late is told who is there", func(t *testing.T, b *kittest.Harness) {
		b.Settle() // until the service knows them all, they come one by one
		p := open(t, b, "3f2a")
		for _, topic := range []string{"system/health/tts", "system/health/ui-web"} {
			if m := p.until(t, topic); !m.Payload.Data.OK || m.Payload.Data.Event != "ready" {
				t.Errorf("%s: %+v", topic, m.Payload)
			}
		}
		b.Kill("tts")
		if m := p.until(t, "system/health/tts"); m.Payload.Data.OK || m.Payload.Data.Event != "lost" {
			t.Errorf("after its death: %+v", m.Payload)
		}
		late := open(t, b, "beef")
		if m := late.until(t, "system/health/tts"); m.Payload.Data.Event != "lost" {
			t.Errorf("a late page is told %+v", m.Payload)
		}
	}, tts, module(uiweb.Config{}))

	kittest.Run(t, "a lost broker is shown until it is back", func(t *testing.T, b *kittest.Harness) {
		p := open(t, b, "3f2a")
		p.until(t, "system/health/ui-web")
		b.Cut("ui-web")
		if m := p.until(t, "system/health/ui-web"); m.Payload.Data.OK {
			t.Errorf("after the cut: %+v", m.Payload)
		}
		if m := p.until(t, "system/health/ui-web"); !m.Payload.Data.OK {
			t.Errorf("after the reconnect: %+v", m.Payload)
		}
	}, module(uiweb.Config{}))
}

func TestSlowPage(t *testing.T) {
	kittest.Run(t, "a page that does not read delays nobody and misses the oldest", func(t *testing.T, b *kittest.Harness) {
		slow, quick := open(t, b, "slow"), open(t, b, "beef")
		b.Settle()
		const n = 1500
		for i := range n {
			b.Publish(t, contract.LLMResponse{ID: "a"}, kit.ID(strings.Repeat("x", 1+i%3)))
			quick.until(t, "llm/response")
		}
		got, healths := 0, 0
		for healths == 0 { // told again once it has caught up
			switch kind, data := slow.next(t); {
			case kind == websocket.MessageText && strings.Contains(string(data), "system/health/ui-web") && got > 0:
				healths++
			case strings.Contains(string(data), "llm/response"):
				got++
			}
		}
		if got < 500 || got > 600 {
			t.Errorf("the slow page got %d of %d frames, want about its queue of 512", got, n)
		}
	}, module(uiweb.Config{}))

	kittest.Run(t, "a page that vanished is dropped", func(t *testing.T, b *kittest.Harness) {
		p := open(t, b, "beef")
		open(t, b, "gone") // answers no ping, for nobody reads
		time.AfterFunc(time.Minute, func() { b.Publish(t, contract.SpeakerAudio{Sink: "page", PCM: []byte("here")}) })
		if _, pcm := p.speech(t); string(pcm) != "here" {
			t.Errorf("played %q", pcm)
		}
	}, module(uiweb.Config{}))
}

func TestRecall(t *testing.T) {
	memory := kittest.ServiceOf("memory", kit.Answer(func(_ context.Context, q contract.MemoryQuery) (contract.MemoryResults, error) {
		return contract.MemoryResults{Query: q.Text, K: 1, Results: []contract.MemoryResult{{Document: "the boat is red"}}}, nil
	}))
	tests := map[string]struct {
		query  string
		status int
		want   string
	}{
		"a query":      {"?q=boat&k=3", 200, `"the boat is red"`},
		"no query":     {"", 200, `"query":"*"`},
		"a blank one":  {"?q=+", 400, `"error"`},
		"too many":     {"?q=boat&k=51", 400, `"error"`},
		"not a number": {"?q=boat&k=x", 400, `"error"`},
	}
	for name, tt := range tests {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			status, _, body := get(t, b, "/api/memory"+tt.query, nil)
			if status != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("%d %s, want %d and %s in it", status, body, tt.status, tt.want)
			}
		}, memory, module(uiweb.Config{}))
	}
	kittest.Run(t, "without a memory", func(t *testing.T, b *kittest.Harness) {
		if status, _, body := get(t, b, "/api/memory?q=boat", nil); status != 504 || !strings.Contains(body, "does not answer") {
			t.Errorf("%d %s", status, body)
		}
	}, module(uiweb.Config{}))
}

// get asks for a path; a header "Host" sets the host.
func get(t *testing.T, b *kittest.Harness, path string, header map[string]string) (int, http.Header, string) {
	t.Helper()
	return do(t, b, http.MethodGet, path, header, "")
}

func do(t *testing.T, b *kittest.Harness, method, path string, header map[string]string, body string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	if h := header["Host"]; h != "" {
		r.Host = h
	}
	c := b.HTTP("ui-web")
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, w.Header, string(text)
}
