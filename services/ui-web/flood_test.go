package uiweb_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// refusal returns the next word of the server that something has no effect.
func (p *page) refusal(t *testing.T) (what, why string) {
	t.Helper()
	for {
		kind, data := p.next(t)
		var m struct{ Refused *struct{ What, Why string } }
		if kind == websocket.MessageText && json.Unmarshal(data, &m) == nil && m.Refused != nil {
			return m.Refused.What, m.Refused.Why
		}
	}
}

func TestFloodOfAPage(t *testing.T) {
	kittest.Run(t, "typed text is rate-limited, and the person is told", func(t *testing.T, b *kittest.Harness) {
		heard := kittest.Watch[contract.FinalTranscript](b)
		p, other := open(t, b, "3f2a"), open(t, b, "beef")
		for i := range 20 {
			p.send(t, websocket.MessageText, fmt.Sprintf(`{"say":"flood %d"}`, i))
		}
		if what, why := p.refusal(t); what != "say" || !strings.Contains(why, "too much text at once") {
			t.Errorf("told %s %q", what, why)
		}
		for i := range 6 {
			if f, _ := heard.Next(t); f.Text != fmt.Sprintf("flood %d", i) {
				t.Errorf("published %q", f.Text)
			}
		}
		other.send(t, websocket.MessageText, `{"say":"somebody else"}`)
		if f, _ := heard.Next(t); f.Text != "somebody else" {
			t.Errorf("published %q", f.Text)
		}
		time.Sleep(2 * time.Second)
		p.send(t, websocket.MessageText, `{"say":"later"}`)
		if f, _ := heard.Next(t); f.Text != "later" {
			t.Errorf("published %q", f.Text)
		}
	}, module(uiweb.Config{}))

	kittest.Run(t, "a text that is too long is told", func(t *testing.T, b *kittest.Harness) {
		p := open(t, b, "3f2a")
		p.send(t, websocket.MessageText, `{"say":"`+strings.Repeat("a", 4001)+`"}`)
		if what, why := p.refusal(t); what != "say" || !strings.Contains(why, "4001 characters") {
			t.Errorf("told %s %q", what, why)
		}
	}, module(uiweb.Config{}))

	kittest.Run(t, "sound comes at most at twice real time", func(t *testing.T, b *kittest.Harness) {
		heard := kittest.Watch[contract.MicAudio](b)
		p := open(t, b, "3f2a")
		second := strings.Repeat("ab", 4000) // a quarter of one
		for range 100 {
			p.send(t, websocket.MessageBinary, second)
		}
		if what, why := p.refusal(t); what != "mic" || !strings.Contains(why, "faster than anybody speaks") {
			t.Errorf("told %s %q", what, why)
		}
		b.Settle()
		samples, seq := 0, -1
		for _, a := range heard.All() {
			samples += len(a.PCM) / 2
			seq = a.Seq
		}
		if samples < 64000 || samples > 5*64000 { // four seconds at once, and what came back while the server read slowly
			t.Errorf("%d samples were passed on of %d", samples, 100*4000)
		}
		if seq < 16 {
			t.Errorf("the last chunk is number %d: gaps are not seen", seq)
		}
	}, module(uiweb.Config{}))

	kittest.Run(t, "a flood of frames does not reach the bus", func(t *testing.T, b *kittest.Harness) {
		stops := kittest.Watch[contract.TtsControl](b)
		p := open(t, b, "3f2a")
		for range 500 {
			p.send(t, websocket.MessageText, `{"stop":""}`)
		}
		p.refusal(t)
		b.Settle()
		if n := len(stops.All()); n < 30 || n > 150 {
			t.Errorf("%d of 500 stops were published", n)
		}
	}, module(uiweb.Config{}))

	kittest.Run(t, "a frame that is too long ends the page, and no other", func(t *testing.T, b *kittest.Harness) {
		p, other := open(t, b, "3f2a"), open(t, b, "beef")
		_ = p.c.Write(t.Context(), websocket.MessageBinary, []byte(strings.Repeat("x", 40<<10))) // it may be cut while it is sent
		for {
			if _, _, err := p.c.Read(t.Context()); err != nil {
				break
			}
		}
		other.send(t, websocket.MessageText, `{"say":"still here"}`)
		other.until(t, "stt/final")
	}, module(uiweb.Config{}))

	kittest.Run(t, "a message too long to show is dropped and counted", func(t *testing.T, b *kittest.Harness) {
		p := open(t, b, "3f2a")
		long, escaped := strings.Repeat("x", 300<<10), strings.Repeat("<", 100<<10)
		for _, text := range []string{long, escaped, "short"} {
			b.Publish(t, contract.LLMResponse{ID: "a", Reply: &text})
		}
		for {
			_, data := p.next(t)
			if strings.HasPrefix(string(data), `{"topic":"llm/response"`) {
				if len(data) > 1000 || !strings.Contains(string(data), "short") {
					t.Errorf("a frame of %d bytes came", len(data))
				}
				return
			}
		}
	}, module(uiweb.Config{}))
}
