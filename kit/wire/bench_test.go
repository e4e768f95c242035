package wire_test

import (
	"testing"

	"github.com/gotars/tars/kit/wire"
)

// delta has the shape of the most frequent message of the stack.
type delta struct {
	MessageID string  `json:"message_id" msg:"fresh"`
	ID        string  `json:"id" msg:"required"`
	Seq       *int    `json:"seq"`
	Delta     *string `json:"delta"`
	Done      bool    `json:"done"`
	Provider  *string `json:"provider"`
	Model     *string `json:"model"`
}

const (
	strict  = `{"message_id":"00000000000000000000000000000007","id":"rt-1a2b3c4d","seq":3,"delta":" with","done":false,"provider":"openai","model":"gpt-4o-mini"}`
	coerced = `{"message_id":"00000000000000000000000000000007","id":"rt-1a2b3c4d","seq":"3","delta":" with","done":"no","provider":"openai","model":"gpt-4o-mini"}`
)

func BenchmarkDecode(b *testing.B) {
	for name, data := range map[string]string{"strict": strict, "coerced": coerced} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var d delta
				if err := wire.Decode([]byte(data), &d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	var d delta
	if err := wire.Decode([]byte(strict), &d); err != nil {
		b.Fatal(err)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = wire.Encode(buf[:0], d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	packet, err := wire.Seal(nil, wire.Envelope{ID: wire.NewID(), Type: "llm.stream", Source: "llm-worker"}, delta{ID: "rt-1a2b3c4d"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Open(packet); err != nil {
			b.Fatal(err)
		}
	}
}
