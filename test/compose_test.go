package test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/test/need"
)

// project is a compose project of one test alone.
type project struct {
	name  string
	files []string // and profiles
	env   []string
}

// docker runs docker compose, from the root.
func (p *project) docker(t *testing.T, most time.Duration, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", append(append([]string{"compose", "-p", p.name}, p.files...), args...)...)
	cmd.Dir, cmd.Env = "..", append(os.Environ(), p.env...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// pinned sees that the images which compose.yml names are on this machine.
func pinned(t *testing.T) {
	t.Helper()
	need.Docker(t)
	out, err := exec.CommandContext(t.Context(), "./pinned-images.sh").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// TestJourneysThroughCompose goes the same ways through containers, with a
// scripted engine as one more of them, and kills one.
func TestJourneysThroughCompose(t *testing.T) {
	t.Parallel()
	pinned(t)
	const password = `s3c %ret#/?@:"$x` // what breaks an address, a shell or a list of users
	port := freePort(t)
	p := &project{name: "tars-test", files: []string{"-f", "compose.yml", "-f", "test/compose.yml"}, env: []string{"TARS_PORT=" + port, "TARS_ASSETS=" + assets(), "TARS_MQTT_PASSWORD=" + password, "LLM_OPENAI_URL=", "STT_OPENAI_URL=", "TTS_OPENAI_URL="}}
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := p.docker(t, time.Minute, "logs", "--tail", "60")
			t.Log(out)
		}
		_, _ = p.docker(t, time.Minute, "down", "-v", "--remove-orphans")
	})
	begin := time.Now()
	if out, err := p.docker(t, 10*time.Minute, "up", "--build", "-d", "--wait", "--wait-timeout", "120"); err != nil {
		t.Fatalf("docker compose up: %v\n%s", err, out)
	}
	t.Logf("docker compose up, image included, took %s", time.Since(begin).Round(time.Second))
	addr, err := p.docker(t, time.Minute, "port", "broker", "1883")
	if err != nil {
		t.Fatal(addr, err)
	}
	login := url.URL{Scheme: "mqtt", Host: addr, User: url.UserPassword("tars", password)}
	url := login.String()
	s := settings(t, "MQTT_URL="+url)
	journeys(t, s, url)
	separateNetworks(t, p, addr)
	r, err := http.Get("http://127.0.0.1:" + port + "/")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Errorf("the page answers %s", r.Status)
	}
	killed(t, p, url, "http://127.0.0.1:"+port)
}

// killed ends a container without a goodbye: the broker tells, and the page
// shows it.
func killed(t *testing.T, p *project, url, address string) {
	t.Helper()
	ctx := browser(t, address)
	awaitJS(t, ctx, "the board shows llm", "document.querySelector('#service-tars-llm')?.dataset.state == 'ready'")
	lost := make(chan []byte, 16)
	connect(t, url, kit.Tap("system/health/tars-llm", func(_ context.Context, d *kit.Delivery) error {
		if bytes.Contains(d.Data, []byte(`"event":"`+contract.HealthLost+`"`)) {
			lost <- d.Data
		}
		return nil
	}))
	if out, err := p.docker(t, time.Minute, "kill", "-s", "KILL", "llm"); err != nil {
		t.Fatal(out, err)
	}
	if data := within(t, "last will", lost); !bytes.Contains(data, []byte(`"ok":false`)) {
		t.Errorf("health is %s", data)
	}
	awaitJS(t, ctx, "the board shows that llm is lost", "document.querySelector('#service-tars-llm').dataset.state == 'lost'")
}

// TestEnginesThroughCompose asks the model that comes along as a container.
// Nobody names its address.
func TestEnginesThroughCompose(t *testing.T) {
	t.Parallel()
	pinned(t)
	need.Installed(t) // what the image is built from can be had
	p := &project{name: "tars-engines-test", files: []string{"-f", "compose.yml", "--profile", "engines"}, env: []string{
		"TARS_PORT=" + freePort(t), "TARS_ASSETS=" + assets(), "LLM_OPENAI_URL=", "STT_OPENAI_URL=", "TTS_OPENAI_URL=", "EMBED_OPENAI_URL=", "TARS_MQTT_PASSWORD=tars"}}
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := p.docker(t, time.Minute, "logs", "--tail", "60")
			t.Log(out)
		}
		_, _ = p.docker(t, time.Minute, "down", "-v", "--remove-orphans")
	})
	begin := time.Now()
	if out, err := p.docker(t, 15*time.Minute, "up", "--build", "-d", "--wait", "--wait-timeout", "240"); err != nil {
		t.Fatalf("docker compose up: %v\n%s", err, out)
	}
	t.Logf("docker compose --profile engines up, images included, took %s", time.Since(begin).Round(time.Second))
	id, err := p.docker(t, time.Minute, "ps", "-q", "broker")
	if err != nil {
		t.Fatal(id, err)
	}
	ip, err := exec.CommandContext(t.Context(), "docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", id).Output()
	if err != nil {
		t.Fatal(err)
	}
	url := "mqtt://tars:tars@" + strings.TrimSpace(string(ip)) + ":1883"
	s := settings(t, "MQTT_URL="+url)
	ends := make(chan contract.LLMResponse, 8)
	connect(t, url, kit.On(into(ends), kit.Name("ends")))
	out, err := s.tars(t, "ask", "What is the capital of France?")
	if err != nil || out == "" {
		t.Errorf("tars ask: %q, %v", out, err)
	}
	if r := within(t, "response", ends); r.Model == nil || !strings.Contains(*r.Model, "smollm2") {
		t.Errorf("answered by %+v", r)
	}
	t.Logf("answered %q", out)
}

// TestImagesShareTheirFirstStage holds both images to one compilation.
func TestImagesShareTheirFirstStage(t *testing.T) {
	first := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, stage, _ := strings.Cut(string(text), "\nFROM ")
		stage, _, _ = strings.Cut(stage, "\nFROM ")
		return strings.TrimSpace(stage)
	}
	if a, b := first("../ops/Dockerfile"), first("../ops/engines.Dockerfile"); a != b {
		t.Errorf("ops/Dockerfile begins with\n%s\nand ops/engines.Dockerfile with\n%s", a, b)
	}
}

// TestTheImageNeedsNoCLibrary looks at what its binary is made of: the image is empty but
// for that, so a binary that has to be linked when it starts would not start there.
func TestTheImageNeedsNoCLibrary(t *testing.T) {
	text, err := os.ReadFile("../ops/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, options, _ := strings.Cut(string(text), "go build ")
	options, _, found := strings.Cut(options, " -ldflags")
	if !found || !strings.Contains(string(text), "CGO_ENABLED=0 go build ") {
		t.Fatalf("ops/Dockerfile has no go build without cgo:\n%s", text)
	}
	const linked = "github.com/ebitengine/purego"
	for name, tt := range map[string]struct {
		options []string
		want    bool
	}{
		"the binary of the image":      {strings.Fields(options), false},
		"the binary of a Linux with C": {nil, true}, // or the line above would hold by chance
	} {
		cmd := exec.Command("go", append(append([]string{"list", "-deps"}, tt.options...), module+"cmd/tars")...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(out), linked); got != tt.want {
			t.Errorf("%s: %s is in it: %v, want %v", name, linked, got, tt.want)
		}
	}
}
