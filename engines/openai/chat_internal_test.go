package openai

import (
	"bufio"
	"strings"
	"testing"
)

// A stream of a server is read to its end without a panic, and no faster than it
// comes: chunks are never more than the braces that begin them.
func FuzzStream(f *testing.F) {
	f.Add("data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\ndata: [DONE]\n\n")
	f.Add("error: {\"message\":\"x\"}\r\n\r\n: ping\ndata\nevent: error\ndata: x")
	f.Add("data: {\"choices\":[{\"message\":{\"content\":[{\"text\":\"x\"},null]}}]}\ndata: {}\n")
	f.Fuzz(func(t *testing.T, body string) {
		chunks := 0
		a := chatAnswer{client: new(Client), yield: func(ChatChunk, error) bool { chunks++; return true }}
		_ = a.readStream(bufio.NewReader(strings.NewReader(body)))
		if most := len(body); chunks > most {
			t.Errorf("%d chunks in %d bytes", chunks, most)
		}
	})
}
