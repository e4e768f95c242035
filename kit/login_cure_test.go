package kit

import (
	"errors"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
)

func TestRefusedLoginsSayWhatHelps(t *testing.T) {
	for name, tt := range map[string]struct {
		code   byte
		reason string // of the broker
		want   string
	}{
		"no retained messages":              {packets.ConnackRetainNotSupported, "", "MQTT_ENABLE_HEALTH=false (0x9A)"},
		"no QoS 1":                          {packets.ConnackQoSNotSupported, "", "MQTT_ENABLE_HEALTH=false, or use another broker (0x9B)"},
		"another server":                    {packets.ConnackUseAnotherServer, "", "set MQTT_URL (0x9C)"},
		"a client id that is somebody's":    {packets.ConnackInvalidClientID, "lamp is running", "login refused: lamp is running (0x85)"},
		"a client id":                       {packets.ConnackInvalidClientID, "", "login refused: client id refused (0x85)"},
		"a code of the future":              {0xEE, "", "the broker gives no reason, its log may (0xEE)"},
		"a code of the future, with a text": {0xEE, "too late", "login refused: too late (0xEE)"},
	} {
		err := redactConnectError(&autopaho.ConnackError{ReasonCode: tt.code, Reason: tt.reason, Err: errors.New("refused")})
		if got := err.Error(); !strings.HasSuffix(got, tt.want) || strings.Contains(got, ":  (") {
			t.Errorf("%s: %q, want it to end with %q", name, got, tt.want)
		}
	}
}
