package install

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/speech/wer"
)

// transcribe sends a WAV file with form fields "name=value".
func transcribe(t *testing.T, addr string, wav []byte, fields ...string) (status int, answer string) {
	t.Helper()
	body, kind := form(t, wav, fields...)
	r, err := http.Post("http://"+addr+"/v1/audio/transcriptions", kind, body)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

// form is a request body of a WAV file and fields, and its content type.
func form(t *testing.T, wav []byte, fields ...string) (body io.Reader, kind string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	w, err := m.CreateFormFile("file", "a.wav")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(wav)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		_ = m.WriteField(name, value)
	}
	_ = m.Close()
	return &b, m.FormDataContentType()
}

func hears(t *testing.T, addr string) {
	clips := os.Getenv("TARS_TEST_CLIPS")
	if clips == "" {
		clips = filepath.Join("..", "..", "services", "stt", "testdata", "speech")
	}
	table, err := os.ReadFile(filepath.Join(clips, "transcripts.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var all wer.Errors
	var audio, work time.Duration
	for line := range strings.Lines(string(table)) {
		f := strings.Split(line, "\t")
		if !strings.HasSuffix(f[0], ".wav") {
			continue
		}
		wav, err := os.ReadFile(filepath.Join(clips, f[0]))
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		status, answer := transcribe(t, addr, wav, "response_format=verbose_json", "language=en")
		work += time.Since(begin)
		var said struct {
			Text     string
			Duration float64
			Segments []struct{ Start, End float64 }
		}
		if err := json.Unmarshal([]byte(answer), &said); err != nil || status != 200 || len(said.Segments) == 0 {
			t.Fatalf("%d %s: %v", status, answer, err)
		}
		audio += time.Duration(said.Duration * float64(time.Second))
		all = all.Add(wer.Of(f[1], said.Text))
	}
	t.Logf("%.1f %% word errors, real-time factor %.2f", 100*all.Rate(), work.Seconds()/audio.Seconds())
	if all.Rate() > 0.1 {
		t.Errorf("%.0f %% word errors", 100*all.Rate())
	}
}

// wav is a WAV file of samples.
func wav(rate int, samples []int16) []byte {
	var b bytes.Buffer
	b.WriteString("RIFF\xff\xff\xff\xffWAVEfmt ")
	for _, v := range []any{uint32(16), uint16(1), uint16(1), uint32(rate), uint32(2 * rate), uint16(2), uint16(16)} {
		_ = binary.Write(&b, binary.LittleEndian, v)
	}
	b.WriteString("data\xff\xff\xff\xff")
	_ = binary.Write(&b, binary.LittleEndian, samples)
	return b.Bytes()
}

func hearsNothing(t *testing.T, addr string) {
	r := rand.New(rand.NewPCG(1, 1))
	noise := make([]int16, 3*44100)
	for i := range noise {
		noise[i] = int16(800 * r.NormFloat64())
	}
	for name, sound := range map[string][]byte{"noise": wav(44100, noise), "silence": wav(16000, make([]int16, 32000)), "nothing": wav(16000, nil)} {
		if status, answer := transcribe(t, addr, sound); status != 200 || strings.TrimSpace(answer) != `{"text":""}` {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
}

// say asks for speech.
func say(ctx context.Context, addr, body string) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/v1/audio/speech", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(q)
}

func speaks(t *testing.T, addr string) {
	const text = "The kitchen light is on."
	begin := time.Now()
	r, err := say(t.Context(), addr, fmt.Sprintf(`{"model":"tts-1","voice":"alloy","input":%q,"response_format":"wav"}`, text))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	sound, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != 200 {
		t.Fatalf("%s, %v", r.Status, err)
	}
	t.Logf("%d ms for %d bytes", time.Since(begin).Milliseconds(), len(sound))
	if _, heard := transcribe(t, addr, sound, "response_format=text", "language=en"); wer.Of(text, heard).Rate() > 0.2 {
		t.Errorf("heard %q", heard)
	}
	if _, events := transcribe(t, addr, sound, "stream=true"); !strings.Contains(events, `"transcript.text.delta"`) || !strings.Contains(events, `"transcript.text.done"`) {
		t.Errorf("streamed %q", events)
	}
}

// A long text is left after its first sound, and the next answer does not wait
// for the rest of it.
func stops(t *testing.T, addr string) {
	const sentence = "It is half past seven and the train to the airport leaves from platform nine. "
	ctx, cancel := context.WithCancel(t.Context())
	begin := time.Now()
	r, err := say(ctx, addr, fmt.Sprintf(`{"input":%q,"response_format":"pcm"}`, strings.Repeat(sentence, 200)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.ReadFull(r.Body, make([]byte, 10000)); err != nil {
		t.Fatal(err)
	}
	first := time.Since(begin)
	cancel()
	begin = time.Now()
	r, err = say(t.Context(), addr, `{"input":"Yes.","response_format":"pcm"}`)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		t.Fatal(err)
	}
	if after := time.Since(begin); after > 20*first+5*time.Second { // 200 sentences take far longer
		t.Errorf("the next answer took %s, the first sound %s", after, first)
	}
}

// Ten minutes of speech are left after a second, and the next answer does not
// wait for them.
func stopsListening(t *testing.T, addr string) {
	clip, err := os.ReadFile(filepath.Join("..", "..", "services", "stt", "testdata", "speech", "goforward.wav"))
	if err != nil {
		t.Fatal(err)
	}
	samples := make([]int16, (len(clip)-44)/2)
	if _, err := binary.Decode(clip[44:], binary.LittleEndian, samples); err != nil {
		t.Fatal(err)
	}
	long, kind := form(t, wav(16000, slices.Repeat(samples, 220)))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/v1/audio/transcriptions", long)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", kind)
	if r, err := http.DefaultClient.Do(q); err == nil {
		_ = r.Body.Close()
		t.Fatal("ten minutes of speech were heard in a second")
	}
	begin := time.Now()
	if status, answer := transcribe(t, addr, clip, "language=en"); status != 200 || !strings.Contains(strings.ToLower(answer), "forward") {
		t.Errorf("%d %s", status, answer)
	}
	if after := time.Since(begin); after > time.Minute { // the rest takes two minutes on two idle cores
		t.Errorf("the next answer took %s", after)
	}
}

func refuses(t *testing.T, addr string) {
	for field, want := range map[string]string{"language=xx": "xx", "response_format=srt": "verbose_json", "temperature=hot": "hot"} {
		if status, answer := transcribe(t, addr, wav(16000, make([]int16, 16000)), field); status != 400 || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s", field, status, answer)
		}
	}
	if status, answer := transcribe(t, addr, []byte("ID3 mp3")); status != 400 || !strings.Contains(answer, "WAV") {
		t.Errorf("no WAV file: %d %s", status, answer)
	}
	for body, want := range map[string]string{`{`: "JSON", `[]`: "JSON", `{}`: "input", `{"input":"a","response_format":"mp3"}`: "wav", `{"input":"a","speed":9}`: "0.25",
		`{"input":"a","voice":{"id":"b"}}`: "voice", `{"input":"a","model":["b"]}`: "model"} {
		r, err := say(t.Context(), addr, body)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if r.StatusCode != 400 || !strings.Contains(string(answer), want) {
			t.Errorf("%s: %s %s", body, r.Status, answer)
		}
	}
}
