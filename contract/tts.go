package contract

import (
	"time"

	"github.com/gotars/tars/kit/msg"
)

// TtsSay asks for speech.
type TtsSay struct {
	msg.Ident
	Text           string   `json:"text" msg:"required"` // Markdown is allowed and spoken as plain text
	Voice          *string  `json:"voice"`
	Lang           *string  `json:"lang"`
	UttID          *string  `json:"utt_id"` // groups the sentences of one answer; LLMRequest.ID for those of the model
	Style          *string  `json:"style"`
	STTTS          *float64 `json:"stt_ts"`          // FinalTranscript.TS: where latency is counted from
	WakeAck        *bool    `json:"wake_ack"`        // do not mute the microphone for this
	SystemAnnounce *bool    `json:"system_announce"` // do not listen for an answer to this

	// Volume is the part of its usual loudness at which it is spoken, as a factor of the amplitude;
	// nil is all of it. A nil one is left out, as receivers of the reference do not know the field.
	Volume *float64 `json:"volume,omitempty" msg:"min=0,max=1"`
}

// Route is tts/say. What could not be said for half a minute is better unsaid.
func (TtsSay) Route() msg.Route {
	return msg.Route{Topic: "tts/say", QoS: msg.AtLeastOnce, Expiry: 30 * time.Second}
}

// RoomVoice is the voice that the people of a room chose. It is used for all that is said
// there, whatever the messages ask for; an engine that does not have it takes its own.
type RoomVoice struct {
	msg.Ident
	Room  string `json:"-"`                    // last level of the topic
	Voice string `json:"voice" msg:"required"` // empty: none is chosen any more
}

// Route is tts/voice/<room>. A page says it again when it connects, so that the broker need
// not keep it for rooms that nobody is in.
func (RoomVoice) Route() msg.Route {
	return msg.Route{Topic: "tts/voice/+", Type: "tts.voice", QoS: msg.AtLeastOnce, Retain: true, Expiry: 24 * time.Hour}
}

// Key is the room.
func (v RoomVoice) Key() string { return v.Room }

// SetKey sets the room.
func (v *RoomVoice) SetKey(key string) { v.Room = key }

// The events of TtsStatus: start (paused resumed)* [stopped] end. An end always
// follows a start.
const (
	TtsSpeakingStart = "speaking_start"
	TtsSpeakingEnd   = "speaking_end"
	TtsPaused        = "paused"
	TtsResumed       = "resumed"
	TtsStopped       = "stopped"
)

// TtsNoVoice is the Reason of the start and the end of speech where no voice is installed:
// what is said is read on the page, and nobody waits to hear it.
const TtsNoVoice = "no voice"

// TtsStatus says what the voice is doing.
type TtsStatus struct {
	msg.Ident
	Event          string  `json:"event" msg:"required,oneof=speaking_start speaking_end paused resumed stopped"`
	Text           string  `json:"text"`
	Timestamp      float64 `json:"timestamp" msg:"now"`
	UttID          *string `json:"utt_id"` // of the TtsSay
	Reason         *string `json:"reason"` // of the control; on the end of stopped speech why it was stopped
	WakeAck        *bool   `json:"wake_ack"`
	SystemAnnounce *bool   `json:"system_announce"`
}

// Route is tts/status.
func (TtsStatus) Route() msg.Route { return msg.Route{Topic: "tts/status"} }

// The actions of TtsControl. Muted speech goes on unheard.
const (
	TtsPause  = "pause"
	TtsResume = "resume"
	TtsStop   = "stop"
	TtsMute   = "mute"
	TtsUnmute = "unmute"
)

// TtsControl steers speech that is under way.
type TtsControl struct {
	msg.Ident
	Action string  `json:"action" msg:"required,oneof=pause resume stop mute unmute"`
	Reason *string `json:"reason"`
	TS     float64 `json:"ts" msg:"now"`
	ID     *string `json:"id,omitempty" msg:"alias=utt_id"` // utt_id of the speech; nil: whatever is playing
}

// Route is tts/control.
func (TtsControl) Route() msg.Route {
	return msg.Route{Topic: "tts/control", QoS: msg.AtLeastOnce}
}
