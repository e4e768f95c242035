package contract

import (
	"time"

	"github.com/gotars/tars/kit/msg"
)

// TimerClient is the client id of the service that keeps timers, as its health says it.
const TimerClient = "tars-timer"

// The kinds of Timer.
const (
	TimerKind    = "timer"    // rings after a length: "ten minutes"
	AlarmKind    = "alarm"    // rings at a time
	ReminderKind = "reminder" // says what it is about at a time
)

// The states of Timer.
const (
	TimerWaiting = "waiting"
	TimerPaused  = "paused"
	TimerRinging = "ringing"
	TimerMissed  = "missed" // it was due while nothing could ring, and is told as soon as somebody can hear it
)

// Timer is one timer, alarm or reminder. It has no counterpart in the reference.
type Timer struct {
	ID        string   `json:"id" msg:"required"`
	Kind      string   `json:"kind" msg:"required,oneof=timer alarm reminder"`
	State     string   `json:"state" msg:"required,oneof=waiting paused ringing missed"`
	Name      *string  `json:"name"`                  // pasta
	About     *string  `json:"about"`                 // of a reminder: call Anna
	Room      *string  `json:"room"`                  // where it rings; nil: where all other speech is played
	Due       float64  `json:"due"`                   // when it rings next, or began to ring; of a paused one when it would
	Seconds   *float64 `json:"seconds" msg:"min=0"`   // the length it was set for; nil: it was set for a time
	Remaining *float64 `json:"remaining" msg:"min=0"` // seconds, of a paused one
	Repeat    *string  `json:"repeat"`                // daily; mon,thu; monthly/3; yearly/12/24; 2h0m0s; nil: once
	Lang      string   `json:"lang" default:"en"`     // in which it was asked for
}

// TimerState is every timer there is, the next to ring first. It is sent when one of them
// changes.
type TimerState struct {
	msg.Ident
	Timers []Timer `json:"timers" msg:"required"`
}

// Route is timer/state.
func (TimerState) Route() msg.Route {
	return msg.Route{Topic: "timer/state", QoS: msg.AtLeastOnce, Retain: true}
}

// TimerUtterance is what a person said, for the timers before the model: the router asks
// whether it is about them. The room is that of its baggage.
type TimerUtterance struct {
	msg.Ident
	Text string `json:"text" msg:"required"`
	Lang string `json:"lang" default:"en"`

	// Ringing says that the person may not have meant the assistant, and is heard because
	// something rings in the room: nothing is to be set.
	Ringing bool `json:"ringing"`
}

// Route is timer/utterance. After a few seconds the model has been asked instead.
func (TimerUtterance) Route() msg.Route {
	return msg.Route{Topic: "timer/utterance", QoS: msg.AtLeastOnce, Expiry: 5 * time.Second}
}

// Reply ties the answer to the utterance.
func (TimerUtterance) Reply() (r TimerReply) { return }

// TimerReply says what came of a TimerUtterance.
type TimerReply struct {
	msg.Ident
	Handled bool   `json:"handled"` // false: it is not about timers
	Text    string `json:"text"`    // to be said; empty: nothing, as when ringing ended
}

// Route is timer/reply.
func (TimerReply) Route() msg.Route { return msg.Route{Topic: "timer/reply", QoS: msg.AtLeastOnce} }

// The actions of TimerCommand.
const (
	TimerSet    = "set"
	TimerCancel = "cancel"
	TimerStop   = "stop" // what rings: that of ID, else all in the room
	TimerList   = "list"
)

// TimerCommand sets or ends timers without speech. The room is that of its baggage.
type TimerCommand struct {
	msg.Ident
	Action string  `json:"action" msg:"required,oneof=set cancel stop list"`
	Kind   *string `json:"kind" msg:"oneof=timer alarm reminder"` // of set; nil: a timer for a length, an alarm for a time
	When   *string `json:"when"`                                  // of set, in words: "10 minutes", "half past six", "every weekday at 7"
	Name   *string `json:"name"`                                  // of set; of cancel those of that name
	About  *string `json:"about"`                                 // of set: what a reminder is about
	Lang   *string `json:"lang"`                                  // of When and of what is said at the time; nil: English
	ID     *string `json:"timer_id"`                              // of cancel and stop; "*" with cancel: all
}

// Route is timer/command.
func (TimerCommand) Route() msg.Route {
	return msg.Route{Topic: "timer/command", QoS: msg.AtLeastOnce}
}

// Reply ties the result to the command.
func (TimerCommand) Reply() (r TimerResult) { return }

// Failed is the result that carries an error.
func (TimerCommand) Failed(_, text string) TimerResult { return TimerResult{Error: &text} }

// TimerResult is what came of a TimerCommand.
type TimerResult struct {
	msg.Ident
	Error  *string `json:"error"`
	Timers []Timer `json:"timers" msg:"nullable"` // those that were set or ended; of list all
}

// Route is timer/result.
func (TimerResult) Route() msg.Route { return msg.Route{Topic: "timer/result", QoS: msg.AtLeastOnce} }
