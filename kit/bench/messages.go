package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/segmentio/encoding/json"

	"github.com/gotars/tars/kit/msg"
)

// The topics. What is in the system under test decides which it takes.
const (
	topicIn    = "bench/in"
	topicOut   = "bench/out"
	topicAsk   = "bench/ask"
	topicReply = "bench/reply"
)

// messageRoute is the route of a message as a type: the kit takes the route from the type
// of a message, and the same message travels on several.
type messageRoute interface{ route() msg.Route }

type (
	in0    struct{}
	in1    struct{}
	out0   struct{}
	out1   struct{}
	ask0   struct{}
	ask1   struct{}
	reply0 struct{}
	reply1 struct{}
)

func (in0) route() msg.Route    { return msg.Route{Topic: topicIn} }
func (in1) route() msg.Route    { return msg.Route{Topic: topicIn, QoS: msg.AtLeastOnce} }
func (out0) route() msg.Route   { return msg.Route{Topic: topicOut} }
func (out1) route() msg.Route   { return msg.Route{Topic: topicOut, QoS: msg.AtLeastOnce} }
func (ask0) route() msg.Route   { return msg.Route{Topic: topicAsk} }
func (ask1) route() msg.Route   { return msg.Route{Topic: topicAsk, QoS: msg.AtLeastOnce} }
func (reply0) route() msg.Route { return msg.Route{Topic: topicReply} }
func (reply1) route() msg.Route { return msg.Route{Topic: topicReply, QoS: msg.AtLeastOnce} }

// sayMessage is the message of all measurements but ask and flood. Its fields are those of a
// message to a speaker, as a usual number and mix of them.
type sayMessage[P messageRoute] struct {
	msg.Ident
	Text   string   `json:"text" msg:"required"`
	Voice  *string  `json:"voice"`
	Lang   string   `json:"lang"`
	UttID  string   `json:"utt_id"`
	Style  *string  `json:"style"`
	SttTS  *float64 `json:"stt_ts"`
	System *bool    `json:"system_announce"`
}

func (sayMessage[P]) Route() msg.Route { var p P; return p.route() }

// askMessage is sayMessage as a question, which a sayMessage answers.
type askMessage[P, R messageRoute] struct {
	msg.Ident
	Text   string   `json:"text" msg:"required"`
	Voice  *string  `json:"voice"`
	Lang   string   `json:"lang"`
	UttID  string   `json:"utt_id"`
	Style  *string  `json:"style"`
	SttTS  *float64 `json:"stt_ts"`
	System *bool    `json:"system_announce"`
}

func (askMessage[P, R]) Route() msg.Route         { var p P; return p.route() }
func (askMessage[P, R]) Reply() (r sayMessage[R]) { return }

// answer replies with what was asked.
func (q askMessage[P, R]) answer() sayMessage[R] {
	return sayMessage[R]{msg.Ident{}, q.Text, q.Voice, q.Lang, q.UttID, q.Style, q.SttTS, q.System}
}

// envelope is what travels around a message, as it is written by hand.
type envelope struct {
	ID     string          `json:"id"`
	Type   string          `json:"type"`
	TS     float64         `json:"ts"`
	Source string          `json:"source"`
	Data   json.RawMessage `json:"data"`
}

// publishPacket is a message of that many bytes with its envelope. The id has 32
// digits.
func publishPacket(topic, id string, size int) []byte {
	const form = `{"id":"%[1]s","type":"%[2]s","ts":%.6[3]f,"source":"bench","data":{"message_id":"%[1]s","text":"%[4]s","voice":null,"lang":"en","utt_id":"utt-1","style":null,"stt_ts":null,"system_announce":null}}`
	fill := func(text string) string {
		return fmt.Sprintf(form, id, strings.ReplaceAll(topic, "/", "."), float64(time.Now().UnixMicro())/1e6, text)
	}
	return []byte(fill(englishText(size - len(fill("")))))
}

// englishText is n bytes of text.
func englishText(n int) string {
	const line = "The quick brown fox jumps over the lazy dog, says the benchmark. "
	return strings.Repeat(line, max(n, 1)/len(line)+1)[:max(n, 1)]
}
