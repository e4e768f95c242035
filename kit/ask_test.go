package kit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

func TestAsk(t *testing.T) {
	answer := func(ctx context.Context, q Question) (QuickReply, error) {
		switch q.Text {
		case "who":
			return QuickReply{}, &kit.Error{Code: kit.CodeNotFound, Message: "nobody", Err: errors.New("secret cause")}
		case "why":
			return QuickReply{}, errors.New("disk full")
		case "psst":
			return QuickReply{}, kit.Drop("whisper")
		}
		return QuickReply{Text: "re: " + q.Text}, nil
	}
	kittest.Run(t, "an answer, a named failure, a plain one, none at all", func(t *testing.T, b *kittest.Harness) {
		if r := kittest.Ask(t, b, Question{Text: "x"}); r.Text != "re: x" {
			t.Errorf("got %+v", r)
		}
		for text, want := range map[string]string{"who": "not_found: nobody", "why": "internal: disk full"} {
			_, err := kit.Ask(t.Context(), b.Bus, Question{Text: text})
			var e *kit.Error
			if !errors.As(err, &e) || e.Error() != want {
				t.Errorf("%s: %v, want %s", text, err, want)
			}
		}
		begin := time.Now()
		_, err := kit.Ask(t.Context(), b.Bus, Question{Text: "psst"})
		var a *kit.NoReplyError
		if !errors.As(err, &a) || a.Topic != "box/question" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("psst: %v", err)
		}
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("gave up after %s, want 10s", took)
		}
	}, kittest.ServiceOf("answerer", kit.Answer(answer)))
}

// TestAskInsideHandler would deadlock if a handler that waits blocked receipt.
func TestAskInsideHandler(t *testing.T) {
	kittest.Run(t, "a handler may ask and wait", func(t *testing.T, b *kittest.Harness) {
		got := kittest.Watch[Receipt](b)
		b.Publish(t, Note{Text: "x"})
		if r, _ := got.Next(t); r.Text != "re: x" {
			t.Errorf("got %+v", r)
		}
	},
		kittest.ServiceOf("answerer", kit.Answer(func(_ context.Context, q Question) (QuickReply, error) { return QuickReply{Text: "re: " + q.Text}, nil })),
		kit.Service[*curious]("curious", fx.Provide(func(b *kit.Bus) *curious { return &curious{b} })))
}

type curious struct{ bus *kit.Bus }

func (c *curious) Handlers() []kit.Handler {
	return []kit.Handler{kit.On(c.heard), kit.Asks[Question](), kit.Sends[Receipt]()}
}

func (c *curious) heard(ctx context.Context, n Note) error {
	r, err := kit.Ask(ctx, c.bus, Question{Text: n.Text})
	if err != nil {
		return err
	}
	return c.bus.Publish(ctx, Receipt{Text: r.Text})
}

func TestForeignAsker(t *testing.T) {
	kittest.Run(t, "gets the answer on its response topic, with its correlation data", func(t *testing.T, b *kittest.Harness) {
		got := make(chan *paho.Publish, 1)
		b.Bus.Client().AddOnPublishReceived(func(p autopaho.PublishReceived) (bool, error) {
			if p.Packet.Topic == "my/answers" {
				got <- p.Packet
			}
			return false, nil
		})
		if _, err := b.Bus.Client().Publish(t.Context(), &paho.Publish{Topic: "box/question", QoS: 1, Payload: []byte(`{"text":"x"}`),
			Properties: &paho.PublishProperties{ResponseTopic: "my/answers", CorrelationData: []byte("c1")}}); err != nil {
			t.Fatal(err)
		}
		select {
		case p := <-got:
			if string(p.Properties.CorrelationData) != "c1" || !strings.Contains(string(p.Payload), `"text":"re: x"`) {
				t.Errorf("got %s with %q", p.Payload, p.Properties.CorrelationData)
			}
		case <-time.After(time.Minute):
			t.Error("no answer")
		}
	}, kittest.ServiceOf("answerer", kit.Answer(func(_ context.Context, q Question) (QuickReply, error) { return QuickReply{Text: "re: " + q.Text}, nil })))
}

func TestAskStream(t *testing.T) {
	var l diary
	write := func(ctx context.Context, e Essay, send func(Word) error) (End, error) {
		for i := range 5 {
			if err := send(Word{ID: e.ID, Text: fmt.Sprint(i)}); err != nil {
				return End{}, err
			}
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				l.add("ended after %d", i)
				return End{}, ctx.Err()
			}
		}
		return End{ID: e.ID}, nil
	}
	writer := kittest.ServiceOf("writer", kit.Stream(write, kit.AckFirst(), kit.CancelledBy(
		func(s Stop) string { return s.ID }, func(e Essay) string { return e.ID })))
	kittest.Run(t, "parts, then the end", func(t *testing.T, b *kittest.Harness) {
		var last End
		text := ""
		for w, err := range kit.AskStream(t.Context(), b.Bus, Essay{ID: "a"}, &last) {
			if err != nil {
				t.Fatal(err)
			}
			text += w.Text
		}
		if text != "01234" || last.ID != "a" || last.Err != nil {
			t.Errorf("got %q and %+v", text, last)
		}
	}, writer)
	kittest.Run(t, "leaving early stops the writer, who says so", func(t *testing.T, b *kittest.Harness) {
		ends := kittest.Watch[End](b)
		for range kit.AskStream(t.Context(), b.Bus, Essay{ID: "a"}, nil) {
			break
		}
		e, _ := ends.Next(t)
		if e.Err == nil || *e.Err != "cancelled" {
			t.Errorf("end is %+v", e)
		}
		same(t, l.take(), "ended after 0")
	}, writer)
	kittest.Run(t, "a queued one is cancelled too", func(t *testing.T, b *kittest.Harness) {
		ends := kittest.Watch[End](b)
		b.Publish(t, Essay{ID: "first"})
		b.Publish(t, Essay{ID: "second"})
		b.Publish(t, Stop{ID: "second"})
		if e, _ := ends.Next(t); e.ID != "first" || e.Err != nil {
			t.Errorf("end is %+v", e)
		}
		if e, _ := ends.Next(t); e.ID != "second" || e.Err == nil {
			t.Errorf("end is %+v", e)
		}
	}, writer)
}
