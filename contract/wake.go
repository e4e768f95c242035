package contract

import "github.com/gotars/tars/kit/msg"

// The types of WakeEvent in use; a receiver ignores others.
const (
	WakeEventWake        = "wake"         // the wake phrase was heard
	WakeEventInterrupt   = "interrupt"    // it was heard over speech
	WakeEventTimeout     = "timeout"      // nothing followed
	WakeEventResume      = "resume"       // the interrupted speech goes on
	WakeEventCancelled   = "cancelled"    // the interrupted speech is over
	WakeEventError       = "error"        // the detector broke; Cause says how
	WakeEventSpeechStart = "speech_start" // someone began to speak
	// someone speaks for longer than a nod or a cough takes, 0.5 s
	WakeEventSpeechSustained = "speech_sustained"
	WakeEventSpeechEnd       = "speech_end" // and stopped
)

// WakeEvent is something the ears noticed besides words.
type WakeEvent struct {
	msg.Ident
	Type       string   `json:"type" msg:"required"`
	TTSID      *string  `json:"tts_id"` // utt_id of the speech it interrupts
	Confidence *float64 `json:"confidence" msg:"min=0,max=1"`
	Energy     *float64 `json:"energy" msg:"min=0"` // RMS of the last 750 ms, boosted
	Cause      *string  `json:"cause"`              // wake_phrase double_wake silence timeout cancel vad, or an error text
	TS         *float64 `json:"ts"`                 // seconds on the publisher's own clock, not Unix time: opaque
}

// Route is wake/event.
func (WakeEvent) Route() msg.Route {
	return msg.Route{Topic: "wake/event", QoS: msg.AtLeastOnce}
}

// The actions of WakeMicCommand.
const (
	MicMute   = "mute"
	MicUnmute = "unmute"
)

// WakeMicCommand opens or closes the microphone of stt.
type WakeMicCommand struct {
	msg.Ident
	Action string `json:"action" msg:"required,oneof=mute unmute"`
	Reason string `json:"reason" default:"wake"`
	TTLMS  *int   `json:"ttl_ms" msg:"min=0"` // milliseconds until the opposite happens; nil: never
}

// Route is wake/mic.
func (WakeMicCommand) Route() msg.Route {
	return msg.Route{Topic: "wake/mic", QoS: msg.AtLeastOnce}
}
