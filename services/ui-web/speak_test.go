package uiweb_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	uiweb "github.com/gotars/tars/services/ui-web"
)

func TestAPageHearsTheVoice(t *testing.T) {
	type said struct{ text, room, lang string }
	var got []said
	tts := kittest.ServiceOf("tts", kit.On(func(ctx context.Context, m contract.TtsSay) error {
		lang := ""
		if m.Lang != nil {
			lang = *m.Lang
		}
		got = append(got, said{m.Text, kit.From(ctx).Baggage["room"], lang})
		return nil
	}))
	kittest.Run(t, "in its own room, and not without end", func(t *testing.T, b *kittest.Harness) {
		if code, answer := call(t, b, http.MethodPost, "/api/speak", `{"id":"3f2a","text":" Hello. ","lang":"en"}`, own); code != 200 || !strings.Contains(answer, `"utt_id":"web-3f2a-`) {
			t.Errorf("answered with %d %s", code, answer)
		}
		b.Settle()
		if want := (said{"Hello.", "web-3f2a", "en"}); len(got) != 1 || got[0] != want {
			t.Errorf("said %v, want %v", got, want)
		}
		limited := false
		for range 10 {
			code, _ := call(t, b, http.MethodPost, "/api/speak", `{"id":"3f2a","text":"Hello."}`, own)
			limited = limited || code == http.StatusTooManyRequests
		}
		if !limited {
			t.Error("ten at once are said")
		}
		for name, body := range map[string]string{"no page": `{"id":"X","text":"a"}`, "no text": `{"id":"3f2a","text":" "}`, "a book": `{"id":"3f2a","text":"` + strings.Repeat("x", 301) + `"}`} {
			if code, _ := call(t, b, http.MethodPost, "/api/speak", body, own); code != 400 {
				t.Errorf("%s is answered with %d, want 400", name, code)
			}
		}
	}, module(uiweb.Config{}), tts)
}

func TestAPageChoosesItsVoice(t *testing.T) {
	kittest.Run(t, "for its own room", func(t *testing.T, b *kittest.Harness) {
		voices := kittest.Watch[contract.RoomVoice](b)
		p := open(t, b, "3f2a")
		p.send(t, websocket.MessageText, `{"voice":" en_US-joe-medium "}`)
		if got, _ := voices.Next(t); got.Room != "web-3f2a" || got.Voice != "en_US-joe-medium" {
			t.Errorf("chosen is %+v", got)
		}
		p.send(t, websocket.MessageText, `{"voice":"`+strings.Repeat("x", 129)+`"}`)
		p.send(t, websocket.MessageText, `{"voice":""}`)
		if got, _ := voices.Next(t); got.Voice != "" {
			t.Errorf("then %+v", got)
		}
	}, module(uiweb.Config{}))
}
