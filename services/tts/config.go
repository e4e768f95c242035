package tts

import (
	"fmt"
	"slices"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/services/tts/engine"
)

// Config is read from TTS_* variables.
type Config struct {
	engine.Config

	Volume       float64  `default:"1" desc:"how loud it speaks, 0 to 1 as a factor of the amplitude: 0.5 is 6 dB less, and sounds a third quieter"`
	VoiceVolumes []string `split_words:"true" desc:"the same for single voices, separated by commas: en_US-joe-medium=0.8,slt=0.6"`

	Sinks       []string `desc:"rooms with a speaker of their own, separated by commas"`
	DefaultSink string   `split_words:"true" default:"page" desc:"who plays all other speech: audio/speaker/<sink>"`
	Player      string   `desc:"program that plays the default sink instead, raw audio from its input: aplay -q -t raw -f S16_LE -r {rate} -c 1"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	if err := c.Config.Validate(); err != nil {
		return err
	}
	if !isVolume(c.Volume) {
		return fmt.Errorf("TTS_VOLUME is %v, want 0 to 1", c.Volume)
	}
	if _, err := parseVolumes(c.VoiceVolumes); err != nil {
		return err
	}
	for _, sink := range append([]string{c.DefaultSink}, c.Sinks...) {
		if !contract.IsRoomName(sink) {
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
		"PIPER_VOICE":   "TTS_VOICE, and TTS_PIPER_URL, TTS_WYOMING_URI or TTS_OPENAI_URL of a server that runs Piper, or make engines",
		"TTS_STREAMING": queue, "TTS_PIPELINE": queue, "TTS_CONCURRENCY": queue,
		"TTS_AGGREGATE": queue, "TTS_AGGREGATE_DEBOUNCE_MS": queue, "TTS_AGGREGATE_SINGLE_WAV": queue,
		"TTS_SIMPLEAUDIO":       "TTS_PLAYER",
		"TTS_WAKE_CACHE_ENABLE": phrases, "TTS_WAKE_CACHE_DIR": phrases, "TTS_WAKE_CACHE_MAX": phrases, "TTS_WAKE_ACK_TEXTS": phrases,
		"ELEVEN_OPTIMIZE_STREAMING": "nothing: audio is always streamed",
	}
}
