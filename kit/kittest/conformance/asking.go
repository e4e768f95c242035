package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

func answerEcho(_ context.Context, q question) (answer, error) {
	switch q.Text {
	case "who":
		return answer{}, &kit.Error{Code: kit.CodeNotFound, Message: "nobody"}
	case "psst":
		return answer{}, kit.Drop("whisper")
	}
	return answer{Text: "re: " + q.Text}, nil
}

func testAnswers(t *testing.T, at Broker) {
	b := at.startHarness(t, kittest.ServiceOf(uniqueName("echo"), kit.Answer(answerEcho, kit.Workers(4))))
	if a := kittest.Ask(t, b, question{Text: "x"}); a.Text != "re: x" {
		t.Errorf("got %+v", a)
	}
	told := kittest.WatchRaw(b, "system/error/+")
	_, err := kit.Ask(t.Context(), b.Bus, question{Text: "who"})
	var e *kit.Error
	if !errors.As(err, &e) || e.Code != kit.CodeNotFound || e.Message != "nobody" {
		t.Errorf("a refusal: %v", err)
	}
	if _, m := told.Next(t); m.Topic != "system/error/"+b.Stats("probe").ClientID {
		t.Errorf("told on %s", m.Topic)
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = kit.Ask(short, b.Bus, question{Text: "psst"})
	var none *kit.NoReplyError
	if !errors.As(err, &none) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no answer: %v", err)
	}
}

// countStream answers counts, slowly when they have no end.
func countStream(l *journal) kit.Handler {
	return kit.Stream(func(ctx context.Context, c count, send func(number) error) (total, error) {
		for i := range c.To {
			if err := send(number{ID: c.ID, N: i}); err != nil && ctx.Err() == nil { // a cancel may come while it is sent
				return total{}, err
			}
		}
		if c.To == 1 {
			<-ctx.Done()
			l.add("%v", context.Cause(ctx))
			return total{}, ctx.Err()
		}
		return total{ID: c.ID, Sum: c.To * (c.To - 1) / 2}, nil
	}, kit.Name("count"), kit.CancelledBy(func(s stop) string { return s.ID }, func(c count) string { return c.ID }))
}

func testStreams(t *testing.T, at Broker) {
	l := newJournal()
	b := at.startHarness(t, kittest.ServiceOf(uniqueName("counter"), countStream(l)))
	var last total
	var got []int
	for n, err := range kit.AskStream(t.Context(), b.Bus, count{ID: "a", To: 100}, &last) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n.N)
	}
	if len(got) != 100 || !slices.IsSorted(got) || last.Sum != 4950 {
		t.Errorf("got %v and %+v", got, last)
	}
	ends := kittest.Watch[total](b)
	for range kit.AskStream(t.Context(), b.Bus, count{ID: "b", To: 1}, nil) {
		break
	}
	wantLines(t, l.take(t, 1), "cancelled")
	e, _ := ends.Next(t)
	if e.ID == "a" { // it may still be on its way to the watcher
		e, _ = ends.Next(t)
	}
	if e.ID != "b" || e.Err == nil || *e.Err != "cancelled" {
		t.Errorf("the end is %+v", e)
	}
}

// testOvertaking cancels more than the Receive Maximum holds.
func testOvertaking(t *testing.T, at Broker) {
	const n = 150
	l, began := newJournal(), make(chan struct{}, n)
	b := at.startHarness(t, kittest.ServiceOf(uniqueName("writer"), kit.On(func(ctx context.Context, _ count) error {
		began <- struct{}{}
		<-ctx.Done()
		l.add("%v", context.Cause(ctx))
		return nil
	}, kit.Name("count"), kit.AckFirst(), kit.Queue(n), kit.Timeout(0), kit.CancelledBy(func(s stop) string { return s.ID }, func(c count) string { return c.ID }))))
	for i := range n {
		b.Publish(t, count{ID: fmt.Sprint(i)})
	}
	<-began
	for i := range n {
		b.Publish(t, stop{ID: fmt.Sprint(i)})
	}
	got := slices.Compact(l.take(t, n))
	wantLines(t, got, "cancelled")
}

func testForeignAsker(t *testing.T, at Broker) {
	at.startHarness(t, kittest.ServiceOf(uniqueName("echo"), kit.Answer(answerEcho)))
	mine := uniqueName("answers")
	f := newForeignClient(t, at, "conformance/answer", mine+"/box")
	f.publish(t, &paho.Publish{Topic: "conformance/question", QoS: 1, Payload: []byte(`{"text":"x"}`),
		Properties: &paho.PublishProperties{ResponseTopic: mine + "/box", CorrelationData: []byte("c1")}})
	for range 2 {
		p := f.next(t)
		if correlation := string(p.Properties.CorrelationData); !strings.Contains(string(p.Payload), `"text":"re: x"`) || (p.Topic == mine+"/box") != (correlation == "c1") {
			t.Errorf("%s carries %s with correlation %q", p.Topic, p.Payload, correlation)
		}
	}
}

