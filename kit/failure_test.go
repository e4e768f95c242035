package kit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// raw publishes bytes as a client of another make would.
func raw(t *testing.T, b *kittest.Harness, topic, payload string, user ...string) {
	t.Helper()
	p := &paho.Publish{Topic: topic, QoS: 1, Payload: []byte(payload), Properties: &paho.PublishProperties{}}
	for i := 0; i < len(user); i += 2 {
		p.Properties.User.Add(user[i], user[i+1])
	}
	if _, err := b.Bus.Client().Publish(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

func note(id, text string) string {
	return fmt.Sprintf(`{"id":%q,"type":"box.note","ts":1,"source":"x","data":{"message_id":"m","text":%q}}`, id, text)
}

// letters is a service that writes each dead letter into l.
func letters(l *diary) kit.Module {
	return kittest.ServiceOf("undertaker", kit.Tap("system/dead/#", func(_ context.Context, d *kit.Delivery) error {
		reason, _, _ := strings.Cut(d.Header.User["reason"], "␊")
		kept := strings.Count(d.Topic, "/") == 3
		l.add("%s|%s|%s|%s|%s|kept %v", reason, d.Header.User["handler"], d.Header.User["topic"], d.Header.User["id"], d.Header.User["attempts"], kept)
		return nil
	}))
}

func TestRetry(t *testing.T) {
	var l diary
	tries := map[string]int{}
	heard := func(ctx context.Context, n Note) error {
		tries[n.Text]++
		l.add("%s %d", n.Text, kit.From(ctx).Attempt)
		switch {
		case n.Text == "hopeless":
			return kit.Permanent(errors.New("no"))
		case n.Text == "unwanted":
			return kit.Drop("unwanted")
		case n.Text == "hard" && tries[n.Text] < 3:
			return errors.New("not yet")
		}
		return nil
	}
	kittest.Run(t, "tries again with growing waits, in order, and stops when told to", func(t *testing.T, b *kittest.Harness) {
		begin := time.Now()
		for _, text := range []string{"hard", "easy", "hopeless", "unwanted"} {
			b.Publish(t, Note{Text: text})
		}
		b.Settle()
		time.Sleep(5 * time.Second)
		b.Settle()
		same(t, l.take(), "hard 1", "hard 2", "hard 3", "easy 1", "hopeless 1", "unwanted 1")
		if took := time.Since(begin); took < 1500*time.Millisecond/2 {
			t.Errorf("waited %s in all", took)
		}
	}, kittest.ServiceOf("s", kit.On(heard, kit.Name("heard"), kit.Retry(5, 500*time.Millisecond))))
}

func TestDeadLetters(t *testing.T) {
	stuck := make(chan struct{})
	defer close(stuck)
	tests := map[string]struct {
		fail func(ctx context.Context) error
		opts []kit.Option
		want string // reason and attempts
	}{
		"an error":              {func(context.Context) error { return errors.New("disk full") }, nil, "disk full|1"},
		"an error, tried again": {func(context.Context) error { return errors.New("disk full") }, []kit.Option{kit.Retry(2, time.Millisecond)}, "disk full|3"},
		"tried again at once":   {func(context.Context) error { return errors.New("disk full") }, []kit.Option{kit.Retry(2, 0)}, "disk full|3"},
		"tried again sooner":    {func(context.Context) error { return errors.New("disk full") }, []kit.Option{kit.Retry(2, -time.Second)}, "disk full|3"},
		"a permanent error":     {func(context.Context) error { return kit.Permanent(errors.New("bad")) }, []kit.Option{kit.Retry(2, time.Millisecond)}, "bad|1"},
		"a panic":               {func(context.Context) error { panic("oops") }, []kit.Option{kit.Retry(2, time.Millisecond)}, "panic: oops|1"},
		"past the deadline":     {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, []kit.Option{kit.Timeout(time.Second)}, "context deadline exceeded|1"},
		"deaf to the deadline":  {func(context.Context) error { time.Sleep(time.Minute); return nil }, []kit.Option{kit.Timeout(time.Second)}, "timeout: heard did not end within 1s|1"},
	}
	for name, tt := range tests {
		var l, dead diary
		heard := func(ctx context.Context, n Note) error {
			l.add("%s", n.Text)
			if n.Text == "bad" {
				return tt.fail(ctx)
			}
			return nil
		}
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			raw(t, b, "box/note", note("n1", "bad"))
			raw(t, b, "box/note", note("n2", "good"))
			time.Sleep(3 * time.Second)
			b.Settle()
			got := l.take()
			if slices.Index(got, "good") < 0 {
				t.Errorf("the next message did not flow: %q", got)
			}
			reason, attempts, _ := strings.Cut(tt.want, "|")
			line := reason + "|heard|box/note|n1|" + attempts
			same(t, dead.take(), line+"|kept false", line+"|kept true")
			kept := b.Broker.Retained("system/dead/s/+")
			if len(kept) != 1 || string(kept[0]) != note("n1", "bad") {
				t.Errorf("the broker keeps %q", kept)
			}
			time.Sleep(time.Minute) // what is deaf ends, and its end is no second letter
			b.Settle()
			same(t, dead.take())
		}, letters(&dead), kittest.ServiceOf("s", kit.On(heard, append(tt.opts, kit.Name("heard"))...)))
	}
}

