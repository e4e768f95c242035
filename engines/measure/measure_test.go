package measure

import (
	"math"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/test/need"
)

const sentence = "The kitchen light is on."

func TestRealRecognisersAreHeard(t *testing.T) {
	need.Engines(t, "STT_OPENAI_URL", "STT_WYOMING_URI")
	clip, err := os.ReadFile("../../services/stt/testdata/speech/cards-003.wav")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []discovery.Server{
		{Protocol: "openai", URL: os.Getenv("STT_OPENAI_URL"), Model: os.Getenv("STT_OPENAI_MODEL")},
		{Protocol: "wyoming", URL: os.Getenv("STT_WYOMING_URI")},
	} {
		text, err := Hear(t.Context(), s, clip[44:])
		if err != nil || !strings.Contains(strings.ToLower(text), "clubs") {
			t.Errorf("%s: heard %q, %v", s.Protocol, text, err)
		}
	}
}

func TestRealVoicesSpeak(t *testing.T) {
	need.Engines(t, "TTS_OPENAI_URL", "TTS_WYOMING_URI", "PIPER_HTTP_URL")
	for _, s := range []discovery.Server{
		{Protocol: "openai", URL: os.Getenv("TTS_OPENAI_URL"), Model: os.Getenv("TTS_OPENAI_MODEL")},
		{Protocol: "wyoming", URL: os.Getenv("TTS_WYOMING_URI")},
		{Protocol: "piper", URL: os.Getenv("PIPER_HTTP_URL")},
	} {
		first, all, err := Speak(t.Context(), s, sentence)
		if err != nil || first <= 0 || all < first {
			t.Errorf("%s: first sound after %v, all after %v, %v", s.Protocol, first, all, err)
		}
	}
}

func TestRealModelsWriteAndEmbed(t *testing.T) {
	need.Engines(t, "LLM_OPENAI_URL", "EMBED_OPENAI_URL")
	first, all, n, err := Chat(t.Context(), discovery.Server{URL: os.Getenv("LLM_OPENAI_URL"), Model: os.Getenv("LLM_OPENAI_MODEL")}, "Name a colour.", 8)
	if err != nil || first <= 0 || all < first || n < 1 || n > 8 {
		t.Errorf("%d pieces, first after %v, all after %v, %v", n, first, all, err)
	}
	v, err := Embed(t.Context(), discovery.Server{URL: os.Getenv("EMBED_OPENAI_URL"), Model: os.Getenv("EMBED_OPENAI_MODEL")}, sentence)
	length := 0.0
	for _, x := range v {
		length += float64(x) * float64(x)
	}
	if err != nil || math.Abs(length-1) > 0.01 {
		t.Errorf("%d numbers of length %v, %v", len(v), length, err)
	}
}

func TestAServerThatRefusesIsQuoted(t *testing.T) {
	need.Engines(t, "STT_OPENAI_URL")
	_, err := Embed(t.Context(), discovery.Server{URL: os.Getenv("STT_OPENAI_URL")}, sentence)
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("said %v", err)
	}
}

func TestTheMemoryOfAListenerIsKnown(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells who listens")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := Memory(t.Context(), t.TempDir(), discovery.Server{URL: "tcp://" + l.Addr().String()}); got < 1<<20 {
		t.Errorf("this process has %d bytes", got)
	}
	if got := Memory(t.Context(), t.TempDir(), discovery.Server{URL: "http://192.0.2.1:8000/v1"}); got != 0 {
		t.Errorf("another machine's has %d bytes", got)
	}
}
