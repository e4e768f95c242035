package kit_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pahopackets "github.com/eclipse/paho.golang/packets"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
)

// doorkeeper lets everybody in and notes who came.
type doorkeeper struct {
	mqtt.HookBase
	l *diary
}

func (d *doorkeeper) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck
}

func (d *doorkeeper) OnConnectAuthenticate(_ *mqtt.Client, p packets.Packet) bool {
	d.l.add("%s:%s", p.Connect.Username, p.Connect.Password)
	return true
}

func (d *doorkeeper) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

// cutter dials a broker and can break the link.
type cutter struct {
	dial func(context.Context) (net.Conn, error)
	mu   sync.Mutex
	open []net.Conn
}

func (c *cutter) Dial(ctx context.Context, _ *url.URL) (net.Conn, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, pahopackets.NewThreadSafeConn(conn))
	return c.open[len(c.open)-1], nil
}

func (c *cutter) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.open {
		_ = conn.Close()
	}
	c.open = nil
}

// A password that is changed in its file holds from the next connection on.
func TestPasswordFileIsReadAtEachConnect(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	t.Setenv("MQTT_USERNAME", "tars")
	t.Setenv("MQTT_PASSWORD_FILE", file)
	synctest.Test(t, func(t *testing.T) {
		var l diary
		srv, err := broker.New(broker.Options{Auth: &doorkeeper{l: &l}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = srv.Close() })
		cut := &cutter{dial: srv.Dial}
		bus := app(t, kittest.ServiceOf("s"), cut.Dial)
		if err := bus.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		write("second")
		cut.Cut()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		same(t, l.take(), "tars:first", "tars:second")
	})
}

func TestPasswordFileThatIsNotThereStopsTheStart(t *testing.T) {
	t.Setenv("MQTT_USERNAME", "tars")
	t.Setenv("MQTT_PASSWORD_FILE", "/nowhere/password")
	err := kit.Run(t.Context(), kittest.ServiceOf("s"))
	if err == nil || err.Error() != "s: MQTT_PASSWORD_FILE: open /nowhere/password: no such file or directory" {
		t.Errorf("error is %v", err)
	}
}

// A key that wants a passphrase is told from one that is broken.
func TestEncryptedKeyNamesTheCure(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"PKCS 8":         {Type: "ENCRYPTED PRIVATE KEY", Bytes: der},
		"as OpenSSL did": {Type: "EC PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, Bytes: der},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key.pem")
			if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("MQTT_URL", "mqtts://nowhere")
			t.Setenv("MQTT_TLS_CERT", file)
			t.Setenv("MQTT_TLS_KEY", file)
			err := kit.Run(t.Context(), kittest.ServiceOf("s"))
			if err == nil || !strings.Contains(err.Error(), "MQTT_TLS_KEY: the key in "+file+" is encrypted") || !strings.Contains(err.Error(), "openssl pkey") {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestSettingsOfTLSWithoutTLSWarn(t *testing.T) {
	for url, want := range map[string]string{
		"mqtt://u:secret@broker": "no effect on mqtt://u:xxxxx@broker:1883, which is not encrypted: write mqtts://",
		"mqtts://a,ws://broker":  "no effect on ws://broker:80, which is not encrypted: write wss://",
		"mqtts://broker":         "",
	} {
		t.Run(url, func(t *testing.T) {
			t.Setenv("MQTT_URL", url)
			t.Setenv("MQTT_TLS_KEY", "key.pem")
			t.Setenv("MQTT_TLS_CERT", "cert.pem")
			synctest.Test(t, func(t *testing.T) {
				srv, err := broker.New(broker.Options{})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = srv.Close() })
				var out safeBuffer
				cut := &cutter{dial: srv.Dial}
				a := kittest.ServiceOf("s").App(fx.Replace(slog.New(slog.NewTextHandler(&out, nil))), fx.Replace(kit.Dial(cut.Dial)))
				if err := a.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := a.Stop(t.Context()); err != nil {
					t.Error(err)
				}
				text := out.String()
				if want == "" && strings.Contains(text, "no effect") || !strings.Contains(text, want) || strings.Contains(text, "secret") {
					t.Errorf("logged %s, want %q", text, want)
				}
			})
		})
	}
}
