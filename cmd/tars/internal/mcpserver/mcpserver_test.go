package mcpserver_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/fx"

	"github.com/gotars/tars/cmd/tars/internal/mcpserver"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/router"
	"github.com/gotars/tars/services/timer"
)

// house is a house on the embedded broker, with a model that answers everything and a voice
// that is done at once.
func house(t *testing.T) *mcp.Server {
	t.Helper()
	t.Setenv("MEMORY_EMBED_ENGINE", "none")
	a := mcpserver.New([]string{"router", "timer", "memory", "stt"})
	h := kittest.Start(t, memory.Module, timer.Module, router.Module,
		kittest.ServiceOf("tars-llm", kit.Answer(func(_ context.Context, q contract.LLMRequest) (contract.LLMResponse, error) {
			if strings.Contains(q.Text, "broken") {
				return contract.LLMResponse{}, &kit.Error{Code: kit.CodeUnavailable, Message: "no model answers"}
			}
			return contract.LLMResponse{ID: q.ID, Reply: new("You asked: " + q.Text), Model: new("parrot")}, nil
		}, kit.Name("write"))))
	v, s := new(voice), new(agentSide)
	h.Add(t, kit.Service[*voice]("voice", fx.Supply(v), fx.Invoke(func(b *kit.Bus) { v.bus = b })))
	s.a = a
	h.Add(t, kit.Service[*agentSide]("tars-mcp", fx.Supply(s), fx.Invoke(func(b *kit.Bus) { s.bus = b })))
	return a.Server(s.bus, "test")
}

// agentSide is the assistant for agents, as a service.
type agentSide struct {
	a   *mcpserver.Assistant
	bus *kit.Bus
}

func (s *agentSide) Handlers() []kit.Handler { return s.a.Handlers() }

type voice struct{ bus *kit.Bus }

func (v *voice) Handlers() []kit.Handler {
	return []kit.Handler{kit.On(v.say), kit.Sends[contract.TtsStatus]()}
}

func (v *voice) say(ctx context.Context, m contract.TtsSay) error {
	for _, event := range []string{contract.TtsSpeakingStart, contract.TtsSpeakingEnd} {
		if err := v.bus.Publish(ctx, contract.TtsStatus{Event: event, Text: m.Text, UttID: m.UttID}); err != nil {
			return err
		}
	}
	return nil
}

