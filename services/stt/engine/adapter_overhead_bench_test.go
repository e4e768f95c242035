package engine_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/speech/pcm"
)

// BenchmarkAdded asks each server in turn through its adapter and by hand, and
// reports what the adapter adds to the median. With STT_OPENAI_URL and
// STT_WYOMING_URI the servers are real, else they answer at once.
func BenchmarkAdded(b *testing.B) {
	for kind, byHand := range map[string]func(testing.TB, engine.Config, pcm.Audio){"openai": postByHand, "wyoming": sendByHand} {
		b.Run(kind, func(b *testing.B) {
			c := engine.Config{Engine: kind, OpenAIURL: os.Getenv("STT_OPENAI_URL"), OpenAIModel: os.Getenv("STT_OPENAI_MODEL"), WyomingURI: os.Getenv("STT_WYOMING_URI")}
			if kind == "openai" && c.OpenAIURL == "" || kind == "wyoming" && c.WyomingURI == "" {
				s := play(says)
				s.Asked = make(chan string, 1<<20)
				c = dialects[kind](b, s)
			}
			c.Timeout, c.Lang = time.Minute, "en"
			e, err := engine.New(c, "")
			if err != nil {
				b.Fatal(err)
			}
			speech := clips(b)[0].Audio
			var ours, theirs []time.Duration
			for b.Loop() {
				begun := time.Now()
				if _, err := e.Transcribe(b.Context(), engine.Request{Audio: speech}); err != nil {
					b.Fatal(err)
				}
				between := time.Now()
				byHand(b, c, speech)
				ours, theirs = append(ours, between.Sub(begun)), append(theirs, time.Since(between))
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

func postByHand(t testing.TB, c engine.Config, a pcm.Audio) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, _ := form.CreateFormFile("file", "audio.wav")
	_, _ = file.Write(a.WAV())
	for k, v := range map[string]string{"model": c.OpenAIModel, "language": "en", "response_format": "verbose_json", "temperature": "0"} {
		_ = form.WriteField(k, v)
	}
	_ = form.Close()
	r, err := http.Post(c.OpenAIURL+"/audio/transcriptions", form.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.ReadAll(r.Body); err != nil || r.StatusCode != http.StatusOK {
		t.Fatal(r.Status, err)
	}
}

func sendByHand(t testing.TB, c engine.Config, a pcm.Audio) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.WyomingURI, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const format = `"data":{"rate":16000,"width":2,"channels":1}`
	_, _ = io.WriteString(conn, `{"type":"transcribe","data":{"language":"en"}}`+"\n"+`{"type":"audio-start",`+format+"}\n")
	for chunk := range slices.Chunk(a, 8192) {
		_, _ = io.WriteString(conn, `{"type":"audio-chunk",`+format+`,"payload_length":`+strconv.Itoa(len(chunk))+"}\n")
		_, _ = conn.Write(chunk)
	}
	_, _ = io.WriteString(conn, `{"type":"audio-stop"}`+"\n")
	answer, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(answer, []byte("transcript")) {
		t.Fatalf("%s, %v", answer, err)
	}
}
