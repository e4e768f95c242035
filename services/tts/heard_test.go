package tts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/tts"
	"github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/test/need"
	"github.com/gotars/tars/test/sound"
)

// TestTheBuiltInVoiceIsHeard takes as long as what it says.
func TestTheBuiltInVoiceIsHeard_RealTime(t *testing.T) {
	dir := need.Voice(t)
	out := filepath.Join(t.TempDir(), "out")
	for k, v := range map[string]string{"TTS_ENGINE": "flite", "TTS_ASSETS": dir, "TTS_PLAYER": "dd status=none of=" + out, "TTS_SINKS": "kitchen", "MQTT_DRAIN": "5s"} {
		t.Setenv(k, v)
	}
	b := kittest.Start(t, tts.Module)
	status := kittest.Watch[contract.TtsStatus](b)
	b.Publish(t, contract.TtsSay{Text: "Hello *there*. The kitchen light is on."})
	m, _ := status.Next(t)
	begun := time.Now()
	if m.Event != contract.TtsSpeakingStart {
		t.Fatalf("first came %s", m.Event)
	}
	m, _ = status.Next(t)
	took := time.Since(begun)
	if m.Event != contract.TtsSpeakingEnd || took < time.Second || took > 6*time.Second {
		t.Errorf("%s after %v, want the end after about 2.5s", m.Event, took)
	}
	b.Stop(t, "tts")
	pcm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	heard := engine.Chunk{Rate: 16000, PCM: pcm}
	if d := heard.Duration(); d < 2*time.Second || d > 4*time.Second || took < d-time.Second {
		t.Errorf("the player got %v of audio in %v, want some 2.5s as fast as they are heard", d, took)
	}
	if os.Getenv("STT_OPENAI_URL") == "" {
		return
	}
	if got := sound.Understand(t, pcm, 16000); !strings.Contains(got, "light is on") {
		t.Errorf("it was heard as %q", got)
	}
}
