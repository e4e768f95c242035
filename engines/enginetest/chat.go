package enginetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// ServeChat runs h as the chat completions of a server with the models first and
// second, at the base URL that it returns.
func ServeChat(t testing.TB, h http.HandlerFunc) (base string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", h)
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"object":"list","data":[{"id":"first","object":"model"},{"id":"second","object":"model"}]}`)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return srv.URL + "/v1"
}

// StartChat begins a streamed answer.
func StartChat(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/event-stream") }

// WriteChat sends one piece of an answer.
func WriteChat(w http.ResponseWriter, text string) {
	data, _ := json.Marshal(text)
	fmt.Fprintf(w, "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"model\":\"first\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%s}}]}\n\n", data)
	w.(http.Flusher).Flush()
}

// EndChat sends the end of an answer, of 5 tokens with its question.
func EndChat(w http.ResponseWriter) {
	fmt.Fprint(w, "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"model\":\"first\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\ndata: [DONE]\n\n")
}
