package discovery

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What servers answer, in the shapes of their releases.
const (
	ollamaVersion = `{"version":"0.12.6"}`
	ollamaModels  = `{"object":"list","data":[{"id":"nomic-embed-text:latest","object":"model","created":1,"owned_by":"library"},{"id":"gpt-oss:120b-cloud","object":"model"},{"id":"llama3.2:3b","object":"model","created":1,"owned_by":"library"}]}`
	lmStudio      = `{"data":[{"id":"qwen2.5-7b-instruct","object":"model","owned_by":"organization_owner"},{"id":"text-embedding-nomic-embed-text-v1.5","object":"model","owned_by":"organization_owner"}],"object":"list"}`
	llamaCPP      = `{"models":[{"name":"smollm2","model":"smollm2","details":{"format":"gguf"}}],"object":"list","data":[{"id":"smollm2","object":"model","created":1795484733,"owned_by":"llamacpp","meta":{"n_ctx":4096}}]}`
	vllm          = `{"object":"list","data":[{"id":"Qwen/Qwen2.5-1.5B-Instruct","object":"model","created":1,"owned_by":"vllm","root":"Qwen/Qwen2.5-1.5B-Instruct","parent":null,"max_model_len":32768}]}`
	speaches      = `{"data":[{"id":"speaches-ai/Kokoro-82M-v1.0-ONNX","created":1,"object":"model","owned_by":"speaches-ai","language":["en"],"task":"text-to-speech"},{"id":"Systran/faster-whisper-small","created":1,"object":"model","owned_by":"Systran","language":["en"],"task":"automatic-speech-recognition"}],"object":"list"}`
	openedai      = `{"object":"list","data":[{"id":"tts-1","object":"model"},{"id":"tts-1-hd","object":"model"}]}`
	ourSpeech     = `{"object":"list","data":[{"id":"whisper-base","object":"model","owned_by":"tars"},{"id":"en_US-joe-medium","object":"model","owned_by":"tars"}]}`
	piperVoices   = `{"en_US-joe-medium":{"audio":{"quality":"medium","sample_rate":22050},"num_speakers":1}}`
	asrInfo       = `{"asr":[{"name":"faster-whisper","installed":true,"models":[]}],"tts":[],"wake":[]}`
	wakeInfo      = `{"asr":[],"tts":[],"wake":[{"name":"openwakeword","installed":true,"models":[]}]}`
)

// serve answers GET with pages by path, everything else with 404.
func serve(t *testing.T, pages map[string]string) int {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.Path]
		if !ok || r.Method != http.MethodGet {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, page)
	}))
	t.Cleanup(s.Close)
	return numberOf(t, s.Listener.Addr())
}

func numberOf(t *testing.T, a net.Addr) int {
	t.Helper()
	_, port, err := net.SplitHostPort(a.String())
	n, err2 := strconv.Atoi(port)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return n
}

// listen runs talk for each connection.
func listen(t *testing.T, talk func(net.Conn)) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			talk(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-ended })
	return numberOf(t, l.Addr())
}

// tells is a Wyoming server with info; behind or within its header.
func tells(info string, behind bool) func(net.Conn) {
	return func(c net.Conn) {
		line, _ := bufio.NewReader(c).ReadString('\n')
		var q struct{ Type string }
		if json.Unmarshal([]byte(line), &q) != nil || q.Type != "describe" {
			return
		}
		if !behind {
			fmt.Fprintf(c, "{\"type\":\"info\",\"data\":%s}\n", info)
			return
		}
		fmt.Fprintf(c, "{\"type\":\"pong\",\"payload_length\":3}\nabc{\"type\":\"info\",\"version\":\"1.10.2\",\"data_length\":%d}\n%s", len(info), info)
	}
}

func models1(list string) map[string]string { return map[string]string{"/v1/models": list} }

