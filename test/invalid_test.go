package test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// taking is a handler of M under the name of its topic.
func taking[M msg.Message]() kit.Handler {
	var zero M
	return kit.On(func(context.Context, M) error { return nil }, kit.Name(zero.Route().Topic), kit.Queue(4096))
}

// TestInvalidVectorsAreCounted sends every invalid vector to a service that
// takes all types. Nothing of them is handled, each is counted with a reason,
// and the service goes on.
func TestInvalidVectorsAreCounted(t *testing.T) {
	taker := kittest.ServiceOf("taker",
		taking[contract.FinalTranscript](), taking[contract.PartialTranscript](), taking[contract.AudioFFT](),
		taking[contract.TtsSay](), taking[contract.TtsStatus](), taking[contract.TtsControl](),
		taking[contract.LLMRequest](), taking[contract.LLMResponse](), taking[contract.LLMStreamDelta](), taking[contract.LLMCancel](),
		taking[contract.ToolCallRequest](), taking[contract.ToolCallResult](), taking[contract.ToolsRegistry](),
		taking[contract.MemoryQuery](), taking[contract.MemoryResults](),
		taking[contract.CharacterGetRequest](), taking[contract.CharacterResult](), taking[contract.CharacterUpdate](), taking[contract.CharacterSnapshot](),
		taking[contract.WakeEvent](), taking[contract.WakeMicCommand](), taking[contract.HealthPing](),
		taking[contract.CameraImageResponse](), taking[contract.CameraFrame](), taking[contract.CameraCaptureRequest](),
		taking[contract.MovementFrame](), taking[contract.MovementTestRequest](), taking[contract.MovementState](), taking[contract.MovementStatus](),
		taking[contract.MovementCommand](), taking[contract.MovementStop]())
	index, err := os.ReadFile("../contract/testdata/golden/index.tsv")
	if err != nil {
		t.Fatal(err)
	}
	kittest.Run(t, "and the service goes on", func(t *testing.T, b *kittest.Harness) {
		b.Settle()
		before := dropped(b)
		sent := map[string]int64{}
		for _, line := range strings.Split(strings.TrimSpace(string(index)), "\n")[1:] {
			columns := strings.Split(line, "\t")
			if columns[4] != "invalid" {
				continue
			}
			packet, err := os.ReadFile(filepath.Join("../contract/testdata/golden", columns[0]))
			if err != nil {
				t.Fatal(err)
			}
			topic := columns[1]
			if _, err := b.Bus.Client().Publish(t.Context(), &paho.Publish{Topic: topic, QoS: 1, Payload: packet, Properties: &paho.PublishProperties{}}); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(topic, "system/health/") {
				topic = "system/health/+"
			}
			sent[topic]++
		}
		time.Sleep(time.Second)
		b.Settle()
		total := int64(0)
		for topic, n := range dropped(b) {
			if n -= before[topic]; n != sent[topic] {
				t.Errorf("%s: %d invalid messages were sent, %d were counted", topic, sent[topic], n)
			}
			total += n
		}
		if total < 850 {
			t.Errorf("%d invalid vectors were counted, want at least 850", total)
		}
		b.Publish(t, contract.FinalTranscript{Text: "still there?"})
		b.Settle()
		for _, h := range b.Stats("taker").Handlers {
			if h.Name == "stt/final" && h.Handled != 1 || h.Failed+h.Dead > 0 {
				t.Errorf("%s handled %d, failed %d", h.Name, h.Handled, h.Failed)
			}
			for reason := range h.Dropped {
				if reason == "" || reason == "invalid" || reason == "overflow" {
					t.Errorf("%s dropped for %q", h.Name, reason)
				}
			}
		}
	}, taker)
}

// dropped is how many messages each handler of taker did not see.
func dropped(b *kittest.Harness) map[string]int64 {
	n := map[string]int64{}
	for _, h := range b.Stats("taker").Handlers {
		for _, times := range h.Dropped {
			n[h.Name] += times
		}
	}
	return n
}
