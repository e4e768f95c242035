package test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/speech/wav"
	"github.com/gotars/tars/test/engine"
	"github.com/gotars/tars/test/need"
	"github.com/gotars/tars/test/sound"
)

// corpusClip is one of a corpus, see test/corpus.
type corpusClip struct {
	File  string  `json:"file"`
	Kind  string  `json:"kind"`
	Text  string  `json:"text"`
	Lang  string  `json:"lang"`
	Begin float64 `json:"begin"`
	End   float64 `json:"end"`
}

// writeCorpus writes a corpus in which everything is a voice of 0.8 s.
func writeCorpus(t *testing.T, kinds ...string) string {
	t.Helper()
	folder := t.TempDir()
	const ms = time.Millisecond
	var clips []corpusClip
	for _, kind := range kinds {
		var audio pcm.Audio = sound.NewRoom(20).Silence(500 * ms).Voice(800 * ms).Silence(300 * ms).PCM
		clips = append(clips, corpusClip{kind + ".wav", kind, engine.Heard, "en", 0.5, 1.3})
		if err := os.WriteFile(filepath.Join(folder, kind+".wav"), wav.Encode(audio, pcm.Rate), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := json.Marshal(map[string]any{"version": 1, "clips": clips})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "corpus.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestEvalSeesWhatTheAssistantDoes measures a house with scripted engines: all that is
// heard in it is one question, so an interruption is obeyed, and its own echo is taken
// for a person, which the tool has to see.
func TestEvalSeesWhatTheAssistantDoes(t *testing.T) {
	if testing.Short() {
		t.Skip("it plays in real time")
	}
	engines := httptest.NewServer(engine.Handler())
	t.Cleanup(engines.Close)
	s := settings(t, "STT_OPENAI_URL="+engines.URL+"/v1", "TTS_OPENAI_URL="+engines.URL+"/v1", "STT_VAD=loudness", "STT_TURN_MODEL=none", "ENGINE_HOSTS=none")
	out := filepath.Join(t.TempDir(), "eval.json")
	printed, err := s.tars(t, "eval", "turns", "interruptions", "response", "--limit", "1", "--rooms", "1",
		"--corpus", writeCorpus(t, "turn", "interruption", "speech"), "--json", out, "--log", filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Turns         []struct{ Pauses, Ends int }
		Interruptions []struct {
			Duck, Silence *float64
			Heard         string
		}
		Responses []struct{ Sound *float64 }
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Turns) == 0 || got.Turns[0].Ends != 1 || got.Turns[0].Pauses != 0 {
		t.Errorf("ends of turns %+v, want one", got.Turns)
	}
	if y := got.Interruptions; len(y) != 1 || y[0].Duck == nil || *y[0].Duck > 1 || y[0].Silence == nil || *y[0].Silence > 2 || y[0].Heard != engine.Heard {
		t.Errorf("interruptions %s, want one that was obeyed", data)
	}
	if r := got.Responses; len(r) != 1 || r[0].Sound == nil || *r[0].Sound < 0.2 || *r[0].Sound > 5 {
		t.Errorf("responses %s, want one", data)
	}
	if !strings.Contains(printed, "### Interruptions") || !strings.Contains(printed, "### Ends of turns") {
		t.Errorf("printed %s", printed)
	}
}

// patientScenario is the judge's scenario with 20 s in place of 5 s for an answer to begin:
// other packages' tests take the processor while this one runs.
func patientScenario(t *testing.T) string {
	t.Helper()
	clips, err := filepath.Abs("voicebench/clips")
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := os.ReadFile("voicebench/conversation.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(scenario), "{file: clips/", "{file: "+clips+"/") + "\ndefaults: {response_timeout_ms: 20000}\n"
	path := filepath.Join(t.TempDir(), "conversation.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAnOutsideJudgeTalksToTheAssistant has voicebench talk to the assistant with real
// engines, and wants every question answered. Whether that comes soon, and whether the
// assistant yields in time, depends on what else this machine does: that is printed, and
// docs/conversation.md has it from a quiet one.
func TestAnOutsideJudgeTalksToTheAssistant(t *testing.T) {
	need.Engines(t)
	judge := need.Judge(t)
	need.Voice(t)
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	cmd := exec.Command("bash", "voicebench/run.sh", patientScenario(t))
	cmd.Env = append(os.Environ(), "TARS="+bin, "VOICEBENCH="+judge, "OUT="+out, "TARS_HOME="+t.TempDir(), "TARS_ASSETS="+assets())
	printed, failed := cmd.CombinedOutput()
	data, err := os.ReadFile(filepath.Join(out, "report.json"))
	if err != nil {
		t.Fatalf("%v, %v: %s", failed, err, printed)
	}
	var report struct {
		Summary struct {
			Turns  int
			Passed int `json:"turns_passed"`
			Missed int `json:"missed_responses"`
		}
	}
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d turns passed:\n%s", report.Summary.Passed, report.Summary.Turns, printed)
	if report.Summary.Turns < 10 || report.Summary.Missed > 0 {
		t.Errorf("%d turns, %d questions were not answered", report.Summary.Turns, report.Summary.Missed)
	}
}