func TestWhatIsNoDeadLetter(t *testing.T) {
	var dead diary
	kittest.Run(t, "what may be lost, what was answered, what cannot be read", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, Tick{N: 1})
		raw(t, b, "box/note", `{"text":`)
		if _, err := kit.Ask(t.Context(), b.Bus, Question{Text: "?"}); err == nil || !strings.Contains(err.Error(), "not_found: none") {
			t.Errorf("the asker was told %v", err)
		}
		b.Settle()
		same(t, dead.take())
	}, letters(&dead), kittest.ServiceOf("s",
		kit.On(func(context.Context, Tick) error { return errors.New("no") }, kit.Name("tick")),
		kit.On(func(context.Context, Note) error { return nil }, kit.Name("note")),
		kit.Answer(func(context.Context, Question) (QuickReply, error) {
			return QuickReply{}, &kit.Error{Code: kit.CodeNotFound, Message: "none"}
		}, kit.Name("answer"))))
}

func TestAnswerTriesAgainBeforeItRefuses(t *testing.T) {
	n := 0
	kittest.Run(t, "the asker sees the last try only", func(t *testing.T, b *kittest.Harness) {
		if r := kittest.Ask(t, b, Question{Text: "?"}); r.Text != "try 3" {
			t.Errorf("answered %q", r.Text)
		}
	}, kittest.ServiceOf("s", kit.Answer(func(context.Context, Question) (QuickReply, error) {
		if n++; n < 3 {
			return QuickReply{}, errors.New("not yet")
		}
		return QuickReply{Text: fmt.Sprint("try ", n)}, nil
	}, kit.Name("answer"), kit.Retry(2, time.Millisecond))))
}

func TestLettersAreBounded(t *testing.T) {
	kittest.Run(t, "the oldest makes room", func(t *testing.T, b *kittest.Harness) {
		for i := range 1005 {
			raw(t, b, "box/note", note(fmt.Sprint(i), "bad"))
		}
		time.Sleep(time.Second)
		b.Settle()
		kept := b.Broker.Retained("system/dead/s/+")
		oldest := slices.ContainsFunc(kept, func(p []byte) bool { return string(p) == note("4", "bad") })
		newest := slices.ContainsFunc(kept, func(p []byte) bool { return string(p) == note("1004", "bad") })
		if len(kept) != 1000 || oldest || !newest {
			t.Errorf("keeps %d letters; an old one: %v, the newest: %v", len(kept), oldest, newest)
		}
	}, kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { return errors.New("no") }, kit.Name("heard"))))
}

