package test

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/test/need"
)

// TestBrokerRefusesWhatIsNotDeclared logs in as stt to the broker of
// compose.yml and does what stt does not declare.
func TestBrokerRefusesWhatIsNotDeclared(t *testing.T) {
	need.Docker(t)
	tars := mosquitto(t)
	u, err := url.Parse(tars)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	u.User = url.UserPassword("stt", password)
	t.Setenv("MQTT_URL", u.String())

	final, say := make(chan string, 10), make(chan string, 10)
	peer := connect(t, tars, kit.On(func(_ context.Context, f contract.FinalTranscript) error { final <- f.Text; return nil }, kit.Name("final")),
		kit.On(func(_ context.Context, s contract.TtsSay) error { say <- s.Text; return nil }, kit.Name("say")))
	spied, status := make(chan string, 10), make(chan string, 10)
	var bus *kit.Bus
	app := kittest.ServiceOf("stt",
		kit.On(func(_ context.Context, r contract.LLMResponse) error { spied <- r.ID; return nil }, kit.Name("spy")),
		kit.On(func(_ context.Context, s contract.TtsStatus) error { status <- s.Event; return nil }, kit.Name("status")),
		kit.Sends[contract.FinalTranscript](), kit.Sends[contract.TtsSay]()).
		With(kit.As(kit.Identity{ClientID: "tars-stt", Source: "tars-stt"}), fx.Replace(slog.New(slog.DiscardHandler))).App(fx.Populate(&bus))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = app.Stop(context.Background()) }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := bus.Ready(ctx); err != nil {
		t.Fatal(err)
	}

	if err := bus.Publish(ctx, contract.FinalTranscript{Text: "allowed"}); err != nil {
		t.Errorf("what it declares: %v", err)
	}
	within(t, "what stt may say", final)
	err = bus.Publish(ctx, contract.TtsSay{Text: "forbidden"})
	if err == nil || !strings.Contains(err.Error(), "refused by the broker: reason 0x87") {
		t.Errorf("what it does not declare: %v", err)
	}
	for _, m := range []msg.Message{contract.LLMResponse{ID: "secret"}, contract.TtsStatus{Event: "speaking_start"}} {
		if err := peer.Publish(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	within(t, "what stt may hear", status) // it comes after what it may not
	if len(spied) > 0 || len(say) > 0 {
		t.Errorf("stt heard %d answers of the model, and its speech reached %d", len(spied), len(say))
	}
}
