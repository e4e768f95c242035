package install

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/engines/wyoming"
)

// TestEverythingInstalledAndAsked fetches half a gigabyte, so it has to be
// asked for: TARS_TEST_INSTALL=1, or a folder to install into and leave.
func TestEverythingInstalledAndAsked(t *testing.T) {
	home := os.Getenv("TARS_TEST_INSTALL")
	if home == "" {
		t.Skip("TARS_TEST_INSTALL is not set: it fetches half a gigabyte")
	}
	if home == "1" {
		home = t.TempDir()
	}
	i, err := New(home, NewProgress(os.Stderr))
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("installed in %s, %s", time.Since(begin).Round(time.Second), Bytes(sizeOf(Dir(home))))
	before := tree(t, Dir(home))
	at := map[string]string{}
	servers, err := Servers(home)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range servers {
		at[s.Name] = serve(t, s)
	}
	t.Run("speech to text", func(t *testing.T) { hears(t, at["speech"]) })
	t.Run("no speech is no text", func(t *testing.T) { hearsNothing(t, at["speech"]) })
	t.Run("text to speech to text", func(t *testing.T) { speaks(t, at["speech"]) })
	t.Run("a client that goes ends the work", func(t *testing.T) { stops(t, at["speech"]) })
	t.Run("a client that goes ends the listening", func(t *testing.T) { stopsListening(t, at["speech"]) })
	t.Run("bad requests", func(t *testing.T) { refuses(t, at["speech"]) })
	t.Run("chat with a tool", func(t *testing.T) { chats(t, at["llm"]) })
	t.Run("embeddings", func(t *testing.T) { embeds(t, at["embed"]) })
	t.Run("wake words", func(t *testing.T) { wakes(t, at["wake"], at["speech"]) })
	if after := tree(t, Dir(home)); len(after) != len(before) {
		t.Errorf("running left %d files, installing %d", len(after), len(before))
	}
}

// serve runs a server, with a dead end for a proxy to whatever is not on this
// machine, and returns its address once it answers.
func serve(t *testing.T, s Server) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	_ = l.Close()
	args := strings.Split(strings.ReplaceAll(strings.Join(s.Args, "\x00"), "{port}", port), "\x00")
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(append(os.Environ(), s.Env...), "HTTPS_PROXY=http://127.0.0.1:9", "HTTP_PROXY=http://127.0.0.1:9", "NO_PROXY=127.0.0.1")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	line, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = line.Close()
		_ = cmd.Wait()
	})
	health := strings.ReplaceAll(s.Health, "{port}", port)
	for !healthy(t, health) {
		if time.Since(begin) > 2*time.Minute {
			t.Fatalf("%s does not answer", s.Name)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("%s answers after %s", s.Name, time.Since(begin).Round(10*time.Millisecond))
	t.Cleanup(func() {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		for line := range strings.Lines(string(status)) {
			if strings.HasPrefix(line, "VmHWM") {
				t.Logf("%s, memory at most: %s", s.Name, strings.TrimSpace(strings.TrimPrefix(line, "VmHWM:")))
			}
		}
	})
	return addr
}

func healthy(t *testing.T, health string) bool {
	t.Helper()
	if strings.HasPrefix(health, "tcp") {
		c, err := wyoming.NewClient(health)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Describe(t.Context())
		return err == nil
	}
	r, err := http.Get(health)
	if err != nil {
		return false
	}
	defer r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// post sends JSON and decodes the answer.
func post(t *testing.T, url, body string, into any) {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(into); err != nil || r.StatusCode != 200 {
		t.Fatalf("%s: %v", r.Status, err)
	}
}

func chats(t *testing.T, addr string) {
	var a struct {
		Choices []struct {
			Message struct {
				Content   string
				ToolCalls []struct {
					Function struct{ Name, Arguments string }
				} `json:"tool_calls"`
			}
		}
		Timings struct {
			Rate float64 `json:"predicted_per_second"`
		}
	}
	url := "http://" + addr + "/v1/chat/completions"
	post(t, url, `{"temperature":0,"max_tokens":40,"messages":[{"role":"user","content":"What is the capital of France?"}]}`, &a)
	if !strings.Contains(a.Choices[0].Message.Content, "Paris") {
		t.Errorf("said %q", a.Choices[0].Message.Content)
	}
	t.Logf("%.0f tokens/s", a.Timings.Rate)
	post(t, url, `{"temperature":0,"max_tokens":96,"messages":[{"role":"user","content":"Turn on the kitchen light."}],
	  "tools":[{"type":"function","function":{"name":"set_light","description":"Turn a light on or off","parameters":{"type":"object","required":["room","state"],
	  "properties":{"room":{"type":"string","enum":["kitchen","office"]},"state":{"type":"string","enum":["on","off"]}}}}}]}`, &a)
	if calls := a.Choices[0].Message.ToolCalls; len(calls) == 0 || calls[0].Function.Name != "set_light" || !strings.Contains(calls[0].Function.Arguments, "kitchen") {
		t.Errorf("called %+v", calls)
	}
}

func embeds(t *testing.T, addr string) {
	var a struct {
		Data []struct{ Embedding []float64 }
	}
	begin := time.Now()
	post(t, "http://"+addr+"/v1/embeddings", `{"input":["turn on the light","switch the lamp on","the cat sat on the mat"]}`, &a)
	dot := func(x, y []float64) (s float64) {
		for i := range x {
			s += x[i] * y[i]
		}
		return s
	}
	alike, unlike := dot(a.Data[0].Embedding, a.Data[1].Embedding), dot(a.Data[0].Embedding, a.Data[2].Embedding)
	t.Logf("%d ms for 3 texts, alike %.2f, unlike %.2f", time.Since(begin).Milliseconds(), alike, unlike)
	if len(a.Data[0].Embedding) != 384 || alike < unlike+0.2 {
		t.Errorf("%d numbers, alike %.2f, unlike %.2f", len(a.Data[0].Embedding), alike, unlike)
	}
}

func wakes(t *testing.T, addr, voice string) {
	c, err := wyoming.NewClient("tcp://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	r, err := say(t.Context(), voice, `{"input":"Hey Jarvis!","response_format":"pcm"}`)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	pcm, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	quiet := make([]byte, 2*22050)
	d, err := c.Detect(t.Context(), wyoming.Format{Rate: 22050, Width: 2, Channels: 1}, []string{"hey_jarvis"})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Hear(append(append(append([]byte{}, quiet...), pcm...), quiet...)); err != nil {
		t.Fatal(err)
	}
	heard, err := d.Next()
	if err != nil || heard.Name != "hey_jarvis" {
		t.Errorf("heard %+v, %v", heard, err)
	}
}
