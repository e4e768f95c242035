package contract_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

type route struct {
	msg  msg.Message
	want msg.Route // Type written out
}

// routes is every message and how it travels, as docs/wire.md and
// docs/topics.md describe it.
var routes = []route{
	{contract.HealthPing{}, msg.Route{Topic: "system/health/+", Type: "health.status", QoS: 1, Retain: true}},
	{contract.EngineInUse{}, msg.Route{Topic: "system/engine/+", Type: "system.engine", QoS: 1, Retain: true}},
	{contract.Keepalive{}, msg.Route{Topic: "system/keepalive/+", Bare: true}},
	{contract.FinalTranscript{}, msg.Route{Topic: "stt/final", Type: "stt.final", QoS: 1}},
	{contract.PartialTranscript{}, msg.Route{Topic: "stt/partial", Type: "stt.partial"}},
	{contract.ProbableTranscript{}, msg.Route{Topic: "stt/probable", Type: "stt.probable"}},
	{contract.SpeechTiming{}, msg.Route{Topic: "stt/timing", Type: "stt.timing"}},
	{contract.AudioFFT{}, msg.Route{Topic: "stt/audio_fft", Type: "stt.audio_fft"}},
	{contract.WakeEvent{}, msg.Route{Topic: "wake/event", Type: "wake.event", QoS: 1}},
	{contract.WakeMicCommand{}, msg.Route{Topic: "wake/mic", Type: "wake.mic", QoS: 1}},
	{contract.TtsSay{}, msg.Route{Topic: "tts/say", Type: "tts.say", QoS: 1, Expiry: 30 * time.Second}},
	{contract.RoomVoice{}, msg.Route{Topic: "tts/voice/+", Type: "tts.voice", QoS: 1, Retain: true, Expiry: 24 * time.Hour}},
	{contract.TtsStatus{}, msg.Route{Topic: "tts/status", Type: "tts.status"}},
	{contract.TtsControl{}, msg.Route{Topic: "tts/control", Type: "tts.control", QoS: 1}},
	{contract.SpeechDuck{}, msg.Route{Topic: "tts/duck", Type: "tts.duck", QoS: 1}},
	{contract.SpeechHeard{}, msg.Route{Topic: "tts/heard", Type: "tts.heard", QoS: 1}},
	{contract.SpeechDropped{}, msg.Route{Topic: "stt/dropped", Type: "stt.dropped", QoS: 1}},
	{contract.LLMRequest{}, msg.Route{Topic: "llm/request", Type: "llm.request", QoS: 1}},
	{contract.LLMStreamDelta{}, msg.Route{Topic: "llm/stream", Type: "llm.stream"}},
	{contract.LLMResponse{}, msg.Route{Topic: "llm/response", Type: "llm.response", QoS: 1}},
	{contract.LLMProgress{}, msg.Route{Topic: "llm/progress", Type: "llm.progress"}},
	{contract.LLMAhead{}, msg.Route{Topic: "llm/ahead", Type: "llm.ahead"}},
	{contract.LLMCancel{}, msg.Route{Topic: "llm/cancel", Type: "llm.cancel", QoS: 1}},
	{contract.ToolsRegistry{}, msg.Route{Topic: "llm/tools/registry", Type: "llm.tools.registry", QoS: 1, Retain: true}},
	{contract.ToolSwitch{}, msg.Route{Topic: "llm/tools/switch", Type: "llm.tools.switch", QoS: 1}},
	{contract.ToolSwitched{}, msg.Route{Topic: "llm/tools/switched", Type: "llm.tools.switched", QoS: 1}},
	{contract.ToolCallRequest{}, msg.Route{Topic: "llm/tool.call.request", Type: "llm.tool.call.request"}},
	{contract.ToolCallResult{}, msg.Route{Topic: "llm/tool.call.result", Type: "llm.tool.call.result"}},
	{contract.MemoryQuery{}, msg.Route{Topic: "memory/query", Type: "memory.query", QoS: 1}},
	{contract.MemoryResults{}, msg.Route{Topic: "memory/results", Type: "memory.results", QoS: 1}},
	{contract.MemoryList{}, msg.Route{Topic: "memory/list", Type: "memory.list", QoS: 1}},
	{contract.MemoryLines{}, msg.Route{Topic: "memory/lines", Type: "memory.lines", QoS: 1}},
	{contract.MemoryForget{}, msg.Route{Topic: "memory/forget", Type: "memory.forget", QoS: 1}},
	{contract.MemoryForgotten{}, msg.Route{Topic: "memory/forgotten", Type: "memory.forgotten", QoS: 1}},
	{contract.MemoryImport{}, msg.Route{Topic: "memory/import", Type: "memory.import", QoS: 1}},
	{contract.MemoryImported{}, msg.Route{Topic: "memory/imported", Type: "memory.imported", QoS: 1}},
	{contract.CharacterGetRequest{}, msg.Route{Topic: "character/get", Type: "character.get", QoS: 1}},
	{contract.CharacterResult{}, msg.Route{Topic: "character/result", Type: "character.result", QoS: 1}},
	{contract.CharacterUpdate{}, msg.Route{Topic: "character/update", Type: "character.update", QoS: 1}},
	{contract.CharacterSnapshot{}, msg.Route{Topic: "system/character/current", Type: "system.character.current", QoS: 1, Retain: true}},
	{contract.CameraFrame{}, msg.Route{Topic: "camera/frame", Type: "camera.frame"}},
	{contract.CameraCaptureRequest{}, msg.Route{Topic: "camera/capture", Type: "camera.capture", QoS: 1}},
	{contract.CameraImageResponse{}, msg.Route{Topic: "camera/image", Type: "camera.image", QoS: 1}},
	{contract.MovementTestRequest{}, msg.Route{Topic: "movement/test", Type: "movement.test", QoS: 1, Bare: true}},
	{contract.MovementStop{}, msg.Route{Topic: "movement/stop", Type: "movement.stop", QoS: 1, Bare: true}},
	{contract.MovementStatus{}, msg.Route{Topic: "movement/status", Type: "movement.status", Bare: true}},
	{contract.MovementCommand{}, msg.Route{Topic: "movement/command", Type: "movement.command", QoS: 1, Bare: true}},
	{contract.MovementFrame{}, msg.Route{Topic: "movement/frame", Type: "movement.frame", QoS: 1, Bare: true}},
	{contract.MovementState{}, msg.Route{Topic: "movement/state", Type: "movement.state", QoS: 1, Bare: true}},
	{contract.MicAudio{}, msg.Route{Topic: "audio/mic/+", Bare: true}},
	{contract.SpeakerAudio{}, msg.Route{Topic: "audio/speaker/+", Bare: true}},
	{contract.TimerState{}, msg.Route{Topic: "timer/state", Type: "timer.state", QoS: 1, Retain: true}},
	{contract.TimerUtterance{}, msg.Route{Topic: "timer/utterance", Type: "timer.utterance", QoS: 1, Expiry: 5 * time.Second}},
	{contract.TimerReply{}, msg.Route{Topic: "timer/reply", Type: "timer.reply", QoS: 1}},
	{contract.TimerCommand{}, msg.Route{Topic: "timer/command", Type: "timer.command", QoS: 1}},
	{contract.TimerResult{}, msg.Route{Topic: "timer/result", Type: "timer.result", QoS: 1}},
	{contract.TurnRecord{}, msg.Route{Topic: "system/turn", Type: "system.turn"}},
	{contract.SpeechDetail{}, msg.Route{Topic: "stt/detail", Type: "stt.detail"}},
	{contract.AnswerDetail{}, msg.Route{Topic: "llm/detail", Type: "llm.detail"}},
	{contract.VoiceDetail{}, msg.Route{Topic: "tts/detail", Type: "tts.detail"}},
}

