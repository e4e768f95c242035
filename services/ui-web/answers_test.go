package uiweb_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// TestAnAnswerComesWithItsMarks publishes answers, and reads the frames of a page.
func TestAnAnswerComesWithItsMarks(t *testing.T) {
	tests := map[string]struct{ data, html string }{
		"a list":                       {`{"message_id":"m","id":"a","reply":"- milk\n- bread"}`, "<ul>\n<li>milk</li>\n<li>bread</li>\n</ul>"},
		"plain text":                   {`{"message_id":"m","id":"a","reply":"Milk and bread."}`, ""},
		"HTML is text":                 {`{"message_id":"m","id":"a","reply":"*a* <b>"}`, "<p><em>a</em> &lt;b&gt;</p>"},
		"an error":                     {`{"message_id":"m","id":"a","error":"*no*"}`, ""},
		"what the bus says is no HTML": {`{"message_id":"m","id":"a","reply":"x","html":"<script>1</script>"}`, ""},
		"no answer at all":             {`{"reply":5}`, ""},
	}
	for name, tt := range tests {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			p := open(t, b, "abcd")
			b.PublishRaw(t, "llm/response", `{"id":"1","type":"llm.response","ts":1,"source":"x","data":`+tt.data+`}`)
			for {
				_, data := p.next(t)
				var f struct{ Topic, HTML string }
				if err := json.Unmarshal(data, &f); err != nil {
					t.Fatal(err)
				}
				if f.Topic != "llm/response" {
					continue
				}
				if f.HTML != tt.html {
					t.Errorf("the HTML is %q, want %q", f.HTML, tt.html)
				}
				return
			}
		}, module(uiweb.Config{}))
	}
}

// TestALineOfTheMemoryComesWithItsMarks reads the history.
func TestALineOfTheMemoryComesWithItsMarks(t *testing.T) {
	m := lines{{ID: 1, Role: "user", Text: "*one*"}, {ID: 2, Role: "assistant", Text: "*two*"}}
	kittest.Run(t, "what the assistant said has marks, what a person said is as it was said", func(t *testing.T, b *kittest.Harness) {
		_, body := call(t, b, "GET", "/api/history?limit=5", "", own)
		var got struct{ Lines []struct{ Text, HTML string } }
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Lines) != 2 || got.Lines[0].HTML != "" || got.Lines[1].HTML != "<p><em>two</em></p>" || got.Lines[1].Text != "*two*" {
			t.Errorf("the history is %s", body)
		}
	}, module(uiweb.Config{}), kittest.ServiceOf("memory", kit.Answer(m.list)))
}

// TestTurnsAreServed asks for the turns that are kept, as a page and as another site.
func TestTurnsAreServed(t *testing.T) {
	kittest.Run(t, "the last turns", func(t *testing.T, b *kittest.Harness) {
		ctx := kit.WithBaggage(t.Context(), "room", "hall")
		f := contract.FinalTranscript{Text: "Is it late?", UttID: new("u/1")}
		f.MessageID = "f1"
		if err := b.Bus.Publish(ctx, f); err != nil {
			t.Fatal(err)
		}
		b.Publish(t, contract.TurnRecord{TurnID: "f1", Outcome: contract.TurnIgnored, Reason: new("nod")})
		b.Settle()
		for path, want := range map[string]struct {
			status int
			text   string
		}{
			"/api/turns":         {200, `"outcome":"ignored","reason":"nod"`},
			"/api/turns/f1":      {200, `"text":"Is it late?"`},
			"/api/turns/u%2F1":   {200, `"id":"f1"`},
			"/api/turns/another": {404, "not kept any more"},
		} {
			if status, body := call(t, b, "GET", path, "", own); status != want.status || !strings.Contains(body, want.text) {
				t.Errorf("%s: %d %s", path, status, body)
			}
		}
		call(t, b, "POST", "/api/memory/forget", `{"ids":[1]}`, own)
		if _, body := call(t, b, "GET", "/api/turns", "", own); body != `{"turns":[]}` {
			t.Errorf("after something was forgotten the turns are %s", body)
		}
		if status, _ := call(t, b, "GET", "/api/turns", "", "http://elsewhere.example"); status != 403 {
			t.Errorf("another site gets %d, want 403", status)
		}
	}, module(uiweb.Config{}), kittest.ServiceOf("memory", kit.Answer((&lines{}).forget)))
}
