package discovery

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// model is one entry of /v1/models. Servers of speech tell its task.
type model struct {
	ID      string `json:"id"`
	OwnedBy string `json:"owned_by"`
	Task    string `json:"task"`
}

// listModels asks an OpenAI-compatible server what it has.
func listModels(ctx context.Context, addr string) []model {
	var list struct {
		Data []model `json:"data"`
	}
	if !getJSON(ctx, "http://"+addr+"/v1/models", &list) {
		return nil
	}
	return list.Data
}

// openAI returns a probe for a server called name. Without a name the models
// tell what it is.
func openAI(name string) func(context.Context, string) []Server {
	return func(ctx context.Context, addr string) []Server {
		return serversOf(addr, name, listModels(ctx, addr))
	}
}

// ollamaServers is believed when it tells its version.
func ollamaServers(ctx context.Context, addr string) []Server {
	var about struct {
		Version string `json:"version"`
	}
	if !getJSON(ctx, "http://"+addr+"/api/version", &about) || about.Version == "" {
		return nil
	}
	return serversOf(addr, "Ollama", listModels(ctx, addr))
}

// OllamaWithoutChat is the address of an Ollama at hosts that has no chat model, and so is
// not found; "" when there is none.
func OllamaWithoutChat(ctx context.Context, hosts []string) string {
	ctx, cancel := context.WithTimeout(ctx, serverTimeout)
	defer cancel()
	for _, host := range hosts {
		addr := net.JoinHostPort(host, strconv.Itoa(OllamaPort))
		var about struct {
			Version string `json:"version"`
		}
		if !getJSON(ctx, "http://"+addr+"/api/version", &about) || about.Version == "" {
			continue
		}
		if !slices.ContainsFunc(serversOf(addr, "", listModels(ctx, addr)), func(s Server) bool { return s.Kind == LLM }) && ctx.Err() == nil {
			return addr
		}
	}
	return ""
}

// tarsServers is a server of tars engines serve, on a port that is not usual for
// anybody else.
func tarsServers(ctx context.Context, addr string) []Server {
	all := serversOf(addr, "", listModels(ctx, addr))
	for i := range all {
		all[i].Installed = true
	}
	return all
}

// piperServers is Piper's own server, which lists its voices and their sample rates.
func piperServers(ctx context.Context, addr string) []Server {
	var voices map[string]struct {
		Audio struct {
			Rate int `json:"sample_rate"`
		} `json:"audio"`
	}
	if !getJSON(ctx, "http://"+addr+"/voices", &voices) {
		return nil
	}
	for _, v := range voices {
		if v.Audio.Rate > 0 {
			return []Server{{Kind: TTS, Protocol: "piper", URL: "http://" + addr, Name: "Piper"}}
		}
	}
	return nil
}

// serversOf is what a server with these models does: of each kind its first
// model, since servers list first what was used last or is loaded.
func serversOf(addr, name string, all []model) (out []Server) {
	seen := map[Kind]bool{}
	for _, m := range all {
		kind := kindOf(m)
		if kind == "" || seen[kind] {
			continue
		}
		seen[kind] = true
		out = append(out, Server{
			Kind: kind, Protocol: "openai", URL: "http://" + addr + "/v1", Model: m.ID,
			Name: cmp.Or(name, makerOf(m)), Installed: m.OwnedBy == "tars",
		})
	}
	return out
}

// makerOf names the server that a model tells of.
func makerOf(m model) string {
	switch {
	case m.OwnedBy == "vllm":
		return "vLLM"
	case m.OwnedBy == "llamacpp":
		return "llama.cpp"
	case m.OwnedBy == "tars":
		return "installed " + m.ID
	case m.Task != "":
		return "speaches"
	case m.ID == "tts-1" || m.ID == "tts-1-hd":
		return "openedai-speech"
	}
	return "OpenAI-compatible server"
}

var (
	unsupportedName = regexp.MustCompile(`(?i)rerank|stable-?diffusion|\bflux\b|[-:]cloud$`) // no engine of ours, or not on this machine
	recogniserName  = regexp.MustCompile(`(?i)whisper|parakeet|canary|moonshine|sensevoice|transcribe|\basr\b`)
	voiceName       = regexp.MustCompile(`(?i)\btts\b|kokoro|piper|xtts|\bvits\b|\bbark\b|chatterbox|orpheus|^voice-|^[a-z]{2,3}_[A-Z]{2}-.+-(x_low|low|medium|high)$`)
	embedderName    = regexp.MustCompile(`(?i)embed|minilm|\bbge\b|nomic|paraphrase|\be5\b|\bgte\b`)
)

// kindOf is what a model is for, by its task and else by its name; empty when
// it is of no use here.
func kindOf(m model) Kind {
	switch m.Task {
	case "automatic-speech-recognition":
		return STT
	case "text-to-speech":
		return TTS
	case "text-generation":
		return LLM
	case "feature-extraction", "sentence-similarity":
		return Embed
	case "":
	default:
		return ""
	}
	id := strings.ReplaceAll(m.ID, "_", "-") // a word ends there for people, if not for \b
	switch {
	case m.ID == "" || unsupportedName.MatchString(id):
		return ""
	case recogniserName.MatchString(id):
		return STT
	case voiceName.MatchString(id) || voiceName.MatchString(m.ID):
		return TTS
	case embedderName.MatchString(id):
		return Embed
	}
	return LLM
}

const maxAnswerBytes = 4 << 20 // bytes of an answer

// client asks this machine and its neighbours: no proxy, no other place, and no
// connection that stays.
var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// getJSON reads the JSON at url into v, and reports whether it was there.
func getJSON(ctx context.Context, url string, v any) bool {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	r, err := client.Do(q)
	if err != nil {
		return false
	}
	defer r.Body.Close()
	return r.StatusCode == http.StatusOK && json.NewDecoder(io.LimitReader(r.Body, maxAnswerBytes)).Decode(v) == nil
}