func TestReplayIsForOne(t *testing.T) {
	var l diary
	take := func(who string) kit.Handler {
		return kit.On(func(_ context.Context, n Note) error { l.add("%s %s", who, n.Text); return nil }, kit.Name("heard"))
	}
	kittest.Run(t, "others do not handle it again", func(t *testing.T, b *kittest.Harness) {
		raw(t, b, "box/note", note("1", "all"))
		raw(t, b, "system/replay/b", note("2", "one"), "topic", "box/note")
		raw(t, b, "system/replay/b", note("3", "nowhere"))
		b.Settle()
		got := l.take()
		slices.Sort(got)
		same(t, got, "a all", "b all", "b one")
	}, kittest.ServiceOf("a", take("a")), kittest.ServiceOf("b", take("b")))
}

// part is a message with a number, as parts of a stream have.
type part struct {
	Seq  int    `json:"seq"`
	Text string `json:"text"`
}

func (part) Route() msg.Route { return msg.Route{Topic: "box/part", QoS: msg.AtLeastOnce} }

func TestDedupe(t *testing.T) {
	partOf := func(seq, text string) string {
		return fmt.Sprintf(`{"id":"s","type":"box.part","ts":1,"source":"x","data":{"seq":%s,"text":%q}}`, seq, text)
	}
	tests := map[string]struct {
		env  map[string]string
		send func(t *testing.T, b *kittest.Harness)
		want []string
	}{
		"off by default": {nil, func(t *testing.T, b *kittest.Harness) {
			raw(t, b, "box/note", note("1", "a"))
			raw(t, b, "box/note", note("1", "a"))
		}, []string{"a", "a"}},
		"the same twice is handled once": {map[string]string{"MQTT_DEDUPE_TTL": "30"}, func(t *testing.T, b *kittest.Harness) {
			raw(t, b, "box/note", note("1", "a"))
			raw(t, b, "box/note", `{"id":"1","type":"box.note","ts":2,"source":"y","data":{"text":"a","message_id":"m"}}`) // names in another order
			raw(t, b, "box/note", note("2", "a"))
			raw(t, b, "box/note", note("1", "b"))
		}, []string{"a", "a", "b"}},
		"parts of a stream are told apart by seq alone": {map[string]string{"MQTT_DEDUPE_TTL": "30"}, func(t *testing.T, b *kittest.Harness) {
			raw(t, b, "box/part", partOf("0", "x"))
			raw(t, b, "box/part", partOf("1", "x"))
			raw(t, b, "box/part", partOf("1", "y"))
		}, []string{"0 x", "1 x"}},
		"after the time it is forgotten": {map[string]string{"MQTT_DEDUPE_TTL": "30"}, func(t *testing.T, b *kittest.Harness) {
			raw(t, b, "box/note", note("1", "a"))
			time.Sleep(30 * time.Second)
			raw(t, b, "box/note", note("1", "a"))
		}, []string{"a", "a"}},
		"more than the most are forgotten, the oldest first": {map[string]string{"MQTT_DEDUPE_TTL": "30", "MQTT_DEDUPE_MAX_ENTRIES": "2"}, func(t *testing.T, b *kittest.Harness) {
			for _, id := range []string{"1", "2", "3", "3", "2", "1"} {
				raw(t, b, "box/note", note(id, id))
			}
		}, []string{"1", "2", "3", "1"}},
		"what failed may come again": {map[string]string{"MQTT_DEDUPE_TTL": "30"}, func(t *testing.T, b *kittest.Harness) {
			raw(t, b, "box/note", note("1", "fails once"))
			raw(t, b, "box/note", note("1", "fails once"))
			raw(t, b, "box/note", note("1", "fails once"))
		}, []string{"fails once", "fails once"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			var l diary
			failed := false
			kittest.Run(t, "run", func(t *testing.T, b *kittest.Harness) {
				tt.send(t, b)
				b.Settle()
				same(t, l.take(), tt.want...)
			}, kittest.ServiceOf("s",
				kit.On(func(_ context.Context, n Note) error {
					l.add("%s", n.Text)
					if n.Text == "fails once" && !failed {
						failed = true
						return errors.New("once")
					}
					return nil
				}, kit.Name("heard")),
				kit.On(func(_ context.Context, p part) error { l.add("%d %s", p.Seq, p.Text); return nil }, kit.Name("part"))))
		})
	}
}
