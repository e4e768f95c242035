package contract

import "github.com/gotars/tars/kit/msg"

// The outcomes of TurnRecord.
const (
	TurnDone        = "done"
	TurnInterrupted = "interrupted"
	TurnFailed      = "failed"
	TurnIgnored     = "ignored"
)

// TurnRecord says how one turn went, when it is over. What did not happen in it
// has no time.
type TurnRecord struct {
	msg.Ident
	TurnID      string   `json:"turn_id" msg:"required"` // message_id of the FinalTranscript, or LLMRequest.ID
	Room        *string  `json:"room"`
	TextLen     int      `json:"text_len" msg:"min=0"` // characters of what the user said
	SpeechStart *float64 `json:"speech_start"`
	SpeechEnd   *float64 `json:"speech_end"`
	LastWord    *float64 `json:"last_word"`                               // end of what was said, by its audio; speech_end comes later
	Endpoint    *float64 `json:"endpoint"`                                // it was decided that the turn of the user is over
	Reading     *string  `json:"reading" msg:"oneof=ready running after"` // when the transcript was read, as in SpeechTiming
	Final       *float64 `json:"final"`                                   // transcript there
	Request     *float64 `json:"request"`                                 // model asked
	FirstDelta  *float64 `json:"first_delta"`                             // model writes
	FirstSay    *float64 `json:"first_say"`                               // first sentence to the voice
	FirstAudio  *float64 `json:"first_audio"`                             // voice heard
	End         *float64 `json:"end"`
	Outcome     string   `json:"outcome" msg:"required,oneof=done interrupted failed ignored"`
	Reason      *string  `json:"reason"`              // of anything but done
	AnswerID    *string  `json:"answer_id,omitempty"` // LLMRequest.ID, and utt_id of all that was said; nil: of a router that does not tell
}

// Route is system/turn.
func (TurnRecord) Route() msg.Route { return msg.Route{Topic: "system/turn"} }
