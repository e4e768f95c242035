package test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/test/need"
)

// separateNetworks holds the services of a running project to what is theirs: each has a
// password of its own, which opens no other user, and may say what it declares.
func separateNetworks(t *testing.T, p *project, addr string) {
	t.Helper()
	password := func(user string) string {
		t.Helper()
		out, err := p.docker(t, time.Minute, "run", "--rm", "-T", "passwords", "sh", "-c", "cat /run/passwords/"+user+"/password")
		if err != nil {
			t.Fatal(err, out)
		}
		lines := strings.Split(out, "\n")
		return lines[len(lines)-1]
	}
	known := map[string]string{} // user by password
	for _, user := range []string{"stt", "llm", "memory", "tts", "router", "ui-web", "timer"} {
		word := password(user)
		if len(word) != 48 {
			t.Errorf("the password of %s has %d characters", user, len(word))
		}
		if other := known[word]; other != "" {
			t.Errorf("%s and %s have one password", user, other)
		}
		known[word] = user
	}

	word := password("stt")
	for _, user := range []string{"tts", "router", "tars"} {
		if _, err := join(t, addr, user, word); err == nil {
			t.Errorf("the password of stt opens %s", user)
		}
	}
	bus, err := join(t, addr, "stt", word)
	if err != nil {
		t.Fatalf("stt with its own password: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := bus.Publish(ctx, contract.TtsSay{Text: "forbidden"}); err == nil || !strings.Contains(err.Error(), "refused by the broker") {
		t.Errorf("stt may say what the router says: %v", err)
	}
	for _, service := range []string{"stt", "tts", "ui-web", "broker"} {
		if got := passwordsIn(t, p, service); !slices.Equal(got, []string{"password-" + service}) {
			t.Errorf("the container of %s is given %q", service, got)
		}
	}
}

// join logs in to the broker at addr.
func join(t *testing.T, addr, user, password string) (*kit.Bus, error) {
	t.Helper()
	cfg, err := kit.Load("journey")
	if err != nil {
		t.Fatal(err)
	}
	cfg.URL, cfg.ConnectTimeout = "mqtt://"+user+":"+password+"@"+addr, 5*time.Second
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	bus, err := kit.Open(ctx, "visitor", cfg, kit.Sends[contract.TtsSay]())
	if err == nil {
		t.Cleanup(func() { _ = bus.Close(context.Background()) })
	}
	return bus, err
}

// passwordsIn are the volumes with passwords that a container has.
func passwordsIn(t *testing.T, p *project, service string) (names []string) {
	t.Helper()
	id, err := p.docker(t, time.Minute, "ps", "-q", service)
	if err != nil {
		t.Fatal(id, err)
	}
	out, err := exec.CommandContext(t.Context(), "docker", "inspect", "-f", "{{range .Mounts}}{{.Name}} {{end}}", id).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(out)) {
		if _, volume, ok := strings.Cut(name, "_password-"); ok {
			names = append(names, "password-"+volume)
		}
	}
	slices.Sort(names)
	return names
}

// composed is what docker compose makes of compose.yml.
type composed struct {
	Services map[string]struct {
		Environment map[string]*string
		EnvFile     any `json:"env_file"`
		Image       string
		MemLimit    any `json:"mem_limit"`
		PidsLimit   int `json:"pids_limit"`
		Volumes     []volume
		Networks    map[string]any
		Ports       []struct {
			HostIP string `json:"host_ip"`
		}
	}
	Networks map[string]struct{ Internal bool }
}

// volume is what a container is given of the host.
type volume struct {
	Source, Target string
	ReadOnly       bool `json:"read_only"`
	Bind           struct {
		CreateHostPath bool `json:"create_host_path"`
	}
}