func TestEveryMessageTravelsAsTheContractSays(t *testing.T) {
	topics := map[string]string{}
	for _, r := range routes {
		name := reflect.TypeOf(r.msg).Name()
		got := r.msg.Route()
		if got.Type == "" && !strings.Contains(got.Topic, "+") {
			got.Type = strings.ReplaceAll(got.Topic, "/", ".")
		}
		if got != r.want {
			t.Errorf("%s travels by %+v, want %+v", name, got, r.want)
		}
		if other, taken := topics[got.Topic]; taken {
			t.Errorf("%s and %s share the topic %s", name, other, got.Topic)
		}
		topics[got.Topic] = name
		if err := wire.Check(reflect.TypeOf(r.msg)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRoutesAreConstants(t *testing.T) {
	for _, r := range routes {
		v := reflect.New(reflect.TypeOf(r.msg))
		if k, ok := v.Interface().(interface{ SetKey(string) }); ok {
			k.SetKey("kitchen")
			if got := v.Elem().Interface().(msg.Keyed).Key(); got != "kitchen" {
				t.Errorf("%T: key is %q after it was set to kitchen", r.msg, got)
			}
		} else if strings.Contains(r.msg.Route().Topic, "+") {
			t.Errorf("%T has a keyed route and no SetKey", r.msg)
		}
		if got := v.Elem().Interface().(msg.Message).Route(); got != r.msg.Route() {
			t.Errorf("%T: the route reads the key: %+v", r.msg, got)
		}
	}
}

// What asks is answered by what: the compiler checks it.
var (
	_ msg.Streamed[contract.LLMStreamDelta, contract.LLMResponse] = contract.LLMRequest{}
	_ msg.Failing[contract.LLMResponse]                           = contract.LLMRequest{}
	_ msg.Cancellable                                             = contract.LLMRequest{}
	_ msg.Request[contract.MemoryResults]                         = contract.MemoryQuery{}
	_ msg.Request[contract.MemoryLines]                           = contract.MemoryList{}
	_ msg.Request[contract.MemoryForgotten]                       = contract.MemoryForget{}
	_ msg.Request[contract.MemoryImported]                        = contract.MemoryImport{}
	_ msg.Request[contract.TimerReply]                            = contract.TimerUtterance{}
	_ msg.Failing[contract.TimerResult]                           = contract.TimerCommand{}
	_ msg.Request[contract.CharacterResult]                       = contract.CharacterGetRequest{}
	_ msg.Request[contract.CameraImageResponse]                   = contract.CameraCaptureRequest{}
	_ msg.Headed                                                  = contract.MicAudio{}
	_ msg.Headed                                                  = contract.SpeakerAudio{}
)
