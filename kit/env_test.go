package kit

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"
)

type envConfig struct {
	Model  string        `default:"tiny" was:"WHISPER_MODEL"`
	Key    string        `also:"OPENAI_API_KEY"`
	TopK   int           `split_words:"true" default:"5"`
	Live   bool          `default:"true"`
	MaxAge time.Duration `split_words:"true" default:"10s"`
	Cert   string        `envconfig:"TLS_CERT"`
}

// envTypes has a field of each kind that is read in a way of its own.
type envTypes struct {
	Small  uint16
	Tiny   int8
	Big    uint64
	Rate   float32
	Hosts  []string
	Ports  []uint16
	Waits  []time.Duration
	Flags  map[string]bool
	Secret []byte
	Maybe  *int
	Addr   netip.Addr
	Addrs  []netip.Addr
	Inner  *struct{ On bool }
	Port   string `default:"80"`
	Must   string `required:"true" default:"x"`
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
			err := readEnv("X", &got, slog.New(slog.NewTextHandler(&out, nil)))
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

func TestEnvOfEachType(t *testing.T) {
	tests := map[string]struct{ key, value, want string }{
		"too much":                        {"X_SMALL", "65536", "X_SMALL is 65536, which is more than 65535: want a whole number from 0 to 65535"},
		"too little":                      {"X_TINY", "-129", "X_TINY is -129, which is less than -128: want a whole number from -128 to 127"},
		"a negative count":                {"X_SMALL", "-1", `X_SMALL is "-1", want a whole number from 0 to 65535`},
		"more than any number":            {"X_BIG", "99999999999999999999", "X_BIG is 99999999999999999999, which is more than 18446744073709551615: want a whole number from 0"},
		"no number":                       {"X_RATE", "fast", `X_RATE is "fast", want a number`},
		"one of a list":                   {"X_PORTS", "1, 70000, 3", "X_PORTS is 70000, which is more than 65535: want a whole number from 0 to 65535"},
		"one that is none":                {"X_PORTS", "1,x", `X_PORTS is "x", want a whole number from 0 to 65535`},
		"one duration of a list":          {"X_WAITS", "1,soon", `X_WAITS is "1s,soon", want a duration such as 500ms, 5s or 2m`},
		"a pair that is none":             {"X_FLAGS", "a", `X_FLAGS is "a": invalid map item: "a"; want pairs such as a:1,b:2`},
		"what a type of its own refuses":  {"X_ADDR", "nowhere", `X_ADDR cannot be read: ParseAddr("nowhere"): unable to parse IP`},
		"a list is trimmed":               {"X_HOSTS", " a , b,,c ", "[a b c] [] map[]  true [] 80 x"},
		"durations of a list are seconds": {"X_WAITS", " 1, 2m ", "[] [1s 2m0s] map[]  true [] 80 x"},
		"pairs are trimmed":               {"X_FLAGS", "a: yes , b :off", "[] [] map[a:true b:false]  true [] 80 x"},
		"bytes are no list":               {"X_SECRET", "a, b", "[] [] map[] a, b true [] 80 x"},
		"a quote, a backslash, no UTF-8":  {"X_SECRET", "\"\\\xff`", "[] [] map[] \"\\\xff` true [] 80 x"},
		"addresses":                       {"X_ADDRS", "::1, 10.0.0.1", "[] [] map[]  true [::1 10.0.0.1] 80 x"},
		"a port that Kubernetes sets":     {"X_PORT", "tcp://10.0.0.1:80", "[] [] map[]  true [] 80 x"},
		"a host that Kubernetes sets":     {"X_SERVICE_HOST", "10.0.0.1", "[] [] map[]  true [] 80 x"},
		"more that Kubernetes sets":       {"X_PORT_8_TCP", "tcp://10.0.0.1:80", "[] [] map[]  true [] 80 x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv(tt.key, tt.value)
			var c envTypes
			text := ""
			if err := readEnv("X", &c, slog.New(slog.DiscardHandler)); err != nil {
				text = err.Error()
			} else {
				text = fmt.Sprintln(c.Hosts, c.Waits, c.Flags, string(c.Secret), c.Maybe == nil, c.Addrs, c.Port, c.Must)
				text = strings.TrimSuffix(text, "\n")
			}
			if text != tt.want {
				t.Errorf("got %s, want %s", text, tt.want)
			}
		})
	}
}

// Whoever reads the environment while a service reads its own sees it as it is.
func TestReadingChangesNoVariable(t *testing.T) {
	t.Setenv("X_LIVE", "yes")
	t.Setenv("X_TOP_K", " 7 ")
	t.Setenv("TLS_CERT", "of another program")
	stop := make(chan struct{})
	changed := make(chan string, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if a, b, c := os.Getenv("X_LIVE"), os.Getenv("X_TOP_K"), os.Getenv("TLS_CERT"); a != "yes" || b != " 7 " || c != "of another program" {
				select {
				case changed <- fmt.Sprintf("%q %q %q", a, b, c):
				default:
				}
			}
		}
	})
	for range 300 {
		var c envConfig
		if err := readEnv("X", &c, slog.New(slog.DiscardHandler)); err != nil || !c.Live || c.TopK != 7 || c.Cert != "" {
			t.Fatalf("got %+v, %v", c, err)
		}
	}
	close(stop)
	wg.Wait()
	select {
	case seen := <-changed:
		t.Errorf("meanwhile the variables were %s", seen)
	default:
	}
}

// home-lamp and home-door share the prefix HOME_.
func TestVariablesOfAServiceWithTheSamePrefix(t *testing.T) {
	type door struct{ Relay string }
	for name, shared := range map[string]bool{"home-door": false, "home": true} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOME_DELAY", "5s") // of home-lamp
			t.Setenv("HOME_RELAY", "2")
			var out bytes.Buffer
			var got door
			a := fx.New(fx.NopLogger, fx.Supply(serviceName(name), &variableCollector{sharesPrefix: shared}, slog.New(slog.NewTextHandler(&out, nil))), Env[door](), fx.Populate(&got))
			if a.Err() != nil || got.Relay != "2" || !strings.Contains(out.String(), "key=HOME_DELAY instead=HOME_RELAY") {
				t.Errorf("got %v, %v, logged %s", got, a.Err(), out.String())
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
	if err := readEnv("X", &got, slog.New(slog.DiscardHandler)); err != nil || got.Chat != (server{"http://x", "k"}) || got.Model != "base" {
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
