// Package house is the contract of the examples: every message of a house with
// thermometers and an alarm. It imports kit/msg and nothing else.
package house

import "github.com/gotars/tars/kit/msg"

// Reading is what a thermometer measured. The next one replaces it, so it may
// be lost.
type Reading struct {
	Room    string  `json:"-"` // the "+" of the topic
	Celsius float64 `json:"celsius" msg:"required,min=-90,max=60"`
}

// Route implements msg.Message.
func (Reading) Route() msg.Route { return msg.Route{Topic: "house/temperature/+"} }

// Key implements msg.Keyed.
func (r Reading) Key() string { return r.Room }

// SetKey is called on receipt.
func (r *Reading) SetKey(room string) { r.Room = room }

// Alarm is the state of a room's alarm. The broker keeps it for whoever comes
// late.
type Alarm struct {
	Room    string    `json:"-"`
	On      bool      `json:"on" msg:"required"`
	Celsius float64   `json:"celsius"`
	Before  []float64 `json:"before"` // what was measured before, the oldest first
}

// Route implements msg.Message.
func (Alarm) Route() msg.Route {
	return msg.Route{Topic: "house/alarm/+", QoS: msg.AtLeastOnce, Retain: true}
}

// Key implements msg.Keyed.
func (a Alarm) Key() string { return a.Room }

// SetKey is called on receipt.
func (a *Alarm) SetKey(room string) { a.Room = room }

// History asks for the last readings of a room; Readings answers.
type History struct {
	Room string `json:"room" msg:"required"`
	Last int    `json:"last" default:"10" msg:"min=1,max=100"`
}

// Route implements msg.Message.
func (History) Route() msg.Route { return msg.Route{Topic: "house/history", QoS: msg.AtLeastOnce} }

// Reply implements msg.Request.
func (History) Reply() (r Readings) { return }

// Readings are temperatures in the order in which they were measured.
type Readings struct {
	Room    string    `json:"room"`
	Celsius []float64 `json:"celsius"`
}

// Route implements msg.Message.
func (Readings) Route() msg.Route { return msg.Route{Topic: "house/readings", QoS: msg.AtLeastOnce} }

// Report asks a thermometer to measure some times in a row. It answers with as
// many Lines and one Summary.
type Report struct {
	ID    string `json:"id" msg:"required"`
	Lines int    `json:"lines" default:"10" msg:"min=1,max=1000"`
}

// Route implements msg.Message.
func (Report) Route() msg.Route { return msg.Route{Topic: "house/report", QoS: msg.AtLeastOnce} }

// Part implements msg.Streamed.
func (Report) Part() (l Line) { return }

// Reply implements msg.Request.
func (Report) Reply() (s Summary) { return }

// Cancel implements msg.Cancellable.
func (r Report) Cancel() msg.Message { return Stop{ID: r.ID} }

// Failed implements msg.Failing.
func (r Report) Failed(code, text string) Summary { return Summary{ID: r.ID, Err: &text} }

// Line is one measurement of a Report.
type Line struct {
	ID      string  `json:"id" msg:"required"`
	Seq     int     `json:"seq"`
	Celsius float64 `json:"celsius"`
}

// Route implements msg.Message.
func (Line) Route() msg.Route { return msg.Route{Topic: "house/report/line"} }

// Summary ends a Report.
type Summary struct {
	ID   string  `json:"id" msg:"required"`
	Mean float64 `json:"mean"`
	Err  *string `json:"err"` // nil when all went well
}

// Route implements msg.Message.
func (Summary) Route() msg.Route {
	return msg.Route{Topic: "house/report/summary", QoS: msg.AtLeastOnce}
}

// Stop cancels a Report.
type Stop struct {
	ID string `json:"id"`
}

// Route implements msg.Message.
func (Stop) Route() msg.Route { return msg.Route{Topic: "house/report/stop", QoS: msg.AtLeastOnce} }
