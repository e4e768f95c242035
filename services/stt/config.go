package stt

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/wyoming"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/services/stt/turnend"
	"github.com/gotars/tars/services/stt/vad"
)

// Config is read from STT_* variables.
type Config struct {
	engine.Config

	VAD    string `envconfig:"VAD" default:"auto" desc:"what tells speech from other sounds: silero, a neural network that make assets fetches; loudness; or auto for the first of them that is there"`
	Assets string `default:"assets" also:"TARS_ASSETS" desc:"folder of what make assets fetches, below TARS_HOME"`

	Eagerness    string        `default:"medium" desc:"how soon an utterance ends, by what was said and how: low, medium or high; fixed waits STT_ENDPOINT whatever was said"`
	TurnModel    string        `split_words:"true" default:"auto" desc:"what hears whether a speaker has finished: smart-turn, a neural network that make engines installs; none; or auto for it where it is installed"`
	TurnFolder   string        `split_words:"true" default:"engines" desc:"folder of what make engines installs, below TARS_HOME"`
	Endpoint     time.Duration `default:"650ms" desc:"silence that completes an utterance while its words are not known"`
	PreRoll      time.Duration `split_words:"true" default:"400ms" desc:"audio kept from before the first voice, 300ms or more"`
	MinSpeech    time.Duration `split_words:"true" default:"120ms" desc:"voice that it takes to be speech"`
	MaxUtterance time.Duration `split_words:"true" default:"30s" desc:"longer utterances are cut at a pause"`
	MinLevel     float64       `split_words:"true" default:"70" desc:"least loudness of speech, RMS of 16-bit samples between 200 and 1500 Hz"`

	WakeEngine string   `split_words:"true" default:"auto" desc:"who hears wake words in the audio: wyoming, none, or auto for the server that is set, else the one that is found"`
	WakeURI    string   `envconfig:"WAKE_URI" desc:"a wake word server that speaks Wyoming, for example tcp://127.0.0.1:10400"`
	WakeWords  []string `split_words:"true" desc:"words it is to hear, as it calls them, separated by commas: hey_jarvis; empty: all that it has loaded"`

	Context     bool   `default:"true" desc:"tell an OpenAI-compatible recogniser the wake phrase and what was said last in the room, whose words it then spells and hears better"`
	WakePhrases string `split_words:"true" default:"hey tars" also:"ROUTER_WAKE_PHRASES,WAKE_PHRASES" desc:"the first of them is told to it; they are those of the router, separated by |"`

	Partials        bool          `default:"true" was:"STREAMING_PARTIALS" desc:"recognise while and as soon as somebody speaks: text appears at once and finals come sooner, for several times the work"`
	PartialInterval time.Duration `split_words:"true" default:"600ms" desc:"audio between two partials"`
	MinConfidence   float64       `split_words:"true" default:"0.3" desc:"what was understood with less is dropped, 0 to 1; 0 drops nothing"`
	EchoWindow      time.Duration `split_words:"true" default:"1s" desc:"how long after the assistant's speech its echo may still be heard; 0 looks for no echo"`
	Muted           bool          `desc:"start deaf, until wake/mic unmutes"`
	PushToTalk      []string      `split_words:"true" desc:"rooms, separated by commas, * for all, whose microphone is not listened to while the assistant speaks there, until wake/mic unmutes it: where it hears the assistant and nothing cancels that"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	between := func(name string, d, least, most time.Duration) error {
		if d < least || d > most {
			return fmt.Errorf("%s is %v, want %v to %v", name, d, least, most)
		}
		return nil
	}
	if err := c.Config.Validate(); err != nil {
		return err
	}
	switch {
	case !slices.Contains([]string{"auto", "wyoming", "none", ""}, c.WakeEngine):
		return fmt.Errorf("STT_WAKE_ENGINE is %q, want auto, wyoming or none", c.WakeEngine)
	case !slices.Contains([]string{"auto", "silero", "loudness", ""}, c.VAD):
		return fmt.Errorf("STT_VAD is %q, want auto, silero or loudness", c.VAD)
	case !slices.Contains([]string{"auto", "smart-turn", "none", ""}, c.TurnModel):
		return fmt.Errorf("STT_TURN_MODEL is %q, want auto, smart-turn or none", c.TurnModel)
	case c.Eagerness != "" && c.Eagerness != fixedEnd && !turnend.Eagerness(c.Eagerness).Known():
		return fmt.Errorf("STT_EAGERNESS is %q, want low, medium, high or fixed", c.Eagerness)
	case c.MinLevel <= 0 || c.MinLevel > 5000:
		return fmt.Errorf("STT_MIN_LEVEL is %v, want more than 0, at most 5000", c.MinLevel)
	case c.MinConfidence < 0 || c.MinConfidence > 1:
		return fmt.Errorf("STT_MIN_CONFIDENCE is %v, want 0 to 1", c.MinConfidence)
	}
	for _, room := range c.PushToTalk {
		if room != "*" && !contract.IsRoomName(room) {
			return fmt.Errorf("STT_PUSH_TO_TALK names %q, want rooms of a-z, 0-9 and -, separated by commas, or *", room)
		}
	}
	if c.WakeURI != "" {
		if _, err := wyoming.NewClient(c.WakeURI); err != nil {
			return fmt.Errorf("STT_WAKE_URI: %w", err)
		}
	}
	return cmp.Or(
		between("STT_ENDPOINT", c.Endpoint, 200*time.Millisecond, 5*time.Second),
		between("STT_PRE_ROLL", c.PreRoll, 300*time.Millisecond, 2*time.Second),
		between("STT_MIN_SPEECH", c.MinSpeech, vad.FrameDuration, time.Second),
		between("STT_MAX_UTTERANCE", c.MaxUtterance, 5*time.Second, 5*time.Minute),
		between("STT_PARTIAL_INTERVAL", c.PartialInterval, 200*time.Millisecond, time.Minute),
		between("STT_ECHO_WINDOW", c.EchoWindow, 0, time.Minute),
	)
}

// Dropped names variables of the reference that have no effect.
func (Config) Dropped() map[string]string {
	const (
		server  = "STT_OPENAI_URL, STT_WYOMING_URI or STT_COMMAND"
		capture = "nothing: audio comes over the bus and says its rate"
		room    = "nothing: the noise of the room is learnt; STT_MIN_LEVEL bounds it"
		gate    = "STT_MIN_CONFIDENCE, which is the real probability of the words"
		echo    = "STT_ECHO_WINDOW"
		wake    = "nothing: the wake service of py-tars reads it; STT_WAKE_URI names a wake word server, which has settings of its own"
		spoken  = "nothing: the microphone stays open, echo is told by its words"
	)
	return map[string]string{
		"WHISPER_MODEL": "STT_OPENAI_MODEL", "WS_URL": server,
		"AUDIO_DEVICE_NAME": capture, "AUDIO_FANOUT_PATH": capture, "AUDIO_FANOUT_RATE": capture, "SAMPLE_RATE": capture, "CHANNELS": capture, "CHUNK_DURATION_MS": capture,
		"SILENCE_THRESHOLD_MS": "STT_ENDPOINT, with a unit: 700ms", "PARTIAL_INTERVAL_MS": "STT_PARTIAL_INTERVAL, with a unit: 600ms",
		"VAD_AGGRESSIVENESS": room, "VAD_ENHANCED_ANALYSIS": room, "NOISE_MIN_RMS": room, "NOISE_FLOOR_INIT": room, "NOISE_FLOOR_ALPHA": room, "NOISE_GATE_OFFSET": room,
		"NOISE_FLOOR_CALIB_ENABLE": room, "NOISE_FLOOR_CALIB_SECS": room, "NOISE_FLOOR_ADAPTIVE_ENABLE": room, "NOISE_FLOOR_THRESHOLD_MULTIPLIER": room, "NOISE_FLOOR_UPDATE_INTERVAL": room,
		"NOISE_MIN_DURATION_MS": "STT_MIN_SPEECH, with a unit: 120ms", "NOISE_MIN_ALPHA_RATIO": gate, "NOISE_MIN_LENGTH": gate, "NOISE_MAX_PUNCT_RATIO": gate,
		"COUGH_ACTIVE_MIN_RATIO": gate, "COUGH_MIN_DURATION_MS": gate, "COUGH_SUSPICIOUS_PHRASES": gate, "COUGH_MIN_SYLLABLES": gate,
		"NO_SPEECH_MAX": gate, "AVG_LOGPROB_MIN": gate, "DICT_MATCH_MIN_RATIO": gate, "COMMON_WORDS_EXTRA": gate,
		"REPEAT_COOLDOWN_SEC": "nothing: what is said twice was meant twice", "ECHO_SUPPRESS_MATCH": echo, "ECHO_FUZZ_MIN_RATIO": echo,
		"POST_PUBLISH_COOLDOWN_MS": spoken, "UNMUTE_GUARD_MS": spoken, "TTS_MAX_MUTE_MS": spoken, "TTS_BASE_MUTE_MS": spoken, "TTS_PER_CHAR_MS": spoken, "TTS_RESPONSE_WINDOW_SEC": spoken,
		"WAKE_AUDIO_FANOUT": wake, "WAKE_MODEL_PATH": wake, "WAKE_DETECTION_THRESHOLD": wake, "WAKE_MIN_RETRIGGER_SEC": wake,
		"WAKE_INTERRUPT_WINDOW_SEC": wake, "WAKE_IDLE_TIMEOUT_SEC": wake, "WAKE_DETECTION_WINDOW_MS": wake, "WAKE_HEALTH_INTERVAL_SEC": wake,
		"WAKE_SPEEX_NOISE_SUPPRESSION": wake, "WAKE_VAD_THRESHOLD": wake, "WAKE_ENERGY_BOOST_FACTOR": wake, "WAKE_LOW_ENERGY_THRESHOLD_FACTOR": wake,
		"WAKE_BACKGROUND_NOISE_SENSITIVITY": wake, "WAKE_STT_HEALTH_TOPIC": wake, "WAKE_WAIT_FOR_STT_HEALTH": wake, "WAKE_STT_HEALTH_TIMEOUT_SEC": wake,
		"WAKE_USE_NPU":     wake,
		"WAKE_EVENT_TOPIC": wake, "WAKE_HEALTH_TOPIC": wake, "WAKE_MIC_TOPIC": wake, "WAKE_STT_FINAL_TOPIC": wake,
		"WAKE_TTS_STATUS_TOPIC": wake, "WAKE_TTS_TOPIC": wake, "WAKE_NPU_CORE_MASK": wake, "WAKE_RKNN_MODEL_PATH": wake,
	}
}

// segmentation is how c cuts audio. Speech has ended after hangover of silence;
// the utterance goes on until Endpoint.
func (c *Config) segmentation() vad.Segmentation {
	const (
		hangover  = 260 * time.Millisecond
		sustained = 500 * time.Millisecond // a nod such as "mm-hm" takes 0.2 to 0.6 s
		pause     = 100 * time.Millisecond // stops such as p and t are silent for 0.05 to 0.1 s
	)
	return vad.Segmentation{
		PreRoll: c.PreRoll, MinSpeech: c.MinSpeech, Sustained: sustained, Pause: pause, Hangover: min(hangover, c.Endpoint),
		Endpoint: c.Endpoint, Longest: c.MaxUtterance,
	}
}

// fixedEnd is the STT_EAGERNESS for which neither words nor their sound decide.
const fixedEnd = "fixed"

// eagerness is how words and their sound decide about the end of an utterance; empty:
// they do not.
func (c *Config) eagerness() turnend.Eagerness {
	if c.Eagerness == fixedEnd {
		return ""
	}
	return turnend.Eagerness(c.Eagerness)
}

// detectors returns what makes the voice detector of a source. Where the neural
// one is not installed it is the loudness detector, and why says so.
func (c *Config) detectors(home kit.Home) (newDetector func() vad.Detector, why, err error) {
	loudness := func() vad.Detector { return vad.NewLoudness(c.MinLevel) }
	if c.VAD == "loudness" {
		return loudness, nil, nil
	}
	model, err := vad.LoadModel(home.Path(c.Assets))
	switch {
	case err == nil:
		return func() vad.Detector { return vad.NewNeural(model, c.MinLevel) }, nil, nil
	case c.VAD == "silero":
		return nil, nil, err
	}
	return loudness, err, nil
}

// NewDetector returns what makes the voice detector of a source in home.
func (c *Config) NewDetector(home kit.Home) (func() vad.Detector, error) {
	newDetector, _, err := c.detectors(home)
	return newDetector, err
}

// Detector names the voice detector that c gets in home, for a person, and what is
// lost when it is not the neural one.
func (c *Config) Detector(home kit.Home) (name, lost string) {
	_, why, err := c.detectors(home)
	switch {
	case err != nil:
		return "none", err.Error()
	case why != nil:
		return "loudness", "music and noise are taken for speech; make assets fetches one that tells them apart"
	case c.VAD == "loudness":
		return "loudness", ""
	}
	return "Silero", ""
}

// TurnEnd names the model that hears whether a speaker has finished, which c gets in
// home, for a person, and what is lost when there is none.
func (c *Config) TurnEnd(home kit.Home) (name, lost string) {
	const without = "turns end by words and pauses alone, later or too soon where the voice tells more"
	if c.eagerness() == "" {
		return "none", "STT_EAGERNESS is fixed"
	}
	m, err := newTurnModel(*c, home)
	if err == nil {
		err = m.Load()
	}
	if err != nil {
		return "none", without + ": " + err.Error()
	}
	return "Smart Turn", ""
}
