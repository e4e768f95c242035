package test

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/wire"
)

// promised is what the wire contract says of each topic: written out here, and
// not taken from the types, which could be wrong.
var promised = []struct {
	topic, typ string // "+" is any one level; typ "" is bare
	qos        byte
	retained   bool
	payload    any // decoded into its type, strictly
}{
	{"stt/final", "stt.final", 1, false, contract.FinalTranscript{}},
	{"stt/partial", "stt.partial", 0, false, contract.PartialTranscript{}},
	{"wake/event", "wake.event", 1, false, contract.WakeEvent{}},
	{"wake/mic", "wake.mic", 1, false, contract.WakeMicCommand{}},
	{"tts/say", "tts.say", 1, false, contract.TtsSay{}},
	{"tts/voice/+", "tts.voice", 1, true, contract.RoomVoice{}},
	{"tts/status", "tts.status", 0, false, contract.TtsStatus{}},
	{"tts/control", "tts.control", 1, false, contract.TtsControl{}},
	{"tts/duck", "tts.duck", 1, false, contract.SpeechDuck{}},
	{"tts/heard", "tts.heard", 1, false, contract.SpeechHeard{}},
	{"stt/probable", "stt.probable", 0, false, contract.ProbableTranscript{}},
	{"stt/timing", "stt.timing", 0, false, contract.SpeechTiming{}},
	{"stt/detail", "stt.detail", 0, false, contract.SpeechDetail{}},
	{"llm/detail", "llm.detail", 0, false, contract.AnswerDetail{}},
	{"tts/detail", "tts.detail", 0, false, contract.VoiceDetail{}},
	{"stt/dropped", "stt.dropped", 1, false, contract.SpeechDropped{}},
	{"llm/request", "llm.request", 1, false, contract.LLMRequest{}},
	{"llm/stream", "llm.stream", 0, false, contract.LLMStreamDelta{}},
	{"llm/response", "llm.response", 1, false, contract.LLMResponse{}},
	{"llm/progress", "llm.progress", 0, false, contract.LLMProgress{}},
	{"llm/ahead", "llm.ahead", 0, false, contract.LLMAhead{}},
	{"llm/cancel", "llm.cancel", 1, false, contract.LLMCancel{}},
	{"memory/query", "memory.query", 1, false, contract.MemoryQuery{}},
	{"memory/results", "memory.results", 1, false, contract.MemoryResults{}},
	{"memory/list", "memory.list", 1, false, contract.MemoryList{}},
	{"memory/lines", "memory.lines", 1, false, contract.MemoryLines{}},
	{"memory/forget", "memory.forget", 1, false, contract.MemoryForget{}},
	{"memory/forgotten", "memory.forgotten", 1, false, contract.MemoryForgotten{}},
	{"memory/import", "memory.import", 1, false, contract.MemoryImport{}},
	{"memory/imported", "memory.imported", 1, false, contract.MemoryImported{}},
	{"llm/tools/registry", "llm.tools.registry", 1, true, contract.ToolsRegistry{}},
	{"llm/tools/switch", "llm.tools.switch", 1, false, contract.ToolSwitch{}},
	{"llm/tools/switched", "llm.tools.switched", 1, false, contract.ToolSwitched{}},
	{"character/get", "character.get", 1, false, contract.CharacterGetRequest{}},
	{"character/result", "character.result", 1, false, contract.CharacterResult{}},
	{"character/update", "character.update", 1, false, contract.CharacterUpdate{}},
	{"system/character/current", "system.character.current", 1, true, contract.CharacterSnapshot{}},
	{"timer/state", "timer.state", 1, true, contract.TimerState{}},
	{"timer/utterance", "timer.utterance", 1, false, contract.TimerUtterance{}},
	{"timer/reply", "timer.reply", 1, false, contract.TimerReply{}},
	{"timer/command", "timer.command", 1, false, contract.TimerCommand{}},
	{"timer/result", "timer.result", 1, false, contract.TimerResult{}},
	{"system/turn", "system.turn", 0, false, contract.TurnRecord{}},
	{"audio/mic/+", "", 0, false, contract.MicAudio{}},
	{"audio/speaker/+", "", 0, false, contract.SpeakerAudio{}},
	{"system/health/router", "system.health.router", 1, true, contract.HealthPing{}},
	{"system/health/tts", "system.health.tts", 1, true, contract.HealthPing{}},
	{"system/health/memory", "system.health.memory", 1, true, contract.HealthPing{}},
	{"system/engine/+", "system.engine", 1, true, contract.EngineInUse{}},
	{"system/health/+", "health.status", 1, true, contract.HealthPing{}},
	{"system/info/+", "system.info", 1, true, kit.Info{}},
}

