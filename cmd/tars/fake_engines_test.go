package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
)

// elsewhere is a loopback address of this process alone, number n, so that
// servers can be on their usual ports.
func elsewhere(t *testing.T, n int) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has more than one loopback address")
	}
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 10+pid%200, pid/200%250, n)
}

func listenAt(t *testing.T, host, port string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// web serves pages by path at host:port.
func web(t *testing.T, host, port string, pages map[string]string) {
	l := listenAt(t, host, port)
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case strings.HasPrefix(page, "data:"):
			w.Header().Set("Content-Type", "text/event-stream")
		case strings.HasPrefix(page, "RIFF"):
			w.Header().Set("Content-Type", "audio/wav")
		default:
			w.Header().Set("Content-Type", "application/json")
		}
		_, _ = io.WriteString(w, page)
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
}

// ollamaAt writes three words.
func ollamaAt(t *testing.T, host string) {
	web(t, host, "11434", map[string]string{
		"/api/version":   `{"version":"0.12.6"}`,
		"/v1/models":     `{"object":"list","data":[{"id":"llama3.2:3b","object":"model","owned_by":"library"},{"id":"nomic-embed-text","object":"model"}]}`,
		"/v1/embeddings": `{"object":"list","model":"nomic-embed-text","data":[{"object":"embedding","index":0,"embedding":[0.6,0.8]}]}`,
		"/v1/chat/completions": `data: {"choices":[{"delta":{"content":"It "}}]}` + "\n\n" +
			`data: {"choices":[{"delta":{"content":"is "}}]}` + "\n\n" + `data: {"choices":[{"delta":{"content":"Paris."}}]}` + "\n\ndata: [DONE]\n\n",
	})
}

// speachesAt understands the question and says it.
func speachesAt(t *testing.T, host string) {
	web(t, host, "8000", map[string]string{
		"/v1/models":               `{"object":"list","data":[{"id":"whisper-small","task":"automatic-speech-recognition"},{"id":"kokoro","task":"text-to-speech"}]}`,
		"/v1/audio/transcriptions": `{"text":"What time is it?"}`,
		"/v1/audio/speech":         string(question),
	})
}

// serveAt is the chat model of a tars engines serve.
func serveAt(t *testing.T, host string) {
	web(t, host, "8001", map[string]string{
		"/v1/models":           `{"object":"list","data":[{"id":"small","object":"model","owned_by":"llamacpp"}]}`,
		"/v1/chat/completions": `data: {"choices":[{"delta":{"content":"It is "}}]}` + "\n\n" + `data: {"choices":[{"delta":{"content":"Paris."}}]}` + "\n\ndata: [DONE]\n\n",
	})
}

// wyomingAt understands the question.
func wyomingAt(t *testing.T, host string) {
	wyomingOn(t, host, "10300", `{"asr":[{"name":"faster-whisper","installed":true,"attribution":{"name":"","url":""},"models":[]}]}`)
}

// wakeAt hears its word in any audio.
func wakeAt(t *testing.T, host string) {
	wyomingOn(t, host, "10400", `{"wake":[{"name":"openwakeword","installed":true}]}`)
}

func wyomingOn(t *testing.T, host, port, info string) {
	l := listenAt(t, host, port)
	answer := func(c net.Conn) {
		defer c.Close()
		r, detects := bufio.NewReader(c), false
		for {
			var e struct {
				Type   string `json:"type"`
				Length int64  `json:"data_length"`
				Bytes  int64  `json:"payload_length"`
			}
			line, err := r.ReadBytes('\n')
			if err != nil || json.Unmarshal(line, &e) != nil {
				return
			}
			_, _ = io.CopyN(io.Discard, r, e.Length+e.Bytes)
			switch e.Type {
			case "describe":
				fmt.Fprintln(c, `{"type":"info","data":`+info+`}`)
			case "detect":
				detects = true
			case "audio-chunk":
				if detects {
					detects = false
					fmt.Fprintln(c, `{"type":"detection","data":{"name":"hey_jarvis_v0.1"}}`)
				}
			case "audio-stop":
				fmt.Fprintln(c, `{"type":"transcript","data":{"text":"what time is it"}}`)
			}
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c)
		}
	}()
}

// alone clears every variable that names an engine.
func alone(t *testing.T, host string) {
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		for _, prefix := range []string{"STT_", "TTS_", "LLM_", "MEMORY_", "OPENAI_", "ENGINE"} {
			if strings.HasPrefix(name, prefix) {
				t.Setenv(name, "")
			}
		}
	}
	t.Setenv("ENGINE_HOSTS", host)
	t.Setenv("TTS_ENGINE", "auto")
	t.Setenv("PATH", "") // no espeak-ng
}
