package openai_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/gotars/tars/engines/apierror"
	"github.com/gotars/tars/engines/openai"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs h and returns a client of it.
func serve(t testing.TB, o openai.Options, h http.HandlerFunc) *openai.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	o.BaseURL = s.URL + "/v1"
	c, err := openai.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answer joins what is written with "|". Of the chunks the model and the usage
// that came last are kept.
func answer(ctx context.Context, c *openai.Client) (text string, last openai.ChatChunk, err error) {
	var pieces []string
	for chunk, err := range c.Chat(ctx, openai.ChatRequest{Model: "m"}) {
		if err != nil {
			return strings.Join(pieces, "|"), last, err
		}
		if chunk.Text != "" {
			pieces = append(pieces, chunk.Text)
		}
		if chunk.Model != "" {
			last.Model = chunk.Model
		}
		if chunk.Usage != nil {
			last.Usage = chunk.Usage
		}
	}
	return strings.Join(pieces, "|"), last, nil
}

// piece is an event with one piece of an answer.
func piece(text string) string {
	return `data: {"model":"m1","choices":[{"index":0,"delta":{"content":"` + text + `"},"finish_reason":null}]}` + "\n\n"
}

// What servers were seen to send for an answer.
func TestAnswersInManyForms(t *testing.T) {
	const done = "data: [DONE]\n\n"
	const events, json = "text/event-stream", "application/json"
	tests := map[string]struct {
		kind, body string
		want       string
		usage      string // of prompt_tokens
		err        string
	}{
		"a stream":                    {kind: events, body: piece("Hel") + piece("lo") + done, want: "Hel|lo"},
		"with a charset":              {kind: events + "; charset=utf-8", body: piece("Hello") + done, want: "Hello"},
		"of another content type":     {kind: "text/plain", body: piece("Hello") + done, want: "Hello"},
		"of no content type":          {body: "\n" + piece("Hello") + done, want: "Hello"},
		"called JSON":                 {kind: json, body: piece("Hello") + done, want: "Hello"},
		"without its end":             {kind: events, body: piece("Hel") + piece("lo"), want: "Hel|lo"},
		"without its last line break": {kind: events, body: piece("Hel") + strings.TrimSpace(piece("lo")), want: "Hel|lo"},
		"with more after its end":     {kind: events, body: piece("Hello") + done + piece("x"), want: "Hello"},
		"with CRLF":                   {kind: events, body: strings.ReplaceAll(piece("Hel")+piece("lo")+done, "\n", "\r\n"), want: "Hel|lo"},
		"with a byte order mark":      {kind: events, body: "\ufeff" + piece("Hello") + done, want: "Hello"},
		"without a space":             {kind: events, body: strings.ReplaceAll(piece("Hello")+done, "data: ", "data:"), want: "Hello"},
		"with heartbeats":             {kind: events, body: ": OPENROUTER PROCESSING\n\n" + piece("Hel") + ":\n\n: ping\n" + piece("lo") + done, want: "Hel|lo"},
		"with many heartbeats":        {kind: events, body: strings.Repeat(": ping\n\n", 1000) + piece("Hello") + done, want: "Hello"},
		"with empty data":             {kind: events, body: "data:\n\ndata: \n\n" + piece("Hello") + "data\n\n" + done, want: "Hello"},
		"with types and numbers":      {kind: events, body: "event: message\nid: 1\nretry: 5\n" + piece("Hello") + done, want: "Hello"},
		"with pings":                  {kind: events, body: "event: ping\ndata: {\"type\": \"ping\"}\n\n" + piece("Hello") + done, want: "Hello"},
		"in lines":                    {kind: events, body: strings.ReplaceAll(piece("Hel")+piece("lo")+done, "\n\n", "\n"), want: "Hel|lo"},
		"of an event in lines":        {kind: events, body: "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"Hello\"}}]}\n\n" + done, want: "Hello"},
		"that counts tokens":          {kind: events, body: piece("Hello") + `data: {"model":"m1","choices":[],"usage":{"prompt_tokens":3}}` + "\n\n" + done, want: "Hello", usage: "3"},
		"that counts in pieces":       {kind: events, body: `data: {"choices":[{"delta":{"content":"Hello"}}],"usage":{"prompt_tokens":4}}` + "\n\n" + `data: {"choices":null,"usage":null}` + "\n\n" + done, want: "Hello", usage: "4"},
		"of nulls":                    {kind: events, body: `data: {"model":null,"error":null,"choices":[{"delta":{"role":"assistant","content":null,"tool_calls":null}}],"usage":null}` + "\n\n" + `data: {"choices":[{"delta":null}]}` + "\n\n" + `data: {"choices":[{}]}` + "\n\n" + piece("Hello") + done, want: "Hello"},
		"of other types":              {kind: events, body: `data: {"model":7,"choices":[{"index":"0","delta":{"content":"Hello"}}],"usage":"none"}` + "\n\n" + done, want: "Hello"},
		"of parts":                    {kind: events, body: `data: {"choices":[{"delta":{"content":[{"type":"text","text":"Hel"},{"type":"text","text":"lo"},{"type":"thinking","text":"hm"},null]}}]}` + "\n\n" + done, want: "Hello"},
		"of whole messages":           {kind: events, body: `data: {"choices":[{"message":{"content":"Hello"}}]}` + "\n\n" + done, want: "Hello"},
		"of older completions":        {kind: events, body: `data: {"choices":[{"text":"Hello"}]}` + "\n\n" + done, want: "Hello"},
		"with thoughts beside":        {kind: events, body: `data: {"choices":[{"delta":{"reasoning_content":"hm","content":""}}]}` + "\n\n" + piece("Hello") + done, want: "Hello"},
		"of nothing but its end":      {kind: events, body: done, err: "the server sent no answer"},
		"that is empty":               {kind: events, err: "the server sent no answer"},
		"an answer in one piece":      {kind: json, body: ` {"model":"m1","choices":[{"message":{"role":"assistant","content":"Hello"}}],"usage":{"prompt_tokens":5}}`, want: "Hello", usage: "5"},
		"one of parts":                {body: `{"choices":[{"message":{"content":[{"type":"text","text":"Hello"}]}}]}`, want: "Hello"},
		"an error as an answer":       {kind: json, body: `{"error":"Unexpected endpoint"}`, err: "the server sent no answer: Unexpected endpoint"},
		"a page":                      {kind: "text/html; charset=utf-8", body: "<!doctype html>", err: "the server sent no answer"},
		"an error in a stream":        {kind: events, body: piece("Hel") + `data: {"error":{"message":"slot lost","code":500}}` + "\n\n" + piece("lo"), want: "Hel", err: "the server reports an error: slot lost"},
		"one in a text":               {kind: events, body: `data: {"error":"no memory for sk-token"}` + "\n\n", err: "the server reports an error: no memory for …"},
		"one that tells nothing":      {kind: events, body: `data: {"error":true}` + "\n\n", err: "the server reports an error"},
		"one of its own type":         {kind: events, body: piece("Hel") + "event: error\ndata: {\"message\":\"overloaded\"}\n\n", want: "Hel", err: "the server reports an error: overloaded"},
		"one in words":                {kind: events, body: "event: error\ndata: overloaded\n\n", err: "the server reports an error: overloaded"},
		"one of llama.cpp":            {kind: events, body: `error: {"code":500,"message":"slot lost"}` + "\n\n", err: "the server reports an error: slot lost"},
		"an event that is cut":        {kind: events, body: piece("Hel") + `data: {"choices":[{"del`, want: "Hel", err: "unexpected EOF"},
		"an event that is no JSON":    {kind: events, body: "data: <html>\n\n", err: "an event is no JSON: invalid character '<' looking for beginning of value"},
		"without end":                 {kind: events, body: "data: " + strings.Repeat(" ", 2<<20), err: "it sent more than 1 MiB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := serve(t, openai.Options{Key: "sk-token", MaxResponse: 1 << 20}, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{tt.kind}
				fmt.Fprint(w, tt.body)
			})
			text, last, err := answer(t.Context(), c)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if text != tt.want || got != tt.err {
				t.Errorf("wrote %q, error %q, want %q, %q", text, got, tt.want, tt.err)
			}
			if used := fmt.Sprint(last.Usage["prompt_tokens"]); tt.usage != "" && used != tt.usage {
				t.Errorf("used %s tokens, want %s", used, tt.usage)
			}
		})
	}
}

