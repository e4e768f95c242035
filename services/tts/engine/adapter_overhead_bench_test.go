package engine_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/services/tts/engine"
)

// BenchmarkAdded asks each server in turn through its adapter and by hand, and
// reports what the adapter adds to the median time to the first audio. With
// TTS_OPENAI_URL, TTS_WYOMING_URI and PIPER_HTTP_URL the servers are real, else
// they answer at once.
func BenchmarkAdded(b *testing.B) {
	for kind, byHand := range map[string]func(testing.TB, engine.Config) time.Duration{"openai": postToOpenAI, "piper": postToPiper, "wyoming": sendByHand} {
		b.Run(kind, func(b *testing.B) {
			c := engine.Config{Engine: kind, OpenAIURL: os.Getenv("TTS_OPENAI_URL"), OpenAIModel: os.Getenv("TTS_OPENAI_MODEL"), WyomingURI: os.Getenv("TTS_WYOMING_URI"), PiperURL: os.Getenv("PIPER_HTTP_URL")}
			if map[string]string{"openai": c.OpenAIURL, "piper": c.PiperURL, "wyoming": c.WyomingURI}[kind] == "" {
				s := play(says)
				s.Asked = make(chan string, 1<<20)
				c = dialects[kind](b, s)
			}
			c.Timeout, c.Speed = time.Minute, 1
			e, _, err := engine.New(b.Context(), c, engine.Files{})
			if err != nil {
				b.Fatal(err)
			}
			var ours, theirs []time.Duration
			for b.Loop() {
				begun, first := time.Now(), time.Duration(0)
				for _, err := range e.Synthesize(b.Context(), hello) {
					if err != nil {
						b.Fatal(err)
					}
					if first == 0 {
						first = time.Since(begun)
					}
				}
				ours, theirs = append(ours, first), append(theirs, byHand(b, c))
			}
			b.ReportMetric(median(ours)-median(theirs), "added-ms")
			b.ReportMetric(median(theirs), "by-hand-ms")
		})
	}
}

func median(d []time.Duration) (ms float64) {
	slices.Sort(d)
	return float64(d[len(d)/2].Microseconds()) / 1000
}

func postToOpenAI(t testing.TB, c engine.Config) time.Duration {
	return postByHand(t, c.OpenAIURL+"/audio/speech", fmt.Sprintf(`{"model":%q,"voice":"alloy","input":%q,"response_format":"wav"}`, c.OpenAIModel, hello.Text))
}

func postToPiper(t testing.TB, c engine.Config) time.Duration {
	return postByHand(t, c.PiperURL+"/synthesize", fmt.Sprintf(`{"text":%q}`, hello.Text))
}

// postByHand returns when the first samples are there.
func postByHand(t testing.TB, url, body string) time.Duration {
	begun := time.Now()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.ReadFull(r.Body, make([]byte, 1000)); err != nil {
		t.Fatal(r.Status, err)
	}
	first := time.Since(begun)
	_, _ = io.Copy(io.Discard, r.Body)
	return first
}

func sendByHand(t testing.TB, c engine.Config) (first time.Duration) {
	begun := time.Now()
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.WyomingURI, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, `{"type":"synthesize","data":{"text":%q}}`+"\n", hello.Text)
	var all []byte
	buf := make([]byte, 64<<10)
	for !bytes.Contains(all, []byte(`"audio-stop"`)) {
		n, err := conn.Read(buf)
		if all = append(all, buf[:n]...); err != nil {
			t.Fatalf("%d bytes, %v", len(all), err)
		}
		if first == 0 && bytes.Contains(all, []byte("audio-chunk")) && len(all) > 2000 {
			first = time.Since(begun)
		}
	}
	return first
}
