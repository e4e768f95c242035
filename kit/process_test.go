package kit_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// Config is read from MAIN_*.
type Config struct {
	Fail string `desc:"how to end"`
}

type mainService struct{ cfg Config }

func (s *mainService) Handlers() []kit.Handler {
	return []kit.Handler{
		kit.On(s.heard),
		kit.OnConnect(func(context.Context) error { _, err := os.Stdout.WriteString("up\n"); return err }),
	}
}

func (s *mainService) heard(context.Context, Note) error {
	if s.cfg.Fail != "" {
		return kit.Fatal(errors.New(s.cfg.Fail))
	}
	return nil
}

// TestMain lets this binary be a service of its own, when a test says so.
func TestMain(m *testing.M) {
	if os.Getenv("KIT_TEST_CHILD") != "" {
		kit.Main(kit.Service[*mainService]("main", kit.Env[Config](), fx.Provide(func(c Config) *mainService { return &mainService{c} })))
		return
	}
	os.Exit(m.Run())
}

// child runs the service as a process until it is up.
func child(t *testing.T, srv *broker.Broker, env ...string) (cmd *exec.Cmd, errs *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd, errs = exec.Command(exe), &bytes.Buffer{}
	cmd.Env = append(os.Environ(), append([]string{"KIT_TEST_CHILD=1", "MQTT_URL=mqtt://" + srv.Addr(), "LOG_LEVEL=error"}, env...)...)
	cmd.Stderr = errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	up := make([]byte, 3)
	if _, err := out.Read(up); err != nil || string(up) != "up\n" {
		t.Fatalf("it says %q, %v: %s", up, err, errs)
	}
	return cmd, errs
}

func tcp(t *testing.T, o broker.Options) *broker.Broker {
	t.Helper()
	o.Addr = "127.0.0.1:0"
	srv, err := broker.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	return srv
}

func TestMainEnds(t *testing.T) {
	t.Run("SIGTERM drains, exit 0", func(t *testing.T) {
		srv := tcp(t, broker.Options{})
		cmd, errs := child(t, srv)
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil || errs.Len() > 0 {
			t.Errorf("ended with %v: %s", err, errs)
		}
		if h := srv.Retained("system/health/main"); len(h) != 1 || !strings.Contains(string(h[0]), `"event":"shutdown"`) {
			t.Errorf("health is %s", h)
		}
	})
	t.Run("Fatal from a handler is one line, exit 1, and the message stays", func(t *testing.T) {
		srv := tcp(t, broker.Options{})
		cmd, errs := child(t, srv, "MAIN_FAIL=the disk is on fire")
		s, err := kit.Load("test")
		if err != nil {
			t.Fatal(err)
		}
		s.URL = "mqtt://" + srv.Addr()
		bus, err := kit.Open(t.Context(), "test", s, kit.Sends[Note]())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = bus.Close(context.Background()) }()
		if err := bus.Publish(t.Context(), Note{Text: "x"}); err != nil {
			t.Fatal(err)
		}
		err = cmd.Wait()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || strings.TrimSpace(errs.String()) != "main: heard: the disk is on fire" {
			t.Errorf("ended with %v: %s", err, errs)
		}
	})
}

// gate refuses to let clients subscribe or publish on secret/#.
type gate struct{ mqtt.HookBase }

func (*gate) ID() string { return "gate" }
func (*gate) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck
}
func (*gate) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }
func (*gate) OnACLCheck(_ *mqtt.Client, topic string, _ bool) bool {
	return !strings.HasPrefix(topic, "secret/")
}

type secret struct{}

func (secret) Route() msg.Route { return msg.Route{Topic: "secret/x", QoS: msg.AtLeastOnce} }

func TestRightsAreMissing(t *testing.T) {
	srv := tcp(t, broker.Options{Auth: &gate{}})
	t.Setenv("MQTT_URL", "mqtt://"+srv.Addr())
	t.Setenv("LOG_LEVEL", "error")
	err := kit.Run(t.Context(), kittest.ServiceOf("spy", kit.On(func(context.Context, secret) error { return nil })))
	if err == nil || err.Error() != "spy: broker refuses subscription secret/x: reason 0x87" {
		t.Errorf("a subscription without rights: %v", err)
	}
	s, err := kit.Load("tool")
	if err != nil {
		t.Fatal(err)
	}
	bus, err := kit.Open(t.Context(), "tool", s, kit.Sends[secret]())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bus.Close(context.Background()) }()
	if err := bus.Publish(t.Context(), secret{}); err == nil || !strings.HasSuffix(err.Error(), "refused by the broker: reason 0x87") {
		t.Errorf("a publication without rights: %v", err)
	}
}

func TestSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(file, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	for variable, want := range map[string]string{
		"MQTT_KEEPALIVE=2h":             "MQTT_KEEPALIVE is 2h0m0s, want 1s to 1h",
		"MQTT_RECONNECT_MIN_DELAY=1ms":  "MQTT_RECONNECT_MIN_DELAY is 1ms, want at least 100ms",
		"MQTT_RECONNECT_MAX_DELAY=.2":   "MQTT_RECONNECT_MAX_DELAY",
		"MQTT_CONNECT_TIMEOUT=-1s":      "MQTT_CONNECT_TIMEOUT is -1s, want more than 0",
		"MQTT_INFLIGHT=0":               "MQTT_INFLIGHT is 0, want 1 to 65535",
		"MQTT_INFLIGHT=70000":           "MQTT_INFLIGHT is 70000, which is more than 65535: want a whole number from 0 to 65535",
		"MQTT_MAX_PACKET=10":            "MQTT_MAX_PACKET is 10, want at least 1024 bytes",
		"MQTT_DRAIN=-1s":                "MQTT_DRAIN is -1s, want 0 or more",
		"MQTT_SYSTEM=a/#":               `MQTT_SYSTEM is "a/#"`,
		"MQTT_SHARE=a/b":                `MQTT_SHARE is "a/b"`,
		"MQTT_HEARTBEAT_INTERVAL=10ms":  "MQTT_HEARTBEAT_INTERVAL is 10ms, want at least 1s",
		"MQTT_DEDUPE_TTL=-1s":           "MQTT_DEDUPE_TTL is -1s, want 0 or more",
		"MQTT_TLS_CERT=" + file:         "MQTT_TLS_CERT and MQTT_TLS_KEY go together",
		"MQTT_URL=http://x":             "MQTT_URL begins with http://, want ws://",
		"MQTT_URL=mqtt://a,http://u:p@": "MQTT_URL, address 2 of 2, begins with http://, want ws://",
		"MQTT_RECONECT=no":              "MQTT_RECONECT is not known: did you mean MQTT_RECONNECT?",
	} {
		t.Run(variable, func(t *testing.T) {
			key, value, _ := strings.Cut(variable, "=")
			t.Setenv(key, value)
			if _, err := kit.Load("x"); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, want %s", err, want)
			}
		})
	}
	for variable, want := range map[string]string{
		"MQTT_TLS_CA=" + file:         "MQTT_TLS_CA: no certificate in " + file,
		"MQTT_TLS_CA=/no/such":        "MQTT_TLS_CA: open /no/such: no such file or directory",
		"MQTT_TLS_CERT, MQTT_TLS_KEY": "MQTT_TLS_CERT: ",
	} {
		t.Run(variable, func(t *testing.T) {
			keys, value, _ := strings.Cut(variable, "=")
			for key := range strings.SplitSeq(keys, ", ") {
				t.Setenv(key, map[bool]string{true: value, false: file}[value != ""])
			}
			if err := kit.Run(t.Context(), kittest.ServiceOf("x")); err == nil || !strings.HasPrefix(err.Error(), "x: "+want) {
				t.Errorf("error is %v, want %s", err, want)
			}
		})
	}
}

func TestHome(t *testing.T) {
	t.Setenv("MY_TOOL_HOME", "")
	t.Setenv("XDG_DATA_HOME", "/data")
	if h, err := kit.HomeOf("my-tool"); err != nil || h != "/data/my-tool" || h.Path("a/b") != "/data/my-tool/a/b" || h.Path("/a") != "/a" {
		t.Errorf("home %q, %v", h, err)
	}
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("HOME", "/me")
	if h, err := kit.HomeOf("my-tool"); err != nil || !strings.HasPrefix(string(h), "/me/") {
		t.Errorf("home %q, %v", h, err)
	}
	t.Setenv("MY_TOOL_HOME", "/mine")
	if h, err := kit.HomeOf("my-tool"); err != nil || h != "/mine" {
		t.Errorf("home %q, %v", h, err)
	}
}

// What an earlier version of a service subscribed is ended, not handled.
func TestStrangersAreDisowned(t *testing.T) {
	kittest.Run(t, "counted once, unsubscribed, acknowledged", func(t *testing.T, b *kittest.Harness) {
		var bus *kit.Bus
		b.Add(t, kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { return nil }, kit.Name("note"))).With(fx.Populate(&bus)))
		sub := &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "box/receipt", QoS: 1}}}
		if _, err := bus.Client().Subscribe(t.Context(), sub); err != nil {
			t.Fatal(err)
		}
		b.Publish(t, Receipt{Text: "1"})
		time.Sleep(time.Second)
		b.Publish(t, Receipt{Text: "2"})
		b.Settle()
		for _, h := range b.Stats("s").Handlers {
			if h.Name == "none" && h.Dropped["no_handler"] != 1 {
				t.Errorf("counted %v", h.Dropped)
			}
		}
	})
}
