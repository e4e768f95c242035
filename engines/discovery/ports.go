package discovery

import (
	"context"
	"net"
	"slices"
	"strconv"
)

// port is where a server usually listens.
type port struct {
	number int
	kinds  []Kind
	probe  func(ctx context.Context, addr string) []Server
}

// ask returns what answers at the port of host; nothing when it is not what is
// expected there.
func (p port) ask(ctx context.Context, host string) []Server {
	return p.probe(ctx, net.JoinHostPort(host, strconv.Itoa(p.number)))
}

// OllamaPort is where Ollama listens.
const OllamaPort = 11434

// usualPorts are the ports, the best server of each kind first. Those of
// tars engines serve come last.
var usualPorts = []port{
	{OllamaPort, []Kind{LLM, Embed}, ollamaServers},
	{1234, []Kind{LLM, Embed}, openAI("LM Studio")},
	{8000, []Kind{LLM, Embed, STT, TTS}, openAI("")},
	{8080, []Kind{LLM, Embed, STT, TTS}, openAI("")},
	{10300, []Kind{STT}, wyomingServers(STT)},
	{10200, []Kind{TTS}, wyomingServers(TTS)},
	{5000, []Kind{TTS}, piperServers},
	{10400, []Kind{Wake}, wyomingServers(Wake)},
	{8001, []Kind{LLM}, tarsServers},
	{8002, []Kind{Embed}, tarsServers},
}

// Ports are where servers of kind usually listen, the best first.
func Ports(kind Kind) (all []int) {
	for _, p := range usualPorts {
		if slices.Contains(p.kinds, kind) {
			all = append(all, p.number)
		}
	}
	return all
}
