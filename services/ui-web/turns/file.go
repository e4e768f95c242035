// Package turns collects what the bus tells of each turn of a conversation, so that it
// can be told why it was answered, cut off or ignored; and reads and writes turns as files.
package turns

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/gotars/tars/contract"
)

const (
	// Format is what a file of a turn says that it is.
	Format = "tars-turn"
	// Version is that of the format. Fields are added without a new one.
	Version = 1
	// MaxFileBytes is the size of the largest file that is read: 30 s of sound and room to spare.
	MaxFileBytes = 4 << 20
)

// Turn is one thing that was said, or taken for it, and what came of it. Times are Unix
// seconds. It is also the form of a file, as docs/turns.md describes it.
type Turn struct {
	Format  string `json:"format"`
	Version int    `json:"version"`

	ID       string  `json:"id"`                  // message_id of the FinalTranscript; of speech that was dropped its utt_id
	UttID    string  `json:"utt_id,omitempty"`    // of the speech
	AnswerID string  `json:"answer_id,omitempty"` // id of the LLMRequest and utt_id of what was said
	Room     string  `json:"room,omitempty"`      // where it was said
	Typed    bool    `json:"typed,omitempty"`     // and not spoken
	Begun    float64 `json:"begun"`               // first sign of it
	Ended    float64 `json:"ended,omitempty"`     // 0: it goes on

	Text       string   `json:"text,omitempty"` // what the person said, as it was understood
	Lang       string   `json:"lang,omitempty"`
	Confidence *float64 `json:"confidence,omitempty"`

	Outcome string `json:"outcome,omitempty"` // done, interrupted, failed or ignored; empty: it goes on
	Reason  string `json:"reason,omitempty"`  // of anything but done, as TurnRecord or SpeechDropped says it
	Error   string `json:"error,omitempty"`   // what was wrong, for a person
	Into    string `json:"into,omitempty"`    // what the assistant was saying in the room when it began; empty: nothing
	By      string `json:"by,omitempty"`      // the words that ended the answer; empty: none are known

	AnsweredIn string `json:"answered_in,omitempty"` // id of the turn that holds the answer to this one; empty: none is known

	Partials []Partial              `json:"partials,omitempty"`
	Speech   *contract.SpeechDetail `json:"speech,omitempty"`
	Timing   *contract.SpeechTiming `json:"timing,omitempty"`
	Record   *contract.TurnRecord   `json:"record,omitempty"`
	Asked    float64                `json:"asked,omitempty"` // the model was asked
	Made     *contract.AnswerDetail `json:"made,omitempty"`  // what the answer was made of
	Tools    []Tool                 `json:"tools,omitempty"`
	Reply    string                 `json:"reply,omitempty"` // what the model wrote
	Cut      string                 `json:"cut,omitempty"`   // why that ends before its end
	Spoken   []Spoken               `json:"spoken,omitempty"`
	Engines  []Engine               `json:"engines,omitempty"`
	Events   []Event                `json:"events,omitempty"`
	Stages   []Stage                `json:"stages,omitempty"`
	Wait     *Wait                  `json:"wait,omitempty"`
	Sound    *Sound                 `json:"sound,omitempty"` // of the person
}

// Partial is what was understood so far.
type Partial struct {
	At   float64 `json:"at"`
	Text string  `json:"text"`
}

// Tool is one call.
type Tool struct {
	Name      string  `json:"name"`
	Arguments string  `json:"arguments"` // as JSON
	Result    string  `json:"result,omitempty"`
	Error     string  `json:"error,omitempty"`
	From      float64 `json:"from"`
	To        float64 `json:"to,omitempty"`
}

// What became of a line of the answer.
const (
	Waiting = "waiting" // it was not spoken yet
	Heard   = "heard"   // to its end
	Partly  = "partly"  // its Heard words were
	Unheard = "unheard" // nothing of it was
	Shown   = "shown"   // there is no voice: it was on the screen
)

// Spoken is one line that the voice was given.
type Spoken struct {
	Say    string                `json:"say"`
	Text   string                `json:"text"`
	At     float64               `json:"at"` // it was handed to the voice
	State  string                `json:"state"`
	Heard  string                `json:"heard,omitempty"`  // the words of Partly
	Aside  bool                  `json:"aside,omitempty"`  // no part of the answer, such as "One moment."
	Detail *contract.VoiceDetail `json:"detail,omitempty"` // when it was made
}

// Engine is what heard, thought or spoke.
type Engine struct {
	Service string `json:"service"` // stt, llm or tts
	Engine  string `json:"engine"`
	Model   string `json:"model,omitempty"`
	From    string `json:"from,omitempty"`  // where it was found
	Cloud   string `json:"cloud,omitempty"` // host of somebody else that got what it was given
}

// Event is something that happened meanwhile in the room.
type Event struct {
	At   float64 `json:"at"`
	What string  `json:"what"` // such as speech_start, lowered, paused, stopped, tool, waiting
	Text string  `json:"text,omitempty"`
}

// Sound is what a microphone heard: signed 16-bit little-endian samples, one channel.
type Sound struct {
	From float64 `json:"from"`
	Rate int     `json:"rate"`
	PCM  []byte  `json:"pcm"` // base64 in a file
}

// Write writes t as a file.
func (t Turn) Write(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return out.Encode(t)
}

// ErrNoTurn says that a file is not one of a turn.
var ErrNoTurn = errors.New("this is no file of a turn: its format is not " + Format)

// Read reads a file. The error is for a person.
func Read(r io.Reader) (t Turn, err error) {
	err = json.NewDecoder(io.LimitReader(r, MaxFileBytes)).Decode(&t)
	switch {
	case t.Format != Format && (err != nil || t.Format != ""), err == nil && t.Format == "":
		return Turn{}, ErrNoTurn
	case err != nil:
		return Turn{}, fmt.Errorf("the file of a turn cannot be read: %w", err)
	case t.Version != Version:
		return Turn{}, fmt.Errorf("the file is of version %d, and this program reads version %d", t.Version, Version)
	case t.ID == "":
		return Turn{}, fmt.Errorf("%w: it has no id", ErrNoTurn)
	}
	return t, nil
}
