package kit_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// Labelled has a key and a header that its sender chooses.
type Labelled struct {
	key    string
	header msg.Header
}

func (Labelled) Route() msg.Route               { return msg.Route{Topic: "box/label/+", QoS: msg.AtLeastOnce} }
func (l Labelled) Key() string                  { return l.key }
func (l *Labelled) SetKey(k string)             { l.key = k }
func (l Labelled) Header() msg.Header           { return l.header }
func (l *Labelled) SetHeader(h msg.Header)      { l.header = h }
func (Labelled) MarshalBinary() ([]byte, error) { return []byte("x"), nil }
func (*Labelled) UnmarshalBinary([]byte) error  { return nil }

// refusedTexts are strings for which Mosquitto closes the link, each of its own
// kind.
var refusedTexts = map[string]string{
	"NUL": "a\x00b", "a newline": "a\nb", "a tab": "a\tb", "a bell": "\a", "escape": "\x1b[0m", "DEL": "a\x7f", "C1": "a\u0080", "the last of C1": "\u009f",
	"U+FDD0": "\ufdd0", "U+FDEF": "\ufdef", "U+FFFE": "\ufffe", "U+FFFF": "\uffff", "U+1FFFE": "\U0001fffe", "U+10FFFF": "\U0010ffff",
	"no UTF-8": "a\xffb", "a surrogate": "\xed\xa0\x80",
}

// What a broker answers by closing the link is refused before it is sent, and
// the error names the field.
func TestTextsThatBrokersRefuse(t *testing.T) {
	kittest.Run(t, "", func(t *testing.T, b *kittest.Harness) {
		for name, bad := range refusedTexts {
			publish := map[string]func(context.Context) error{
				"key": func(ctx context.Context) error { return b.Bus.Publish(ctx, Labelled{key: "k" + bad}) },
				"content type": func(ctx context.Context) error {
					return b.Bus.Publish(ctx, Labelled{"k", msg.Header{ContentType: bad}})
				},
				`user property "p"`: func(ctx context.Context) error {
					return b.Bus.Publish(ctx, Labelled{"k", msg.Header{User: map[string]string{"p": bad}}})
				},
				"name of user property": func(ctx context.Context) error {
					return b.Bus.Publish(ctx, Labelled{"k", msg.Header{User: map[string]string{bad: "v"}}})
				},
				"topic": func(ctx context.Context) error { return b.Bus.PublishTo(ctx, "box/"+bad, "", Note{Text: "x"}) },
			}
			for field, f := range publish {
				if err := f(t.Context()); err == nil || !strings.Contains(err.Error(), field) && !strings.Contains(err.Error(), "not a topic") && !strings.Contains(err.Error(), "not UTF-8") {
					t.Errorf("%s in the %s: error is %v", name, field, err)
				} else if text := err.Error(); strings.ContainsAny(text, "\n\x00\x1b") || !utf8.ValidString(text) {
					t.Errorf("%s in the %s: the error is no line: %q", name, field, text)
				}
			}
			if err := b.Bus.Publish(kit.WithBaggage(t.Context(), bad, bad), Note{Text: bad}); err != nil && utf8.ValidString(bad) {
				t.Errorf("payload and baggage carry everything: %v", err)
			}
		}
		if err := b.Bus.PublishTo(t.Context(), strings.Repeat("a/", 200)+"a", "", Note{Text: "x"}); err == nil || !strings.Contains(err.Error(), "201 levels") {
			t.Errorf("error is %v", err)
		}
		if err := b.Bus.PublishTo(t.Context(), strings.Repeat("a/", 199)+"a", "", Note{Text: "x"}); err != nil {
			t.Error(err)
		}
	}, kittest.ServiceOf("s"))
}

// What a handler says of itself, and what a stranger wrote, becomes text that
// every broker takes.
func TestDeadLettersHoldCleanText(t *testing.T) {
	for name, bad := range refusedTexts {
		t.Run(name, func(t *testing.T) {
			var l diary
			kittest.Run(t, "", func(t *testing.T, b *kittest.Harness) {
				id, _ := json.Marshal("i" + bad)
				b.PublishRaw(t, "box/note", `{"id":`+string(id)+`,"type":"box.note","ts":1,"source":"x","data":{"text":"x"}}`)
				b.Settle()
				all := l.take()
				if len(all) < 10 {
					t.Errorf("there is no letter: %q", all)
				}
				for _, text := range all {
					if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
						return r < 0x20 || r >= 0x7f && r < 0xa0 || r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef
					}) {
						t.Errorf("a letter says %q", text)
					}
				}
			}, kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { return errors.Join(errors.New("one"), errors.New(bad)) }, kit.Name("note"))),
				kittest.ServiceOf("watch", kit.Tap("system/dead/s", func(_ context.Context, d *kit.Delivery) error {
					l.add("%s", d.Trace)
					for k, v := range d.Header.User {
						l.add("%s", k)
						l.add("%s", v)
					}
					return nil
				})))
		})
	}
}
