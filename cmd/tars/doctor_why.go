package main

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gotars/tars/cmd/tars/internal/adapters"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
)

var variable = regexp.MustCompile(`\b[A-Z]+_[A-Z0-9_]+`)

// why says in a sentence why it is this engine and not the next.
func (t trial) why(hosts []string) string {
	places, looks := "nothing is looked for, as ENGINE_HOSTS is none", failover.DiscoveryEnabled(hosts)
	if looks {
		places = "no server for it answers at " + t.places(hosts)
	}
	if t.empty != "" {
		places = fmt.Sprintf("Ollama at %s has no chat model, no other server for it answers at %s", t.empty, t.places(hosts))
	}
	var because, rest string
	_, found, isFound := strings.Cut(t.engine.From, "found at ")
	switch name := variable.FindString(t.engine.From); {
	case name != "":
		because, rest = name+" is set", "not taken"
	case strings.HasPrefix(t.engine.From, "the server at"):
		because, rest = "LLM_BASE_URL is set", "not taken"
	case isFound:
		because, rest = "it answers on its usual port, "+found, "if it fails"
	case t.served() != "":
		because, rest = "tars engines serve answers at "+t.served(), "if it fails"
	case strings.Contains(t.engine.From, "installed by"):
		because, rest = places+", and it is installed", "if it fails"
	case len(t.others) > 0: // the service does not look for them
		because, rest = "nothing is set", "not taken"
	case !looks:
		because = places
	default:
		because = places + ", and no installed engine runs"
	}
	if len(t.others) == 0 {
		return "because " + because
	}
	var names []string
	for _, s := range t.others {
		names = append(names, adapters.Title(s))
	}
	return "because " + because + "; " + rest + ": " + strings.Join(names, ", then ")
}

// served is the address of the tars engines serve that was taken, if it was: on
// a port of its own, where a tars up takes any.
func (t trial) served() string {
	if t.server == nil || !t.server.Installed {
		return ""
	}
	u, err := url.Parse(t.server.URL)
	if err != nil {
		return ""
	}
	if port, _ := strconv.Atoi(u.Port()); !slices.Contains(discovery.Ports(t.kind), port) {
		return ""
	}
	return u.Host
}

// places are the hosts and ports that were looked at in vain.
func (t trial) places(hosts []string) string {
	var ports []string
	for _, port := range discovery.Ports(t.kind) {
		if t.empty == "" || port != discovery.OllamaPort {
			ports = append(ports, strconv.Itoa(port))
		}
	}
	return strings.Join(hosts, ", ") + " on " + strings.Join(ports, ", ")
}