func matches(filter, topic string) bool {
	before, after, keyed := strings.Cut(filter, "+")
	key, ok := strings.CutPrefix(topic, before)
	return filter == topic || keyed && ok && after == "" && key != "" && !strings.Contains(key, "/")
}

// satisfies checks every message of a recording.
func satisfies(t *testing.T, file string) {
	t.Helper()
	seen := map[string]int{}
	for _, l := range lines(t, file) {
		i := slices.IndexFunc(promised, func(p struct {
			topic, typ string
			qos        byte
			retained   bool
			payload    any
		}) bool {
			return matches(p.topic, l.Topic)
		})
		if i < 0 {
			t.Errorf("%s is no topic of the contract: %.200s", l.Topic, l.Payload)
			continue
		}
		p := promised[i]
		seen[reflect.TypeOf(p.payload).Name()]++
		if l.QoS != p.qos {
			t.Errorf("%s went out at QoS %d, want %d", l.Topic, l.QoS, p.qos)
		}
		if l.Retained && !p.retained {
			t.Errorf("%s is retained", l.Topic)
		}
		if p.typ == "" {
			audio(t, l)
			continue
		}
		e, err := wire.Open(l.Payload)
		if err != nil || e.Bare || e.Type != p.typ || e.ID == "" || e.Source == "" || e.TS == 0 {
			t.Errorf("%s: envelope %+v, %v in %.200s", l.Topic, e, err, l.Payload)
			continue
		}
		if err := wire.Decode(e.Data, reflect.New(reflect.TypeOf(p.payload)).Interface()); err != nil {
			t.Errorf("%s: %v in %.300s", l.Topic, err, l.Payload)
		}
	}
	kinds := slices.Sorted(maps.Keys(seen))
	t.Logf("%d types: %v", len(kinds), seen)
	if len(kinds) < 14 {
		t.Errorf("%d types of messages were seen, want at least 14: %v", len(kinds), kinds)
	}
}

// audio checks a chunk against section 15 of the contract.
func audio(t *testing.T, l line) {
	t.Helper()
	if len(l.Payload) > 8<<10 || len(l.Payload)%2 != 0 {
		t.Errorf("%s: %d bytes", l.Topic, len(l.Payload))
	}
	if !strings.HasPrefix(l.ContentType, "audio/pcm;rate=") || !strings.HasSuffix(l.ContentType, ";channels=1") {
		t.Errorf("%s: content type %q", l.Topic, l.ContentType)
	}
	if l.User["seq"] == "" || strings.HasPrefix(l.Topic, "audio/speaker/") && l.User["say"] == "" {
		t.Errorf("%s: properties %v", l.Topic, l.User)
	}
}

// late subscribes after everything and gets exactly what is to be retained.
func late(t *testing.T, url string) {
	t.Helper()
	got := make(chan string, 256)
	connect(t, url, kit.Tap("#", func(_ context.Context, d *kit.Delivery) error {
		if d.Retained {
			got <- d.Topic
		}
		return nil
	}))
	time.Sleep(2 * time.Second)
	seen := map[string]bool{}
	for len(got) > 0 {
		seen[<-got] = true
	}
	want := []string{"system/character/current", "system/engine/tars-llm", "system/engine/tars-memory", "system/engine/tars-stt", "system/engine/tars-tts", "system/engine/tars-wake", "system/health/memory", "system/health/router",
		"system/health/tars-llm", "system/health/tars-memory", "system/health/tars-router", "system/health/tars-stt", "system/health/tars-timer", "system/health/tars-tts",
		"system/health/tts", "system/health/ui-web", "system/info/tars-llm", "system/info/tars-memory", "system/info/tars-router", "system/info/tars-stt",
		"system/info/tars-timer", "system/info/tars-tts", "system/info/ui-web", "timer/state"}
	if have := slices.Sorted(maps.Keys(seen)); !slices.Equal(have, want) {
		t.Errorf("retained are %q, want %q", have, want)
	}
}
