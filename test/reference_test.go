package test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
	"github.com/gotars/tars/services/llm"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/router"
)

// recorded returns the bytes that the reference sent, with the ids of a reply
// set to those of the request. Empty values and seq 0 stay as recorded. It fails
// when anything else changed.
func recorded(t *testing.T, name, id, dataID string, seq int) []byte {
	t.Helper()
	was, err := os.ReadFile(filepath.Join("..", "contract", "testdata", "golden", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	head, data, ok := strings.Cut(string(was), `"data":`)
	if !ok {
		t.Fatalf("%s has no data", name)
	}
	set := func(text, key, value string) string {
		return regexp.MustCompile(`"`+key+`":("[^"]*"|[0-9]+|null)`).ReplaceAllLiteralString(text, `"`+key+`":`+value)
	}
	if id != "" {
		head = set(head, "id", strconv.Quote(id))
	}
	if dataID != "" {
		data = set(data, "id", strconv.Quote(dataID))
	}
	if seq != 0 {
		data = set(data, "seq", strconv.Itoa(seq))
	}
	out := head + `"data":` + data
	var a, b map[string]any
	if err := json.Unmarshal(was, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(out), &b); err != nil {
		t.Fatalf("%s became %s: %v", name, out, err)
	}
	for _, m := range []map[string]any{a, b} {
		delete(m, "id")
		delete(m["data"].(map[string]any), "id")
		if seq != 0 {
			delete(m["data"].(map[string]any), "seq")
		}
	}
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("%s changed beyond its ids: %s", name, out)
	}
	return []byte(out)
}

// raw publishes bytes as the reference does: without properties.
func raw(t *testing.T, b *kit.Bus, m msg.Message, qos byte, payload []byte) {
	t.Helper()
	r := m.Route()
	if _, err := b.Client().Publish(context.Background(), &paho.Publish{Topic: r.Topic, QoS: qos, Retain: r.Retain, Payload: payload}); err != nil {
		t.Error(err)
	}
}

// standIn is a client that plays recorded bytes whenever it sees a Q.
func standIn[Q msg.Message](t *testing.T, name string, play func(b *kit.Bus, id string, q Q)) kit.Module {
	var bus *kit.Bus
	var zero Q
	return kittest.ServiceOf(name, kit.Tap(zero.Route().Topic, func(_ context.Context, d *kit.Delivery) error {
		var q Q
		if err := wire.Decode(d.Data, &q); err != nil {
			return err
		}
		play(bus, d.ID, q)
		return nil
	}, kit.Name("play"))).With(fx.Populate(&bus))
}

// voice speaks everything at once.
func voice(b **kit.Bus) kit.Module {
	return kittest.ServiceOf("tars-tts",
		kit.On(func(ctx context.Context, s contract.TtsSay) error {
			for _, e := range []string{contract.TtsSpeakingStart, contract.TtsSpeakingEnd} {
				if err := (*b).Publish(ctx, contract.TtsStatus{Event: e, Text: s.Text, UttID: s.UttID}); err != nil {
					return err
				}
			}
			return nil
		}, kit.Name("say")),
		kit.Sends[contract.TtsStatus]()).With(fx.Populate(b))
}

// TestReferenceLLM plays recorded bytes of the reference's llm to our router,
// and to an Ask and a Pull.
func TestReferenceLLM(t *testing.T) {
	var speaker *kit.Bus
	kittest.Run(t, "stands in for ours", func(t *testing.T, b *kittest.Harness) {
		b.Add(t, standIn(t, "llm-worker", func(ref *kit.Bus, id string, q contract.LLMRequest) {
			raw(t, ref, contract.LLMStreamDelta{}, 0, recorded(t, "llm.stream.full", id, q.ID, 1))
			raw(t, ref, contract.LLMStreamDelta{}, 0, recorded(t, "llm.stream.done", id, q.ID, 2))
			raw(t, ref, contract.LLMResponse{}, 0, recorded(t, "llm.response.full", id, q.ID, 0)) // QoS 0, as the reference sends it
		}))
		b.Add(t, voice(&speaker))
		b.Add(t, router.Module)
		said, turns := kittest.Watch[contract.TtsSay](b), kittest.Watch[contract.TurnRecord](b)
		b.Publish(t, contract.FinalTranscript{Text: "how big is it"})
		if s, _ := said.Next(t); s.Text != "Größe 🤖" {
			t.Errorf("said %q", s.Text)
		}
		if r, _ := turns.Next(t); r.Outcome != contract.TurnDone {
			t.Errorf("record %+v", r)
		}
	})
	kittest.Run(t, "answers an Ask", func(t *testing.T, b *kittest.Harness) {
		b.Add(t, standIn(t, "llm-worker", func(ref *kit.Bus, id string, q contract.LLMRequest) {
			raw(t, ref, contract.LLMResponse{}, 0, recorded(t, "llm.response.stream-final", id, q.ID, 0))
		}))
		r := kittest.Ask(t, b, contract.LLMRequest{ID: "mine", Text: "hello"})
		if r.ID != "mine" || r.Reply == nil || *r.Reply != "ok" {
			t.Errorf("answered %+v", r)
		}
	})
}

// TestReferenceMemory plays recorded bytes of the reference's memory to an Ask
// and to our llm within a turn.
func TestReferenceMemory(t *testing.T) {
	t.Setenv("LLM_ENGINE", "builtin") // whatever engines this machine has
	stand := func(t *testing.T, asked chan<- string) kit.Module {
		return standIn(t, "memory-worker", func(ref *kit.Bus, id string, q contract.MemoryQuery) {
			select {
			case asked <- q.Text:
			default:
			}
			raw(t, ref, contract.MemoryResults{}, 1, recorded(t, "memory.results.full", id, "", 0))
		})
	}
	kittest.Run(t, "answers an Ask", func(t *testing.T, b *kittest.Harness) {
		b.Add(t, stand(t, make(chan string, 1)))
		r := kittest.Ask(t, b, contract.MemoryQuery{Text: "boat"})
		if r.K != 1 || len(r.Results) != 3 || r.Results[1].Document.(map[string]any)["text"] != "the boat is red" {
			t.Errorf("answered %+v", r)
		}
	})
	var speaker *kit.Bus
	kittest.Run(t, "reminds our llm in a turn", func(t *testing.T, b *kittest.Harness) {
		asked := make(chan string, 8)
		b.Add(t, stand(t, asked))
		raw(t, b.Bus, contract.CharacterSnapshot{}, 1, recorded(t, "system.character.current.full", "", "", 0))
		b.Add(t, voice(&speaker))
		b.Add(t, llm.Module)
		b.Add(t, router.Module)
		said := kittest.Watch[contract.TtsSay](b)
		b.Publish(t, contract.FinalTranscript{Text: "what did I say about the boat?"})
		if s, _ := said.Next(t); !strings.Contains(s.Text, "boat is red") {
			t.Errorf("said %q", s.Text)
		}
		if q := <-asked; !strings.Contains(q, "boat") {
			t.Errorf("asked for %q", q)
		}
	})
}

// TestReferenceClients sends what other reference services really send, which
// its own models refuse, to our memory.
func TestReferenceClients(t *testing.T) {
	kittest.Run(t, "our memory understands them", func(t *testing.T, b *kittest.Harness) {
		b.Add(t, memory.Module)
		sections, found := kittest.Watch[contract.CharacterResult](b), kittest.Watch[contract.MemoryResults](b)
		raw(t, b.Bus, contract.CharacterGetRequest{}, 0, recorded(t, "wire/character.get.wire", "", "", 0))
		r, meta := sections.Next(t)
		if r.Snapshot == nil || r.Snapshot.Name == "" || meta.ID != "000000000000000000000000000000e5" {
			t.Errorf("got %+v, %+v", r, meta)
		}
		legacy, err := os.ReadFile(filepath.Join("..", "contract", "testdata", "golden", "wire", "memory.query.legacy.json"))
		if err != nil {
			t.Fatal(err)
		}
		raw(t, b.Bus, contract.MemoryQuery{}, 0, legacy)
		if m, _ := found.Next(t); m.Query != "boat" {
			t.Errorf("got %+v", m)
		}
	})
}
