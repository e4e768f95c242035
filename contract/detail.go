package contract

import "github.com/gotars/tars/kit/msg"

// The details say how something came about, for who wants to know why: what a microphone
// heard of an utterance, what a model was given for an answer, when a voice was made. Each
// is told once, when it is over, and nobody waits for one. They have no counterpart in the
// reference, whose services do not subscribe to them.

// The bounds of the lists in details. More is left out.
const (
	DetailLevels   = 400 // of a SpeechDetail: one for each 2 pixels of a wide page
	DetailPauses   = 32  // of a SpeechDetail
	DetailMemories = 32  // of an AnswerDetail
	DetailTools    = 32  // of an AnswerDetail
	DetailRounds   = 16  // of an AnswerDetail
	DetailText     = 500 // characters of each text
)

// SpeechDetail is how an utterance was heard. It follows the FinalTranscript or the
// SpeechDropped with its UttID.
type SpeechDetail struct {
	msg.Ident
	UttID  string        `json:"utt_id" msg:"required"`
	Begun  float64       `json:"begun" msg:"required"` // when its first sample was heard, some time before the first voice
	StepMS float64       `json:"step_ms" msg:"min=1"`  // milliseconds that each of Levels stands for
	Levels []int         `json:"levels"`               // loudness of each step, in decibels above the least that 16 bits can say: 0 to 96
	Voice  []SpeechSpan  `json:"voice"`                // where the detector found a voice
	Pauses []SpeechPause `json:"pauses"`               // in which the turn might have been over; the last one ended it
	Text   *string       `json:"text"`                 // what the recogniser wrote, before sounds and echoes were taken out of it
	Read   *SpeechSpan   `json:"read"`                 // when the recogniser wrote it, in seconds after Begun
}

// SpeechSpan is a stretch of an utterance, in seconds after its begin.
type SpeechSpan struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// SpeechPause is what a pause of an utterance was taken for.
type SpeechPause struct {
	From  float64  `json:"from"`                    // seconds after the begin of the utterance
	To    float64  `json:"to"`                      // when somebody went on, or the turn was over
	Wait  float64  `json:"wait"`                    // seconds of silence that would have ended the turn, as it was judged last
	Over  *float64 `json:"over" msg:"min=0,max=1"`  // probability that the speaker had finished, by the words and the sound; nil: the words were not known
	Sound *float64 `json:"sound" msg:"min=0,max=1"` // by the sound alone; nil: nobody judged it
	Text  *string  `json:"text"`                    // the words so far; nil: they were not known
	Ended bool     `json:"ended"`                   // the turn ended here
}

// Route is stt/detail.
func (SpeechDetail) Route() msg.Route { return msg.Route{Topic: "stt/detail"} }

// AnswerDetail is what an answer was made of. It follows the LLMResponse with its ID.
type AnswerDetail struct {
	msg.Ident
	ID          string         `json:"id" msg:"required"` // of the LLMRequest
	Memories    []PromptMemory `json:"memories"`          // that stood in the prompt, in their order
	MemoryAsked *float64       `json:"memory_asked"`      // when the memory was asked; nil: it was not
	MemoryTold  *float64       `json:"memory_told"`       // when it had answered, or was not waited for any more
	MemoryError *string        `json:"memory_error"`      // why it told nothing
	History     int            `json:"history"`           // lines of the conversation before, that stood in the prompt
	Tools       []string       `json:"tools"`             // that the model could have called
	Rounds      []ModelRound   `json:"rounds"`            // each time that the model was asked
}

// PromptMemory is a line of the memory that stood in a prompt.
type PromptMemory struct {
	Text       string   `json:"text"`
	Role       *string  `json:"role"`  // user or assistant
	Score      *float64 `json:"score"` // how certain the memory is of it, 0 to 1
	Said       *float64 `json:"said"`  // Unix seconds
	Superseded bool     `json:"superseded"`
	Beside     bool     `json:"beside"` // it was not found itself: it stands beside one that was
}

// ModelRound is one question to a model.
type ModelRound struct {
	Asked    float64  `json:"asked"` // Unix seconds
	First    *float64 `json:"first"` // it wrote something; nil: nothing
	Ended    float64  `json:"ended"`
	Provider *string  `json:"provider"`
	Model    *string  `json:"model"`
	Calls    []string `json:"calls"` // tools that it wants to be called
	Error    *string  `json:"error"`
}

// Route is llm/detail.
func (AnswerDetail) Route() msg.Route { return msg.Route{Topic: "llm/detail"} }

// VoiceDetail is when a line was spoken. It comes just before the speaking_end of the line.
type VoiceDetail struct {
	msg.Ident
	UttID *string  `json:"utt_id"`             // of the TtsSay
	Say   string   `json:"say" msg:"required"` // message_id of the TtsSay
	Asked *float64 `json:"asked"`              // when the engine was asked, Unix seconds; nil: it was not
	First *float64 `json:"first"`              // it gave the first sound
	Begun *float64 `json:"begun"`              // the first sound was sent to the loudspeaker
	Ended float64  `json:"ended"`
	Made  float64  `json:"made"`  // seconds of sound that were sent
	Error *string  `json:"error"` // why it was not said, or not to its end
}

// Route is tts/detail.
func (VoiceDetail) Route() msg.Route { return msg.Route{Topic: "tts/detail"} }
