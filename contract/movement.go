package contract

import (
	"errors"

	"github.com/gotars/tars/kit/msg"
)

// The body's firmware speaks and understands bare JSON only, so every message
// of this file goes out bare; enveloped ones are taken all the same.

// MovementTestRequest makes the body do something.
type MovementTestRequest struct {
	msg.Ident
	Timestamp float64        `json:"timestamp" msg:"now"`
	Command   string         `json:"command" msg:"required,oneof=reset step_forward step_backward turn_left turn_right wave laugh swing_legs pezz pezz_dispenser now balance mic_drop monster pose bow disable stop move_legs move_arm"`
	Speed     float64        `json:"speed" default:"1" msg:"min=0.1,max=1"` // of full speed
	Params    map[string]any `json:"params"`                                // of move_legs and move_arm: percent, 1 to 100
	RequestID *string        `json:"request_id"`
}

// Route is movement/test.
func (MovementTestRequest) Route() msg.Route {
	return msg.Route{Topic: "movement/test", QoS: msg.AtLeastOnce, Bare: true}
}

// MovementStop makes the body stop at once.
type MovementStop struct {
	msg.Ident
	Timestamp float64 `json:"timestamp" msg:"now"`
	Reason    *string `json:"reason"`
}

// Route is movement/stop.
func (MovementStop) Route() msg.Route {
	return msg.Route{Topic: "movement/stop", QoS: msg.AtLeastOnce, Bare: true}
}

// MovementStatus says how the body fares with a MovementTestRequest.
type MovementStatus struct {
	msg.Ident
	Timestamp float64 `json:"timestamp" msg:"now"`
	Event     string  `json:"event" msg:"required,oneof=connected disconnected command_started command_completed command_failed emergency_stop stop_cleared queue_full battery_low"`
	Command   *string `json:"command"`
	Detail    *string `json:"detail"`
	RequestID *string `json:"request_id"` // of the MovementTestRequest
}

// Route is movement/status.
func (MovementStatus) Route() msg.Route {
	return msg.Route{Topic: "movement/status", Bare: true}
}

// MovementCommand asks for a movement that is sent frame by frame.
type MovementCommand struct {
	msg.Ident
	Timestamp float64        `json:"timestamp" msg:"now"`
	ID        string         `json:"id" msg:"fresh"`
	Command   string         `json:"command" msg:"required,oneof=reset disable step_forward step_backward turn_left turn_right balance laugh swing_legs pose bow"`
	Params    map[string]any `json:"params"`
}

// Route is movement/command.
func (MovementCommand) Route() msg.Route {
	return msg.Route{Topic: "movement/command", QoS: msg.AtLeastOnce, Bare: true}
}

// MovementFrame sets the servos once.
type MovementFrame struct {
	msg.Ident
	Timestamp    float64     `json:"timestamp" msg:"now"`
	ID           string      `json:"id" msg:"required"`          // of the MovementCommand
	Seq          int         `json:"seq" msg:"required"`         // counts frames from 0
	Total        int         `json:"total" msg:"required"`       // frames of the command
	DurationMS   int         `json:"duration_ms" msg:"required"` // milliseconds to get there
	HoldMS       int         `json:"hold_ms" msg:"required"`     // milliseconds to stay there
	Channels     map[int]int `json:"channels" msg:"required"`    // servo channel to pulse width in microseconds
	DisableAfter bool        `json:"disable_after"`              // let the servos go
	Done         bool        `json:"done"`
}

// Route is movement/frame.
func (MovementFrame) Route() msg.Route {
	return msg.Route{Topic: "movement/frame", QoS: msg.AtLeastOnce, Bare: true}
}

// MovementState says how the body fares with a MovementCommand. The firmware
// has events of its own here, which carry no ID and other things beside.
type MovementState struct {
	msg.Ident
	Timestamp float64 `json:"timestamp" msg:"now"`
	ID        string  `json:"id"` // of the MovementCommand; empty with the events of the firmware
	Event     string  `json:"event" msg:"required,oneof=started frame_sent completed failed cancelled ready firmware_online frame_applied command_queued command_error stopped shutdown error"`
	Seq       *int    `json:"seq"` // of the MovementFrame
	Detail    *string `json:"detail"`

	Command   *string  `json:"command" msg:"foreign"`    // command_queued
	Speed     *float64 `json:"speed" msg:"foreign"`      // command_queued
	QueueSize *int     `json:"queue_size" msg:"foreign"` // command_queued: commands that wait
	Channels  *int     `json:"channels" msg:"foreign"`   // frame_applied: how many were set
	Error     *string  `json:"error" msg:"foreign"`      // command_error, error
	Reason    *string  `json:"reason" msg:"foreign"`     // stopped
}

// Route is movement/state; the firmware sends it at least once.
func (MovementState) Route() msg.Route {
	return msg.Route{Topic: "movement/state", QoS: msg.AtLeastOnce, Bare: true}
}

// Validate wants an id with every event that is not the firmware's own.
func (s MovementState) Validate() error {
	switch s.Event {
	case "started", "frame_sent", "completed", "failed", "cancelled":
		if s.ID == "" {
			return errors.New("id: is missing")
		}
	}
	return nil
}
