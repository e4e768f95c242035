package kit_test

import (
	"fmt"
	"sync"

	"github.com/gotars/tars/kit/msg"
)

// The contract of these tests: a letter box.

// Note is something to read.
type Note struct {
	msg.Ident
	Text string `json:"text" msg:"required"`
}

func (Note) Route() msg.Route { return msg.Route{Topic: "box/note", QoS: msg.AtLeastOnce} }

// Receipt is what a reader says of a note.
type Receipt struct {
	msg.Ident
	Text string `json:"text"`
}

func (Receipt) Route() msg.Route { return msg.Route{Topic: "box/receipt", QoS: msg.AtLeastOnce} }

// Tick may be lost.
type Tick struct {
	N int `json:"n"`
}

func (Tick) Route() msg.Route { return msg.Route{Topic: "box/tick"} }

// Question is answered by one Reply.
type Question struct {
	msg.Ident
	Text string `json:"text" msg:"required"`
}

func (Question) Route() msg.Route      { return msg.Route{Topic: "box/question", QoS: msg.AtLeastOnce} }
func (Question) Reply() (r QuickReply) { return }

// QuickReply answers a Question.
type QuickReply struct {
	Text string `json:"text"`
}

func (QuickReply) Route() msg.Route { return msg.Route{Topic: "box/answer", QoS: msg.AtLeastOnce} }

// Essay is answered by Words and one End.
type Essay struct {
	ID   string `json:"id" msg:"required"`
	Text string `json:"text"`
}

func (Essay) Route() msg.Route               { return msg.Route{Topic: "essay/write", QoS: msg.AtLeastOnce} }
func (Essay) Part() (w Word)                 { return }
func (Essay) Reply() (e End)                 { return }
func (e Essay) Cancel() msg.Message          { return Stop{ID: e.ID} }
func (e Essay) Failed(code, text string) End { return End{ID: e.ID, Err: &text} }

// Word is one piece of an Essay.
type Word struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

func (Word) Route() msg.Route { return msg.Route{Topic: "essay/word"} }

// End ends an Essay.
type End struct {
	ID  string  `json:"id"`
	Err *string `json:"err"`
}

func (End) Route() msg.Route { return msg.Route{Topic: "essay/end", QoS: msg.AtLeastOnce} }

// Stop cancels an Essay.
type Stop struct {
	ID string `json:"id"`
}

func (Stop) Route() msg.Route { return msg.Route{Topic: "essay/stop", QoS: msg.AtLeastOnce} }

// Sound is bytes with a key and a header.
type Sound struct {
	Room, Seq string
	Bytes     []byte
}

func (Sound) Route() msg.Route   { return msg.Route{Topic: "sound/+", Bare: true} }
func (s Sound) Key() string      { return s.Room }
func (s *Sound) SetKey(k string) { s.Room = k }
func (s Sound) Header() msg.Header {
	return msg.Header{ContentType: "audio/x", User: map[string]string{"seq": s.Seq}}
}
func (s *Sound) SetHeader(h msg.Header)         { s.Seq = h.User["seq"] }
func (s Sound) MarshalBinary() ([]byte, error)  { return s.Bytes, nil }
func (s *Sound) UnmarshalBinary(b []byte) error { s.Bytes = b; return nil }

// diary collects what happened, in order.
type diary struct {
	mu  sync.Mutex
	all []string
}

func (l *diary) add(format string, a ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, fmt.Sprintf(format, a...))
}

func (l *diary) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.all
	l.all = nil
	return a
}
