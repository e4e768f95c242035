package flood

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/eclipse/paho.golang/packets"

	"github.com/gotars/tars/kit"
)

const madeUpRooms = 20_000

// topics are those that the services listen to.
var topics = []string{"audio/mic/kitchen", "audio/speaker/page", "character/get", "character/update", "llm/cancel", "llm/request", "llm/response", "llm/stream",
	"memory/query", "memory/results", "stt/final", "stt/partial", "system/character/current", "system/health/tars-llm", "system/turn",
	"tts/control", "tts/say", "tts/status", "wake/event", "wake/mic", "system/dead/tars-llm", "system/error/tars-llm"}

// envelope wraps data as the services do.
func envelope(topic, data string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"type":%q,"ts":1790000000,"source":"flood","data":%s}`, kit.NewID(), strings.ReplaceAll(topic, "/", "."), data)
}

// saying is a publication of QoS 1 in a room.
func saying(topic, room, format string, args ...any) publication {
	return publication{topic: topic, payload: envelope(topic, fmt.Sprintf(format, args...)), qos: 1, room: room}
}

func madeUp() string { return fmt.Sprint("room-", rand.IntN(madeUpRooms)) }

// busKinds are what a client can say to the services.
func busKinds() []kind {
	loud := loudness()
	text := strings.Repeat("word ", 60)
	return []kind{
		publishingKind("mic audio of made-up rooms", 4, func() publication { return publication{topic: "audio/mic/" + madeUp(), payload: loud[:640]} }),
		publishingKind("mic audio of one loud room", 4, func() publication { return publication{topic: "audio/mic/loud", payload: loud} }),
		publishingKind("wake/mic", 4, func() publication {
			return saying("wake/mic", madeUp(), `{"action":%q,"ttl_ms":%d}`, []string{"mute", "unmute"}[rand.IntN(2)], rand.IntN(100_000))
		}),
		publishingKind("wake/event", 4, func() publication {
			return saying("wake/event", madeUp(), `{"type":%q,"cause":%q}`, []string{"wake", "interrupt", "timeout", "resume", "odd"}[rand.IntN(5)], randomWord(9))
		}),
		publishingKind("tts/control", 4, func() publication {
			return saying("tts/control", madeUp(), `{"action":%q,"id":%q}`, []string{"pause", "resume", "stop", "mute", "unmute"}[rand.IntN(5)], randomWord(8))
		}),
		publishingKind("llm/cancel", 4, func() publication { return saying("llm/cancel", "", `{"id":%q}`, randomWord(8)) }),
		publishingKind("stt/final of one room", 4, func() publication {
			return saying("stt/final", "loud", `{"text":%q,"utt_id":%q}`, said(text), randomWord(8))
		}),
		publishingKind("stt/final of made-up rooms", 4, func() publication {
			return saying("stt/final", madeUp(), `{"text":%q,"utt_id":%q}`, said(text), randomWord(8))
		}),
		{"a new client for every few finals", newcomers},
		publishingKind("tts/say", 4, func() publication { return saying("tts/say", madeUp(), `{"text":%q,"utt_id":%q}`, text, randomWord(8)) }),
		publishingKind("llm/request", 4, func() publication {
			return saying("llm/request", madeUp(), `{"id":%q,"text":%q,"system":%q}`, randomWord(8), text, text)
		}),
		publishingKind("memory/query", 4, func() publication { return saying("memory/query", "", `{"text":%q,"top_k":50}`, said(text)) }),
		publishingKind("character/update", 4, func() publication {
			return saying("character/update", "", `{"section":"traits","trait":%q,"value":%d}`, randomWord(5), rand.IntN(100))
		}),
		publishingKind("answers that nobody asked for", 4, unasked),
		publishingKind("bare and malformed JSON on every topic", 4, malformed),
		publishingKind("dead letters", 4, deadly),
		publishingKind("health of made-up services", 4, func() publication {
			return publication{topic: "system/health/" + randomWord(8), payload: envelope("health/status", fmt.Sprintf(`{"ok":false,"err":%q}`, text)), qos: 1, retain: true}
		}),
	}
}

// loudness is a chunk of noise as loud as it can be, of the longest there are.
func loudness() []byte { return randomBytes(8 << 10) }

// said is a question for a rule, a sum or for the model.
func said(long string) string {
	return []string{"what time is it?", "what is 17 times 23?", "tell me about " + randomWord(8), long}[rand.IntN(4)]
}

// newcomers log in, say something in a few rooms, and are gone.
func newcomers(ctx context.Context, s *stack) int64 {
	return runClients(ctx, 8, func(ctx context.Context) (sent int64) {
		l, err := s.connect(ctx, nil)
		if err != nil {
			return 0
		}
		defer l.Close()
		for range 16 {
			if l.publish(saying("stt/final", madeUp(), `{"text":%q,"utt_id":%q}`, question, randomWord(8))) == nil {
				sent++
			}
		}
		_ = l.w.Flush()
		_, _ = packets.ReadPacket(l)
		return sent
	})
}

// unasked are what services say to each other.
func unasked() publication {
	id, long := randomWord(8), strings.Repeat("x", 4<<10)
	n := []publication{
		saying("llm/response", madeUp(), `{"id":%q,"reply":%q}`, id, long),
		saying("llm/stream", madeUp(), `{"id":%q,"seq":1,"delta":%q}`, id, long),
		saying("memory/results", madeUp(), `{"query":"a","k":0,"results":[]}`),
		saying("stt/partial", madeUp(), `{"text":%q,"utt_id":%q}`, long, id),
		saying("tts/status", madeUp(), `{"event":"speaking_start","text":%q,"utt_id":%q}`, long, id),
		saying("system/turn", madeUp(), `{"turn_id":%q,"outcome":"done"}`, id),
		{topic: "audio/speaker/page", payload: make([]byte, 8<<10)},
		{topic: "audio/speaker/web-calm", payload: make([]byte, 8<<10)},
	}
	return n[rand.IntN(len(n))]
}

// malformed payloads are no message, or one that is not meant.
func malformed() publication {
	topic := topics[rand.IntN(len(topics))]
	payloads := []string{"", "{", "null", "[]", `"text"`, "0", `{"id":1}`, `{"data":null}`, `{"id":"a","type":"b","data":[]}`, strings.Repeat("[", 9000),
		strings.Repeat(`{"data":`, 3000), `{"text":"` + strings.Repeat("a", 60<<10) + `"}`, `{"text":1e999}`, `{"text":"\ud800"}`, "\xff\xfe", `{"text":"what time is it?","ok":true,"id":"a"}`,
		`{"message_id":"` + strings.Repeat("b", 5000) + `","text":"a"}`, `{"action":"stop"}`, string(envelope(topic, `{"text":7}`)), string(envelope(topic, `{"extra":`+strings.Repeat("[", 500)+strings.Repeat("]", 500)+`}`))}
	return publication{topic: topic, payload: []byte(payloads[rand.IntN(len(payloads))]), qos: byte(rand.IntN(2)), room: randomWord(300 * rand.IntN(2))}
}

// deadly messages fail in handlers and have what no broker forwards in what is
// told of them.
func deadly() publication {
	topic := []string{"stt/final", "tts/say", "llm/request", "memory/query", "tts/control", "wake/mic", "llm/cancel", "character/update"}[rand.IntN(8)]
	odd := []string{`a\tb`, `a\u0000b`, `a\nb`, `\u0085`, `\ufdd0`, `\uffff`, strings.Repeat("long", 100)}[rand.IntN(7)]
	payload := fmt.Appendf(nil, `{"id":"%s%s","type":"%s","ts":1,"source":"%s","data":{"id":"%s","message_id":"%s","text":"","action":"%s","top_k":-1,"%s":1}}`,
		randomWord(6), odd, odd, odd, odd, odd, odd, odd)
	return publication{topic: topic, payload: payload, qos: 1, user: []packets.User{{Key: "trace", Value: strings.Repeat("t", 300)}, {Key: "error_to", Value: "system/error/" + randomWord(4)},
		{Key: "baggage", Value: "room=%09%0a"}, {Key: "reason", Value: "made up"}}}
}
