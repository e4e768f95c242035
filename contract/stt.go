package contract

import (
	"encoding/json"
	"errors"

	"github.com/gotars/tars/kit/msg"
)

// FinalTranscript is one finished utterance.
type FinalTranscript struct {
	msg.Ident
	Text       string   `json:"text" msg:"required"`
	Lang       string   `json:"lang" default:"en"`
	Confidence *float64 `json:"confidence" msg:"min=0,max=1"`
	UttID      *string  `json:"utt_id"`                  // the same on the partials of the utterance
	TS         float64  `json:"ts" msg:"now"`            // end of the transcription
	IsFinal    *bool    `json:"is_final" default:"true"` // nil is true
}

// Route is stt/final.
func (FinalTranscript) Route() msg.Route {
	return msg.Route{Topic: "stt/final", QoS: msg.AtLeastOnce}
}

// The readings of SpeechTiming and TurnRecord: when the text of a final was read.
const (
	ReadingReady   = "ready"   // at the last pause; it was there when the turn was over
	ReadingRunning = "running" // at the last pause; it was still going on when the turn was over
	ReadingAfter   = "after"   // after the turn was over
)

// SpeechTiming says when the words of a FinalTranscript were spoken and read. It comes
// just before that, and apart from it, because receivers of the reference refuse
// a transcript with a field they do not know. They do not subscribe to this one.
type SpeechTiming struct {
	msg.Ident
	UttID    string   `json:"utt_id" msg:"required"`    // of the FinalTranscript
	LastWord float64  `json:"last_word" msg:"required"` // when the last voice in it was said, by the clock of its audio
	Endpoint float64  `json:"endpoint" msg:"required"`  // when it was decided that the turn is over
	Reading  string   `json:"reading" msg:"required,oneof=ready running after"`
	ReadMS   *float64 `json:"read_ms" msg:"min=0"` // how long the reading took, in milliseconds
}

// Route is stt/timing.
func (SpeechTiming) Route() msg.Route { return msg.Route{Topic: "stt/timing"} }

// PartialTranscript is what has been understood of an utterance so far: the
// whole text each time, not what was added.
type PartialTranscript struct {
	msg.Ident
	Text       string   `json:"text" msg:"required"`
	Lang       string   `json:"lang" default:"en"`
	Confidence *float64 `json:"confidence" msg:"min=0,max=1"`
	UttID      *string  `json:"utt_id"`
	TS         float64  `json:"ts" msg:"now"`
	IsFinal    bool     `json:"is_final"`
}

// Route is stt/partial.
func (PartialTranscript) Route() msg.Route { return msg.Route{Topic: "stt/partial"} }

// ProbableTranscript is what the FinalTranscript will be if the speaker has finished, which
// is probable: it was read in a pause, and more may follow. A later one with the same
// UttID takes its place.
type ProbableTranscript struct {
	msg.Ident
	Text  string  `json:"text" msg:"required"`
	Lang  string  `json:"lang" default:"en"`
	UttID string  `json:"utt_id" msg:"required"`           // of the FinalTranscript
	Over  float64 `json:"over" msg:"required,min=0,max=1"` // probability that the speaker has finished
}

// Route is stt/probable.
func (ProbableTranscript) Route() msg.Route { return msg.Route{Topic: "stt/probable"} }

// AudioFFT is the spectrum of the microphone, about 12 times a second. The bare
// {"fft","ts"} that pages read is taken as well; its SampleRate is 0, unknown.
type AudioFFT struct {
	msg.Ident
	FFTData    []float64 `json:"fft_data"`                   // 0 to 1, from low to high; 64 by custom
	SampleRate int       `json:"sample_rate"`                // samples per second, at least 1 when sent
	TS         float64   `json:"ts" msg:"now"`               // when the samples were heard
	Bare       []float64 `json:"fft" msg:"foreign,nullable"` // the bare form's name; nil once decoded
}

// Route is stt/audio_fft.
func (AudioFFT) Route() msg.Route { return msg.Route{Topic: "stt/audio_fft"} }

// UnmarshalJSON moves the bare form into FFTData; the full form must be whole.
func (a *AudioFFT) UnmarshalJSON(data []byte) error {
	type plain AudioFFT
	if err := json.Unmarshal(data, (*plain)(a)); err != nil {
		return err
	}
	switch {
	case a.Bare != nil:
		a.FFTData, a.Bare = a.Bare, nil
	case a.FFTData == nil:
		return errors.New("fft_data: is missing")
	case a.SampleRate < 1:
		return errors.New("sample_rate: is missing or below 1")
	}
	return nil
}
