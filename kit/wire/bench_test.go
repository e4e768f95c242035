package wire_test

import (
	"strings"
	"testing"
	"time"

	"github.com/segmentio/encoding/json"

	"github.com/gotars/tars/kit/wire"
)

// The shapes of what travels most. Each has about 350 bytes in its envelope.
type (
	benchDelta struct {
		MessageID string  `json:"message_id" msg:"fresh"`
		ID        string  `json:"id" msg:"required"`
		Seq       *int    `json:"seq"`
		Delta     *string `json:"delta"`
		Done      bool    `json:"done"`
		Provider  *string `json:"provider"`
		Model     *string `json:"model"`
	}
	benchIdent struct {
		MessageID string `json:"message_id" msg:"fresh"`
	}
	benchFinal struct {
		benchIdent
		Text       string   `json:"text" msg:"required"`
		Lang       string   `json:"lang" default:"en"`
		Confidence *float64 `json:"confidence" msg:"min=0,max=1"`
		UttID      *string  `json:"utt_id"`
		TS         float64  `json:"ts" msg:"now"`
		IsFinal    *bool    `json:"is_final" default:"true"`
	}
	benchSay struct {
		benchIdent
		Text           string   `json:"text" msg:"required"`
		Voice          *string  `json:"voice"`
		Lang           *string  `json:"lang"`
		UttID          *string  `json:"utt_id"`
		Style          *string  `json:"style"`
		STTTS          *float64 `json:"stt_ts"`
		WakeAck        *bool    `json:"wake_ack"`
		SystemAnnounce *bool    `json:"system_announce"`
	}
)

// byHand is the envelope of a person who has no kit.
type byHand struct {
	ID     string          `json:"id"`
	Type   string          `json:"type"`
	TS     float64         `json:"ts"`
	Source string          `json:"source"`
	Data   json.RawMessage `json:"data"`
}

const sentence = "The mission parameters are clear: we leave orbit at dawn, and nobody is to touch the humour setting."

// costs is the messages to compare, and how to receive one in either way.
var costs = []struct {
	name          string
	send          any
	receive, hand func(packet []byte) error
}{
	{"delta", benchDelta{ID: "rt-1a2b3c4d", Seq: ptr(3), Delta: ptr(sentence), Provider: ptr("openai"), Model: ptr("gpt-4o-mini")}, receive[benchDelta], receiveByHand[benchDelta]},
	{"final", benchFinal{Text: sentence, Lang: "en", Confidence: ptr(0.93), UttID: ptr("utt-5f0c1a2b"), TS: 1730800000.25, IsFinal: ptr(true)}, receive[benchFinal], receiveByHand[benchFinal]},
	{"say", benchSay{Text: sentence, Voice: ptr("alto"), UttID: ptr("rt-1a2b3c4d"), STTTS: ptr(1730800000.25), WakeAck: ptr(false)}, receive[benchSay], receiveByHand[benchSay]},
	{"say 16K", benchSay{Text: strings.Repeat(sentence, 164)}, receive[benchSay], receiveByHand[benchSay]},
	{"say 16K in lines", benchSay{Text: strings.Repeat(sentence+"\n", 162)}, receive[benchSay], receiveByHand[benchSay]},
	{"say 16K with accents", benchSay{Text: strings.Repeat("Die Missionsparameter sind klar: Wir verlassen die Umlaufbahn im Morgengrauen, und für Späße ist später Zeit. ", 149)}, receive[benchSay], receiveByHand[benchSay]},
}

func receive[M any](packet []byte) error {
	e, err := wire.Open(packet)
	if err != nil {
		return err
	}
	var m M
	return wire.Decode(e.Data, &m)
}

func receiveByHand[M any](packet []byte) error {
	var e byHand
	if err := json.Unmarshal(packet, &e); err != nil {
		return err
	}
	var m M
	return json.Unmarshal(e.Data, &m)
}

func send(v any) ([]byte, error) {
	return wire.Seal(nil, wire.Envelope{ID: "5f0c1a2b5f0c4a2b9f0c1a2b5f0c1a2b", Type: "tts.say", Source: "greeter"}, v)
}

func sendByHand(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	ts := float64(time.Now().UnixMicro()) / 1e6
	return json.Marshal(byHand{ID: "5f0c1a2b5f0c4a2b9f0c1a2b5f0c1a2b", Type: "tts.say", TS: ts, Source: "greeter", Data: data})
}

// BenchmarkReceive opens and decodes with the kit, and by hand.
func BenchmarkReceive(b *testing.B) {
	for _, c := range costs {
		packet, err := send(c.send)
		if err != nil {
			b.Fatal(err)
		}
		run := func(name string, receive func([]byte) error) {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(packet)))
				for b.Loop() {
					if err := receive(packet); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		run("kit", c.receive)
		run("hand", c.hand)
	}
}

// BenchmarkSend seals with the kit, which also makes the message_id, and by hand.
func BenchmarkSend(b *testing.B) {
	for _, c := range costs {
		run := func(name string, send func(any) ([]byte, error)) {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := send(c.send); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		run("kit", send)
		run("hand", sendByHand)
	}
}

func BenchmarkDecodeCoerced(b *testing.B) {
	data := []byte(`{"message_id":"00000000000000000000000000000007","id":"rt-1a2b3c4d","seq":"3","delta":" with","done":"no","provider":"openai","model":"gpt-4o-mini"}`)
	b.ReportAllocs()
	for b.Loop() {
		var d benchDelta
		if err := wire.Decode(data, &d); err != nil {
			b.Fatal(err)
		}
	}
}
