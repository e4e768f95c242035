package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/adapters"
	"github.com/gotars/tars/cmd/tars/internal/chosen"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/kit"
)

// What is set comes first, then what answers on its usual port in the order of
// the documentation, then what is built in. doctor tries it and says why.
func TestDoctorSaysWhyItIsThisEngine(t *testing.T) {
	type server = func(*testing.T, string)
	tests := map[string]struct {
		servers []server
		env     [2]string
		want    []string // of each service: name, and what is in the reason
	}{
		"nothing": {nil, [2]string{}, []string{
			"stt: none", "no server for it answers at HOST on 8000, 8080, 10300, and no installed engine runs",
			"tts: none", "no server for it answers at HOST on 8000, 8080, 10200, 5000, and no installed engine runs",
			"memory: words", "no server for it answers at HOST on 11434, 1234, 8000, 8080, 8002, and no installed engine runs",
			"llm: builtin", "no server for it answers at HOST on 11434, 1234, 8000, 8080, 8001, and no installed engine runs",
			"wake: phrases in the text", "no server for it answers at HOST on 10400, and no installed engine runs",
		}},
		"Ollama": {[]server{ollamaAt}, [2]string{}, []string{
			"memory: words and meaning", "because it answers on its usual port, HOST:11434",
			"llm: Ollama", "because it answers on its usual port, HOST:11434",
			"stt: none", "no installed engine runs",
		}},
		"wake words": {[]server{wakeAt}, [2]string{}, []string{
			"wake: Wyoming openwakeword", "because it answers on its usual port, HOST:10400",
		}},
		"wake words that are set": {[]server{wakeAt}, [2]string{"STT_WAKE_URI", "tcp://HOST:10400"}, []string{
			"wake: Wyoming", "because STT_WAKE_URI is set",
		}},
		"wake words that are not wanted": {[]server{wakeAt}, [2]string{"STT_WAKE_ENGINE", "none"}, []string{
			"wake: phrases in the text", "because STT_WAKE_ENGINE is set; not taken: Wyoming openwakeword (HOST:10400)",
		}},
		"Wyoming": {[]server{wyomingAt}, [2]string{}, []string{
			"stt: Wyoming faster-whisper", "because it answers on its usual port, HOST:10300",
			"tts: none", "no installed engine runs",
		}},
		"OpenAI-shaped": {[]server{speachesAt}, [2]string{}, []string{
			"stt: speaches", "because it answers on its usual port, HOST:8000",
			"tts: speaches", "because it answers on its usual port, HOST:8000",
		}},
		"all together": {[]server{wyomingAt, speachesAt, ollamaAt}, [2]string{}, []string{
			"stt: speaches", "HOST:8000; if it fails: Wyoming faster-whisper (HOST:10300)",
			"tts: speaches", "HOST:8000",
			"llm: Ollama", "HOST:11434",
		}},
		"tars engines serve": {[]server{serveAt}, [2]string{}, []string{
			"llm: llama.cpp", "because tars engines serve answers at HOST:8001",
		}},
		"another variable": {[]server{ollamaAt}, [2]string{"LLM_BASE_URL", "http://HOST:11434/v1"}, []string{
			"llm: openai", "because LLM_BASE_URL is set",
		}},
		"a variable": {[]server{wyomingAt, speachesAt}, [2]string{"STT_WYOMING_URI", "tcp://HOST:10300"}, []string{
			"stt: Wyoming", "because STT_WYOMING_URI is set; not taken: speaches, whisper-small (HOST:8000)",
			"tts: speaches", "HOST:8000",
		}},
	}
	n := 0
	for name, tt := range tests {
		n++
		host := elsewhere(t, n)
		t.Run(name, func(t *testing.T) {
			alone(t, host)
			here := func(s string) string { return strings.ReplaceAll(s, "HOST", host) }
			if tt.env[0] != "" {
				t.Setenv(tt.env[0], here(tt.env[1]))
			}
			for _, s := range tt.servers {
				s(t, host)
			}
			all := runTrials(t.Context(), kit.Home(t.TempDir()), []string{host})
			for i := 0; i < len(tt.want); i += 2 {
				service, engine, _ := strings.Cut(tt.want[i], ": ")
				got := all[slices.IndexFunc(all, func(x trial) bool { return x.service == service })]
				if got.engine.Name != engine || got.err != nil || (got.text == "") != (engine == "none" || engine == simple || engine == "words" || engine == chosen.InText) {
					t.Errorf("%s works with %q (%s): %q %v, want %q", service, got.engine.Name, got.engine.From, got.text, got.err, engine)
				}
				if why := got.why([]string{host}); !strings.Contains(why, here(tt.want[i+1])) {
					t.Errorf("%s: %s\nwant %s", service, why, here(tt.want[i+1]))
				}
			}
		})
	}
}

