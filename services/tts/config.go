package tts

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// kinds are the values of TTS_ENGINE.
const kinds = "auto, openai, wyoming, piper, elevenlabs, flite, espeak, none"

// Config is read from TTS_* variables.
type Config struct {
	Engine string   `default:"auto" desc:"voice: auto, openai, wyoming, piper, elevenlabs, flite, espeak or none; auto takes the first that is set up, else the best that is found"`
	Hosts  []string `envconfig:"ENGINE_HOSTS" default:"127.0.0.1" also:"ENGINE_HOSTS" desc:"where auto looks for servers, separated by commas; none: nowhere"`
	Voice  string   `desc:"name of the voice, as the engine calls it; empty is the engine's own"`
	Speed  float64  `default:"1" desc:"how fast it speaks, 0.5 to 2"`
	Assets string   `default:"assets" also:"TARS_ASSETS" desc:"folder of what make assets fetches, below TARS_HOME"`

	OpenAIURL   string `envconfig:"OPENAI_URL" desc:"base URL of an OpenAI-compatible voice, for example http://127.0.0.1:8000/v1"`
	OpenAIKey   string `envconfig:"OPENAI_KEY" desc:"its key, if it wants one"`
	OpenAIModel string `envconfig:"OPENAI_MODEL" default:"tts-1" desc:"its model"`

	WyomingURI string `envconfig:"WYOMING_URI" desc:"a voice that speaks Wyoming, for example tcp://127.0.0.1:10200"`
	PiperURL   string `envconfig:"PIPER_URL" desc:"Piper's own web server, for example http://127.0.0.1:5000"`

	ElevenKey   string `envconfig:"ELEVENLABS_KEY" was:"ELEVEN_API_KEY" desc:"key of ElevenLabs; what is said goes to that cloud"`
	ElevenVoice string `envconfig:"ELEVENLABS_VOICE" default:"21m00Tcm4TlvDq8ikWAM" was:"ELEVEN_VOICE_ID" desc:"id of its voice"`
	ElevenModel string `envconfig:"ELEVENLABS_MODEL" default:"eleven_flash_v2_5" was:"ELEVEN_MODEL_ID" desc:"its model"`
	ElevenURL   string `envconfig:"ELEVENLABS_URL" default:"https://api.elevenlabs.io/v1" was:"ELEVEN_API_BASE" desc:"its address"`

	Timeout time.Duration `default:"30s" desc:"longest silence of an engine that is making a sentence"`

	Sinks       []string `desc:"rooms with a speaker of their own, separated by commas"`
	DefaultSink string   `split_words:"true" default:"page" desc:"who plays all other speech: audio/speaker/<sink>"`
	Player      string   `desc:"program that plays the default sink instead, raw audio from its input: aplay -q -t raw -f S16_LE -r {rate} -c 1"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	outside := func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') }
	switch {
	case !slices.Contains(strings.Split(kinds, ", "), c.Engine):
		return fmt.Errorf("TTS_ENGINE is %q, want %s", c.Engine, kinds)
	case c.Speed < 0.5 || c.Speed > 2:
		return fmt.Errorf("TTS_SPEED is %v, want 0.5 to 2", c.Speed)
	case c.Timeout <= 0:
		return fmt.Errorf("TTS_TIMEOUT is %v, want more than 0, for example 30s", c.Timeout)
	}
	for _, sink := range append([]string{c.DefaultSink}, c.Sinks...) {
		if len(sink) < 1 || len(sink) > 32 || strings.ContainsFunc(sink, outside) {
			return fmt.Errorf("TTS_SINKS or TTS_DEFAULT_SINK names %q, want up to 32 of a-z, 0-9 and -", sink)
		}
	}
	return nil
}

func (c *Config) hasSink(room string) bool { return slices.Contains(c.Sinks, room) }

// Dropped names variables of the reference that have no effect.
func (Config) Dropped() map[string]string {
	const queue, phrases = "nothing: the first sentence is spoken at once, the next is made meanwhile",
		"nothing: short sentences are kept in memory"
	return map[string]string{
		"TTS_PROVIDER":  "TTS_ENGINE, which has other words",
		"PIPER_VOICE":   "TTS_VOICE, and TTS_PIPER_URL, TTS_WYOMING_URI or TTS_OPENAI_URL of a server that runs Piper, or make engines",
		"TTS_STREAMING": queue, "TTS_PIPELINE": queue, "TTS_CONCURRENCY": queue,
		"TTS_AGGREGATE": queue, "TTS_AGGREGATE_DEBOUNCE_MS": queue, "TTS_AGGREGATE_SINGLE_WAV": queue,
		"TTS_SIMPLEAUDIO":       "TTS_PLAYER",
		"TTS_WAKE_CACHE_ENABLE": phrases, "TTS_WAKE_CACHE_DIR": phrases, "TTS_WAKE_CACHE_MAX": phrases, "TTS_WAKE_ACK_TEXTS": phrases,
		"ELEVEN_OPTIMIZE_STREAMING": "nothing: audio is always streamed",
	}
}
