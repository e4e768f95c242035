package install

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/gotars/tars/engines/discovery"
)

// Server is a program that an installation can run. It serves on loopback, or
// at the address ENGINES_BIND in its environment, until its standard input,
// which has to be a pipe, closes.
type Server struct {
	Name   string             // "speech", "llm", "embed", "wake"
	Args   []string           // program and arguments; {port} is replaced
	Env    []string           // in addition to the environment
	Serves []discovery.Server // URL with {port}: "http://127.0.0.1:{port}/v1", "tcp://127.0.0.1:{port}"
	Health string             // "http://127.0.0.1:{port}/health", or "tcp://127.0.0.1:{port}": answers Wyoming's describe
}

// offlineEnv keeps every library from looking for news and from telling any: what
// runs is installed. ONNX Runtime reports its use to Microsoft unless told not
// to, and keeps a number of the machine below the user's cache.
var offlineEnv = []string{"HF_HUB_OFFLINE=1", "HF_HUB_DISABLE_TELEMETRY=1", "ORT_DISABLE_TELEMETRY=1", "DO_NOT_TRACK=1",
	"TOKENIZERS_PARALLELISM=false", "PYTHONUNBUFFERED=1"}

const (
	openAIURL  = "http://127.0.0.1:{port}/v1"
	healthURL  = "http://127.0.0.1:{port}/health"
	wyomingURL = "tcp://127.0.0.1:{port}"
)

// Servers returns what the installation in home can run, and puts the programs
// of this binary in place for it. Without an installation there is nothing.
func Servers(home string) ([]Server, error) {
	in, err := Read(home)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !fileExists(in.Program) {
		return nil, fmt.Errorf("%s, which the engines were installed for, is gone: tars engines update", in.Program)
	}
	if err := placePrograms(Dir(home)); err != nil {
		return nil, err
	}
	b := serverBuilder{home, in}
	var all []Server
	for _, s := range []Server{b.speech(), b.chat(), b.embed(), b.wake()} {
		if len(s.Serves) > 0 {
			all = append(all, s)
		}
	}
	return all, nil
}

// serverBuilder makes servers of an installation.
type serverBuilder struct {
	home string
	in   *Installed
}

// server is one that runs a program of py.
func (b serverBuilder) server(name, health string, args ...string) Server {
	dir := filepath.Join(Dir(b.home), "py")
	python := []string{b.in.Program, "-I", "-S", "-X", "pycache_prefix=" + cacheDir(b.home), filepath.Join(dir, "launch.py")}
	return Server{Name: name, Args: append(python, args...), Env: offlineEnv, Health: health}
}

// path is a file of the model of a part.
func (b serverBuilder) path(p Part, name ...string) string {
	return filepath.Join(append([]string{Dir(b.home), "models", p.Folder}, name...)...)
}

func (b serverBuilder) speech() Server {
	s := b.server("speech", healthURL, "speech.py", "--port", "{port}")
	for i, p := range b.in.of("stt") {
		name := "whisper-" + partTitle(p)
		s.Args = append(s.Args, "--whisper", name+"="+b.path(p))
		if i == 0 {
			s.Serves = append(s.Serves, discovery.Server{Kind: discovery.STT, Protocol: "openai", URL: openAIURL, Model: name, Name: "installed Whisper " + partTitle(p), Installed: true})
		}
	}
	for i, p := range b.in.of("tts") {
		name := partTitle(p)
		s.Args = append(s.Args, "--voice", name+"="+b.path(p, name+".onnx"))
		if i == 0 {
			s.Serves = append(s.Serves, discovery.Server{Kind: discovery.TTS, Protocol: "openai", URL: openAIURL, Model: name, Name: "installed Piper " + name, Installed: true})
		}
	}
	if len(b.in.of("vad")) > 0 {
		s.Args = append(s.Args, "--vad")
	}
	return s
}

func (b serverBuilder) chat() Server {
	parts := b.in.of("llm")
	if len(parts) == 0 {
		return Server{}
	}
	name := partTitle(parts[0])
	s := b.server("llm", healthURL, "llm.py", "chat", "--port", "{port}", "--model", b.path(parts[0], "model.gguf"), "--name", name)
	if t := chatTemplates[parts[0].ID]; t != "" {
		s.Args = append(s.Args, "--template", filepath.Join(Dir(b.home), "py", t))
	}
	s.Serves = []discovery.Server{{Kind: discovery.LLM, Protocol: "openai", URL: openAIURL, Model: name, Name: "installed " + name, Installed: true}}
	return s
}

// chatTemplates are of models whose own template has no place for tools.
var chatTemplates = map[string]string{"llm:smollm2-135m-instruct": "smollm2.jinja"}

func (b serverBuilder) embed() Server {
	parts := b.in.of("embed")
	if len(parts) == 0 {
		return Server{}
	}
	name := partTitle(parts[0])
	s := b.server("embed", healthURL, "llm.py", "embed", "--port", "{port}", "--model", b.path(parts[0], "model.gguf"), "--name", name)
	s.Serves = []discovery.Server{{Kind: discovery.Embed, Protocol: "openai", URL: openAIURL, Model: name, Name: "installed " + name, Installed: true}}
	return s
}

func (b serverBuilder) wake() Server {
	if len(b.in.of("wake")) == 0 {
		return Server{}
	}
	s := b.server("wake", wyomingURL, "wake.py", "--port", "{port}")
	s.Serves = []discovery.Server{{Kind: discovery.Wake, Protocol: "wyoming", URL: wyomingURL, Name: "installed microWakeWord", Installed: true}}
	return s
}

// partTitle is what a part is called without its kind.
func partTitle(p Part) string {
	_, name := splitID(p.ID)
	return name
}
