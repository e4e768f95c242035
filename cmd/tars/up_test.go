package main

import (
	"testing"
	"time"

	"github.com/gotars/tars/kit"
)

func TestServicesOfUpAreSilentForAShortTimeUnlessAVariableSaysAnother(t *testing.T) {
	const usual = time.Minute
	for name, tt := range map[string]struct {
		variable string
		want     time.Duration
	}{
		"nothing is set":              {"", upKeepAlive},
		"set for all":                 {"MQTT_KEEPALIVE", usual},
		"set for this service":        {"UI_MQTT_KEEPALIVE", usual},
		"set for a service beside it": {"STT_MQTT_KEEPALIVE", upKeepAlive},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"MQTT_KEEPALIVE", "UI_MQTT_KEEPALIVE", "STT_MQTT_KEEPALIVE"} {
				t.Setenv(v, "")
			}
			if tt.variable != "" {
				t.Setenv(tt.variable, "60s")
			}
			if got := shortKeepAlive("ui-web")(kit.Settings{KeepAlive: usual}).KeepAlive; got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}
