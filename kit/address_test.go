package kit

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// loadWith is what Load says with nothing but env in the environment.
func loadWith(t *testing.T, env map[string]string) (Settings, error) {
	t.Helper()
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.Contains(name, "MQTT_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	return Load("stt")
}

func TestAddressesThatCannotWork(t *testing.T) {
	tests := map[string]struct{ url, want string }{
		"a # in the password":                     {"mqtt://admin:1234#Geheim@host", "has an @ after one of / ? #"},
		"a / in the password":                     {"mqtt://admin:1234/Geheim@host", "has an @ after one of / ? #"},
		"a ? in the password":                     {"mqtt://admin:1234?Geheim@host", "has an @ after one of / ? #"},
		"the same where a path is allowed":        {"ws://admin:1234/Geheim@host/mqtt", "has an @ after one of / ? #"},
		"a fragment":                              {"mqtt://host#Geheim", "begins with #"},
		"an empty fragment":                       {"mqtt://host#", "begins with #"},
		"a query":                                 {"wss://host/mqtt?token=Geheim", "begins with ?"},
		"a path without use":                      {"mqtt://host/Geheim", "has a path"},
		"a blank in the password":                 {"mqtt://admin:Ge heim@host", "blank"},
		"a newline":                               {"mqtt://admin:Geheim@ho\nst", "control character"},
		"a C1 control character":                  {"mqtt://admin:Geheim\u0085@host", "control character"},
		"a % in the password":                     {"mqtt://admin:%zzGeheim@host", "% is written %25"},
		"a quote in the password":                 {`mqtt://admin:Ge"heim@host`, "other special characters"},
		"a backslash in the password":             {`mqtt://admin:Ge\heim@host`, "other special characters"},
		"port 0":                                  {"mqtt://admin:Geheim@host:0", "want 1 to 65535"},
		"port 99999":                              {"mqtt://admin:Geheim@host:99999", "want 1 to 65535"},
		"a port that is a password":               {"mqtt://admin:99991234", "want 1 to 65535"},
		"a port that is no number":                {"mqtt://admin:Geheim", "is no URL"},
		"IPv6 without brackets":                   {"mqtt://::1:1883", "IPv6 address without brackets"},
		"a full one, with a login":                {"mqtt://admin:Geheim@2001:db8::7", "IPv6 address without brackets"},
		"brackets around a name":                  {"mqtt://admin:Geheim@[host]:1883", "is no URL"},
		"no host":                                 {"mqtt://admin:Geheim@", "has no host"},
		"no host but a port":                      {"mqtt://admin:Geheim@:1883", "has no host"},
		"a host that is none":                     {"mqtt://admin:Geheim@ho$st", "no host name has"},
		"nothing after the scheme":                {"mqtt://", "has no host"},
		"no scheme":                               {"admin:Geheim@host:1883", "no scheme that is known"},
		"no slashes":                              {"mqtt:admin:Geheim@host", "no scheme that is known"},
		"an unknown scheme":                       {"amqp://admin:Geheim@host", "no scheme that is known"},
		"a password where the scheme is":          {"admin:Geheim://host", "no scheme that is known"},
		"the scheme of another program":           {"tcp://admin:Geheim@host", "begins with tcp://, want mqtt://"},
		"the scheme of a page":                    {"https://admin:Geheim@host", "begins with https://, want wss://"},
		"one of several":                          {"mqtt://one, mqtt://admin:Geheim@two:0", "address 2 of 2"},
		"a comma in the password":                 {"mqtt://admin:1234,Geheim@host", "a comma in a password is written %2C"},
		"commas and no more":                      {" , ,", "is empty"},
		"a control character in the user name":    {"mqtt://ad%0Amin:Geheim@host", "user name that holds control characters"},
		"a password that is longer than a string": {"mqtt://admin:" + strings.Repeat("Geheim", 12000) + "@host", "more than 65535 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := loadWith(t, map[string]string{"MQTT_URL": tt.url})
			if err == nil || !strings.HasPrefix(err.Error(), "MQTT_URL") || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error is %v, want %s", err, tt.want)
			}
			if text := err.Error(); strings.Contains(text, "heim") || strings.Contains(text, "1234") || strings.Contains(text, "\n") {
				t.Errorf("one line without a secret is wanted: %q", text)
			}
			if got := RedactURL(tt.url); got != "of an unreadable address" {
				t.Errorf("shown as %s", got)
			}
		})
	}
}