// agent is a client of a server over a transport of its own.
func agent(t *testing.T, over mcp.Transport) *mcp.ClientSession {
	t.Helper()
	s, err := mcp.NewClient(&mcp.Implementation{Name: "agent", Version: "1"}, nil).Connect(t.Context(), over, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// inMemory is an agent in this process.
func inMemory(t *testing.T, s *mcp.Server) *mcp.ClientSession {
	t.Helper()
	near, far := mcp.NewInMemoryTransports()
	if _, err := s.Connect(t.Context(), far, nil); err != nil {
		t.Fatal(err)
	}
	return agent(t, near)
}

// call calls a tool, and returns its result, or its error with an exclamation mark before it.
func call(t *testing.T, s *mcp.ClientSession, tool string, args any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := s.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	if r.IsError {
		text, _ := json.Marshal(r.Content)
		return "! " + string(text)
	}
	out, err := json.Marshal(r.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

type args map[string]any

func TestAnAgentUsesTheHouse(t *testing.T) {
	s := inMemory(t, house(t))
	steps := []struct {
		tool string
		args args
		want []string // in the result
	}{
		{"ask", args{"question": "What is the capital of France?"}, []string{`"answer":"You asked: What is the capital of France?"`}},
		{"ask", args{"question": "Set a pasta timer for ten minutes", "room": "kitchen"}, []string{`"answer":"Pasta timer set for 10 minutes."`}},
		{"ask", args{"question": "Stell einen Eiertimer auf sieben Minuten", "lang": "de", "room": "hall"}, []string{"7 Minuten"}},
		{"ask", args{"question": "Is it broken?"}, []string{"! ", "no model answers"}},
		{"ask", args{"question": ""}, []string{"! ", "question is empty"}},
		{"ask", args{"question": "Hi", "room": "a/b"}, []string{"! ", "want a-z"}},
		{"ask", args{"words": "Hi"}, []string{"! "}},
		{"say", args{"text": "Dinner is ready.", "room": "kitchen", "volume": 0.5}, []string{`"spoken":true`}},
		{"say", args{"text": "x", "volume": 7}, []string{"! "}},
		{"remember", args{"fact": "The door code is 4711."}, []string{"You asked: Remember: The door code is 4711."}},
		{"recall", args{"text": "door code"}, []string{"The door code is 4711."}},
		{"recall", args{"text": "x", "most": 900}, []string{"! "}},
		{"timer_set", args{"when": "tomorrow at noon", "about": "call Anna", "room": "hall"}, []string{`"kind":"reminder"`, `"about":"call Anna"`, `"room":"hall"`}},
		{"timer_set", args{"when": "a horse"}, []string{"! ", "want a length or a time"}},
		{"timer_list", args{}, []string{`"name":"pasta"`, `"about":"call Anna"`}},
		{"timer_cancel", args{"which": "pasta"}, []string{`"name":"pasta"`}},
		{"timer_cancel", args{"which": "pasta"}, []string{"! ", "there is no timer"}},
		{"timer_cancel", args{"which": "all"}, []string{`"about":"call Anna"`}},
		{"timer_list", args{}, []string{`{"timers":[]}`}},
		{"health", args{}, []string{`{"service":"router","state":"ready"}`, `{"service":"timer","state":"ready"}`, `{"service":"stt","state":"absent"}`}},
		{"turn_trace", args{"most": 64}, []string{`"heard":"What is the capital of France?"`, `"said":["You asked: What is the capital of France?"]`, `"model":"parrot"`, `"outcome":"failed"`, `"outcome":"done"`, `"room":"kitchen"`}},
		{"turn_trace", args{"turn_id": "nothing"}, []string{"! ", "no turn"}},
	}
	for _, st := range steps {
		got := call(t, s, st.tool, st.args)
		missing := func(want string) bool { return !strings.Contains(got, want) }
		for end := time.Now().Add(5 * time.Second); st.tool == "turn_trace" && slices.ContainsFunc(st.want, missing) && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond) // a turn is over when its last line is spoken, after its answer
			got = call(t, s, st.tool, st.args)
		}
		if slices.ContainsFunc(st.want, missing) {
			t.Errorf("%s %v is %s, want %q in it", st.tool, st.args, got, st.want)
		}
	}
}

func TestWhatAnAgentIsToldOfTheTools(t *testing.T) {
	s := inMemory(t, house(t))
	list, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	reads := map[string]bool{"recall": true, "timer_list": true, "health": true, "turn_trace": true, "ask": false, "say": false, "remember": false, "timer_set": false, "timer_cancel": false}
	for _, tool := range list.Tools {
		want, known := reads[tool.Name]
		if !known || tool.Annotations.ReadOnlyHint != want || tool.Description == "" || tool.InputSchema == nil || tool.OutputSchema == nil {
			t.Errorf("%s: %+v", tool.Name, tool.Annotations)
		}
		delete(reads, tool.Name)
	}
	if len(reads) > 0 {
		t.Errorf("there are no tools %v", reads)
	}
}

// bearer sends a token with each request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if b != "" {
		r.Header.Set("Authorization", "Bearer "+string(b))
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestOverHTTP(t *testing.T) {
	server := house(t)
	const token = "correct-horse-battery"
	open := httptest.NewServer(mcpserver.Handler(server, "", nil))
	defer open.Close()
	closed := httptest.NewServer(mcpserver.Handler(server, token, nil))
	defer closed.Close()

	for name, over := range map[string]*mcp.StreamableClientTransport{
		"without a token": {Endpoint: open.URL + "/mcp"},
		"with a token":    {Endpoint: closed.URL + "/mcp", HTTPClient: &http.Client{Transport: bearer(token)}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := call(t, agent(t, over), "ask", args{"question": "Hello?"}); !strings.Contains(got, "answer") {
				t.Errorf("got %s", got)
			}
		})
	}
	refused := map[string]struct {
		url    string
		header map[string]string
		host   string
		want   int
	}{
		"no token":             {url: closed.URL, want: http.StatusUnauthorized},
		"another token":        {url: closed.URL, header: map[string]string{"Authorization": "Bearer wrong"}, want: http.StatusUnauthorized},
		"a page of elsewhere":  {url: open.URL, header: map[string]string{"Origin": "https://example.org"}, want: http.StatusForbidden},
		"a name for this host": {url: open.URL, host: "evil.example.org", want: http.StatusForbidden},
	}
	for name, tt := range refused {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tt.url+"/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/json, text/event-stream")
			for k, v := range tt.header {
				r.Header.Set(k, v)
			}
			if tt.host != "" {
				r.Host = tt.host
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != tt.want {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.want)
			}
		})
	}
}

func TestWhereItMayBeServed(t *testing.T) {
	tests := map[string]struct {
		address, token, want string
	}{
		"this machine":               {"127.0.0.1:8765", "", ""},
		"this machine by name":       {"localhost:0", "", ""},
		"this machine, IPv6":         {"[::1]:8765", "", ""},
		"all machines":               {":8765", "", "set TARS_MCP_TOKEN"},
		"all machines, with a token": {"0.0.0.0:8765", "correct-horse-battery", ""},
		"a token that is guessed":    {"127.0.0.1:8765", "secret", "want 12 or more"},
		"no port":                    {"127.0.0.1", "", "want host:port"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := mcpserver.CheckAddress(tt.address, tt.token)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
			if err != nil && tt.token != "" && strings.Contains(err.Error(), tt.token) {
				t.Errorf("the error tells the token: %v", err)
			}
		})
	}
}
