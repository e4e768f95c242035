// Package fault is what services say to each other while their broker is
// stopped, killed, paused and cut off. Its tests run such services as processes
// of their own on Mosquitto and count what was lost and what came twice.
package fault

import (
	"encoding/binary"
	"os"
	"time"

	"github.com/gotars/tars/kit/msg"
)

// Load is one message of a counted load.
type Load struct {
	msg.Ident
	N   int    `json:"n" msg:"required,min=0"`
	Pad string `json:"pad"`
}

// Route is where counted loads travel.
func (Load) Route() msg.Route { return msg.Route{Topic: "fault/load", QoS: msg.AtLeastOnce} }

// Tick is a Load that may be lost.
type Tick struct {
	msg.Ident
	N   int    `json:"n" msg:"required,min=0"`
	Pad string `json:"pad"`
}

// Route is where ticks travel.
func (Tick) Route() msg.Route { return msg.Route{Topic: "fault/tick"} }

// State is kept by the broker.
type State struct {
	N int `json:"n" msg:"required"`
}

// Route is where states travel.
func (State) Route() msg.Route {
	return msg.Route{Topic: "fault/state", QoS: msg.AtLeastOnce, Retain: true}
}

// Question is answered by an Echo.
type Question struct {
	Text string `json:"text"`
}

// Route is where questions travel.
func (Question) Route() msg.Route { return msg.Route{Topic: "fault/question", QoS: msg.AtLeastOnce} }

// Reply ties the Echo to it.
func (Question) Reply() (e Echo) { return }

// Echo repeats the text of a Question.
type Echo struct {
	Text string `json:"text"`
}

// Route is where echoes travel.
func (Echo) Route() msg.Route { return msg.Route{Topic: "fault/echo", QoS: msg.AtLeastOnce} }

// Stats is what a worker answers to a line on its standard input.
type Stats struct {
	Goroutines int         `json:"goroutines"`
	Heap       uint64      `json:"heap"` // bytes alive after a collection
	Sent       int64       `json:"sent"` // publications that the kit called done
	Failed     int64       `json:"failed"`
	Withheld   int64       `json:"withheld"` // not even tried: too many were open
	Open       int64       `json:"open"`     // publications that are not done
	Began      int64       `json:"began"`    // runs of handlers
	Handled    int64       `json:"handled"`
	Ups        []time.Time `json:"ups"` // when the link was ready
}

// The commands of a worker, one a line. Each is answered by a Stats.
const (
	Go    = "go"    // begin to send
	Stop  = "stop"  // send no more, answer when nothing is open
	Tally = "tally" // answer
)

// The variables of a worker.
const (
	Role   = "FAULT_ROLE"
	Ledger = "FAULT_LEDGER" // file of the numbers that were sent or handled
	Rate   = "FAULT_RATE"   // messages a second
	Work   = "FAULT_WORK"   // duration of one run of a handler
)

// Book is a file of numbers that outlives the process that writes them.
type Book struct{ f *os.File }

// OpenBook appends to the file at path.
func OpenBook(path string) (*Book, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return &Book{f}, err
}

// Add writes n. It is safe for concurrent use.
func (b *Book) Add(n int) error {
	_, err := b.f.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
	return err
}

// ReadBook counts how often each number stands in the file at path.
func ReadBook(path string) (map[int]int, error) {
	data, err := os.ReadFile(path)
	counts := map[int]int{}
	for ; len(data) >= 4; data = data[4:] {
		counts[int(binary.LittleEndian.Uint32(data))]++
	}
	return counts, err
}
