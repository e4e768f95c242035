package stt

import "net/url"

// Describe says for people which engine c would take, where that was found, and
// what would be better; empty when nothing is missing.
func Describe(c Config) (name, from, better string) {
	const how = "set STT_OPENAI_URL to an OpenAI-compatible recogniser, or STT_COMMAND"
	server := c.OpenAIURL
	if from = "STT_OPENAI_URL"; server == "" {
		server, from = c.OpenAIBaseURL, "OPENAI_BASE_URL"
	}
	openAI := c.OpenAIURL != "" || c.OpenAIBaseURL != "" && c.OpenAIAPIKey != ""
	switch {
	case c.Engine == "openai" || c.Engine == "auto" && openAI:
		if u, err := url.Parse(server); err == nil {
			from += ", " + u.Host
		}
		return "OpenAI-compatible", from, ""
	case c.Engine == "command" || c.Engine == "auto" && c.Command != "":
		return "command", "STT_COMMAND", ""
	case c.Engine == "none":
		return "none", "STT_ENGINE", "set STT_ENGINE=auto, and " + how
	}
	return "none", "nothing is set up", how
}
