package admin_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/admin"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// Note is something to read.
type Note struct {
	msg.Ident
	Text string `json:"text"`
}

// Route implements msg.Message.
func (Note) Route() msg.Route { return msg.Route{Topic: "box/note", QoS: msg.AtLeastOnce} }

// Reply answers a Question.
type Reply struct {
	msg.Ident
	Text string `json:"text"`
}

// Route implements msg.Message.
func (Reply) Route() msg.Route { return msg.Route{Topic: "box/answer", QoS: msg.AtLeastOnce} }

// Question is answered by a Reply.
type Question struct {
	msg.Ident
	Text string `json:"text"`
}

// Route implements msg.Message.
func (Question) Route() msg.Route { return msg.Route{Topic: "box/question", QoS: msg.AtLeastOnce} }

// Reply implements msg.Request.
func (Question) Reply() (r Reply) { return }

// busy is a service with handlers of several kinds.
func busy() kit.Module {
	var read kit.Counter
	var reading kit.Durations
	read.Add(3)
	reading.Add(2 * time.Second)
	return kittest.ServiceOf("busy",
		kit.On(func(context.Context, Note) error { return nil }, kit.Name("heard")),
		kit.Answer(func(context.Context, Question) (Reply, error) { return Reply{Text: "yes"}, nil }, kit.Name("answer")),
		kit.Counts("letters_read", &read), kit.Times("reading", &reading),
		kit.Tap("foreign/a", nothing), kit.Tap("foreign/b", nothing), kit.Every(time.Hour, tick), kit.Every(time.Hour, tick))
}

func nothing(context.Context, *kit.Delivery) error { return nil }

func tick(context.Context) error { return nil }

// freePort is an address that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestAdmin(t *testing.T) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	addr := freePort(t)
	t.Setenv("ADMIN_ADDR", addr)
	t.Setenv("MQTT_URL", "mqtt://"+srv.Addr())
	t.Setenv("LOG_LEVEL", "error")
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	ready := make(chan struct{})
	go func() {
		over <- admin.Run(ctx, busy(), kittest.ServiceOf("other", kit.OnConnect(func(context.Context) error { close(ready); return nil })))
	}()
	get := func(path string) (int, string) {
		t.Helper()
		r, err := http.Get("http://" + addr + path)
		if err != nil {
			return 0, err.Error()
		}
		defer func() { _ = r.Body.Close() }()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(body)
	}
	select {
	case <-ready:
	case err := <-over:
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for code, _ := get("/readyz"); code != 200; code, _ = get("/readyz") {
		if time.Now().After(deadline) {
			t.Fatal("never ready")
		}
		time.Sleep(10 * time.Millisecond) // real processes' time: nothing tells that all are ready
	}
	if code, body := get("/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %s", code, body)
	}
	_, body := get("/metrics")
	for _, want := range []string{`kit_link_up{service="busy"} 1`, `kit_link_up{service="other"} 1`, `kit_handled_total{handler="heard",service="busy"} 0`,
		`kit_handler_duration_seconds_count{handler="answer",service="busy"} 0`, `kit_published_total{service="busy",type="health.status"} 1`, "go_goroutines",
		`kit_queue_wait_seconds_count{handler="answer",service="busy"} 0`, `kit_dead_letters_total{handler="heard",service="busy"} 0`,
		`kit_service_total{name="letters_read",service="busy"} 3`, `kit_service_seconds_sum{name="reading",service="busy"} 2`,
		`kit_handled_total{handler="nothing foreign/b",service="busy"} 0`, `kit_handled_total{handler="tick 2",service="busy"} 0`} {
		for !strings.Contains(body, want) { // a service is ready a moment before its health is out
			if time.Now().After(deadline) {
				t.Fatalf("metrics lack %s", want)
			}
			time.Sleep(10 * time.Millisecond)
			_, body = get("/metrics")
		}
	}
	if code, _ := get("/debug/pprof/goroutine?debug=1"); code != 200 {
		t.Errorf("pprof: %d", code)
	}
	_ = srv.Close()
	for code, body := get("/readyz"); code != 503 || !strings.Contains(body, "is not ready"); code, body = get("/readyz") {
		if time.Now().After(deadline) {
			t.Fatalf("without a broker: %d %s", code, body)
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
	t.Run("an address that others can reach wants a token", func(t *testing.T) {
		t.Setenv("ADMIN_ADDR", "0.0.0.0:0")
		const want = "ADMIN_ADDR is 0.0.0.0:0, which others can reach: set ADMIN_TOKEN, or ADMIN_ADDR to 127.0.0.1:0"
		if err := admin.Run(t.Context(), busy()); err == nil || err.Error() != want {
			t.Errorf("error: %v, want %s", err, want)
		}
	})
	t.Run("an address in use is one line", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		t.Setenv("ADMIN_ADDR", l.Addr().String())
		if err := admin.Run(t.Context(), busy()); err == nil || !strings.HasPrefix(err.Error(), "ADMIN_ADDR: ") {
			t.Errorf("error: %v", err)
		}
	})
}

func TestMetricsOfAnyName(t *testing.T) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	addr := freePort(t)
	t.Setenv("ADMIN_ADDR", addr)
	t.Setenv("MQTT_URL", "mqtt://"+srv.Addr())
	t.Setenv("LOG_LEVEL", "error")
	ctx, stop := context.WithCancel(t.Context())
	up := make(chan struct{})
	over := make(chan error, 1)
	go func() {
		over <- admin.Run(ctx, kittest.ServiceOf("z", kit.OnConnect(func(context.Context) error { close(up); return nil }), kit.On(func(context.Context, Note) error { return nil }, kit.Name("ask"))))
	}()
	<-up
	r, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(r.Body)
	if r.StatusCode != 200 {
		t.Errorf("%d %.200s", r.StatusCode, body)
	}
	stop()
	<-over
}
