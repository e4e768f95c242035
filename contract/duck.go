package contract

import (
	"math"

	"github.com/gotars/tars/kit/msg"
)

// DuckDB is by how much speech is lowered while somebody speaks into it, in
// decibels: as much as a person lowers the radio to listen.
const DuckDB = 15

// SpeechDuck lowers the voice of the assistant in a room while somebody speaks into
// it, or brings it back. Who plays the speech of the room does it at once, with a
// ramp of some ten milliseconds. It has no counterpart in the reference, whose
// services do not subscribe to it.
type SpeechDuck struct {
	msg.Ident
	On     bool    `json:"on" msg:"required"`
	DB     float64 `json:"db" msg:"min=0,max=60"` // decibels to lower it by; 0 when it comes back
	UttID  *string `json:"utt_id"`                // of the speech; nil: whatever the room hears
	Reason *string `json:"reason"`                // why it comes back: nod, echo, no_words, …
}

// Gain is the share of its amplitude that is left of the voice: 1 when it comes back.
func (d SpeechDuck) Gain() float64 {
	if !d.On {
		return 1
	}
	return math.Pow(10, -d.DB/20)
}

// Route is tts/duck. It is delivered at least once: a voice that stayed low would be
// worse than one that was never lowered.
func (SpeechDuck) Route() msg.Route { return msg.Route{Topic: "tts/duck", QoS: msg.AtLeastOnce} }

// SpeechDropped says that somebody was heard, and that it was nothing to answer. It
// follows the speech_end of its room in place of a FinalTranscript. It has no
// counterpart in the reference.
type SpeechDropped struct {
	msg.Ident
	UttID  *string `json:"utt_id"`                // as the FinalTranscript would have had it
	Reason string  `json:"reason" msg:"required"` // echo, own_voice, no_words, unsure, engine_backlog, no_speech or failed
	Err    *string `json:"err"`                   // of failed: what was wrong, for a person
}

// Route is stt/dropped.
func (SpeechDropped) Route() msg.Route {
	return msg.Route{Topic: "stt/dropped", QoS: msg.AtLeastOnce}
}

// SpeechHeard says how much of a line was heard that was stopped before its end, or that
// the voice failed to say, or had not said when its service stopped. A line without one
// was heard as a whole when its speaking_end has no reason. It has no counterpart in the
// reference.
type SpeechHeard struct {
	msg.Ident
	UttID *string `json:"utt_id"` // of the TtsSay
	Say   string  `json:"say"`    // message_id of the TtsSay
	Text  string  `json:"text"`   // the words that were heard, as they were spoken; empty: none
}

// Route is tts/heard.
func (SpeechHeard) Route() msg.Route { return msg.Route{Topic: "tts/heard", QoS: msg.AtLeastOnce} }