func TestAnAnswerIsHandedOnAsItComes(t *testing.T) {
	next := make(chan struct{})
	c := serve(t, openai.Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, text := range []string{"one", "two"} {
			fmt.Fprint(w, piece(text))
			w.(http.Flusher).Flush()
			<-next
		}
	})
	got := ""
	for chunk, err := range c.Chat(t.Context(), openai.ChatRequest{}) {
		if err != nil {
			t.Fatal(err)
		}
		if got += chunk.Text; chunk.Text != "" {
			next <- struct{}{} // the server writes on when this was read
		}
	}
	if got != "onetwo" {
		t.Errorf("wrote %q", got)
	}
}

func TestAStreamEndsWithItsContextAndItsReader(t *testing.T) {
	gone := make(chan struct{}, 2)
	c := serve(t, openai.Options{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, piece("one"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		gone <- struct{}{}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, err := range c.Chat(ctx, openai.ChatRequest{}) {
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	<-gone
	for range c.Chat(t.Context(), openai.ChatRequest{}) {
		break
	}
	<-gone
}

func TestWhatIsSent(t *testing.T) {
	var got http.Header
	var path, user string
	c := serve(t, openai.Options{Key: "sk-token"}, func(w http.ResponseWriter, r *http.Request) {
		got, path = r.Header, r.URL.String()
		user, _, _ = r.BasicAuth()
		w.WriteHeader(http.StatusNotFound)
	})
	_, _, err := answer(t.Context(), c)
	var e *apierror.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusNotFound {
		t.Errorf("error %v", err)
	}
	if path != "/v1/chat/completions" || got.Get("Authorization") != "Bearer sk-token" || got.Get("Content-Type") != "application/json" || got.Get("Accept") != "text/event-stream" || user != "" {
		t.Errorf("sent %v to %s", got, path)
	}
}

func TestChunksWithoutTextAreHandedOn(t *testing.T) {
	const events = "text/event-stream"
	tests := map[string]struct {
		body, thoughts, calls, finish string
		beats                         int
	}{
		"heartbeats":                   {body: ": ping\n\ndata:\n\ndata: ping\n\n" + piece("Hello") + "data: [DONE]\n\n", beats: 3},
		"thoughts of DeepSeek":         {body: `data: {"choices":[{"delta":{"reasoning_content":"hm","content":null}}]}` + "\n\n" + piece("Hello"), thoughts: "hm"},
		"thoughts of OpenRouter":       {body: `data: {"choices":[{"delta":{"reasoning":"hm","content":""}}]}` + "\n\n" + piece("Hello"), thoughts: "hm"},
		"thoughts of Mistral":          {body: `data: {"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}}]}` + "\n\n" + piece("Hello"), thoughts: "hm"},
		"a call in pieces":             {body: `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}}]}` + "\n\n" + `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}}]}` + "\n\n" + `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]},"finish_reason":"tool_calls"}]}` + "\n\n", calls: `[{a function {f {"x":1}}}]`, finish: "tool_calls"},
		"two calls of Ollama":          {body: `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}` + "\n\n" + `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}]}}]}` + "\n\n", calls: `[{a function {f {}}} {b function {f {}}}]`},
		"two calls without an index":   {body: `data: {"choices":[{"delta":{"tool_calls":[{"id":"","function":{"name":"f","arguments":"{}"}},{"id":"","function":{"name":"g","arguments":"{}"}}]}}]}` + "\n\n", calls: `[{call_1 function {f {}}} {call_2 function {g {}}}]`},
		"a call with an object":        {body: `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}]}}]}` + "\n\n", calls: `[{a function {f {"x":1}}}]`},
		"a call in the older form":     {body: `data: {"choices":[{"delta":{"function_call":{"name":"f","arguments":"{}"}}}]}` + "\n\n", calls: `[{call_1 function {f {}}}]`},
		"calls of null, and of a text": {body: `data: {"choices":[{"delta":{"content":"Hello","tool_calls":null}}]}` + "\n\n" + `data: {"choices":[{"delta":{"tool_calls":"none"}}]}` + "\n\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			thoughts, finish, beats := "", "", 0
			var calls openai.ToolCalls
			for chunk, err := range replying(t, events, tt.body).Chat(t.Context(), openai.ChatRequest{Model: "m"}) {
				if err != nil {
					t.Fatal(err)
				}
				thoughts, finish = thoughts+chunk.Thought, finish+chunk.Finish
				for _, c := range chunk.ToolCalls {
					calls.Add(c)
				}
				if chunk.Text == "" && chunk.Thought == "" && !chunk.Cut {
					beats++
				}
			}
			got := ""
			if all := calls.All(); len(all) > 0 {
				got = fmt.Sprint(all)
			}
			if thoughts != tt.thoughts || got != tt.calls || finish != tt.finish || beats < tt.beats {
				t.Errorf("thoughts %q, calls %s, finish %q, %d heartbeats, want %+v", thoughts, got, finish, beats, tt)
			}
		})
	}
}
