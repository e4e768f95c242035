package test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/wer"
	"github.com/gotars/tars/test/need"
)

// spokenClip is one recording and what is said in it.
type spokenClip struct{ file, text string }

func clips(t *testing.T) (all []spokenClip) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "speech", "transcripts.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		all = append(all, spokenClip{row[0], row[1]})
	}
	return all
}

// engineEnv are the variables of the real engines.
func engineEnv() (env []string) {
	for _, name := range []string{"STT_OPENAI_URL", "STT_OPENAI_MODEL", "TTS_OPENAI_URL", "TTS_OPENAI_MODEL", "LLM_OPENAI_URL", "LLM_OPENAI_MODEL"} {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// transcribed asks the recogniser itself, with a whole file.
func transcribed(t *testing.T, name string, wav []byte) string {
	t.Helper()
	return transcribedBy(t, os.Getenv("STT_OPENAI_URL"), os.Getenv("STT_OPENAI_MODEL"), name, wav)
}

// transcribedBy asks the recogniser at url.
func transcribedBy(t *testing.T, url, model, name string, wav []byte) string {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(wav)
	_ = form.WriteField("model", model)
	_ = form.WriteField("language", "en")
	_ = form.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/audio/transcriptions", &body)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", form.FormDataContentType())
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	var answer struct{ Text string }
	if err != nil || r.StatusCode != http.StatusOK || json.Unmarshal(b, &answer) != nil {
		t.Fatalf("recogniser: %s, %v: %.300s", r.Status, err, b)
	}
	return answer.Text
}

// TestClipsAreHeard sends recorded speech as a microphone does, and compares
// what stt makes of it with what its engine makes of whole files.
func TestClipsAreHeard(t *testing.T) {
	t.Parallel()
	need.Engines(t)
	s := up(t, append(engineEnv(), "ROUTER_LIVE_MODE_DEFAULT=no")...) // nobody answers
	finals, begun, ended := make(chan contract.FinalTranscript, 64), make(chan string, 64), make(chan string, 64)
	bus := s.bus(t, kit.Sends[contract.MicAudio](), kit.On(into(finals), kit.Name("finals")),
		kit.On(func(_ context.Context, w contract.WakeEvent) error {
			switch w.Type {
			case contract.WakeEventSpeechStart:
				begun <- w.Type
			case contract.WakeEventSpeechEnd:
				ended <- w.Type
			}
			return nil
		}, kit.Name("speech")))
	var ours, whole wer.Errors
	var took []time.Duration
	for i, c := range clips(t) {
		wav, err := os.ReadFile(filepath.Join("testdata", "speech", c.file))
		if err != nil {
			t.Fatal(err)
		}
		direct := transcribed(t, c.file, wav)
		microphone(t, bus, fmt.Sprintf("clip-%d", i), clip(t, c.file), 8)
		sent := time.Now()
		heard := collect(t, finals, len(begun))
		for len(begun) > 0 {
			<-begun
		}
		took = append(took, time.Since(sent))
		a, b := wer.Of(c.text, heard), wer.Of(c.text, direct)
		ours, whole = ours.Add(a), whole.Add(b)
		if a.Wrong > 0 || b.Wrong > 0 {
			t.Logf("%-28s %d wrong of %d by us (%q), %d by the engine (%q)", c.file, a.Wrong, a.Words, heard, b.Wrong, direct)
		}
	}
	slices.Sort(took)
	t.Logf("word error rate %.1f %%, the engine on whole files %.1f %%; last audio to last final: median %s, worst %s",
		100*ours.Rate(), 100*whole.Rate(), took[len(took)/2].Round(10*time.Millisecond), took[len(took)-1].Round(10*time.Millisecond))
	if ours.Rate() > whole.Rate()+0.02 {
		t.Errorf("word error rate %.3f, want at most %.3f + 0.02", ours.Rate(), whole.Rate())
	}
}

// collect joins the finals of one stream: at least want of them, unless one was
// left out, then those that come within a moment.
func collect(t *testing.T, finals chan contract.FinalTranscript, want int) string {
	t.Helper()
	var texts []string
	next := patience
	for {
		select {
		case f := <-finals:
			texts = append(texts, f.Text)
			if next = 15 * time.Second; len(texts) >= want {
				next = time.Second
			}
		case <-time.After(next):
			if len(texts) == 0 {
				t.Error("nothing was heard")
			}
			return strings.Join(texts, " ")
		}
	}
}