func TestAnOllamaWithoutAModelIsNoticed(t *testing.T) {
	host := elsewhere(t, 91)
	alone(t, host)
	web(t, host, "11434", map[string]string{"/api/version": `{"version":"0.12.6"}`, "/v1/models": `{"object":"list","data":null}`})
	all := runTrials(t.Context(), kit.Home(t.TempDir()), []string{host})
	got := all[slices.IndexFunc(all, func(x trial) bool { return x.service == "llm" })]
	want := "because Ollama at " + host + ":11434 has no chat model, no other server for it answers at " + host + " on 1234, 8000, 8080, 8001, and no installed engine runs"
	if why := got.why([]string{host}); got.engine.Name != simple || why != want {
		t.Errorf("%s, %s\nwant %s", got.engine.Name, why, want)
	}
	all = slices.DeleteFunc(all, func(x trial) bool { return x.service == "stt" })
	if got, want := adviceOn(append(all, trial{service: "stt", text: "ok"})), "Ollama has no chat model: ollama pull llama3.2"; !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Who would take over says nothing about who was chosen.
func TestDoctorTriesTheEngineThatWasChosen(t *testing.T) {
	host := elsewhere(t, 90)
	alone(t, host)
	web(t, host, "11434", map[string]string{ // and does not answer
		"/api/version": `{"version":"0.12.6"}`,
		"/v1/models":   `{"object":"list","data":[{"id":"llama3.2:3b","object":"model"}]}`,
	})
	web(t, host, "8080", map[string]string{
		"/v1/models":           `{"object":"list","data":[{"id":"small","object":"model","owned_by":"llamacpp"}]}`,
		"/v1/chat/completions": `data: {"choices":[{"delta":{"content":"It is "}}]}` + "\n\n" + `data: {"choices":[{"delta":{"content":"Paris."}}]}` + "\n\ndata: [DONE]\n\n",
	})
	all := runTrials(t.Context(), kit.Home(t.TempDir()), []string{host})
	got := all[slices.IndexFunc(all, func(x trial) bool { return x.service == "llm" })]
	if got.engine.Name != "Ollama" || got.err == nil {
		t.Errorf("%s: %q %v", got.engine.Name, got.text, got.err)
	}
	if why := got.why([]string{host}); !strings.Contains(why, "if it fails: llama.cpp, small") {
		t.Errorf("%s", why)
	}
}

// runs tells that this process runs an installed chat model at url.
func runs(t *testing.T, home kit.Home, url string) {
	t.Helper()
	running, err := json.Marshal(discovery.Running{PID: os.Getpid(), Engines: []discovery.Engine{{Name: "llm", Serves: []discovery.Server{
		{Kind: discovery.LLM, Protocol: "openai", URL: url, Name: "installed small"},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	file := discovery.File(string(home))
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, running, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// With none, as the services have it, neither hosts nor what is installed count.
func TestNoneIsNoHost(t *testing.T) {
	host := elsewhere(t, 99)
	alone(t, "none")
	ollamaAt(t, host)
	home := kit.Home(t.TempDir())
	runs(t, home, "http://"+host+":11434/v1")
	all := runTrials(t.Context(), home, []string{"none"})
	for _, got := range all {
		if why := got.why([]string{"none"}); why != "because nothing is looked for, as ENGINE_HOSTS is none" {
			t.Errorf("%s: %s", got.service, why)
		}
	}
	if got, err := adapters.Servers(t.Context(), home, discovery.LLM); err != nil || len(got) > 0 {
		t.Errorf("bench measures %v, %v", got, err)
	}
}

func TestARecogniserThatMishearsIsNotWell(t *testing.T) {
	host := elsewhere(t, 100)
	alone(t, host)
	web(t, host, "8000", map[string]string{
		"/v1/models":               `{"data":[{"id":"whisper-small"}]}`,
		"/v1/audio/transcriptions": `{"text":"Thank you for watching."}`,
	})
	all := runTrials(t.Context(), kit.Home(t.TempDir()), []string{host})
	if err := all[0].err; err == nil || !strings.Contains(err.Error(), `understood "Thank you for watching."`) {
		t.Errorf("said %v", err)
	}
}

func TestTheOneThingThatWouldHelpMost(t *testing.T) {
	good := func() []trial {
		return []trial{
			{service: "stt", text: "x", took: 800 * time.Millisecond, engine: chosen.Engine{From: "found at 127.0.0.1:8000"}},
			{service: "llm", text: "x", speed: 40, engine: chosen.Engine{From: "found at 127.0.0.1:11434"}},
			{service: "tts", text: "x", engine: chosen.Engine{From: "found at 127.0.0.1:8000"}},
			{service: "memory", text: "x", engine: chosen.Engine{From: "found at 127.0.0.1:11434"}},
		}
	}
	tests := map[string]struct {
		spoil func(all []trial)
		want  string
	}{
		"all is well":        {func([]trial) {}, "nothing, all engines do well"},
		"an engine fails":    {func(all []trial) { all[1].err, all[0].text = errors.New("no answer"), "" }, "llm does not work: no answer"},
		"no recogniser":      {func(all []trial) { all[0].text, all[1].text = "", "" }, "no recogniser: make engines"},
		"no chat model":      {func(all []trial) { all[1].text, all[2].text = "", "" }, "no chat model: one of your choice in Ollama"},
		"no voice":           {func(all []trial) { all[2].text = "" }, "no voice: make engines"},
		"a slow recogniser":  {func(all []trial) { all[0].took = 3 * time.Second }, "the recogniser takes 3.00 s for a short question"},
		"a slow chat model":  {func(all []trial) { all[1].speed = 3 }, "the chat model writes 3 tokens a second"},
		"a simple voice":     {func(all []trial) { all[2].engine.Better = "x" }, "the voice is a simple one"},
		"no embedder":        {func(all []trial) { all[3].text = "" }, "the memory finds words only"},
		"a small chat model": {func(all []trial) { all[1].engine.From = "installed by make engines" }, "the installed chat model is tiny"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			all := good()
			tt.spoil(all)
			if got := adviceOn(all); !strings.HasPrefix(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestTheSecondRequestIsTimed(t *testing.T) {
	calls := []time.Duration{3 * time.Second, 20 * time.Millisecond}
	got, err := timeSecondCall(func() (time.Duration, error) {
		d := calls[0]
		calls = calls[1:]
		return d, nil
	})
	if err != nil || got != 20*time.Millisecond {
		t.Errorf("%v %v", got, err)
	}
}

func TestAnEngineIsToldFromItsNeighbours(t *testing.T) {
	e := chosen.Engine{Name: "Ollama", From: "found at 127.0.0.1:11434"}
	if !asksServer(e, discovery.Server{Name: "Ollama", URL: "http://127.0.0.1:11434/v1"}) || asksServer(e, discovery.Server{Name: "Ollama", URL: "http://10.0.0.1:11434/v1"}) {
		t.Error("a host is not told from another")
	}
}

func TestInstalledEnginesThatNobodyRunsAreNoticed(t *testing.T) {
	home := kit.Home(t.TempDir())
	t.Setenv("ENGINES", "")
	if installedButUnused(t.Context(), home) {
		t.Error("nothing is installed")
	}
	if err := os.MkdirAll(home.Path("engines"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(home.Path("engines/installed.json"), []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if !installedButUnused(t.Context(), home) {
		t.Error("installed, and nobody runs it")
	}
	t.Setenv("ENGINES", "none")
	if installedButUnused(t.Context(), home) {
		t.Error("they are not wanted")
	}
}
