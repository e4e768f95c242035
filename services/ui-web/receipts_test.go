package uiweb_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// word returns the next word of the server to the page that begins with what.
func (p *page) word(t *testing.T, what string) string {
	t.Helper()
	for {
		kind, data := p.next(t)
		var m map[string]json.RawMessage
		if kind == websocket.MessageText && json.Unmarshal(data, &m) == nil && m[what] != nil {
			return string(m[what])
		}
	}
}

func TestDeadSocket(t *testing.T) {
	kittest.Run(t, "a question whether the line stands is answered with its number", func(t *testing.T, b *kittest.Harness) {
		p := open(t, b, "3f2a")
		p.send(t, websocket.MessageText, `{"ping":7}`)
		if got := p.word(t, "pong"); got != "7" {
			t.Errorf("answered %s", got)
		}
	}, module(uiweb.Config{}))

	kittest.Run(t, "a text that comes again on another socket is confirmed and not said again", func(t *testing.T, b *kittest.Harness) {
		heard := kittest.Watch[contract.FinalTranscript](b)
		p := open(t, b, "3f2a")
		p.send(t, websocket.MessageText, `{"say":"hello","id":"one"}`)
		if got := p.word(t, "took"); got != `"one"` {
			t.Errorf("confirmed %s", got)
		}
		again, other := open(t, b, "3f2a"), open(t, b, "beef")
		again.send(t, websocket.MessageText, `{"say":"hello","id":"one"}`)
		if got := again.word(t, "took"); got != `"one"` {
			t.Errorf("confirmed %s", got)
		}
		other.send(t, websocket.MessageText, `{"say":"from another room","id":"one"}`)
		for _, want := range []string{"hello", "from another room"} {
			if f, _ := heard.Next(t); f.Text != want {
				t.Errorf("said %q, want %q", f.Text, want)
			}
		}
	}, module(uiweb.Config{}))

	kittest.Run(t, "a text that was not said may come again", func(t *testing.T, b *kittest.Harness) {
		heard := kittest.Watch[contract.FinalTranscript](b)
		p := open(t, b, "3f2a")
		for range 7 { // six are taken at once
			p.send(t, websocket.MessageText, `{"say":"flood"}`)
		}
		p.send(t, websocket.MessageText, `{"say":"late","id":"one"}`)
		for {
			var why struct{ ID string }
			if err := json.Unmarshal([]byte(p.word(t, "refused")), &why); err != nil {
				t.Fatal(err)
			}
			if why.ID == "one" {
				break
			}
		}
		time.Sleep(2 * time.Second)
		p.send(t, websocket.MessageText, `{"say":"late","id":"one"}`)
		if got := p.word(t, "took"); got != `"one"` {
			t.Errorf("confirmed %s", got)
		}
		for range 6 {
			heard.Next(t)
		}
		if f, _ := heard.Next(t); f.Text != "late" {
			t.Errorf("said %q", f.Text)
		}
	}, module(uiweb.Config{}))
}
