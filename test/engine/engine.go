// Package engine is a scripted OpenAI-compatible server: it hears, thinks and
// speaks what a test expects, without a model. It is for journeys where the
// stack is real and the engines need not be.
package engine

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"
)

const (
	// Heard is what every utterance is recognised as.
	Heard = "What is the plan?"
	// Reply is the answer to everything but Long.
	Reply = "The plan is simple, in 3.5 steps. We go now."
	// Long asks for an answer that does not end within a minute.
	Long = "Tell me a very long story."
	// Rate of the speech, samples per second.
	Rate = 22050
)

// Handler serves /v1.
func Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"object":"list","data":[{"id":"scripted","object":"model"}]}`)
	})
	m.HandleFunc("POST /v1/audio/transcriptions", transcribe)
	m.HandleFunc("POST /v1/chat/completions", complete)
	m.HandleFunc("POST /v1/audio/speech", speak)
	return m
}

func transcribe(w http.ResponseWriter, r *http.Request) {
	f, _, err := r.FormFile("file")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	defer f.Close()
	n, err := io.Copy(io.Discard, f)
	if err != nil || n < 1000 {
		http.Error(w, fmt.Sprintf("%d bytes of audio, %v", n, err), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	seconds := float64(n) / 32000
	fmt.Fprintf(w, `{"task":"transcribe","language":"english","duration":%g,"text":%q,"segments":[{"id":0,"start":0,"end":%g,"text":%q,"avg_logprob":-0.1,"no_speech_prob":0.01}]}`,
		seconds, Heard, seconds, Heard)
}

func complete(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Stream   bool
		Messages []struct {
			Role    string
			Content any
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || len(q.Messages) == 0 {
		http.Error(w, `{"error":{"message":"no messages"}}`, http.StatusBadRequest)
		return
	}
	long := strings.Contains(fmt.Sprint(q.Messages[len(q.Messages)-1].Content), Long)
	if !q.Stream {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"c","object":"chat.completion","model":"scripted","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":%q}}],"usage":{"prompt_tokens":1,"completion_tokens":9,"total_tokens":10}}`, Reply)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(delta, finish string) {
		fmt.Fprintf(w, "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"scripted\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%q},\"finish_reason\":%s}]}\n\n", delta, finish)
		w.(http.Flusher).Flush()
	}
	words := strings.SplitAfter(Reply, " ")
	for i := 0; i < len(words) || long; i++ {
		word := "and on it went, "
		if i < len(words) {
			word = words[i]
		}
		send(word, "null")
		select {
		case <-time.After(10 * time.Millisecond):
		case <-r.Context().Done():
			return
		}
		if long && i > len(words) {
			time.Sleep(50 * time.Millisecond)
		}
	}
	send("", `"stop"`)
	fmt.Fprint(w, "data: [DONE]\n\n")
}

// speak returns a tone, 50 ms a character.
func speak(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Input  string
		Format string `json:"response_format"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.Input == "" {
		http.Error(w, "no input", http.StatusBadRequest)
		return
	}
	pcm := Tone(time.Duration(len(q.Input)) * 50 * time.Millisecond)
	if q.Format == "wav" {
		w.Header().Set("Content-Type", "audio/wav")
		pcm = WAV(pcm, Rate)
	} else {
		w.Header().Set("Content-Type", fmt.Sprintf("audio/pcm;rate=%d;channels=1", Rate))
	}
	_, _ = w.Write(pcm)
}

// Tone is d of a quiet 440 Hz: signed 16-bit little-endian samples at Rate.
func Tone(d time.Duration) []byte {
	n := int(d.Seconds() * Rate)
	out := make([]byte, 0, 2*n)
	for i := range n {
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(6000*math.Sin(2*math.Pi*440*float64(i)/Rate))))
	}
	return out
}

// WAV puts a header in front of 16-bit mono samples.
func WAV(pcm []byte, rate int) []byte {
	var b bytes.Buffer
	for _, v := range []any{[]byte("RIFF"), uint32(36 + len(pcm)), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1),
		uint32(rate), uint32(2 * rate), uint16(2), uint16(16), []byte("data"), uint32(len(pcm)), pcm} {
		_ = binary.Write(&b, binary.LittleEndian, v)
	}
	return b.Bytes()
}
