package router

import (
	"fmt"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
)

// Config is read from ROUTER_* variables. Lists are separated by "|".
type Config struct {
	LiveModeDefault bool          `split_words:"true" default:"true" desc:"answer everything that is heard, without a wake phrase"`
	WakePhrases     string        `split_words:"true" default:"hey tars" also:"WAKE_PHRASES" desc:"what opens a turn when live mode is off"`
	WakeWindow      time.Duration `split_words:"true" default:"8s" was:"ROUTER_WAKE_WINDOW_SEC" desc:"how long a command may follow the wake phrase"`
	ResponseWindow  time.Duration `split_words:"true" default:"10s" desc:"how long an answer may be followed up without the wake phrase"`
	WakeAckEnabled  bool          `split_words:"true" default:"true" desc:"say something short when woken"`
	WakeAckChoices  string        `split_words:"true" default:"Hmm?|Huh?|Yes?" also:"WAKE_ACK_CHOICES" desc:"what is said then, in turn"`
	WakeAckStyle    string        `split_words:"true" default:"friendly" desc:"its style"`

	LiveModeEnterPhrase  string `split_words:"true" default:"enter live mode" desc:"turns live mode on"`
	LiveModeExitPhrase   string `split_words:"true" default:"exit live mode" desc:"turns it off"`
	LiveModeEnterAck     string `split_words:"true" default:"Live mode enabled." desc:"said when it goes on"`
	LiveModeExitAck      string `split_words:"true" default:"Live mode disabled." desc:"said when it goes off"`
	LiveModeActiveHint   string `split_words:"true" default:"Live mode is already active." desc:"said when it is on already"`
	LiveModeInactiveHint string `split_words:"true" default:"Live mode is already off." desc:"said when it is off already"`

	TTSVoice     string        `split_words:"true" also:"PIPER_VOICE" desc:"voice to ask for; empty: the one tts is set to"`
	SayMin       int           `split_words:"true" default:"12" desc:"shortest first piece that is spoken before the answer ends, characters"`
	SayMax       int           `split_words:"true" default:"240" was:"ROUTER_STREAM_MAX_CHARS,STREAM_MAX_CHARS" desc:"longest piece without an end of a sentence, characters"`
	LLMTimeout   time.Duration `split_words:"true" default:"45s" desc:"longest silence of the model before its answer is given up; more than LLM_FIRST_TOKEN, after which another one may answer"`
	VoiceTimeout time.Duration `split_words:"true" default:"60s" desc:"longest silence of the voice before a turn is closed without it"`
	Apology      string        `default:"Sorry, I cannot answer right now." desc:"said when the model failed; none: nothing"`
	History      int           `default:"10" desc:"turns of the conversation the model is reminded of"`
	HistoryAge   time.Duration `split_words:"true" default:"30m" desc:"older turns are not sent"`

	AskAhead bool `split_words:"true" default:"true" desc:"have the model begin its answer while somebody who has probably finished may still go on; false: a model that is paid by the word writes nothing in vain"`

	Duck              bool     `default:"true" desc:"lower the voice while somebody speaks into it, until it is known whether it was interrupted"`
	InterruptSpeaking bool     `split_words:"true" default:"true" desc:"words and a voice that goes on end what is being said; stop words always do"`
	InterruptThinking bool     `split_words:"true" default:"true" desc:"words end an answer of which nothing was heard yet, before they are complete"`
	WakeToInterrupt   []string `split_words:"true" desc:"rooms, separated by commas, * for all, in which only a wake word or a phrase such as stop or hold on is obeyed while the assistant speaks: where the microphone hears it and nothing cancels that"`
	Phrases           string   `desc:"file with more phrases for stop, pause, resume, repeat and nod, in the form of speech/phrases/en.json"`
	BrokenOff         string   `split_words:"true" default:"Sorry, I lost the rest of that." desc:"said when the model failed in the middle of an answer; none: nothing"`
	CutShort          string   `split_words:"true" default:"That was too long for one answer. Say go on for more." desc:"said when an answer reached the longest one that the model may write, LLM_MAX_TOKENS; none: nothing"`
	Filler            string   `default:"One moment.|Still working on it.|Just a second.|It takes a little longer." desc:"said, in turn, while the model or a tool is at work and nothing was said for 1.2 s, separated by |; none: nothing"`
	NotUnderstood     string   `split_words:"true" default:"Sorry, I did not get that." desc:"said when the recogniser failed while somebody waits for an answer; none: nothing"`

	OnlineAnnounce     bool   `split_words:"true" default:"false" also:"ONLINE_ANNOUNCE" desc:"say so when recogniser and voice are ready"`
	OnlineAnnounceText string `split_words:"true" default:"System online." also:"ONLINE_ANNOUNCE_TEXT" desc:"what is said then"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	for _, said := range []*string{&c.Apology, &c.BrokenOff, &c.CutShort, &c.Filler, &c.NotUnderstood} { // an empty variable is one that is not set
		if strings.TrimSpace(*said) == "none" {
			*said = ""
		}
	}
	switch {
	case c.SayMin < 1 || c.SayMax < c.SayMin:
		return fmt.Errorf("ROUTER_SAY_MIN is %d and ROUTER_SAY_MAX is %d, want 1 <= min <= max", c.SayMin, c.SayMax)
	case c.History < 0 || c.History > 100:
		return fmt.Errorf("ROUTER_HISTORY is %d, want 0 to 100", c.History)
	case c.LLMTimeout < time.Second || c.VoiceTimeout < time.Second:
		return fmt.Errorf("ROUTER_LLM_TIMEOUT is %s and ROUTER_VOICE_TIMEOUT is %s, want at least 1s", c.LLMTimeout, c.VoiceTimeout)
	case !c.LiveModeDefault && len(splitChoices(c.WakePhrases)) == 0:
		return fmt.Errorf("ROUTER_WAKE_PHRASES is empty while ROUTER_LIVE_MODE_DEFAULT is off, so nothing could be said")
	}
	for _, room := range c.WakeToInterrupt {
		if room != "*" && !contract.IsRoomName(room) {
			return fmt.Errorf("ROUTER_WAKE_TO_INTERRUPT names %q, want rooms of a-z, 0-9 and -, separated by commas, or *", room)
		}
	}
	return nil
}

// Dropped names variables of the reference that have no effect here.
func (Config) Dropped() map[string]string {
	queue := "queues are bounded by the kit"
	stream := "sentences are found by their ends; see ROUTER_SAY_MIN and ROUTER_SAY_MAX"
	hint := "nothing: only a wake is acknowledged, see ROUTER_WAKE_ACK_CHOICES"
	return map[string]string{
		"ROUTER_QUEUE_MAXSIZE": queue, "ROUTER_QUEUE_OVERFLOW": queue, "ROUTER_HANDLER_TIMEOUT": queue,
		"ROUTER_STREAM_MIN_CHARS": stream, "ROUTER_STREAM_BOUNDARY_CHARS": stream, "ROUTER_STREAM_BOUNDARY_ONLY": stream,
		"ROUTER_STREAM_HARD_MAX_CHARS": stream, "ROUTER_LLM_TTS_STREAM": "answers are always spoken while they are written",
		"STREAM_MIN_CHARS": stream, "STREAM_BOUNDARY_CHARS": stream,
		"ROUTER_WAKE_ACK_TEXT":      "set ROUTER_WAKE_ACK_CHOICES",
		"ROUTER_WAKE_REPROMPT_TEXT": hint, "ROUTER_WAKE_INTERRUPT_TEXT": hint, "ROUTER_WAKE_RESUME_TEXT": hint,
		"ROUTER_WAKE_CANCEL_TEXT": hint, "ROUTER_WAKE_TIMEOUT_TEXT": hint,
	}
}

// splitChoices splits a list, without its empty entries.
func splitChoices(list string) (out []string) {
	for _, s := range strings.Split(list, "|") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