func TestAServerIsBelievedByWhatItAnswers(t *testing.T) {
	none := []string(nil)
	tests := map[string]struct {
		start func(*testing.T) int
		probe func(context.Context, string) []Server
		want  []string
	}{
		"Ollama, whose models of a cloud are not on this machine": {
			func(t *testing.T) int {
				return serve(t, map[string]string{"/api/version": ollamaVersion, "/v1/models": ollamaModels})
			}, ollamaServers, []string{"embed openai nomic-embed-text:latest Ollama", "llm openai llama3.2:3b Ollama"},
		},
		"Ollama without a version": {func(t *testing.T) int { return serve(t, models1(ollamaModels)) }, ollamaServers, none},
		"Ollama without a model": {func(t *testing.T) int {
			return serve(t, map[string]string{"/api/version": ollamaVersion, "/v1/models": `{"object":"list","data":null}`})
		}, ollamaServers, none},
		"LM Studio": {func(t *testing.T) int { return serve(t, models1(lmStudio)) }, openAI("LM Studio"), []string{"llm openai qwen2.5-7b-instruct LM Studio", "embed openai text-embedding-nomic-embed-text-v1.5 LM Studio"}},
		"llama.cpp": {func(t *testing.T) int { return serve(t, models1(llamaCPP)) }, openAI(""), []string{"llm openai smollm2 llama.cpp"}},
		"llama.cpp with an embedder": {func(t *testing.T) int {
			return serve(t, models1(strings.ReplaceAll(llamaCPP, "smollm2", "all-minilm-l6-v2")))
		}, openAI(""), []string{"embed openai all-minilm-l6-v2 llama.cpp"}},
		"vLLM":                           {func(t *testing.T) int { return serve(t, models1(vllm)) }, openAI(""), []string{"llm openai Qwen/Qwen2.5-1.5B-Instruct vLLM"}},
		"speaches":                       {func(t *testing.T) int { return serve(t, models1(speaches)) }, openAI(""), []string{"tts openai speaches-ai/Kokoro-82M-v1.0-ONNX speaches", "stt openai Systran/faster-whisper-small speaches"}},
		"openedai-speech":                {func(t *testing.T) int { return serve(t, models1(openedai)) }, openAI(""), []string{"tts openai tts-1 openedai-speech"}},
		"ours, in a container":           {func(t *testing.T) int { return serve(t, models1(ourSpeech)) }, openAI(""), []string{"stt openai whisper-base installed whisper-base installed", "tts openai en_US-joe-medium installed en_US-joe-medium installed"}},
		"ours, a chat model":             {func(t *testing.T) int { return serve(t, models1(llamaCPP)) }, tarsServers, []string{"llm openai smollm2 llama.cpp installed"}},
		"a page where models would be":   {func(t *testing.T) int { return serve(t, models1("<!doctype html><title>TARS</title>")) }, openAI(""), none},
		"other JSON":                     {func(t *testing.T) int { return serve(t, models1(`{"data":{"id":"x"}}`)) }, openAI(""), none},
		"models without a name":          {func(t *testing.T) int { return serve(t, models1(`{"data":[{"object":"model"}]}`)) }, openAI(""), none},
		"a web server without models":    {func(t *testing.T) int { return serve(t, nil) }, openAI(""), none},
		"Piper":                          {func(t *testing.T) int { return serve(t, map[string]string{"/voices": piperVoices}) }, piperServers, []string{"tts piper  Piper"}},
		"voices of something else":       {func(t *testing.T) int { return serve(t, map[string]string{"/voices": `{"alto":{"name":"Ann"}}`}) }, piperServers, none},
		"Wyoming, info behind":           {func(t *testing.T) int { return listen(t, tells(asrInfo, true)) }, wyomingServers(STT), []string{"stt wyoming  Wyoming faster-whisper"}},
		"Wyoming, info within":           {func(t *testing.T) int { return listen(t, tells(asrInfo, false)) }, wyomingServers(STT), []string{"stt wyoming  Wyoming faster-whisper"}},
		"Wyoming for wake words":         {func(t *testing.T) int { return listen(t, tells(wakeInfo, true)) }, wyomingServers(Wake), []string{"wake wyoming  Wyoming openwakeword"}},
		"Wyoming that does other things": {func(t *testing.T) int { return listen(t, tells(wakeInfo, true)) }, wyomingServers(STT), none},
		"Wyoming with a program that is not installed": {func(t *testing.T) int { return listen(t, tells(strings.ReplaceAll(asrInfo, "true", "false"), true)) }, wyomingServers(STT), none},
		"a mail server on Wyoming's port":              {func(t *testing.T) int { return listen(t, func(c net.Conn) { fmt.Fprint(c, "220 mail ready\r\n") }) }, wyomingServers(STT), none},
		"Wyoming that breaks off": {func(t *testing.T) int {
			return listen(t, func(c net.Conn) { fmt.Fprint(c, "{\"type\":\"info\",\"data_length\":999}\n{") })
		}, wyomingServers(STT), none},
		"lengths that cannot be": {func(t *testing.T) int {
			return listen(t, func(c net.Conn) { fmt.Fprint(c, "{\"type\":\"info\",\"data_length\":-1}\n") })
		}, wyomingServers(STT), none},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := port{tt.start(t), nil, tt.probe}
			var got []string
			for _, s := range p.ask(t.Context(), "127.0.0.1") {
				line := fmt.Sprint(s.Kind, " ", s.Protocol, " ", s.Model, " ", s.Name)
				if s.Installed {
					line += " installed"
				}
				got = append(got, line)
				if u, err := url.Parse(s.URL); err != nil || u.Port() != strconv.Itoa(p.number) {
					t.Errorf("address %s is not on port %d", s.URL, p.number)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func TestModelsTellWhatTheyAreFor(t *testing.T) {
	tests := map[Kind][]model{
		STT:   {{ID: "Systran/faster-whisper-base"}, {ID: "nvidia/parakeet-tdt-0.6b-v2"}, {ID: "gpt-4o-transcribe"}, {ID: "x", Task: "automatic-speech-recognition"}},
		TTS:   {{ID: "tts-1"}, {ID: "hexgrad/Kokoro-82M"}, {ID: "en_US-amy-low"}, {ID: "gpt-4o-mini-tts"}, {ID: "my_tts"}, {ID: "voice-en-us-kathleen-low"}},
		Embed: {{ID: "mxbai-embed-large"}, {ID: "bge-m3"}, {ID: "multilingual-e5-small"}, {ID: "all_minilm"}, {ID: "paraphrase-multilingual"}, {ID: "thenlper/gte-small"}},
		LLM:   {{ID: "llama3.2"}, {ID: "gpt-oss:20b"}, {ID: "gemma3:270m"}, {ID: "attsomething"}, {ID: "phi-4"}, {ID: "mistral-7b-e512"}},
		"":    {{ID: "bge-reranker-v2-m3"}, {ID: "gpt-oss:120b-cloud"}, {ID: "deepseek-v3.1:671b-cloud"}, {ID: "kimi:cloud"}, {ID: "x", Task: "voice-activity-detection"}, {}},
	}
	for want, models := range tests {
		for _, m := range models {
			if got := kindOf(m); got != want {
				t.Errorf("%+v is for %q, want %q", m, got, want)
			}
		}
	}
}

// The order is that of the ports, the hosts of each in the order given, and
// what make engines installed comes last wherever it answers.
func TestTheOrderIsPortsThenHostsThenInstalled(t *testing.T) {
	wy, http1, own := listen(t, tells(asrInfo, true)), serve(t, models1(speaches)), serve(t, models1(ourSpeech))
	kinds := []Kind{STT}
	ports := []port{{own, kinds, openAI("")}, {http1, kinds, openAI("")}, {wy, kinds, wyomingServers(STT)}}
	home := t.TempDir()
	asleep := listen(t, func(net.Conn) {})
	run := Running{Engines: []Engine{{Name: "speech", State: Asleep, Serves: []Server{
		{Kind: STT, Protocol: "openai", URL: fmt.Sprintf("http://127.0.0.1:%d/v1", asleep), Name: "installed Whisper base"},
		{Kind: TTS, Protocol: "openai", URL: fmt.Sprintf("http://127.0.0.1:%d/v1", asleep), Name: "installed Piper"},
	}}}}
	writeRun(t, home, run)
	var got []string
	for _, s := range findServers(t.Context(), ports, []string{"127.0.0.1", "", "localhost"}, home, STT) {
		u, _ := url.Parse(s.URL)
		got = append(got, u.Hostname()+" "+s.Name)
	}
	want := []string{
		"127.0.0.1 speaches", "localhost speaches", "127.0.0.1 Wyoming faster-whisper", "localhost Wyoming faster-whisper",
		"127.0.0.1 installed whisper-base", "localhost installed whisper-base", "127.0.0.1 installed Whisper base",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found %q\nwant %q", got, want)
	}
}

func writeRun(t *testing.T, home string, r Running) {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(File(home)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(File(home), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAFileThatWasLeftBehindFindsNothing(t *testing.T) {
	home := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	_ = l.Close()
	writeRun(t, home, Running{Engines: []Engine{{Serves: []Server{{Kind: LLM, URL: "http://" + gone + "/v1"}}}}})
	if got := Look(t.Context(), nil, home, LLM); len(got) > 0 {
		t.Errorf("found %v behind a closed port", got)
	}
	if err := os.WriteFile(File(home), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Look(t.Context(), nil, home, LLM); len(got) > 0 {
		t.Errorf("found %v in half a file", got)
	}
}

// What tars up was killed over may leave its file, and its ports to anybody.
func TestAPortOfAWriterThatIsGoneIsNotBelieved(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the life of a process is not told there")
	}
	writer := exec.Command(os.Args[0], "-test.run=^$")
	if err := writer.Run(); err != nil {
		t.Fatal(err)
	}
	home, somebody := t.TempDir(), "http://127.0.0.1:"+strconv.Itoa(serve(t, nil))
	for pid, want := range map[int]bool{writer.Process.Pid: false, os.Getpid(): true} {
		writeRun(t, home, Running{PID: pid, Engines: []Engine{{Serves: []Server{{Kind: LLM, URL: somebody + "/v1"}}}}})
		got := Look(t.Context(), nil, home, LLM)
		if _, running := Installed(t.Context(), home); running != want || (len(got) > 0) != want {
			t.Errorf("running %t, found %v, want %t", running, got, want)
		}
	}
}

func TestWithoutHostsAndHomeNothingIsAsked(t *testing.T) {
	asked := false
	ports := []port{{1, []Kind{LLM}, func(context.Context, string) []Server { asked = true; return nil }}}
	if got := findServers(t.Context(), ports, nil, "", LLM); len(got) > 0 || asked {
		t.Errorf("found %v, asked %t", got, asked)
	}
	if findServers(t.Context(), ports, []string{"h"}, "", STT); asked {
		t.Error("a port of another kind was asked")
	}
}

// It takes up to the limit of a second: that is what it shows.
func TestServersThatHangCostNoMoreThanASecond(t *testing.T) {
	deaf := func() int {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return numberOf(t, l.Addr()) // the kernel accepts, nobody answers
	}
	good := serve(t, map[string]string{"/api/version": ollamaVersion, "/v1/models": ollamaModels})
	ports := []port{
		{deaf(), []Kind{LLM}, openAI("")}, {deaf(), []Kind{LLM}, wyomingServers(LLM)}, {deaf(), []Kind{LLM}, piperServers}, {deaf(), []Kind{LLM}, ollamaServers},
		{good, []Kind{LLM}, ollamaServers},
	}
	begin := time.Now()
	got := findServers(t.Context(), ports, []string{"127.0.0.1", "localhost"}, "", LLM)
	if took := time.Since(begin); took > lookTimeout+500*time.Millisecond {
		t.Errorf("took %v, want at most %v", took, lookTimeout)
	}
	if len(got) != 2 || got[0].Model != "llama3.2:3b" {
		t.Errorf("found %v, want the one that answers", got)
	}
}

// Each kind has at least one usual port, and no port is asked twice for it.
func TestUsualPorts(t *testing.T) {
	for _, kind := range []Kind{STT, TTS, LLM, Embed, Wake} {
		seen := map[int]bool{}
		for _, p := range usualPorts {
			if !slices.Contains(p.kinds, kind) {
				continue
			}
			if seen[p.number] {
				t.Errorf("port %d twice for %s", p.number, kind)
			}
			seen[p.number] = true
		}
		if len(seen) == 0 {
			t.Errorf("no port for %s", kind)
		}
	}
}
