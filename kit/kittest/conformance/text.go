package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// testTexts sends, from every place where one can come from, texts for which a
// broker may close the link. The service keeps the link that it had.
func testTexts(t *testing.T, at Broker) {
	name, l := uniqueName("text"), newJournal()
	b := at.startHarness(t, kittest.ServiceOf(name, kit.Sends[receipt](), kit.Sends[sound](),
		kit.OnDisconnect(func(context.Context) error { l.add("link lost"); return nil }),
		kit.Answer(func(_ context.Context, q question) (answer, error) { return answer{}, errors.New(q.Text) }),
		kit.On(func(_ context.Context, n note) error {
			switch n.Text {
			case "panic":
				panic("one\ntwo")
			case "end":
				l.add("end")
				return nil
			}
			return errors.Join(errors.New("one"), errors.New(n.Text))
		}, kit.Name("heard"))))
	letters := kittest.WatchRaw(b, "system/dead/#")
	all := []string{"panic", "\t", "\u0001", "\u009f", "\ufdd0", "\uffff", "\U0001fffe"}
	for _, text := range all {
		data, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		b.PublishRaw(t, "conformance/note", `{"id":`+string(data)+`,"type":"conformance.note","ts":1,"source":"x","data":{"text":`+string(data)+`}}`)
		if _, err := kit.Ask(t.Context(), b.Bus, question{Text: "no\n" + text}); err == nil {
			t.Errorf("%q was answered", text)
		}
		for field, s := range map[string]sound{"key": {Room: "a" + text}, "header": {Room: "a", Seq: text}} {
			if err := b.Bus.Publish(t.Context(), s); err == nil && text != "panic" {
				t.Errorf("%q as a %s was published", text, field)
			}
		}
	}
	for range 2 * len(all) { // each once for who watches, and once kept
		d, _ := letters.Next(t)
		if d.Header.User["reason"] == "" {
			t.Errorf("letter on %s says %v", d.Topic, d.Header.User)
		}
		if d.Topic != "system/dead/"+name {
			clearRetained(t, b, d.Topic)
		}
	}
	b.Publish(t, note{Text: "end"})
	wantLines(t, l.until(t, "end"))
	if n := b.Bus.Stats().Link.Reconnects; n != 0 {
		t.Errorf("the asker connected again %d times", n)
	}
}