// compose reads compose.yml as docker compose does, with every setting that is
// listed anywhere set to its own name.
func compose(t *testing.T) (c composed) {
	t.Helper()
	need.Docker(t)
	cmd := exec.CommandContext(t.Context(), "docker", "compose", "--profile", "*", "config", "--format", "json")
	cmd.Dir = ".."
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TARS_MQTT_PASSWORD=secret-of-tars"}
	for _, m := range settingName.FindAllStringSubmatch(string(describe(t, "env")), -1) {
		cmd.Env = append(cmd.Env, m[1]+"=secret-"+m[1])
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

var settingName = regexp.MustCompile(`(?m)^#([A-Z][A-Z0-9_]*)=`)

// TestContainersGetTheirOwnSettings sets everything, and looks who gets it.
func TestContainersGetTheirOwnSettings(t *testing.T) {
	c := compose(t)
	owners := map[string][]string{ // of each secret
		"STT_OPENAI_KEY": {"stt"}, "LLM_API_KEY": {"llm"}, "MEMORY_EMBED_KEY": {"llm", "memory"}, "TTS_OPENAI_KEY": {"tts"}, "TTS_ELEVENLABS_KEY": {"tts"},
		"UI_TOKEN": {"ui-web"}, "TARS_MQTT_PASSWORD": {"passwords"}, "MQTT_PASSWORD": nil,
		"ADMIN_TOKEN": {"llm", "memory", "router", "stt", "timer", "tts", "ui-web"},
	}
	for key, want := range owners {
		var have []string
		for name, s := range c.Services {
			if s.Environment[key] != nil {
				have = append(have, name)
			}
		}
		if slices.Sort(have); !slices.Equal(have, want) {
			t.Errorf("%s is given to %q, want %q", key, have, want)
		}
	}
	for name, s := range c.Services {
		if s.EnvFile != nil {
			t.Errorf("%s is given a whole file of settings", name)
		}
		for key, value := range s.Environment {
			secret := strings.HasSuffix(key, "_KEY") || strings.HasSuffix(key, "PASSWORD") || key == "UI_TOKEN" || key == "ADMIN_TOKEN"
			own := strings.HasPrefix(key, strings.ToUpper(name)+"_")
			if _, known := owners[key]; secret && !own && value != nil && !known && key != "OPENAI_API_KEY" {
				t.Errorf("%s is given %s, which this test does not know: name its owner here", name, key)
			}
		}
	}
}

// TestContainersAreBounded looks at what each container may use and reach.
func TestContainersAreBounded(t *testing.T) {
	c := compose(t)
	exact := regexp.MustCompile(`:v?\d+\.\d+(\.\d+)?[a-z0-9.-]*$|^tars(-engines)?:local$`)
	for name, s := range c.Services {
		if s.MemLimit == nil || s.PidsLimit == 0 {
			t.Errorf("%s has no bound on memory or processes: %v, %d", name, s.MemLimit, s.PidsLimit)
		}
		if !exact.MatchString(s.Image) {
			t.Errorf("%s runs %s, which is no exact version", name, s.Image)
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s has a port on %q", name, port.HostIP)
			}
		}
		for _, v := range s.Volumes {
			if own := "password-" + name; strings.HasPrefix(v.Source, "password-") && v.Source != own && name != "passwords" {
				t.Errorf("%s is given %s", name, v.Source)
			}
		}
	}
	if broker := c.Services["broker"]; len(broker.Networks) != 1 || len(broker.Ports) != 0 || !c.Networks["bus"].Internal {
		t.Errorf("the broker is on the networks %v and has %d ports", broker.Networks, len(broker.Ports))
	}
	for _, name := range []string{"engines", "ollama", "ollama-model", "passwords"} {
		if _, on := c.Services[name].Networks["bus"]; on {
			t.Errorf("%s reaches the broker", name)
		}
	}
}

// TestPasswordsThatCannotWork are refused at once, in a line that hides them.
func TestPasswordsThatCannotWork(t *testing.T) {
	need.Docker(t)
	for name, tt := range map[string]struct{ password, want string }{
		"a line break":       {"Geheim\nGeheim", "TARS_MQTT_PASSWORD has a line break or another control character"},
		"a tab":              {"Geheim\tGeheim", "TARS_MQTT_PASSWORD has a line break or another control character"},
		"a dash in front":    {"-Geheim", "TARS_MQTT_PASSWORD begins with a dash"},
		"no folder for them": {"Geheim", "the container has no volume at /run/passwords/broker"},
	} {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "docker", "run", "--rm", "-e", "TARS_MQTT_PASSWORD="+tt.password, "-v", fmt.Sprintf("%s/../ops/mosquitto:/mosquitto/config:ro", dir),
			"--entrypoint", "sh", "eclipse-mosquitto:2", "/mosquitto/config/start.sh", "passwords").CombinedOutput()
		if err == nil || !strings.Contains(string(out), tt.want) || strings.Contains(string(out), "Geheim") {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
}
