package uiweb

import (
	"encoding/binary"
	"encoding/json"

	"github.com/coder/websocket"

	"github.com/gotars/tars/contract"
)

// frame is one WebSocket message. It is shared by pages and never changed.
type frame struct {
	kind websocket.MessageType
	data []byte
	room string // it is about; empty: unknown
	rank int    // the less, the sooner it is lost when a page is slow
}

// textFrame is {"topic","payload"} and, when it is known, the room it is about.
// What is not JSON becomes {"raw":"<text>"}.
func textFrame(topic string, payload []byte, room string) frame {
	f := struct {
		Topic   string          `json:"topic"`
		Payload json.RawMessage `json:"payload"`
		Room    string          `json:"room,omitempty"`
	}{topic, payload, room}
	if !json.Valid(payload) {
		f.Payload, _ = json.Marshal(map[string]string{"raw": string(payload)})
	}
	data, _ := json.Marshal(f) // strings and valid JSON: it cannot fail
	return frame{kind: websocket.MessageText, data: data, room: room, rank: rankNoRoom}
}

// refusalFrame tells a page why something it sent has no effect.
// id is that of a typed text, where it has one.
func refusalFrame(what, why, id string) frame {
	refused := map[string]string{"what": what, "why": why}
	if id != "" {
		refused["id"] = id
	}
	return wordFrame("refused", refused)
}

// wordFrame is a word of this server to a page: {"<what>": v}.
func wordFrame(what string, v any) frame {
	data, _ := json.Marshal(map[string]any{what: v}) // strings and numbers: it cannot fail
	return frame{kind: websocket.MessageText, data: data, rank: rankOwnRoom}
}

// speechHeader stands before the samples of a binary frame.
type speechHeader struct {
	UttID string `json:"utt_id"`
	Say   string `json:"say"`
	Seq   int    `json:"seq"`
	Rate  int    `json:"rate"` // samples per second
	Last  bool   `json:"last"`
}

// speechFrame is the length of the header in four bytes, little-endian, the
// header as JSON, then the samples.
func speechFrame(a contract.SpeakerAudio) (frame, error) {
	rate := a.Rate
	if rate == 0 {
		rate = contract.AudioRate
	}
	header, err := json.Marshal(speechHeader{a.UttID, a.Say, a.Seq, rate, a.Last})
	if err != nil {
		return frame{}, err
	}
	data := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(header)+len(a.PCM)), uint32(len(header)))
	return frame{kind: websocket.MessageBinary, data: append(append(data, header...), a.PCM...)}, nil
}

// command is a text frame of a page. One field is set, and with Say perhaps ID and Lang.
type command struct {
	Say  *string `json:"say"`  // typed text
	ID   string  `json:"id"`   // of the typed text; one that comes twice is taken once; empty: none
	Lang string  `json:"lang"` // of the browser, two letters; it is that of the typed text where UI_LANG is auto
	Ping *int64  `json:"ping"` // number of a question whether the line stands
	Stop *string `json:"stop"` // id of an answer; empty: whatever is spoken
	Mic  *bool   `json:"mic"`  // switched on or off

	Voice *string `json:"voice"` // that answers to this page are spoken with; empty: the usual one
}
