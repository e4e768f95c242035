package main

import (
	"os"
	"strings"
	"testing"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/kit"
)

// Whoever names a broker in one of the ways there are gets that one, and tars up
// starts none of its own.
func TestNamedBrokerIsUsed(t *testing.T) {
	tests := map[string]struct {
		env        map[string]string
		want, file string
	}{
		"by its URL":             {map[string]string{"MQTT_URL": "mqtt://u:p@broker"}, "mqtt://u:p@broker", "mqtt://u:p@broker:1883"},
		"by its host":            {map[string]string{"MQTT_HOST": "broker", "MQTT_PORT": "1884", "MQTT_USERNAME": "u", "MQTT_PASSWORD": "p"}, "mqtt://broker:1884", "mqtt://u:p@broker:1884"},
		"by a port of this host": {map[string]string{"MQTT_PORT": "1884"}, "mqtt://127.0.0.1:1884", "mqtt://127.0.0.1:1884"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			home := kit.Home(t.TempDir())
			for _, key := range []string{"MQTT_URL", "MQTT_HOST", "MQTT_PORT", "MQTT_USERNAME", "MQTT_PASSWORD", "MQTT_PASSWORD_FILE"} {
				t.Setenv(key, tt.env[key])
			}
			_, stop, err := haveBroker(t.Context(), home, nil)
			if err != nil {
				t.Fatal(err)
			}
			if a := address.Find(home); a.URL != tt.want || !strings.HasPrefix(a.From, "MQTT_") {
				t.Errorf("a tool uses %s from %s, want %s", a.URL, a.From, tt.want)
			}
			t.Setenv("MQTT_URL", "") // as in another terminal
			t.Setenv("MQTT_HOST", "")
			t.Setenv("MQTT_PORT", "")
			t.Setenv("MQTT_USERNAME", "")
			t.Setenv("MQTT_PASSWORD", "")
			if s, err := address.Settings(home, "tars-cli"); err != nil || s.URL != tt.file {
				t.Errorf("another terminal uses %s, %v, want %s", s.URL, err, tt.file)
			}
			stop()
			if _, err := os.Stat(address.File(home)); err == nil {
				t.Error("the address outlives tars up")
			}
		})
	}
}

func TestOwnBrokerWhenNoneIsNamed(t *testing.T) {
	for _, key := range []string{"MQTT_URL", "MQTT_HOST"} {
		t.Setenv(key, "")
	}
	t.Setenv("MQTT_PORT", "tcp://10.0.0.1:1883") // which Kubernetes sets
	home := kit.Home(t.TempDir())
	_, stop, err := haveBroker(t.Context(), home, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if !brokerAnswers(t.Context(), home) {
		t.Error("no broker was started")
	}
}

func TestBadAddressStopsTarsUp(t *testing.T) {
	t.Setenv("MQTT_URL", "mqtt://admin:1234#Geheim@host")
	_, _, err := haveBroker(t.Context(), kit.Home(t.TempDir()), nil)
	if err == nil || strings.Contains(err.Error(), "Geheim") || strings.Contains(err.Error(), "1234") {
		t.Errorf("error is %v", err)
	}
	if _, err := address.Settings(kit.Home(t.TempDir()), "tars-cli"); err == nil || strings.Contains(err.Error(), "Geheim") {
		t.Errorf("error of a tool is %v", err)
	}
}
