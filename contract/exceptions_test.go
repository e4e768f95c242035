package contract_test

import (
	"math"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/msg"
)

func ptr[T any](v T) *T { return &v }

// exceptions is what the authors of foreign shapes mean. An empty MessageID
// stands for a fresh one, a zero time for the present.
var exceptions = map[string]any{
	"wire/system.keepalive.json":            contract.Keepalive{OK: ptr(true), Event: "heartbeat", Timestamp: 1730800000.25},
	"wire/wake.health.json":                 contract.HealthPing{OK: true, Timestamp: 1730800000.25, Version: ptr("0.1.0")},
	"wire/esp32.health.json":                contract.HealthPing{OK: true, Event: ptr("periodic_health_check"), Timestamp: 784111777},
	"wire/wake.event.wire.json":             contract.WakeEvent{Type: "wake", Confidence: ptr(0.87), Energy: ptr(0.042), Cause: ptr("wake_phrase"), TS: ptr(5123.75)},
	"wire/wake.mic.wire.json":               contract.WakeMicCommand{Action: "unmute", Reason: "wake", TTLMS: ptr(3000)},
	"wire/tts.control.wire.json":            contract.TtsControl{Action: "pause", Reason: ptr("wake_interrupt"), ID: ptr("rt-1a2b3c4d")},
	"wire/tts.control.bare.json":            contract.TtsControl{Action: "stop", Reason: ptr("wake_cancel")},
	"wire/stt.audio_fft.bare.json":          contract.AudioFFT{FFTData: []float64{0, 0.5, 1}, TS: 1730800000.25},
	"wire/character.get.wire.json":          contract.CharacterGetRequest{},
	"wire/character.update.tool-trait.json": contract.CharacterTraitUpdate{Section: "traits", Trait: "humor", Value: 50},
	"wire/character.update.tool-reset.json": contract.CharacterResetAll{All: true},
	"wire/memory.query.legacy.json": contract.MemoryQuery{
		Text: "boat", TopK: 3, ContextWindow: ptr(1), RetrievalStrategy: "hybrid", OldID: ptr("q1"),
	},
	"wire/tool.result.bare.json": contract.ToolCallResult{CallID: "call_1", Content: ptr("ok")},
	"wire/tools.registry.bare.json": contract.ToolsRegistry{Tools: []contract.ToolSpec{{
		Type: "function",
		Function: map[string]any{
			"name": "mcp__s__t", "description": "d",
			"parameters": map[string]any{"type": "object", "properties": map[string]any{}},
		},
	}}},
	"wire/movement.status.esp32.json": contract.MovementStatus{
		Ident: msg.Ident{MessageID: "a1b2"}, Timestamp: 784111777, Event: "command_started", Command: ptr("wave"), RequestID: ptr("mv-1"),
	},
	"wire/movement.state.esp32.json": contract.MovementState{
		Timestamp: 784111777, Event: "command_queued", Command: ptr("wave"), Speed: ptr(0.8), QueueSize: ptr(1),
	},
}

func (r row) understood(t *testing.T) {
	_, v, err := r.decode(t)
	if err != nil {
		t.Fatal(err)
	}
	want, ok := exceptions[r.file]
	if !ok {
		t.Fatalf("no one says what it means: %+v", v.Elem())
	}
	got := member(v)
	filled(t, got, reflect.ValueOf(want))
	if !reflect.DeepEqual(got.Interface(), want) {
		t.Errorf("decoded to %+v, want %+v", got, want)
	}
}

var freshID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// filled checks what the receiver filled in for want's empty id and times, and
// empties it.
func filled(t *testing.T, got, want reflect.Value) {
	if id := got.FieldByName("MessageID"); id.IsValid() && want.FieldByName("MessageID").String() == "" {
		if !freshID.MatchString(id.String()) {
			t.Errorf("message id %q is not fresh", id)
		}
		id.SetString("")
	}
	for _, name := range []string{"TS", "Timestamp"} {
		ts := got.FieldByName(name)
		if !ts.IsValid() || ts.Kind() != reflect.Float64 || want.FieldByName(name).Float() != 0 {
			continue
		}
		if now := float64(time.Now().Unix()); math.Abs(ts.Float()-now) > 60 {
			t.Errorf("%s is %f, want about %f", name, ts.Float(), now)
		}
		ts.SetFloat(0)
	}
}

func TestForeignShapesOfUpdatesAndControls(t *testing.T) {
	tests := map[string]struct {
		topic, data string
		want        any
	}{
		"the model's trait": {
			"character/update", `{"message_id":"m","section":"traits","trait":"humor","value":40}`,
			contract.CharacterTraitUpdate{Ident: msg.Ident{MessageID: "m"}, Section: "traits", Trait: "humor", Value: 40},
		},
		"the model's reset": {
			"character/update", `{"message_id":"m","action":"reset_traits"}`,
			contract.CharacterResetTraits{Ident: msg.Ident{MessageID: "m"}, Action: "reset_traits"},
		},
		"a control that says utt_id": {
			"tts/control", `{"message_id":"m","action":"stop","utt_id":"u","ts":2}`,
			contract.TtsControl{Ident: msg.Ident{MessageID: "m"}, Action: "stop", ID: ptr("u"), TS: 2},
		},
		"the firmware when it starts": {
			"movement/state", `{"message_id":"m","event":"firmware_online","timestamp":7}`,
			contract.MovementState{Ident: msg.Ident{MessageID: "m"}, Event: "firmware_online", Timestamp: 7},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := byTopic(t, tt.topic)
			if err := decodeInto(tt.data, v); err != nil {
				t.Fatal(err)
			}
			if got := member(v).Interface(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("decoded to %+v, want %+v", got, tt.want)
			}
		})
	}
}
