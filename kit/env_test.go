package kit

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"
)

type envConfig struct {
	Model  string        `default:"tiny" was:"WHISPER_MODEL"`
	Key    string        `also:"OPENAI_API_KEY"`
	TopK   int           `split_words:"true" default:"5"`
	Live   bool          `default:"true"`
	MaxAge time.Duration `split_words:"true" default:"10s"`
	Cert   string        `envconfig:"TLS_CERT"`
}

func (envConfig) Dropped() map[string]string {
	return map[string]string{"X_TOP_P": "set it on the model"}
}

func TestEnv(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want envConfig
		err  string
		log  string
	}{
		"defaults":                    {want: envConfig{"tiny", "", 5, true, 10 * time.Second, ""}},
		"empty is unset":              {env: map[string]string{"X_TOP_K": "", "X_LIVE": " "}, want: envConfig{"tiny", "", 5, true, 10 * time.Second, ""}},
		"yes and no are booleans":     {env: map[string]string{"X_LIVE": "No"}, want: envConfig{"tiny", "", 5, false, 10 * time.Second, ""}},
		"a bare number is seconds":    {env: map[string]string{"X_MAX_AGE": "2.5"}, want: envConfig{"tiny", "", 5, true, 2500 * time.Millisecond, ""}},
		"another name serves too":     {env: map[string]string{"OPENAI_API_KEY": "k"}, want: envConfig{"tiny", "k", 5, true, 10 * time.Second, ""}},
		"the own name wins":           {env: map[string]string{"OPENAI_API_KEY": "k", "X_KEY": "mine"}, want: envConfig{"tiny", "mine", 5, true, 10 * time.Second, ""}},
		"an old name serves, warned":  {env: map[string]string{"WHISPER_MODEL": "base"}, want: envConfig{"base", "", 5, true, 10 * time.Second, ""}, log: "instead=X_MODEL"},
		"a dropped name is warned of": {env: map[string]string{"X_TOP_P": "1"}, want: envConfig{"tiny", "", 5, true, 10 * time.Second, ""}, log: "key=X_TOP_P"},
		"a foreign one is ignored":    {env: map[string]string{"X_SERVICE_PORT_HTTP": "1"}, want: envConfig{"tiny", "", 5, true, 10 * time.Second, ""}},
		"one without the prefix, too": {env: map[string]string{"TLS_CERT": "x.pem"}, want: envConfig{"tiny", "", 5, true, 10 * time.Second, ""}},
		"a misspelt one is an error":  {env: map[string]string{"X_TOPK": "1"}, err: "X_TOPK is not known: did you mean X_TOP_K?"},
		"a bad number":                {env: map[string]string{"X_TOP_K": "many"}, err: `X_TOP_K is "many", want a whole number`},
		"a bad boolean":               {env: map[string]string{"X_LIVE": "maybe"}, err: `X_LIVE is "maybe", want yes or no`},
		"a bad duration":              {env: map[string]string{"X_MAX_AGE": "soon"}, err: `X_MAX_AGE is "soon", want a duration such as 500ms, 5s or 2m`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			var out bytes.Buffer
			var got envConfig
			err := read("X", &got, slog.New(slog.NewTextHandler(&out, nil)))
			switch {
			case tt.err != "":
				if err == nil || err.Error() != tt.err {
					t.Errorf("error is %v, want %s", err, tt.err)
				}
			case err != nil || got != tt.want || os.Getenv("X_TOP_K") != tt.env["X_TOP_K"]:
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			case !strings.Contains(out.String(), tt.log):
				t.Errorf("log is %q, want %q in it", out.String(), tt.log)
			}
		})
	}
}

// What is not read, and what stands in a struct inside, leaves every other field
// its own tags.
func TestEnvOfNestedFields(t *testing.T) {
	type server struct {
		URL string
		Key string `also:"OPENAI_API_KEY"`
	}
	var got struct {
		Rate  int `ignored:"true"`
		Chat  server
		Model string `was:"WHISPER_MODEL"`
	}
	t.Setenv("OPENAI_API_KEY", "k")
	t.Setenv("WHISPER_MODEL", "base")
	t.Setenv("X_CHAT_URL", "http://x")
	if err := read("X", &got, slog.New(slog.DiscardHandler)); err != nil || got.Chat != (server{"http://x", "k"}) || got.Model != "base" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestLoad(t *testing.T) {
	t.Setenv("MQTT_URL", "mqtt://u:secret@broker")
	t.Setenv("MQTT_INFLIGHT", "8")
	t.Setenv("STT_MQTT_INFLIGHT", "9")
	stt, err := Load("stt")
	if err != nil || stt.Inflight != 9 || stt.URL != "mqtt://u:secret@broker" || stt.KeepAlive != time.Minute {
		t.Errorf("stt: %+v, %v", stt, err)
	}
	if tts, err := Load("tts"); err != nil || tts.Inflight != 8 {
		t.Errorf("tts: %+v, %v", tts, err)
	}
	bad := map[string][2]string{
		"MQTT_URL":                 {"http://u:secret@x", "MQTT_URL begins with http://, want ws://"},
		"MQTT_KEEPALIVE":           {"0", "MQTT_KEEPALIVE is 0s, want 1s to 1h"},
		"MQTT_RECONNECT_MAX_DELAY": {"100ms", "MQTT_RECONNECT_MAX_DELAY is 100ms, want at least MQTT_RECONNECT_MIN_DELAY (500ms)"},
		"MQTT_INFLIGT":             {"3", "MQTT_INFLIGT is not known: did you mean MQTT_INFLIGHT?"},
		"MQTT_DRAIN":               {"long", `MQTT_DRAIN is "long", want a duration such as 500ms, 5s or 2m`},
	}
	for key, c := range bad {
		t.Run(key, func(t *testing.T) {
			t.Setenv(key, c[0])
			if _, err := Load("x"); err == nil || err.Error() != c[1] {
				t.Errorf("error is %v, want %s", err, c[1])
			}
		})
	}
	t.Run("no URL shows no password", func(t *testing.T) {
		t.Setenv("MQTT_URL", "mqtt://u:se%cret@x")
		if _, err := Load("x"); err == nil || strings.Contains(err.Error(), "cret") {
			t.Errorf("error is %v", err)
		}
	})
}
