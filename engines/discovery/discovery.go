// Package discovery looks for speech and language servers where they usually
// answer, so that a service works with what runs on the machine already.
//
// A port is believed only when the answer has the shape that is expected
// there: another program on it is left alone.
package discovery

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Kind is what a server does.
type Kind string

// What a server may do.
const (
	STT   Kind = "stt"   // speech to text
	TTS   Kind = "tts"   // text to speech
	LLM   Kind = "llm"   // chat
	Embed Kind = "embed" // text to vectors
	Wake  Kind = "wake"  // wake words
)

// Server is one engine that answers, for one kind of work.
type Server struct {
	Kind      Kind   `json:"kind"`
	Protocol  string `json:"protocol"`            // "openai", "wyoming" or "piper"
	URL       string `json:"url"`                 // "http://127.0.0.1:11434/v1", "tcp://127.0.0.1:10300", "http://127.0.0.1:5000"
	Model     string `json:"model,omitempty"`     // to ask for; empty: the adapter's own default
	Name      string `json:"name"`                // for people: "Ollama", "Wyoming faster-whisper", "installed Whisper base"
	Installed bool   `json:"installed,omitempty"` // by make engines
}

const (
	serverTimeout = 500 * time.Millisecond // for one server
	lookTimeout   = time.Second            // for all
)

// Look returns the servers of kind that answer, best first: the usual ports of
// hosts, then what is installed and run by tars up, as the file in home says.
// Without hosts and home it returns nothing. It takes at most a second.
func Look(ctx context.Context, hosts []string, home string, kind Kind) []Server {
	return findServers(ctx, usualPorts, hosts, home, kind)
}

// findServers is Look with other ports.
func findServers(ctx context.Context, ports []port, hosts []string, home string, kind Kind) []Server {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	var places []place
	for _, p := range ports {
		if !slices.Contains(p.kinds, kind) {
			continue
		}
		for _, host := range hosts {
			if host != "" {
				places = append(places, place{p, host})
			}
		}
	}
	answers := make([][]Server, len(places))
	var wg sync.WaitGroup
	for i, p := range places {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, serverTimeout)
			defer cancel()
			answers[i] = p.ask(ctx, p.host)
		})
	}
	wg.Wait()
	var all []Server
	for _, s := range append(slices.Concat(answers...), runningServers(ctx, home)...) {
		if s.Kind == kind && !slices.ContainsFunc(all, func(o Server) bool { return o.URL == s.URL }) {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b Server) int { return serverRank(a) - serverRank(b) })
	return all
}

// serverRank puts what people run themselves before what make engines installed.
func serverRank(s Server) int {
	if s.Installed {
		return 1
	}
	return 0
}

// place is a port of one host.
type place struct {
	port
	host string
}
