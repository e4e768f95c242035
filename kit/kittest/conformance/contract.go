package conformance

import (
	"time"

	"github.com/gotars/tars/kit/msg"
)

// The contract of the suite.

// note must arrive.
type note struct {
	msg.Ident
	Text string `json:"text" msg:"required"`
}

func (note) Route() msg.Route { return msg.Route{Topic: "conformance/note", QoS: msg.AtLeastOnce} }

// receipt is what a service says of a note.
type receipt struct {
	Text string `json:"text"`
}

func (receipt) Route() msg.Route {
	return msg.Route{Topic: "conformance/receipt", QoS: msg.AtLeastOnce}
}

// tick may be lost.
type tick struct {
	N int `json:"n"`
}

func (tick) Route() msg.Route { return msg.Route{Topic: "conformance/tick"} }

// state is kept for late joiners.
type state struct {
	Text string `json:"text"`
}

func (state) Route() msg.Route {
	return msg.Route{Topic: "conformance/state", QoS: msg.AtLeastOnce, Retain: true}
}

// stale is worthless after a second.
type stale struct {
	Text string `json:"text"`
}

func (stale) Route() msg.Route {
	return msg.Route{Topic: "conformance/stale", QoS: msg.AtLeastOnce, Expiry: time.Second}
}

// sound is bytes with a key and a header.
type sound struct {
	Room, Seq string
	Bytes     []byte
}

func (sound) Route() msg.Route {
	return msg.Route{Topic: "conformance/sound/+", QoS: msg.AtLeastOnce, Bare: true}
}
func (s sound) Key() string      { return s.Room }
func (s *sound) SetKey(k string) { s.Room = k }
func (s sound) Header() msg.Header {
	return msg.Header{ContentType: "audio/x", User: map[string]string{"seq": s.Seq}}
}
func (s *sound) SetHeader(h msg.Header)         { s.Seq = h.User["seq"] }
func (s sound) MarshalBinary() ([]byte, error)  { return s.Bytes, nil }
func (s *sound) UnmarshalBinary(b []byte) error { s.Bytes = b; return nil }

// question is answered by one answer.
type question struct {
	Text string `json:"text" msg:"required"`
}

func (question) Route() msg.Route {
	return msg.Route{Topic: "conformance/question", QoS: msg.AtLeastOnce}
}
func (question) Reply() (a answer) { return }

type answer struct {
	Text string `json:"text"`
}

func (answer) Route() msg.Route { return msg.Route{Topic: "conformance/answer", QoS: msg.AtLeastOnce} }

// orphan is a question that nobody takes.
type orphan struct {
	Text string `json:"text"`
}

func (orphan) Route() msg.Route {
	return msg.Route{Topic: "conformance/orphan", QoS: msg.AtLeastOnce}
}
func (orphan) Reply() (a answer) { return }

// count is answered by numbers and one total.
type count struct {
	ID string `json:"id" msg:"required"`
	To int    `json:"to"`
}

func (count) Route() msg.Route {
	return msg.Route{Topic: "conformance/count", QoS: msg.AtLeastOnce}
}
func (count) Part() (n number)                 { return }
func (count) Reply() (t total)                 { return }
func (c count) Cancel() msg.Message            { return stop{ID: c.ID} }
func (c count) Failed(code, text string) total { return total{ID: c.ID, Err: &text} }

type number struct {
	ID string `json:"id"`
	N  int    `json:"n"`
}

func (number) Route() msg.Route {
	return msg.Route{Topic: "conformance/number", QoS: msg.AtLeastOnce}
}

type total struct {
	ID  string  `json:"id"`
	Sum int     `json:"sum"`
	Err *string `json:"err"`
}

func (total) Route() msg.Route { return msg.Route{Topic: "conformance/total", QoS: msg.AtLeastOnce} }

// stop cancels a count.
type stop struct {
	ID string `json:"id"`
}

func (stop) Route() msg.Route { return msg.Route{Topic: "conformance/stop", QoS: msg.AtLeastOnce} }