// testNobody asks what no client serves. It stands alone: a harness listens to
// everything, so somebody would be there.
func testNobody(t *testing.T, at Broker) {
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	s, err := kit.Load("asker")
	if err != nil {
		t.Fatal(err)
	}
	bus, err := kit.Open(ctx, "asker", s, kit.Asks[orphan]())
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close(ctx)
	if _, err := kit.Ask(ctx, bus, orphan{Text: "?"}); !errors.Is(err, kit.ErrNobody) {
		t.Errorf("error is %v, want %v", err, kit.ErrNobody)
	}
}

func testDeadLetter(t *testing.T, at Broker) {
	name, l := uniqueName("grave"), newJournal()
	b := at.startHarness(t, kittest.ServiceOf(name, kit.On(func(_ context.Context, n note) error {
		if n.Text == "bad" {
			return errors.New("disk full")
		}
		l.add("%s", n.Text)
		return nil
	}, kit.Name("heard"), kit.Retry(1, time.Millisecond))))
	letters := kittest.WatchRaw(b, "system/dead/#")
	const packet = `{"id":"n1","type":"conformance.note","ts":1,"source":"x","data":{"message_id":"m","text":"bad"}}`
	b.PublishRaw(t, "conformance/note", packet, "mine", "yes")
	b.PublishRaw(t, "conformance/note", `{"text":`)
	b.PublishRaw(t, "conformance/note", `{"text":"good"}`)
	wantLines(t, l.until(t, "good"))
	for _, topic := range []string{"system/dead/" + name, "system/dead/" + name + "/"} {
		d, _ := letters.Next(t)
		u := d.Header.User
		if !strings.HasPrefix(d.Topic, topic) || string(d.Payload) != packet || u["reason"] != "disk full" || u["handler"] != "heard" ||
			u["topic"] != "conformance/note" || u["id"] != "n1" || u["attempts"] != "2" || u["mine"] != "yes" {
			t.Errorf("letter on %s: %s with %v", d.Topic, d.Payload, u)
		}
		if strings.HasSuffix(topic, "/") {
			clearRetained(t, b, d.Topic)
		}
	}
}

func testDedupe(t *testing.T, at Broker) {
	t.Setenv("ONCE_MQTT_DEDUPE_TTL", "30s")
	name, l := uniqueName("once"), newJournal()
	b := at.startHarness(t, kittest.ServiceOf(name, recordNotes(l)))
	const packet = `{"id":"n1","type":"conformance.note","ts":1,"source":"x","data":{"message_id":"m","text":"a"}}`
	b.PublishRaw(t, "conformance/note", packet)
	b.PublishRaw(t, "conformance/note", packet)
	b.PublishRaw(t, "conformance/note", strings.Replace(packet, "n1", "n2", 1))
	b.Publish(t, note{Text: "end"})
	wantLines(t, l.until(t, "end"), "a", "a")
}

func testPropagation(t *testing.T, at Broker) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	var bus *kit.Bus
	l := newJournal()
	b := at.startHarness(t, kittest.ServiceOf(uniqueName("relay"), kit.Sends[receipt](), kit.On(func(ctx context.Context, n note) error {
		return bus.Publish(ctx, receipt{Text: n.Text})
	}, kit.Name("heard"))).With(fx.Populate(&bus)), kittest.ServiceOf(uniqueName("end"),
		kit.On(func(ctx context.Context, r receipt) error {
			m := kit.From(ctx)
			l.add("%s %s %s %s", r.Text, m.Trace, m.Baggage["room"], m.Traceparent)
			return nil
		}, kit.Name("receipt")),
		kit.On(func(_ context.Context, s sound) error { l.add("%s %s %v", s.Room, s.Seq, s.Bytes); return nil }, kit.Name("sound")),
		kit.Tap("conformance/foreign", func(_ context.Context, d *kit.Delivery) error {
			l.add("%s %s %s %d", d.Payload, d.Header.ContentType, d.Header.User["x"], d.QoS)
			return nil
		}, kit.Name("tap"))))
	b.PublishRaw(t, "conformance/note", `{"text":"hi"}`, "trace", "t1", "traceparent", parent, "baggage", "room=hall")
	wantLines(t, l.take(t, 1), "hi t1 hall "+parent)
	b.Publish(t, sound{Room: "hall", Seq: "7", Bytes: []byte{0, 1, 255}})
	wantLines(t, l.take(t, 1), "hall 7 [0 1 255]")
	newForeignClient(t, at).publish(t, &paho.Publish{Topic: "conformance/foreign", Payload: []byte("bytes"),
		Properties: &paho.PublishProperties{ContentType: "text/x", User: paho.UserProperties{{Key: "x", Value: "y"}}}})
	wantLines(t, l.take(t, 1), "bytes text/x y 0")
}
