package tts

import (
	"net/url"

	"github.com/gotars/tars/kit"
)

// Describe says for people which engine c would take, where that was found, and
// what would be better; empty when nothing is missing.
func Describe(c Config, home kit.Home) (name, from, better string) {
	const neural = "a neural voice: set TTS_OPENAI_URL to an OpenAI-compatible server"
	kind, from := c.Engine, "TTS_ENGINE"
	if kind == "auto" {
		kind = found(c, Files{Assets: home.Path(c.Assets)})
		from = map[string]string{"flite": home.Path(c.Assets), "espeak": "PATH", "none": "nothing is set up"}[kind]
	}
	switch kind {
	case "openai":
		if u, err := url.Parse(c.OpenAIURL); err == nil {
			from = "TTS_OPENAI_URL, " + u.Host
		}
		return "OpenAI-compatible", from, ""
	case "flite":
		return "Flite, built in", from, neural
	case "espeak":
		return "espeak-ng", from, neural
	}
	return "none", from, "run make assets for the built-in voice"
}
