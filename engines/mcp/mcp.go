// Package mcp runs and reaches servers of tools, by the Model Context Protocol.
//
// A [Pool] starts the servers of a file once, keeps them running, and lists their tools.
// A call waits for a server no longer than its context; a server that ends, hangs, or
// sends what is no message or too long a one is ended and started again, with growing waits,
// and the call fails at once.
package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// maxName is the longest name of a tool that all providers take, in bytes.
const maxName = 64

// maxDescription is how much of a description is shown to a model, in bytes.
const maxDescription = 1000

// Tool is a tool of a server.
type Tool struct {
	Name        string // mcp__<server>__<tool>
	Title       string // for people
	Description string
	Schema      any  // of its arguments, as JSON
	Asks        bool // the user is asked before it is called

	server *server
	own    string // its name at its server
}

// Validate reports what is wrong with arguments. A schema that cannot be read refuses none.
func (t Tool) Validate(args map[string]any) error {
	var schema jsonschema.Schema
	b, err := json.Marshal(t.Schema)
	if err != nil || t.Schema == nil || json.Unmarshal(b, &schema) != nil {
		return nil
	}
	known, err := schema.Resolve(nil)
	if err != nil {
		return nil
	}
	return known.Validate(args)
}

// Pool is a set of servers. It is safe for concurrent use.
type Pool struct {
	servers []*server
	changed chan struct{}
	stop    context.CancelFunc
	running sync.WaitGroup
}

// New returns a pool of servers by name. Nothing is started before [Pool.Start].
func New(configs map[string]ServerConfig, log *slog.Logger) *Pool {
	p := &Pool{changed: make(chan struct{}, 1)}
	notify := func() {
		select {
		case p.changed <- struct{}{}:
		default: // it is to be looked at already
		}
	}
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		p.servers = append(p.servers, &server{name: name, config: configs[name], log: log, notify: notify, ready: make(chan struct{})})
	}
	return p
}

// Start starts the servers, and does not wait for them.
func (p *Pool) Start() {
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	for _, s := range p.servers {
		p.running.Go(func() { s.run(ctx) })
	}
}

// Stop ends the servers, and waits for that.
func (p *Pool) Stop() {
	if p.stop != nil {
		p.stop()
	}
	p.running.Wait()
}

// Changed receives when the tools may have changed.
func (p *Pool) Changed() <-chan struct{} { return p.changed }

// Tools are the tools of all servers, also of those that start again.
func (p *Pool) Tools() (all []Tool) {
	for _, s := range p.servers {
		s.mu.Lock()
		all = append(all, s.tools...)
		s.mu.Unlock()
	}
	return all
}

// Call calls a tool, and returns its result as text. The error says in one line why there
// is none.
func (p *Pool) Call(ctx context.Context, t Tool, args map[string]any) (string, error) {
	return t.server.call(ctx, t.own, args)
}

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9-]+`)

// wireName is a part of the name of a tool on the bus, which two underscores divide.
func wireName(part string) string { return strings.Trim(notInNames.ReplaceAllString(part, "_"), "_") }

// tool is a tool of s, when it is to be offered.
func (s *server) tool(t *mcp.Tool) (Tool, bool) {
	if len(s.config.AllowedTools) > 0 && !slices.Contains(s.config.AllowedTools, t.Name) {
		return Tool{}, false
	}
	name := fmt.Sprintf("mcp__%s__%s", wireName(s.name), wireName(t.Name))
	if wireName(t.Name) == "" || len(name) > maxName {
		s.log.Warn("a tool is not offered: its name is empty, or too long with that of its server", "server", s.name, "tool", t.Name)
		return Tool{}, false
	}
	a := t.Annotations
	marked := a != nil && !a.ReadOnlyHint && a.DestructiveHint != nil && *a.DestructiveHint
	x := Tool{Name: name, Title: t.Title, Description: t.Description, Schema: t.InputSchema, Asks: s.config.asks(t.Name, marked), server: s, own: t.Name}
	if len(x.Description) > maxDescription {
		x.Description = strings.ToValidUTF8(x.Description[:maxDescription], "") + "…"
	}
	if x.Title == "" {
		x.Title = strings.ReplaceAll(t.Name, "_", " ")
	}
	return x, true
}
