package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// kinds are the values of TTS_ENGINE.
const kinds = "auto, openai, wyoming, piper, elevenlabs, flite, espeak, none"

// Config is the settings of the voice, of the variables TTS_*.
type Config struct {
	Engine   string   `default:"auto" desc:"voice: auto, openai, wyoming, piper, elevenlabs, flite, espeak or none; auto takes the first that is set up, else the best that is found"`
	Hosts    []string `envconfig:"ENGINE_HOSTS" default:"127.0.0.1" also:"ENGINE_HOSTS" desc:"where auto looks for servers, separated by commas; none: nowhere"`
	Voice    string   `desc:"name of the voice, as the engine calls it; empty is the engine's own"`
	Speed    float64  `default:"1" desc:"how fast it speaks, 0.5 to 2"`
	Assets   string   `default:"assets" also:"TARS_ASSETS" desc:"folder of what make assets fetches, below TARS_HOME"`
	Provider string   `desc:"the voice of py-tars that was meant: piper, one's own, keeps what is said from ElevenLabs though there is a key"`

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
}

// elevenKey is the key of ElevenLabs, unless TTS_PROVIDER means a voice of one's own.
func (c *Config) elevenKey() string {
	if strings.EqualFold(strings.TrimSpace(c.Provider), "piper") {
		return ""
	}
	return c.ElevenKey
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	switch {
	case !slices.Contains(strings.Split(kinds, ", "), c.Engine):
		return fmt.Errorf("TTS_ENGINE is %q, want %s", c.Engine, kinds)
	case c.Speed < 0.5 || c.Speed > 2:
		return fmt.Errorf("TTS_SPEED is %v, want 0.5 to 2", c.Speed)
	case c.Timeout <= 0:
		return fmt.Errorf("TTS_TIMEOUT is %v, want more than 0, for example 30s", c.Timeout)
	}
	return nil
}