// Whatever stands in a password, it is not shown: not in an error, and not where
// the address is.
func TestPasswordsAreNotShown(t *testing.T) {
	for c := range rune(0x180) {
		for _, form := range []string{"mqtt://admin:1234%sGeheim@host", "wss://admin:1234%sGeheim@host/mqtt", "mqtt://a,ws://admin:1234%sGeheim@host:80"} {
			s := Settings{URL: fmt.Sprintf(form, string(c))}
			err := s.checkLogin()
			encoded, _ := json.Marshal(map[string]any{"settings": s.LogValue()})
			for _, text := range []string{fmt.Sprint(err), RedactURL(s.URL), fmt.Sprint(s), fmt.Sprintf("%+v %#v", s, &s), string(encoded), slog.AnyValue(s).Resolve().String()} {
				if strings.Contains(text, "1234") || strings.Contains(text, "Geheim") {
					t.Errorf("%q is shown: %s", s.URL, text)
				}
			}
		}
	}
}

func TestAddressesThatWork(t *testing.T) {
	tests := map[string]struct{ url, want string }{
		"a port by the scheme":        {"mqtt://host", "mqtt://host:1883"},
		"no port after the colon":     {"mqtts://host:", "mqtts://host:8883"},
		"a scheme in capitals":        {"MQTT://host", "mqtt://host:1883"},
		"a slash and no path":         {"mqtt://host:1884/", "mqtt://host:1884"},
		"a path of a WebSocket":       {"wss://host/mqtt", "wss://host:443/mqtt"},
		"IPv6":                        {"mqtt://[::1]", "mqtt://[::1]:1883"},
		"IPv6 with a zone":            {"mqtt://[fe80::1%25eth0]:1884", "mqtt://[fe80::1%25eth0]:1884"},
		"an underscore, as in Docker": {"mqtt://my_broker", "mqtt://my_broker:1883"},
		"a name beyond ASCII":         {"mqtt://küche.local", "mqtt://k%C3%BCche.local:1883"},
		"an @ in the password":        {"mqtt://u:p@ss@host", "mqtt://u:xxxxx@host:1883"},
		"an escaped password":         {"mqtt://u:%23%2F%3F%2C@host", "mqtt://u:xxxxx@host:1883"},
		"a comma at the end":          {"mqtt://a, mqtt://b ,", "mqtt://a:1883,mqtt://b:1883"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := loadWith(t, map[string]string{"MQTT_URL": tt.url})
			if err != nil {
				t.Fatal(err)
			}
			if got := RedactURL(s.URL); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestBrokerByItsVariables(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := write("secret", "Ge#heim\n")
	tests := map[string]struct {
		env   map[string]string
		want  string // with the login
		named string
		err   string
	}{
		"nothing is set":                     {nil, "mqtt://127.0.0.1:1883", "", ""},
		"a host":                             {map[string]string{"MQTT_HOST": "broker"}, "mqtt://broker:1883", "MQTT_HOST", ""},
		"a host and a port":                  {map[string]string{"MQTT_HOST": "broker", "MQTT_PORT": "1884"}, "mqtt://broker:1884", "MQTT_HOST", ""},
		"a port":                             {map[string]string{"MQTT_PORT": "1884"}, "mqtt://127.0.0.1:1884", "MQTT_PORT", ""},
		"the port of TLS":                    {map[string]string{"MQTT_HOST": "broker", "MQTT_PORT": "8883"}, "mqtts://broker:8883", "MQTT_HOST", ""},
		"a certificate":                      {map[string]string{"MQTT_HOST": "broker", "MQTT_TLS_CA": "x.pem"}, "mqtts://broker:8883", "MQTT_HOST", ""},
		"IPv6":                               {map[string]string{"MQTT_HOST": "::1"}, "mqtt://[::1]:1883", "MQTT_HOST", ""},
		"IPv6 in brackets":                   {map[string]string{"MQTT_HOST": "[::1]"}, "mqtt://[::1]:1883", "MQTT_HOST", ""},
		"the port that Kubernetes sets":      {map[string]string{"MQTT_PORT": "tcp://10.0.0.1:1883", "MQTT_SERVICE_HOST": "10.0.0.1"}, "mqtt://127.0.0.1:1883", "", ""},
		"that agree":                         {map[string]string{"MQTT_URL": "mqtt://u:p@broker", "MQTT_HOST": "broker", "MQTT_PORT": "1883"}, "mqtt://u:p@broker:1883", "MQTT_URL", ""},
		"a host that differs":                {map[string]string{"MQTT_URL": "mqtt://u:Geheim@broker", "MQTT_HOST": "other"}, "", "", "MQTT_URL and MQTT_HOST name different brokers: set one of them"},
		"a port that differs":                {map[string]string{"MQTT_URL": "mqtt://u:Geheim@broker", "MQTT_PORT": "1884"}, "", "", "MQTT_URL and MQTT_PORT name different brokers: set one of them"},
		"a service's own address":            {map[string]string{"MQTT_HOST": "broker", "MQTT_PORT": "1884", "STT_MQTT_URL": "mqtt://mine"}, "mqtt://mine:1883", "MQTT_URL", ""},
		"a service's own host":               {map[string]string{"MQTT_URL": "mqtt://broker", "STT_MQTT_HOST": "mine"}, "mqtt://mine:1883", "MQTT_HOST", ""},
		"port 0":                             {map[string]string{"MQTT_PORT": "0"}, "", "", "MQTT_PORT is 0, want 1 to 65535"},
		"a host with a login":                {map[string]string{"MQTT_HOST": "u:Geheim@broker"}, "", "", "MQTT_HOST is no host name"},
		"a host with a port":                 {map[string]string{"MQTT_HOST": "broker:1883"}, "", "", "MQTT_HOST is no host name"},
		"a host that is a URL":               {map[string]string{"MQTT_HOST": "mqtt://broker"}, "", "", "MQTT_HOST is no host name"},
		"a login":                            {map[string]string{"MQTT_URL": "mqtt://broker", "MQTT_USERNAME": "u", "MQTT_PASSWORD": "Ge#heim"}, "mqtt://u:Ge%23heim@broker:1883", "MQTT_URL", ""},
		"a user name":                        {map[string]string{"MQTT_URL": "mqtt://broker", "MQTT_USERNAME": "u"}, "mqtt://u@broker:1883", "MQTT_URL", ""},
		"a password from a file":             {map[string]string{"MQTT_HOST": "broker", "MQTT_USERNAME": "u", "MQTT_PASSWORD_FILE": secret}, "mqtt://u:Ge%23heim@broker:1883", "MQTT_HOST", ""},
		"a user name in the URL":             {map[string]string{"MQTT_URL": "mqtt://u@broker", "MQTT_PASSWORD_FILE": secret}, "mqtt://u:Ge%23heim@broker:1883", "MQTT_URL", ""},
		"a file from another system":         {map[string]string{"MQTT_USERNAME": "u", "MQTT_PASSWORD_FILE": write("crlf", "a b\r\n")}, "mqtt://u:a%20b@127.0.0.1:1883", "", ""},
		"a file with two newlines":           {map[string]string{"MQTT_USERNAME": "u", "MQTT_PASSWORD_FILE": write("two", "a\n\n")}, "mqtt://u:a%0A@127.0.0.1:1883", "", ""},
		"the same login twice":               {map[string]string{"MQTT_URL": "mqtt://u:p@broker", "MQTT_USERNAME": "u", "MQTT_PASSWORD": "p"}, "mqtt://u:p@broker:1883", "MQTT_URL", ""},
		"a list, of which one has a login":   {map[string]string{"MQTT_URL": "mqtt://a,mqtt://u:p@b", "MQTT_USERNAME": "u", "MQTT_PASSWORD": "p"}, "mqtt://u:p@a:1883,mqtt://u:p@b:1883", "MQTT_URL", ""},
		"a comma in the password":            {map[string]string{"MQTT_URL": "mqtt://a", "MQTT_USERNAME": "u", "MQTT_PASSWORD": "a,b"}, "mqtt://u:a%2Cb@a:1883", "MQTT_URL", ""},
		"a service's own password":           {map[string]string{"MQTT_USERNAME": "u", "MQTT_PASSWORD": "Geheim", "STT_MQTT_PASSWORD_FILE": secret}, "mqtt://u:Ge%23heim@127.0.0.1:1883", "", ""},
		"a service's own login in its URL":   {map[string]string{"MQTT_USERNAME": "u", "MQTT_PASSWORD": "Geheim", "STT_MQTT_URL": "mqtt://me:mine@b"}, "mqtt://me:mine@b:1883", "MQTT_URL", ""},
		"another user name":                  {map[string]string{"MQTT_URL": "mqtt://u:Geheim@broker", "MQTT_USERNAME": "v"}, "", "", "MQTT_URL and MQTT_USERNAME give different user names: set one of them"},
		"another password":                   {map[string]string{"MQTT_URL": "mqtt://u:Geheim@broker", "MQTT_PASSWORD": "Geheim2"}, "", "", "MQTT_URL and MQTT_PASSWORD give different passwords: set one of them"},
		"another password in a file":         {map[string]string{"MQTT_URL": "mqtt://u:Geheim@broker", "MQTT_PASSWORD_FILE": secret}, "", "", "MQTT_URL and MQTT_PASSWORD_FILE give different passwords: set one of them"},
		"a password and a file":              {map[string]string{"MQTT_USERNAME": "u", "MQTT_PASSWORD": "Geheim", "MQTT_PASSWORD_FILE": secret}, "", "", "MQTT_PASSWORD and MQTT_PASSWORD_FILE are both set: set one of them"},
		"a password of nobody":               {map[string]string{"MQTT_PASSWORD": "Geheim"}, "", "", "MQTT_PASSWORD is set without a user name: set MQTT_USERNAME too"},
		"a file that is not there":           {map[string]string{"MQTT_USERNAME": "u", "MQTT_PASSWORD_FILE": filepath.Join(dir, "none")}, "", "", "MQTT_PASSWORD_FILE: open " + filepath.Join(dir, "none") + ": no such file or directory"},
		"a file that is the password":        {map[string]string{"MQTT_USERNAME": "u", "MQTT_PASSWORD_FILE": "Geheim"}, "", "", "MQTT_PASSWORD_FILE: no such file or directory; want the path of a file, not the password"},
		"a folder":                           {map[string]string{"MQTT_USERNAME": "u", "MQTT_PASSWORD_FILE": dir}, "", "", "MQTT_PASSWORD_FILE: read " + dir + ": is a directory"},
		"an empty file":                      {map[string]string{"MQTT_USERNAME": "u", "MQTT_PASSWORD_FILE": write("empty", "\n")}, "", "", "MQTT_PASSWORD_FILE: the file is empty"},
		"a file that is too long":            {map[string]string{"MQTT_USERNAME": "u", "MQTT_PASSWORD_FILE": write("long", strings.Repeat("x", 70000))}, "", "", "MQTT_PASSWORD_FILE: the file holds more than 65535 bytes"},
		"a file without end":                 {map[string]string{"MQTT_USERNAME": "u", "MQTT_PASSWORD_FILE": "/dev/zero"}, "", "", "MQTT_PASSWORD_FILE: the file holds more than 65535 bytes"},
		"a user name with control character": {map[string]string{"MQTT_USERNAME": "u\x00"[:1] + "\n\u0007v"}, "", "", "MQTT_USERNAME with MQTT_PASSWORD gives a user name that holds control characters"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := loadWith(t, tt.env)
			got := ""
			if err == nil {
				got, err = s.URLWithLogin()
			}
			if tt.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.err) || strings.Contains(err.Error(), "Geheim") {
					t.Errorf("error is %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil || got != tt.want || s.NamedBy() != tt.named {
				t.Errorf("got %s by %q, %v, want %s by %q", got, s.NamedBy(), err, tt.want, tt.named)
			}
		})
	}
}
